// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QSize>

#include <cstdint>

namespace cowscope::ui
{

/// How a stretch of clusters is laid out as a grid: rows of a power of two of cells, each cell a power of two of
/// clusters. Zooming goes through few clusters in a cell first, then through larger cells. Pure arithmetic.
class GridLayout
{
public:
    /// The largest cells with which `clusters` clusters fit into the viewport, one cluster a cell where that leaves
    /// cells of a readable size or scrolling over at most kScrolledClusters clusters.
    static GridLayout fitting(std::uint64_t clusters, QSize viewport);

    unsigned columns() const { return 1U << m_columnsLog2; }
    std::uint64_t clustersPerCell() const { return std::uint64_t{1} << m_perCellLog2; }
    int cellSize() const { return m_cellSize; } ///< pixels
    std::uint64_t rows(std::uint64_t clusters) const;

    /// One step nearer or farther; the same layout at the ends of the scale.
    GridLayout zoomedIn(QSize viewport) const;
    GridLayout zoomedOut(std::uint64_t clusters, QSize viewport) const;

    /// The same columns in a viewport of another width.
    GridLayout resized(QSize viewport) const { return {m_columnsLog2, m_perCellLog2, viewport}; }

private:
    GridLayout(unsigned columnsLog2, unsigned perCellLog2, QSize viewport);

    bool fits(std::uint64_t clusters, QSize viewport) const;

    static constexpr std::uint64_t kScrolledClusters = 1U << 17;

    unsigned m_columnsLog2;
    unsigned m_perCellLog2;
    int m_cellSize;
};

} // namespace cowscope::ui
