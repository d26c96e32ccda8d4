// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/refblock/grid_layout.h"

#include "core/base/checked_math.h"

#include <algorithm>

namespace cowscope::ui
{

namespace
{

constexpr unsigned kLeastColumnsLog2 = 3;
constexpr unsigned kMostColumnsLog2 = 10;
constexpr int kLeastCell = 4; ///< pixels
constexpr int kReadableCell = 8;
constexpr int kMostCell = 40;

} // namespace

GridLayout::GridLayout(unsigned columnsLog2, unsigned perCellLog2, QSize viewport)
    : m_columnsLog2(columnsLog2)
    , m_perCellLog2(perCellLog2)
    , m_cellSize(std::clamp(viewport.width() / static_cast<int>(1U << columnsLog2), 2, kMostCell))
{
}

std::uint64_t GridLayout::rows(std::uint64_t clusters) const
{
    return divideUp(divideUp(clusters, clustersPerCell()), columns());
}

bool GridLayout::fits(std::uint64_t clusters, QSize viewport) const
{
    return rows(clusters) * static_cast<std::uint64_t>(m_cellSize) <= static_cast<std::uint64_t>(viewport.height());
}

GridLayout GridLayout::fitting(std::uint64_t clusters, QSize viewport)
{
    // Larger cells first; each further step asks for more columns, then for more clusters in a cell.
    for (unsigned perCell = 0;; ++perCell) {
        GridLayout last(kLeastColumnsLog2 + 1, perCell, viewport);
        for (unsigned columns = kLeastColumnsLog2 + 1; columns <= kMostColumnsLog2; ++columns) {
            const GridLayout layout(columns, perCell, viewport);
            if (layout.cellSize() < kReadableCell)
                break;
            last = layout;
            if (layout.fits(clusters, viewport))
                return layout;
        }
        if (clusters <= kScrolledClusters || perCell == 40)
            return last;
    }
}

GridLayout GridLayout::zoomedIn(QSize viewport) const
{
    if (m_perCellLog2 > 0)
        return {m_columnsLog2, m_perCellLog2 - 1, viewport};
    return {std::max(kLeastColumnsLog2, m_columnsLog2 - 1), 0, viewport};
}

GridLayout GridLayout::zoomedOut(std::uint64_t clusters, QSize viewport) const
{
    if (fits(clusters, viewport))
        return *this;
    const GridLayout more(m_columnsLog2 + 1, m_perCellLog2, viewport);
    if (m_columnsLog2 < kMostColumnsLog2 && more.cellSize() >= kLeastCell && m_perCellLog2 == 0)
        return more;
    return {m_columnsLog2, m_perCellLog2 + 1, viewport};
}

} // namespace cowscope::ui
