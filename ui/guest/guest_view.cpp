// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/guest/guest_view.h"

#include "ui/common/format.h"
#include "ui/common/guest_text.h"
#include "ui/common/keys.h"
#include "ui/guest/guest_colors.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QScrollBar>
#include <QWheelEvent>

#include <algorithm>
#include <utility>

namespace cowscope::ui
{

GuestView::GuestView(QWidget* parent)
    : QAbstractScrollArea(parent)
    , m_layout(GuestLayout::fitting(0, QSize(640, 480)))
{
    setObjectName(QStringLiteral("guestView"));
    setAccessibleName(tr("The guest's disk as rows of bars"));
    setFocusPolicy(Qt::StrongFocus);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setFrameShape(QFrame::NoFrame);
    setMinimumSize(160, 80);
    viewport()->setObjectName(QStringLiteral("guestViewport"));
    viewport()->setMouseTracking(true);
}

void GuestView::setDisk(std::uint64_t units, std::uint64_t unitBytes)
{
    const bool same = units == m_units && unitBytes == m_unitBytes;
    m_units = units;
    m_unitBytes = unitBytes;
    m_overview.reset();
    m_detail.reset();
    m_linked.clear();
    m_selected.reset();
    if (same)
        return redraw();
    measureGutter();
    m_anchor = m_cursor = 0;
    zoomToFit();
    verticalScrollBar()->setValue(0);
}

void GuestView::setOverview(SummaryPointer overview)
{
    m_overview = std::move(overview);
    redraw();
}

void GuestView::setDetail(SummaryPointer detail)
{
    m_detail = std::move(detail);
    redraw();
}

void GuestView::summaryGrew()
{
    redraw();
}

void GuestView::setHidden(GuestUse use, bool hidden)
{
    m_hidden[static_cast<std::size_t>(use)] = hidden;
    redraw();
}

void GuestView::setSelected(const std::optional<GuestLink>& stretch)
{
    if (stretch == m_selected)
        return;
    m_selected = stretch;
    if (stretch && stretch->start.value() / m_unitBytes < m_units) {
        m_anchor = stretch->start.value() / m_unitBytes;
        m_cursor = std::min((stretch->start.value() + stretch->bytes - 1) / m_unitBytes, m_units - 1);
        scrollTo(m_anchor);
    }
    viewport()->update();
}

void GuestView::setLinked(std::vector<GuestLink> stretches)
{
    m_linked = std::move(stretches);
    if (!m_linked.empty() && m_linked.front().start.value() / m_unitBytes < m_units)
        scrollTo(m_linked.front().start.value() / m_unitBytes);
    viewport()->update();
}

void GuestView::measureGutter()
{
    m_gutter = fontMetrics().horizontalAdvance(formatHex(m_units * m_unitBytes)) + 12;
}

QSize GuestView::area() const
{
    return {std::max(1, viewport()->width() - gutter()), viewport()->height()};
}

std::uint64_t GuestView::lastColumn() const
{
    return m_units == 0 ? 0 : columnOf(m_units - 1);
}

std::uint64_t GuestView::firstVisibleColumn() const
{
    return static_cast<std::uint64_t>(verticalScrollBar()->value()) * m_layout.columns();
}

GuestView::Stretch GuestView::visible() const
{
    const std::uint64_t first = std::min(firstVisibleColumn() * unitsPerColumn(), m_units);
    const auto rows = static_cast<std::uint64_t>(viewport()->height() / GuestLayout::kRowHeight + 1);
    return {first, std::min(rows * m_layout.unitsPerRow(), m_units - first)};
}

GuestView::Stretch GuestView::columnStretch(std::uint64_t column) const
{
    const std::uint64_t first = column * unitsPerColumn();
    return {first, std::min(unitsPerColumn(), m_units - first)};
}

GuestView::Stretch GuestView::spanned(std::uint64_t columnA, std::uint64_t columnB) const
{
    const Stretch last = columnStretch(std::max(columnA, columnB));
    const std::uint64_t first = columnStretch(std::min(columnA, columnB)).first;
    return {first, last.first + last.units - first};
}

GuestLink GuestView::bytesOf(const Stretch& stretch) const
{
    return {GuestOffset(stretch.first * m_unitBytes), stretch.units * m_unitBytes};
}

std::optional<GuestView::Stretch> GuestView::columnAt(QPoint point) const
{
    const int x = point.x() - gutter();
    if (x < 0 || point.y() < 0 || m_units == 0)
        return std::nullopt;
    const auto inRow = static_cast<std::uint64_t>(x / m_layout.columnWidth());
    const auto row = static_cast<std::uint64_t>(point.y() / GuestLayout::kRowHeight);
    const std::uint64_t column = firstVisibleColumn() + row * m_layout.columns() + inRow;
    if (inRow >= m_layout.columns() || column > lastColumn())
        return std::nullopt;
    return columnStretch(column);
}

QRect GuestView::columnRect(std::uint64_t unit) const
{
    const std::uint64_t column = columnOf(unit);
    const auto row = static_cast<int>(column / m_layout.columns()) - verticalScrollBar()->value();
    const auto inRow = static_cast<int>(column % m_layout.columns());
    return {gutter() + inRow * m_layout.columnWidth(), row * GuestLayout::kRowHeight, m_layout.columnWidth(),
        GuestLayout::kBarHeight};
}

GuestCell GuestView::uses(const Stretch& stretch) const
{
    const auto covers = [&](const SummaryPointer& summary) {
        return summary && summary->unitsPerCell() <= unitsPerColumn() && summary->firstUnit() <= stretch.first
            && stretch.first + stretch.units <= summary->firstUnit() + summary->units();
    };
    if (covers(m_detail)) {
        const GuestCell cell = m_detail->sum(stretch.first, stretch.units);
        if (cell.total() > 0)
            return cell;
    }
    return m_overview ? m_overview->sum(stretch.first, stretch.units) : GuestCell();
}

QString GuestView::describe(const Stretch& stretch) const
{
    const GuestLink bytes = bytesOf(stretch);
    const GuestCell cell = uses(stretch);
    QStringList parts;
    for (std::size_t i = 0; i < kGuestUseCount; ++i) {
        if (cell.units[i] == 0)
            continue;
        const QString use = guestUseText(static_cast<GuestUse>(i));
        parts += cell.total() == 1 ? use : tr("%1 %2").arg(use, formatBytes(cell.units[i] * m_unitBytes));
    }
    const QString what = parts.isEmpty() ? tr("not looked at yet") : parts.join(QStringLiteral(", "));
    // A cell of a summary that is coarser than the column tells of its neighbours too.
    const bool rough = cell.total() > stretch.units;
    return (rough ? tr("%1: around it %2") : tr("%1: %2")).arg(guestRangeText(bytes.start, bytes.bytes), what);
}

void GuestView::setLayout(const GuestLayout& layout, bool fitted, std::optional<std::uint64_t> kept)
{
    m_layout = layout;
    m_fitted = fitted;
    updateScrollBar();
    if (m_units > 0)
        scrollTo(std::min(kept.value_or(m_anchor), m_units - 1));
    redraw();
    Q_EMIT viewChanged();
}

void GuestView::zoomIn()
{
    setLayout(m_layout.zoomedIn(m_units, area()), false);
}

void GuestView::zoomOut()
{
    setLayout(m_layout.zoomedOut(m_units, area()), false);
}

void GuestView::zoomToFit()
{
    setLayout(GuestLayout::fitting(m_units, area()), true);
}

void GuestView::updateScrollBar()
{
    const int visibleRows = std::max(1, viewport()->height() / GuestLayout::kRowHeight);
    const auto rows = static_cast<int>(std::min<std::uint64_t>(m_layout.rows(m_units), INT_MAX));
    verticalScrollBar()->setRange(0, std::max(0, rows - visibleRows));
    verticalScrollBar()->setPageStep(visibleRows);
}

void GuestView::scrollTo(std::uint64_t unit)
{
    const auto row = static_cast<int>(columnOf(unit) / m_layout.columns());
    QScrollBar* bar = verticalScrollBar();
    if (row < bar->value() || row >= bar->value() + bar->pageStep())
        bar->setValue(row - bar->pageStep() / 3); // with something of what is around it
}

void GuestView::moveCursor(std::int64_t columns, bool extend)
{
    if (m_units == 0)
        return;
    const auto last = static_cast<std::int64_t>(lastColumn());
    const auto column = static_cast<std::uint64_t>(
        std::clamp(static_cast<std::int64_t>(columnOf(m_cursor)) + columns, std::int64_t{0}, last));
    m_cursor = columnStretch(column).first;
    if (!extend)
        m_anchor = m_cursor;
    emitSelected(true);
    scrollTo(m_cursor);
}

void GuestView::emitSelected(bool nudge)
{
    const std::uint64_t anchor = m_anchor;
    const std::uint64_t cursor = m_cursor;
    const Stretch stretch = spanned(columnOf(anchor), columnOf(cursor));
    m_selected = bytesOf(stretch);
    setAccessibleDescription(describe(stretch));
    Q_EMIT selected(m_selected->start.value(), m_selected->bytes, nudge);
    m_anchor = anchor; // the selection may have come back to setSelected()
    m_cursor = cursor;
    viewport()->update();
}

void GuestView::resizeEvent(QResizeEvent* event)
{
    QAbstractScrollArea::resizeEvent(event);
    if (m_fitted)
        zoomToFit();
    else
        setLayout(m_layout.resized(area()), false, visible().first);
}

void GuestView::scrollContentsBy(int, int)
{
    redraw();
    Q_EMIT viewChanged();
}

void GuestView::mousePressEvent(QMouseEvent* event)
{
    const auto pressed = columnAt(event->pos());
    if (!pressed || event->button() != Qt::LeftButton)
        return;
    m_cursor = pressed->first;
    if (!(event->modifiers() & Qt::ShiftModifier))
        m_anchor = m_cursor;
    m_dragging = true;
    m_selected = bytesOf(spanned(columnOf(m_anchor), columnOf(m_cursor)));
    viewport()->update();
}

void GuestView::mouseMoveEvent(QMouseEvent* event)
{
    const auto reached = columnAt(event->pos());
    Q_EMIT hovered(reached ? describe(*reached) : QString());
    if (!m_dragging || !reached)
        return;
    m_cursor = reached->first;
    m_selected = bytesOf(spanned(columnOf(m_anchor), columnOf(m_cursor)));
    viewport()->update();
}

void GuestView::mouseReleaseEvent(QMouseEvent*)
{
    if (std::exchange(m_dragging, false))
        emitSelected(false);
}

void GuestView::leaveEvent(QEvent*)
{
    Q_EMIT hovered(QString());
}

void GuestView::keyPressEvent(QKeyEvent* event)
{
    if (isArrowOfTheProgram(*event))
        return event->ignore();
    const bool extend = event->modifiers() & Qt::ShiftModifier;
    const auto row = static_cast<std::int64_t>(m_layout.columns());
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

void GuestView::wheelEvent(QWheelEvent* event)
{
    if (!(event->modifiers() & Qt::ControlModifier))
        return QAbstractScrollArea::wheelEvent(event);
    const auto under = columnAt(event->position().toPoint());
    const auto kept = under ? std::optional(under->first) : std::nullopt;
    if (event->angleDelta().y() > 0)
        setLayout(m_layout.zoomedIn(m_units, area()), false, kept);
    else if (event->angleDelta().y() < 0)
        setLayout(m_layout.zoomedOut(m_units, area()), false, kept);
}

void GuestView::changeEvent(QEvent* event)
{
    if (event->type() == QEvent::FontChange)
        measureGutter();
    if (event->type() == QEvent::FontChange || event->type() == QEvent::PaletteChange)
        redraw();
    QAbstractScrollArea::changeEvent(event);
}

} // namespace cowscope::ui
