// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/cells/map_layout.h"

#include "core/base/checked_math.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

namespace cowscope::ui
{

namespace
{

constexpr double kMostStretch = 1.6; ///< of the height of a cell, so that rows fill the viewport

/// One level of the curve: within a quadrant the rest of the curve is turned.
void turn(std::uint64_t side, std::uint64_t& x, std::uint64_t& y, bool right, bool low)
{
    if (low)
        return;
    if (right) {
        x = side - 1 - x;
        y = side - 1 - y;
    }
    std::swap(x, y);
}

/// The curve begins at the upper left and ends at the lower left, so that its first half is the upper half.
std::uint64_t hilbertIndex(std::uint64_t side, MapLayout::Place place)
{
    std::uint64_t x = place.row;
    std::uint64_t y = place.column;
    std::uint64_t index = 0;
    for (std::uint64_t s = side / 2; s > 0; s /= 2) {
        const bool right = (x & s) != 0;
        const bool low = (y & s) != 0;
        index += s * s * ((right ? 3U : 0U) ^ (low ? 1U : 0U));
        turn(side, x, y, right, low);
    }
    return index;
}

MapLayout::Place hilbertPlace(std::uint64_t side, std::uint64_t index)
{
    std::uint64_t x = 0;
    std::uint64_t y = 0;
    for (std::uint64_t s = 1; s < side; s *= 2, index /= 4) {
        const bool right = (index / 2 & 1) != 0;
        const bool low = ((index ^ (right ? 1U : 0U)) & 1) != 0;
        turn(s, x, y, right, low);
        x += right ? s : 0;
        y += low ? s : 0;
    }
    return {y, x};
}

} // namespace

MapLayout::MapLayout(Kind kind, std::uint64_t clusters, QSizeF viewport, int zoom, double leastCell)
    : m_kind(kind)
    , m_clusters(clusters)
    , m_viewport(viewport.expandedTo(QSizeF(1, 1)))
    , m_zoom(zoom)
    , m_leastCell(leastCell)
{
    if (clusters == 0)
        return;
    if (kind == Kind::Rows)
        layRows();
    else
        layHilbert();
}

/// First fewer, wider columns for single clusters; when there are as many columns as the width has room for, more
/// clusters in a cell.
void MapLayout::layRows()
{
    const double width = m_viewport.width();
    const int least = std::max(0, static_cast<int>(std::ceil(std::log2(width / kMostCell))));
    const int most = std::max(least, static_cast<int>(std::floor(std::log2(width / m_leastCell))));
    const auto columnsAt = [&](int step) { return std::uint64_t{1} << std::min(least + step, most); };
    const auto levelAt = [&](int step) { return static_cast<unsigned>(std::max(0, step - (most - least))); };
    const auto rowsAt
        = [&](int step) { return divideUp(divideUp(m_clusters, std::uint64_t{1} << levelAt(step)), columnsAt(step)); };
    const auto widthAt = [&](int step) { return width / static_cast<double>(columnsAt(step)); };
    int fit = 0;
    while (rowsAt(fit) > 1 && static_cast<double>(rowsAt(fit)) * widthAt(fit) > m_viewport.height())
        ++fit;
    m_largestZoom = fit;
    m_zoom = std::clamp(m_zoom, 0, fit);
    const int step = fit - m_zoom;
    const double fitHeight
        = std::clamp(m_viewport.height() / static_cast<double>(rowsAt(fit)), widthAt(fit), widthAt(fit) * kMostStretch);
    m_level = levelAt(step);
    m_columns = columnsAt(step);
    m_rows = rowsAt(step);
    m_cell = QSizeF(widthAt(step), std::min(kMostCell, fitHeight * widthAt(step) / widthAt(fit)));
}

/// A square of a power of two of clusters, or its upper half where that holds all.
void MapLayout::layHilbert()
{
    unsigned order = 0;
    while (order < 32 && std::uint64_t{1} << (2 * order) < m_clusters)
        ++order;
    const bool half = order > 0 && m_clusters <= std::uint64_t{1} << (2 * order - 1);
    const auto across = static_cast<double>(std::uint64_t{1} << order);
    const double down = half ? across / 2 : across;
    const double fit = std::min({m_viewport.width() / across, m_viewport.height() / down, kMostCell});
    m_largestZoom = static_cast<int>(std::floor(std::log2(kMostCell / fit)));
    m_zoom = std::clamp(m_zoom, 0, m_largestZoom);
    const double perCluster = std::ldexp(fit, m_zoom);
    unsigned halvings = 0; // of the number of cells in each direction
    while (halvings < order && std::ldexp(perCluster, static_cast<int>(halvings)) < m_leastCell)
        ++halvings;
    m_level = 2 * halvings;
    m_columns = std::uint64_t{1} << (order - halvings);
    m_rows = half ? std::max<std::uint64_t>(1, m_columns / 2) : m_columns;
    const double side = std::ldexp(perCluster, static_cast<int>(halvings));
    m_cell = QSizeF(side, side);
}

std::uint64_t MapLayout::cells() const
{
    return divideUp(m_clusters, std::uint64_t{1} << m_level);
}

QSizeF MapLayout::size() const
{
    return {m_cell.width() * static_cast<double>(m_columns), m_cell.height() * static_cast<double>(m_rows)};
}

MapLayout::Place MapLayout::placeOf(std::uint64_t index) const
{
    if (m_kind == Kind::Hilbert)
        return hilbertPlace(m_columns, index);
    return {index % m_columns, index / m_columns};
}

std::optional<std::uint64_t> MapLayout::indexAt(Place place) const
{
    if (place.column >= m_columns || place.row >= m_rows)
        return std::nullopt;
    const std::uint64_t index
        = m_kind == Kind::Hilbert ? hilbertIndex(m_columns, place) : place.row * m_columns + place.column;
    return index < cells() ? std::optional(index) : std::nullopt;
}

std::optional<std::uint64_t> MapLayout::indexAt(QPointF point) const
{
    if (point.x() < 0 || point.y() < 0)
        return std::nullopt;
    return indexAt(Place{static_cast<std::uint64_t>(point.x() / m_cell.width()),
        static_cast<std::uint64_t>(point.y() / m_cell.height())});
}

QRectF MapLayout::rectOf(std::uint64_t index) const
{
    const Place place = placeOf(index);
    return {static_cast<double>(place.column) * m_cell.width(), static_cast<double>(place.row) * m_cell.height(),
        m_cell.width(), m_cell.height()};
}

} // namespace cowscope::ui
