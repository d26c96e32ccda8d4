// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/refblock/heatmap_view.h"

#include "ui/common/format.h"
#include "ui/common/keys.h"
#include "ui/common/palette.h"

#include <QHelpEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QScrollBar>
#include <QToolTip>

#include <algorithm>
#include <utility>

namespace cowscope::ui
{

namespace
{
constexpr int kLetterCell = 15; ///< pixels from which on a cell carries text
constexpr int kGapCell = 6; ///< pixels from which on cells have a gap between them
} // namespace

HeatmapView::HeatmapView(QWidget* parent)
    : QAbstractScrollArea(parent)
    , m_layout(GridLayout::fitting(0, QSize(640, 480)))
{
    setObjectName(QStringLiteral("heatmap"));
    setAccessibleName(tr("Clusters as a grid"));
    setFocusPolicy(Qt::StrongFocus);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setFrameShape(QFrame::NoFrame);
    setMinimumSize(120, 80);
    viewport()->setObjectName(QStringLiteral("heatmapViewport"));
    viewport()->setMouseTracking(true);
}

void HeatmapView::setCensus(std::shared_ptr<const Census> census, unsigned clusterBits, std::uint64_t maximum)
{
    m_census = std::move(census);
    m_clusterBits = clusterBits;
    m_maximum = maximum;
    m_summaries = {};
    m_selected.reset();
    m_clusters = 0;
    redraw();
}

void HeatmapView::setSummaries(ClusterSummaries summaries)
{
    m_summaries = std::move(summaries);
    redraw();
}

void HeatmapView::setRange(HostCluster first, std::uint64_t clusters)
{
    if (first == m_first && clusters == m_clusters)
        return;
    m_first = first;
    m_clusters = clusters;
    m_anchor = m_cursor = 0;
    zoomToFit();
    verticalScrollBar()->setValue(0);
}

void HeatmapView::setColorBy(ColorBy colorBy)
{
    m_colorBy = colorBy;
    redraw();
}

void HeatmapView::setSelected(const std::optional<ClusterRange>& range)
{
    const bool same = range == m_selected;
    m_selected = range;
    if (range && range->first >= m_first && range->first - m_first < m_clusters) {
        if (!same)
            m_anchor = m_cursor = cellIndex(range->first);
        scrollTo(range->first);
    }
    viewport()->update();
}

std::uint64_t HeatmapView::cells() const
{
    return divideUp(m_clusters, m_layout.clustersPerCell());
}

ClusterRange HeatmapView::cell(std::uint64_t index) const
{
    const std::uint64_t perCell = m_layout.clustersPerCell();
    return {m_first + index * perCell, std::min(perCell, m_clusters - index * perCell)};
}

std::uint64_t HeatmapView::cellIndex(HostCluster cluster) const
{
    return (cluster - m_first) / m_layout.clustersPerCell();
}

ClusterRange HeatmapView::spanned(std::uint64_t cellA, std::uint64_t cellB) const
{
    const ClusterRange first = cell(std::min(cellA, cellB));
    const ClusterRange last = cell(std::max(cellA, cellB));
    return {first.first, last.first - first.first + last.count};
}

std::optional<ClusterRange> HeatmapView::cellAt(QPoint point) const
{
    if (point.x() < 0 || point.y() < 0)
        return std::nullopt;
    const auto column = static_cast<std::uint64_t>(point.x() / m_layout.cellSize());
    const auto row = static_cast<std::uint64_t>(verticalScrollBar()->value() + point.y() / m_layout.cellSize());
    const std::uint64_t index = row * m_layout.columns() + column;
    if (column >= m_layout.columns() || index >= cells())
        return std::nullopt;
    return cell(index);
}

QRect HeatmapView::cellRect(HostCluster cluster) const
{
    const std::uint64_t index = cellIndex(cluster);
    const auto row = static_cast<int>(index / m_layout.columns()) - verticalScrollBar()->value();
    const auto column = static_cast<int>(index % m_layout.columns());
    const int size = m_layout.cellSize();
    return {column * size, row * size, size, size};
}

QString HeatmapView::describeCell(const ClusterRange& cell) const
{
    const ClusterMap& map = m_census->map;
    const QString offset = formatHex(cell.first.value() << m_clusterBits);
    if (cell.count > 1) {
        const CellSummary summary = m_summaries.cell(map, cell.first, m_layout.clustersPerCell());
        QString text = tr("%1 clusters from %2 (offset %3)\nlargest count %4; shown: %5")
                           .arg(formatCount(cell.count), formatCount(cell.first.value()), offset,
                               formatCount(summary.largest), ownerText(summary.owner));
        if (summary.verdict != CountVerdict::Right)
            text += tr("\nsome count is %1").arg(verdictText(summary.verdict));
        return text;
    }
    const CountVerdict verdict = countVerdict(map, cell.first);
    QString text = tr("cluster %1 (offset %2)\n%3\ncount %4 of %5, references %6")
                       .arg(formatCount(cell.first.value()), offset, ownerText(map.owner(cell.first)),
                           formatCount(map.refcount(cell.first)), formatCount(m_maximum),
                           formatCount(map.references(cell.first)));
    if (verdict != CountVerdict::Right)
        text += tr("\nthe count is %1").arg(verdictText(verdict));
    return text;
}

void HeatmapView::setLayout(const GridLayout& layout, bool fitted)
{
    const HostCluster kept = m_selected && m_selected->first >= m_first && m_selected->first - m_first < m_clusters
        ? m_selected->first
        : m_first + std::min(m_cursor * m_layout.clustersPerCell(), m_clusters > 0 ? m_clusters - 1 : 0);
    m_layout = layout;
    m_fitted = fitted;
    updateScrollBar();
    m_anchor = m_cursor = m_clusters > 0 ? cellIndex(kept) : 0;
    if (m_clusters > 0)
        scrollTo(kept);
    redraw();
    Q_EMIT zoomed();
}

void HeatmapView::zoomIn()
{
    setLayout(m_layout.zoomedIn(viewport()->size()), false);
}

void HeatmapView::zoomOut()
{
    setLayout(m_layout.zoomedOut(m_clusters, viewport()->size()), false);
}

void HeatmapView::zoomToFit()
{
    setLayout(GridLayout::fitting(m_clusters, viewport()->size()), true);
}

void HeatmapView::updateScrollBar()
{
    const int visible = std::max(1, viewport()->height() / m_layout.cellSize());
    const auto rows = static_cast<int>(std::min<std::uint64_t>(m_layout.rows(m_clusters), INT_MAX));
    verticalScrollBar()->setRange(0, std::max(0, rows - visible));
    verticalScrollBar()->setPageStep(visible);
}

void HeatmapView::scrollTo(HostCluster cluster)
{
    const auto row = static_cast<int>(cellIndex(cluster) / m_layout.columns());
    QScrollBar* bar = verticalScrollBar();
    if (row < bar->value())
        bar->setValue(row);
    else if (row >= bar->value() + bar->pageStep())
        bar->setValue(row - bar->pageStep() + 1);
}

void HeatmapView::redraw()
{
    m_image = QImage();
    viewport()->update();
}

void HeatmapView::render()
{
    const qreal ratio = devicePixelRatioF();
    m_image = QImage(viewport()->size() * ratio, QImage::Format_RGB32);
    m_image.setDevicePixelRatio(ratio);
    m_image.fill(palette().color(QPalette::Base));
    if (!m_census || m_clusters == 0)
        return;
    QPainter painter(&m_image);
    QFont font = painter.font();
    font.setPixelSize(std::clamp(m_layout.cellSize() * 5 / 9, 8, 16));
    painter.setFont(font);
    const int size = m_layout.cellSize();
    const auto firstRow = static_cast<std::uint64_t>(verticalScrollBar()->value());
    const auto visibleRows = static_cast<std::uint64_t>(viewport()->height() / size + 1);
    const std::uint64_t begin = firstRow * m_layout.columns();
    const std::uint64_t end = std::min(cells(), (firstRow + visibleRows) * m_layout.columns());
    for (std::uint64_t i = begin; i < end; ++i) {
        const QRect rect(static_cast<int>(i % m_layout.columns()) * size,
            static_cast<int>(i / m_layout.columns() - firstRow) * size, size, size);
        drawCell(painter, rect,
            m_summaries.cell(m_census->map, m_first + i * m_layout.clustersPerCell(), m_layout.clustersPerCell()));
    }
}

void HeatmapView::drawCell(QPainter& painter, const QRect& rect, const CellSummary& cell) const
{
    const bool dark = isDark(palette());
    const int size = rect.width();
    const int gap = size >= kGapCell ? 1 : 0;
    const QRect inner = rect.adjusted(0, 0, -gap, -gap);
    const bool byCount = m_colorBy == ColorBy::Count;
    const QColor color
        = byCount ? countColor(cell.largest, m_census->largest.count, m_maximum, dark) : ownerColor(cell.owner, dark);
    painter.fillRect(inner, color);
    if (cell.verdict != CountVerdict::Right) {
        const int width = size < kGapCell ? size : std::max(2, size / 8);
        const QRect middle = inner.adjusted(width, width, -width, -width);
        painter.fillRect(inner, findingColor(dark));
        if (middle.isValid())
            painter.fillRect(middle, color);
    }
    if (size < kLetterCell)
        return;
    const QString text = byCount           ? (cell.largest == 0 ? QString() : QString::number(cell.largest))
        : cell.owner == ClusterOwner::Free ? QString()
                                           : QString(QLatin1Char(ownerLetter(cell.owner)));
    if (!text.isEmpty() && painter.fontMetrics().horizontalAdvance(text) < size - 2) {
        painter.setPen(textColorOn(color));
        painter.drawText(inner, Qt::AlignCenter, text);
    }
}

void HeatmapView::drawSelection(QPainter& painter) const
{
    if (!m_selected || m_clusters == 0)
        return;
    const HostCluster end = m_first + m_clusters;
    const HostCluster first = std::max(m_selected->first, m_first);
    const HostCluster last(std::min(m_selected->first.value() + m_selected->count, end.value()) - 1);
    if (first >= end || last < first)
        return;
    const std::uint64_t firstCell = cellIndex(first);
    const std::uint64_t lastCell = cellIndex(last);
    const std::uint64_t columns = m_layout.columns();
    const auto top = static_cast<std::uint64_t>(verticalScrollBar()->value());
    const auto rows = static_cast<std::uint64_t>(viewport()->height() / m_layout.cellSize() + 1);
    const int size = m_layout.cellSize();
    painter.setBrush(Qt::NoBrush);
    for (std::uint64_t row = std::max(top, firstCell / columns); row <= std::min(lastCell / columns, top + rows);
         ++row) {
        const auto left = static_cast<int>(row == firstCell / columns ? firstCell % columns : 0);
        const auto right = static_cast<int>(row == lastCell / columns ? lastCell % columns : columns - 1);
        const QRect box(left * size, static_cast<int>(row - top) * size, (right - left + 1) * size, size);
        // Two rings, so that one of them shows on any colour.
        painter.setPen(QPen(palette().color(QPalette::Base), 1));
        painter.drawRect(box.adjusted(1, 1, -3, -3));
        painter.setPen(QPen(palette().color(QPalette::Text), 2));
        painter.drawRect(box.adjusted(0, 0, -1, -1));
    }
}

void HeatmapView::paintEvent(QPaintEvent*)
{
    if (m_image.size() != viewport()->size() * devicePixelRatioF())
        render();
    QPainter painter(viewport());
    painter.drawImage(0, 0, m_image);
    drawSelection(painter);
}

void HeatmapView::resizeEvent(QResizeEvent* event)
{
    QAbstractScrollArea::resizeEvent(event);
    if (m_fitted)
        zoomToFit();
    else
        setLayout(m_layout.resized(viewport()->size()), false);
}

void HeatmapView::scrollContentsBy(int, int)
{
    redraw();
}

void HeatmapView::mousePressEvent(QMouseEvent* event)
{
    const auto pressed = cellAt(event->pos());
    if (pressed && event->button() == Qt::RightButton && !(m_selected && m_selected->contains(pressed->first))) {
        m_cursor = m_anchor = cellIndex(pressed->first); // the menu is about what is under it
        Q_EMIT selected(*pressed, false);
    }
    if (!pressed || event->button() != Qt::LeftButton)
        return;
    m_cursor = cellIndex(pressed->first);
    if (!(event->modifiers() & Qt::ShiftModifier))
        m_anchor = m_cursor;
    m_dragging = true;
    m_selected = spanned(m_anchor, m_cursor);
    viewport()->update();
}

void HeatmapView::mouseMoveEvent(QMouseEvent* event)
{
    const auto reached = cellAt(event->pos());
    if (std::exchange(m_hovered, reached) != reached)
        Q_EMIT hovered(reached);
    if (!m_dragging || !reached)
        return;
    m_cursor = cellIndex(reached->first);
    m_selected = spanned(m_anchor, m_cursor);
    viewport()->update();
}

void HeatmapView::mouseReleaseEvent(QMouseEvent*)
{
    if (std::exchange(m_dragging, false) && m_selected)
        Q_EMIT selected(*m_selected, false);
}

void HeatmapView::moveCursor(std::int64_t distance, bool extend)
{
    if (m_clusters == 0)
        return;
    const auto last = static_cast<std::int64_t>(cells()) - 1;
    const std::uint64_t anchor = m_anchor;
    const auto cursor
        = static_cast<std::uint64_t>(std::clamp(static_cast<std::int64_t>(m_cursor) + distance, std::int64_t{0}, last));
    const ClusterRange range = spanned(extend ? anchor : cursor, cursor);
    m_selected = range;
    Q_EMIT selected(range, true);
    m_anchor = extend ? anchor : cursor; // the selection may have come back to setSelected()
    m_cursor = cursor;
    scrollTo(cell(cursor).first);
    setAccessibleDescription(describeCell(cell(cursor)));
    viewport()->update();
}

void HeatmapView::keyPressEvent(QKeyEvent* event)
{
    if (isArrowOfTheProgram(*event))
        return event->ignore();
    const bool extend = event->modifiers() & Qt::ShiftModifier;
    const std::int64_t row = m_layout.columns();
    const std::int64_t page = row * verticalScrollBar()->pageStep();
    constexpr std::int64_t kFar = INT64_MAX / 4;
    switch (event->key()) {
    case Qt::Key_Left:
        return moveCursor(-1, extend);
    case Qt::Key_Right:
        return moveCursor(1, extend);
    case Qt::Key_Up:
        return moveCursor(-row, extend);
    case Qt::Key_Down:
        return moveCursor(row, extend);
    case Qt::Key_PageUp:
        return moveCursor(-page, extend);
    case Qt::Key_PageDown:
        return moveCursor(page, extend);
    case Qt::Key_Home:
        return moveCursor(-kFar, extend);
    case Qt::Key_End:
        return moveCursor(kFar, extend);
    case Qt::Key_Plus:
    case Qt::Key_Equal:
        return zoomIn();
    case Qt::Key_Minus:
        return zoomOut();
    case Qt::Key_0:
        return zoomToFit();
    default:
        QAbstractScrollArea::keyPressEvent(event);
    }
}

void HeatmapView::wheelEvent(QWheelEvent* event)
{
    if (!(event->modifiers() & Qt::ControlModifier))
        return QAbstractScrollArea::wheelEvent(event);
    if (event->angleDelta().y() > 0)
        zoomIn();
    else if (event->angleDelta().y() < 0)
        zoomOut();
}

void HeatmapView::changeEvent(QEvent* event)
{
    if (event->type() == QEvent::PaletteChange)
        redraw();
    QAbstractScrollArea::changeEvent(event);
}

bool HeatmapView::viewportEvent(QEvent* event)
{
    if (event->type() == QEvent::Leave && std::exchange(m_hovered, std::nullopt))
        Q_EMIT hovered(std::nullopt);
    if (event->type() != QEvent::ToolTip)
        return QAbstractScrollArea::viewportEvent(event);
    const auto* help = static_cast<QHelpEvent*>(event);
    if (const auto hovered = m_census ? cellAt(help->pos()) : std::nullopt)
        QToolTip::showText(help->globalPos(), describeCell(*hovered), viewport());
    else
        QToolTip::hideText();
    return true;
}

} // namespace cowscope::ui
