// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/cells/map_view.h"

#include "ui/common/format.h"

#include <QPainter>
#include <QScopedValueRollback>
#include <QScrollBar>

#include <algorithm>
#include <cmath>

namespace cowscope::ui
{

namespace
{

constexpr double kMostScrollSteps = 1e9; ///< a scroll bar counts with int

/// Where `shown` of `whole` pixels may begin; what is smaller than the viewport stays in its middle.
double bounded(double at, double whole, double shown)
{
    return whole <= shown ? (whole - shown) / 2 : std::clamp(at, 0.0, whole - shown);
}

double pixelsAStep(double whole)
{
    return std::max(1.0, whole / kMostScrollSteps);
}

} // namespace

MapView::MapView(MapCells& cells, QWidget* parent)
    : QAbstractScrollArea(parent)
    , m_cells(cells)
{
    setObjectName(QStringLiteral("map"));
    setAccessibleName(tr("Map of all clusters"));
    setFocusPolicy(Qt::StrongFocus);
    setFrameShape(QFrame::NoFrame);
    setMinimumSize(120, 80);
    setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOn);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    viewport()->setObjectName(QStringLiteral("mapViewport"));
    viewport()->setMouseTracking(true);
    viewport()->grabGesture(Qt::PinchGesture);
    connect(&cells, &MapCells::changed, this, &MapView::mapChanged);
}

void MapView::mapChanged()
{
    if (m_cells.clusters() != m_layout.clusters()) {
        m_anchor = m_cursor = HostCluster();
        m_selected.reset();
        m_layout = MapLayout(m_layout.kind(), m_cells.clusters(), QSizeF(viewport()->size()));
        moveTo({});
        updateScrollBars();
        Q_EMIT viewChanged();
    }
    redraw();
}

void MapView::setColors(const MapColors& colors)
{
    m_colors = colors;
    redraw();
}

void MapView::setKind(MapLayout::Kind kind)
{
    if (kind == m_layout.kind())
        return;
    m_layout = MapLayout(kind, m_cells.clusters(), QSizeF(viewport()->size()));
    setHorizontalScrollBarPolicy(
        kind == MapLayout::Kind::Hilbert ? Qt::ScrollBarAlwaysOn : Qt::ScrollBarAlwaysOff); // may resize
    relay(0);
}

void MapView::setMarked(std::shared_ptr<const MarkedClusters> marked)
{
    m_marked = std::move(marked);
    redraw();
}

void MapView::setPointed(const std::optional<ClusterRange>& range)
{
    if (range == m_pointed)
        return;
    m_pointed = range;
    viewport()->update();
}

void MapView::showLike(const MapView& other)
{
    if (m_layout.kind() != other.m_layout.kind())
        setKind(other.m_layout.kind());
    if (m_layout.zoom() != other.m_layout.zoom()) {
        m_layout = m_layout.zoomedTo(other.m_layout.zoom());
        redraw();
    }
    moveTo(other.m_origin);
    updateScrollBars();
}

void MapView::setSelected(const std::optional<ClusterRange>& range)
{
    if (range == m_selected)
        return;
    m_selected = range;
    if (range && range->first.value() < m_layout.clusters())
        m_anchor = m_cursor = range->first;
    showSelected();
    viewport()->update();
}

void MapView::showSelected()
{
    if (m_selected && m_selected->first.value() < m_layout.clusters())
        reveal(cellOf(m_selected->first));
}

ClusterRange MapView::clustersOf(std::uint64_t cell) const
{
    const std::uint64_t length = std::uint64_t{1} << m_layout.level();
    const std::uint64_t first = cell * length;
    return {HostCluster(first), std::min(length, m_layout.clusters() - first)};
}

std::uint64_t MapView::cellOf(HostCluster cluster) const
{
    return std::min(cluster.value(), std::max<std::uint64_t>(m_layout.clusters(), 1) - 1) >> m_layout.level();
}

ClusterRange MapView::spanned(std::uint64_t cellA, std::uint64_t cellB) const
{
    const ClusterRange first = clustersOf(std::min(cellA, cellB));
    const ClusterRange last = clustersOf(std::max(cellA, cellB));
    return {first.first, last.first - first.first + last.count};
}

std::optional<ClusterRange> MapView::cellAt(QPointF point) const
{
    const auto index = m_layout.indexAt(point + m_origin);
    return index ? std::optional(clustersOf(*index)) : std::nullopt;
}

QRectF MapView::cellRect(HostCluster cluster) const
{
    return m_layout.rectOf(cellOf(cluster)).translated(-m_origin);
}

QRectF MapView::visiblePart() const
{
    return QRectF(m_origin, QSizeF(viewport()->size())) & QRectF(QPointF(), m_layout.size());
}

void MapView::centerOn(QPointF point)
{
    moveTo(point - QRectF(viewport()->rect()).center());
}

/// The point that a zoom by key keeps in place: the cursor where it is visible, else the middle. In the viewport.
QPointF MapView::focusPoint() const
{
    const QPointF middle = QRectF(viewport()->rect()).center();
    if (m_layout.clusters() == 0)
        return middle;
    const QPointF cursor = cellRect(m_cursor).center();
    return QRectF(viewport()->rect()).contains(cursor) ? cursor : middle;
}

void MapView::zoomIn()
{
    zoomBy(1, focusPoint());
}

void MapView::zoomOut()
{
    zoomBy(-1, focusPoint());
}

void MapView::zoomToFit()
{
    relay(0);
}

HostCluster MapView::clusterToKeep(QPointF about) const
{
    if (m_zoomAnchor && m_zoomAnchor->about == about && m_zoomAnchor->origin == m_origin)
        return m_zoomAnchor->cluster;
    const auto cell = m_layout.indexAt(about + m_origin);
    if (!cell)
        return HostCluster(m_layout.clusters() - 1);
    const double part = (about + m_origin - m_layout.rectOf(*cell).topLeft()).x() / m_layout.cellSize().width();
    const auto within = static_cast<std::uint64_t>(std::ldexp(part, static_cast<int>(m_layout.level())));
    return HostCluster((*cell << m_layout.level()) + within);
}

/// Keeps the cluster at `about`, a point of the viewport, under that point as far as the layout allows.
void MapView::zoomBy(int steps, QPointF about)
{
    const MapLayout next = m_layout.zoomedTo(m_layout.zoom() + steps);
    if (next.zoom() == m_layout.zoom() || m_layout.clusters() == 0)
        return;
    const QSizeF before = m_layout.size();
    const HostCluster kept = clusterToKeep(about);
    m_layout = next;
    if (m_layout.kind() == MapLayout::Kind::Rows) // the columns change: only its row can stay
        moveTo(m_layout.rectOf(cellOf(kept)).center() - about);
    else // a curve grows evenly, whatever lies between its cells
        moveTo(QPointF((about.x() + m_origin.x()) * next.size().width() / before.width(),
                   (about.y() + m_origin.y()) * next.size().height() / before.height())
            - about);
    m_zoomAnchor = ZoomAnchor{about, m_origin, kept};
    updateScrollBars();
    redraw();
    Q_EMIT viewChanged();
}

/// Lays the map out again for the viewport as it is, keeping the cursor, or else what was in the middle, visible.
void MapView::relay(int zoom)
{
    const QPointF middle = QRectF(viewport()->rect()).center();
    const auto index = m_layout.indexAt(middle + m_origin);
    const HostCluster kept = m_selected || !index ? m_cursor : clustersOf(*index).first;
    m_layout = MapLayout(m_layout.kind(), m_cells.clusters(), QSizeF(viewport()->size()), zoom);
    moveTo(m_layout.clusters() > 0 ? m_layout.rectOf(cellOf(kept)).center() - middle : QPointF());
    updateScrollBars();
    redraw();
    Q_EMIT viewChanged();
}

void MapView::moveTo(QPointF origin)
{
    const QSizeF whole = m_layout.size();
    // Where a row of cells fills the viewport it begins at its top.
    const double top = m_layout.kind() == MapLayout::Kind::Rows && whole.height() <= viewport()->height()
        ? 0
        : bounded(origin.y(), whole.height(), viewport()->height());
    const QPointF next(bounded(origin.x(), whole.width(), viewport()->width()), top);
    if (next == m_origin)
        return;
    m_origin = next;
    updateScrollBars();
    redraw();
    Q_EMIT viewChanged();
}

void MapView::updateScrollBars()
{
    const QScopedValueRollback setting(m_settingBars, true);
    const auto update = [](QScrollBar& bar, double whole, double shown, double at, double cell) {
        const double step = pixelsAStep(whole);
        bar.setRange(0, static_cast<int>(std::max(0.0, whole - shown) / step));
        bar.setPageStep(static_cast<int>(std::max(1.0, shown / step)));
        bar.setSingleStep(static_cast<int>(std::max(1.0, cell / step)));
        bar.setValue(static_cast<int>(std::max(0.0, at) / step));
    };
    const QSizeF whole = m_layout.size();
    const QSizeF cell = m_layout.cellSize();
    update(*verticalScrollBar(), whole.height(), viewport()->height(), m_origin.y(), cell.height());
    update(*horizontalScrollBar(), whole.width(), viewport()->width(), m_origin.x(), cell.width());
}

void MapView::scrollContentsBy(int dx, int dy)
{
    if (m_settingBars)
        return;
    const QSizeF whole = m_layout.size();
    moveTo({dx == 0 ? m_origin.x() : horizontalScrollBar()->value() * pixelsAStep(whole.width()),
        dy == 0 ? m_origin.y() : verticalScrollBar()->value() * pixelsAStep(whole.height())});
}

void MapView::resizeEvent(QResizeEvent* event)
{
    QAbstractScrollArea::resizeEvent(event);
    relay(m_layout.zoom());
}

/// Brings a cell into view, with a row around it.
void MapView::reveal(std::uint64_t cell)
{
    const QRectF rect = m_layout.rectOf(cell);
    const auto into = [](double at, double shown, double first, double length) {
        return first < at || first + length > at + shown ? first + length / 2 - shown / 2 : at;
    };
    moveTo({into(m_origin.x(), viewport()->width(), rect.x(), rect.width()),
        into(m_origin.y(), viewport()->height(), rect.y(), rect.height())});
}

void MapView::redraw()
{
    m_image = QImage();
    viewport()->update();
}

void MapView::render()
{
    m_visible = VisibleCells::of(m_layout, m_origin, QSizeF(viewport()->size()));
    m_cells.prepare(m_layout.level(), m_visible.wanted());
    m_image = drawMap(m_layout, m_origin, viewport()->size(), devicePixelRatioF(), m_visible, m_cells.store(), m_colors,
        palette().color(QPalette::Base), m_marked.get());
}

void MapView::paintEvent(QPaintEvent*)
{
    if (m_image.isNull() || m_image.size() != viewport()->size() * devicePixelRatioF())
        render();
    QPainter painter(viewport());
    painter.drawImage(0, 0, m_image);
    if (m_selected)
        drawOutline(painter, *m_selected, 2);
    if (m_pointed)
        drawOutline(painter, *m_pointed, 1);
}

void MapView::drawOutline(QPainter& painter, const ClusterRange& range, double width) const
{
    if (range.first.value() >= m_layout.clusters())
        return;
    const auto lines
        = outlineOf(cellOf(range.first), cellOf(range.first + (range.count - 1)), m_layout, m_origin, m_visible);
    // Two lines, so that one of them shows on any colour.
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(palette().color(QPalette::Base), width + 2, Qt::SolidLine, Qt::SquareCap));
    painter.drawLines(lines.data(), static_cast<int>(lines.size()));
    painter.setPen(QPen(palette().color(QPalette::Text), width, Qt::SolidLine, Qt::SquareCap));
    painter.drawLines(lines.data(), static_cast<int>(lines.size()));
}

} // namespace cowscope::ui
