// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/references/graph_view.h"

#include "ui/common/format.h"
#include "ui/common/keys.h"
#include "ui/common/palette.h"

#include <QHelpEvent>
#include <QKeyEvent>
#include <QPainter>
#include <QPainterPath>
#include <QScrollBar>
#include <QToolTip>

#include <algorithm>

namespace cowscope::ui
{

namespace
{
constexpr int kLeastRow = 24; ///< pixels; one line of text
constexpr int kMostRow = 46; ///< two lines
constexpr int kTwoLines = 40; ///< rows from this height on have two
constexpr int kRowGap = 6;
constexpr int kMargin = 6;
constexpr int kGap = 26; ///< between columns
constexpr int kLeastBox = 104;
constexpr int kMostBox = 190;

QString clusterText(const ReferenceGraph::Node& node)
{
    return node.clusters == 1
        ? GraphView::tr("cluster %1").arg(formatCount(node.first.value()))
        : GraphView::tr("%1 + %2 clusters").arg(formatCount(node.first.value()), formatCount(node.clusters - 1));
}

QString roleText(const ReferenceGraph::Node& node)
{
    return node.as == ClusterOwner::Leaked ? GraphView::tr("nothing refers here") : ownerText(node.as);
}
} // namespace

GraphView::GraphView(QWidget* parent)
    : QAbstractScrollArea(parent)
{
    setObjectName(QStringLiteral("referenceGraph"));
    setAccessibleName(tr("Graph from the header to the selected cluster and on"));
    setFocusPolicy(Qt::StrongFocus);
    setFrameShape(QFrame::NoFrame);
    setMinimumSize(160, 90);
    viewport()->setObjectName(QStringLiteral("referenceGraphViewport"));
}

void GraphView::setGraph(ReferenceGraph graph)
{
    m_graph = std::move(graph);
    m_cursor = 0;
    updateScrollBars();
    for (std::size_t i = 0; i < m_graph.nodes.size(); ++i)
        if (m_graph.nodes[i].asked)
            setCursorNode(i);
    viewport()->update();
}

int GraphView::columnWidth() const
{
    const auto count = static_cast<int>(std::max<std::size_t>(1, columns()));
    const int shared = (viewport()->width() - 2 * kMargin - (count - 1) * kGap) / count;
    return std::clamp(shared, kLeastBox, kMostBox);
}

int GraphView::rows() const
{
    std::size_t most = 1;
    for (std::size_t i = 0; i < columns(); ++i)
        most = std::max(most, m_graph.column(i).size() + (m_graph.left[i] > 0 ? 1 : 0));
    return static_cast<int>(most);
}

int GraphView::rowHeight() const
{
    return std::clamp((viewport()->height() - 2 * kMargin) / rows(), kLeastRow, kMostRow);
}

QSize GraphView::contents() const
{
    const auto count = static_cast<int>(columns());
    return {2 * kMargin + count * columnWidth() + (count - 1) * kGap, 2 * kMargin + rows() * rowHeight()};
}

void GraphView::updateScrollBars()
{
    const QSize size = contents();
    horizontalScrollBar()->setRange(0, std::max(0, size.width() - viewport()->width()));
    horizontalScrollBar()->setPageStep(viewport()->width());
    verticalScrollBar()->setRange(0, std::max(0, size.height() - viewport()->height()));
    verticalScrollBar()->setPageStep(viewport()->height());
    verticalScrollBar()->setSingleStep(rowHeight());
}

QRect GraphView::nodeRect(std::size_t node) const
{
    const std::size_t column = m_graph.nodes[node].column;
    const auto members = m_graph.column(column);
    const auto row = static_cast<int>(std::ranges::find(members, node) - members.begin());
    const int filled = static_cast<int>(members.size()) + (m_graph.left[column] > 0 ? 1 : 0);
    const int height = std::max(viewport()->height(), contents().height());
    const int top = std::max(kMargin, (height - filled * rowHeight()) / 2);
    return {kMargin + static_cast<int>(column) * (columnWidth() + kGap) - horizontalScrollBar()->value(),
        top + row * rowHeight() - verticalScrollBar()->value(), columnWidth(), rowHeight() - kRowGap};
}

QString GraphView::describe(std::size_t node) const
{
    const ReferenceGraph::Node& each = m_graph.nodes[node];
    QStringList targets;
    for (const ReferenceGraph::Edge& edge : m_graph.edges)
        if (edge.from == node)
            targets += tr("%1 in %2").arg(roleText(m_graph.nodes[edge.to]), clusterText(m_graph.nodes[edge.to]));
    QString text = tr("%1 in %2").arg(roleText(each), clusterText(each));
    if (each.asked)
        text += tr(", the selected cluster");
    return targets.isEmpty() ? text : tr("%1; leads to %2").arg(text, targets.join(QStringLiteral("; ")));
}

void GraphView::paintEvent(QPaintEvent*)
{
    QPainter painter(viewport());
    painter.fillRect(viewport()->rect(), palette().color(QPalette::Base));
    painter.setRenderHint(QPainter::Antialiasing);
    drawEdges(painter);
    for (std::size_t i = 0; i < m_graph.nodes.size(); ++i)
        drawNode(painter, i);
    drawLeftOut(painter);
}

void GraphView::drawEdges(QPainter& painter) const
{
    painter.setBrush(Qt::NoBrush);
    for (const ReferenceGraph::Edge& edge : m_graph.edges) {
        const QRect from = nodeRect(edge.from);
        const QRect to = nodeRect(edge.to);
        const QPointF begin(from.right() + 1, from.center().y());
        const QPointF end(to.left() - 1, to.center().y());
        const double bend = std::max(8.0, (end.x() - begin.x()) / 2);
        QPainterPath path(begin);
        path.cubicTo(begin + QPointF(bend, 0), end - QPointF(bend, 0), end);
        const bool strong = m_graph.nodes[edge.to].asked || edge.from == m_cursor;
        painter.setPen(QPen(palette().color(strong ? QPalette::Text : QPalette::PlaceholderText), strong ? 1.8 : 1.2));
        painter.drawPath(path);
        painter.drawLine(end, end + QPointF(-5, -4));
        painter.drawLine(end, end + QPointF(-5, 4));
    }
}

void GraphView::drawNode(QPainter& painter, std::size_t node) const
{
    const ReferenceGraph::Node& each = m_graph.nodes[node];
    const QRect box = nodeRect(node);
    const QColor color = ownerColor(each.as, isDark(palette()));
    painter.setPen(QPen(palette().color(each.asked ? QPalette::Text : QPalette::Mid), each.asked ? 2.5 : 1));
    painter.setBrush(palette().color(QPalette::AlternateBase));
    painter.drawRoundedRect(box, 4, 4);
    const QRect sign(box.left() + 3, box.top() + 3, 16, box.height() - 6);
    painter.fillRect(sign, color);
    painter.setPen(textColorOn(color));
    painter.drawText(sign, Qt::AlignCenter, QString(QLatin1Char(ownerLetter(each.as))));
    const QRect text = box.adjusted(24, 0, -4, 0);
    const QFontMetrics metrics = painter.fontMetrics();
    const auto draw = [&](QPalette::ColorRole role, int alignment, const QString& line) {
        painter.setPen(palette().color(role));
        painter.drawText(text, alignment, metrics.elidedText(line, Qt::ElideRight, text.width()));
    };
    if (rowHeight() < kTwoLines) {
        draw(QPalette::Text, Qt::AlignLeft | Qt::AlignVCenter,
            tr("%1 %2").arg(formatCount(each.first.value()), roleText(each)));
    } else {
        draw(QPalette::Text, Qt::AlignLeft | Qt::AlignTop, roleText(each));
        draw(QPalette::PlaceholderText, Qt::AlignLeft | Qt::AlignBottom, clusterText(each));
    }
    if (hasFocus() && node == m_cursor) {
        painter.setPen(QPen(palette().color(QPalette::Highlight), 2));
        painter.setBrush(Qt::NoBrush);
        painter.drawRoundedRect(box.adjusted(-3, -3, 3, 3), 5, 5);
    }
}

void GraphView::drawLeftOut(QPainter& painter) const
{
    painter.setPen(palette().color(QPalette::PlaceholderText));
    for (std::size_t i = 0; i < columns(); ++i) {
        const auto members = m_graph.column(i);
        if (m_graph.left[i] > 0 && !members.empty())
            painter.drawText(nodeRect(members.back()).translated(0, rowHeight()), Qt::AlignCenter,
                tr("%1 more in the list").arg(formatCount(m_graph.left[i])));
    }
}

void GraphView::resizeEvent(QResizeEvent* event)
{
    QAbstractScrollArea::resizeEvent(event);
    updateScrollBars();
}

std::optional<std::size_t> GraphView::nodeAt(QPoint point) const
{
    for (std::size_t i = 0; i < m_graph.nodes.size(); ++i)
        if (nodeRect(i).contains(point))
            return i;
    return std::nullopt;
}

void GraphView::setCursorNode(std::size_t node)
{
    m_cursor = node;
    setAccessibleDescription(describe(node));
    const QRect box = nodeRect(node);
    if (box.left() < 0 || box.right() > viewport()->width())
        horizontalScrollBar()->setValue(horizontalScrollBar()->value() + box.center().x() - viewport()->width() / 2);
    if (box.top() < 0 || box.bottom() > viewport()->height())
        verticalScrollBar()->setValue(verticalScrollBar()->value() + box.center().y() - viewport()->height() / 2);
    viewport()->update();
}

void GraphView::mousePressEvent(QMouseEvent* event)
{
    const auto node = nodeAt(event->pos());
    if (!node || event->button() != Qt::LeftButton)
        return;
    setCursorNode(*node);
    const ReferenceGraph::Node each = m_graph.nodes[*node];
    Q_EMIT chosen(each.first, each.clusters);
}

/// To the nearest box of the next column that has one, or up and down within a column.
void GraphView::moveCursor(int columnStep, int rowStep)
{
    if (m_graph.nodes.empty())
        return;
    const QRect here = nodeRect(m_cursor);
    const auto column = static_cast<int>(m_graph.nodes[m_cursor].column);
    if (columnStep != 0) {
        for (int at = column + columnStep; at >= 0 && at < static_cast<int>(columns()); at += columnStep) {
            const auto members = m_graph.column(static_cast<std::size_t>(at));
            if (members.empty())
                continue;
            return setCursorNode(*std::ranges::min_element(
                members, {}, [&](std::size_t node) { return std::abs(nodeRect(node).y() - here.y()); }));
        }
        return;
    }
    const auto members = m_graph.column(static_cast<std::size_t>(column));
    const auto row = std::ranges::find(members, m_cursor) - members.begin() + rowStep;
    if (row >= 0 && row < static_cast<std::ptrdiff_t>(members.size()))
        setCursorNode(members[static_cast<std::size_t>(row)]);
}

void GraphView::keyPressEvent(QKeyEvent* event)
{
    if (isArrowOfTheProgram(*event))
        return event->ignore();
    switch (event->key()) {
    case Qt::Key_Left:
        return moveCursor(-1, 0);
    case Qt::Key_Right:
        return moveCursor(1, 0);
    case Qt::Key_Up:
        return moveCursor(0, -1);
    case Qt::Key_Down:
        return moveCursor(0, 1);
    case Qt::Key_Return:
    case Qt::Key_Enter:
    case Qt::Key_Space:
        if (m_cursor < m_graph.nodes.size()) {
            const ReferenceGraph::Node each = m_graph.nodes[m_cursor];
            Q_EMIT chosen(each.first, each.clusters);
        }
        return;
    default:
        QAbstractScrollArea::keyPressEvent(event);
    }
}

bool GraphView::viewportEvent(QEvent* event)
{
    if (event->type() != QEvent::ToolTip)
        return QAbstractScrollArea::viewportEvent(event);
    const auto* help = static_cast<QHelpEvent*>(event);
    if (const auto node = nodeAt(help->pos()))
        QToolTip::showText(help->globalPos(), plainToolTip(describe(*node)), viewport());
    else
        QToolTip::hideText();
    return true;
}

void GraphView::focusInEvent(QFocusEvent* event)
{
    QAbstractScrollArea::focusInEvent(event);
    viewport()->update();
}

void GraphView::focusOutEvent(QFocusEvent* event)
{
    QAbstractScrollArea::focusOutEvent(event);
    viewport()->update();
}

} // namespace cowscope::ui
