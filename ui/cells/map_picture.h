// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/cells/cell_store.h"
#include "ui/cells/map_colors.h"
#include "ui/cells/map_layout.h"
#include "ui/cells/marked_clusters.h"

#include <QImage>
#include <QPainter>

#include <vector>

namespace cowscope::ui
{

/// The part of a layout that a viewport shows, cell by cell.
struct VisibleCells {
    static constexpr std::uint64_t kNone = UINT64_MAX;

    std::uint64_t firstColumn = 0;
    std::uint64_t firstRow = 0;
    std::uint64_t columns = 0;
    std::uint64_t rows = 0;
    std::vector<std::uint64_t> indices; ///< row by row; kNone where the layout has no cell

    /// `origin` is the layout's point at the viewport's upper left; it may be negative.
    static VisibleCells of(const MapLayout& layout, QPointF origin, QSizeF viewport);

    std::vector<std::uint64_t> wanted() const; ///< the indices without kNone

    std::uint64_t index(std::uint64_t column, std::uint64_t row) const { return indices[row * columns + column]; }
};

/// Draws what is visible of a map into an image of `viewport` logical pixels. Costs by the pixel and the cell. `cells`
/// is null for a map without clusters. With `marked` the cells without a marked cluster are pale.
QImage drawMap(const MapLayout& layout, QPointF origin, QSize viewport, double pixelRatio, const VisibleCells& visible,
    const CellStore* cells, const MapColors& colors, QColor background, const MarkedClusters* marked = nullptr);

/// The same as rectangles, for pictures that are made of such: neighbours that look alike are one. `corner` is where
/// the upper left cell goes.
void paintMap(QPainter& painter, QPointF corner, const MapLayout& layout, const VisibleCells& visible,
    const CellStore& cells, const MapColors& colors);

/// The outline of the cells [first, last] as far as they are visible, as lines in the viewport.
std::vector<QLineF> outlineOf(
    std::uint64_t first, std::uint64_t last, const MapLayout& layout, QPointF origin, const VisibleCells& visible);

/// The sign that a cell of that look and of enough size carries.
QString cellText(const MapLook& look, const MapCell& cell, const MapColors& colors);

} // namespace cowscope::ui
