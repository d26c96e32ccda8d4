// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QPointF>
#include <QRectF>
#include <QSizeF>

#include <cstdint>
#include <optional>

namespace cowscope::ui
{

/// Where the clusters of a file are on a map: a grid of cells, each of a power of two of clusters. Rows have a power of
/// two of cells and fill the width of the viewport; a Hilbert curve keeps neighbours close in both directions. Zoom 0
/// shows all clusters; each step doubles what a cluster gets, up to single clusters of a readable size. Lengths are in
/// logical pixels. Pure arithmetic.
class MapLayout
{
public:
    enum class Kind { Rows, Hilbert };

    struct Place {
        std::uint64_t column = 0;
        std::uint64_t row = 0;

        bool operator==(const Place&) const = default;
    };

    MapLayout() = default; ///< of no clusters

    /// `zoom` is brought into its range; `leastCell` is the least width of a cell, at least 1.
    MapLayout(Kind kind, std::uint64_t clusters, QSizeF viewport, int zoom = 0, double leastCell = kLeastCell);

    MapLayout zoomedTo(int zoom) const { return {m_kind, m_clusters, m_viewport, zoom, m_leastCell}; }

    Kind kind() const { return m_kind; }
    std::uint64_t clusters() const { return m_clusters; }
    int zoom() const { return m_zoom; }
    int largestZoom() const { return m_largestZoom; }

    unsigned level() const { return m_level; } ///< a cell is 2^level() clusters
    std::uint64_t cells() const; ///< the last one may be partly behind the end
    std::uint64_t columns() const { return m_columns; }
    std::uint64_t rows() const { return m_rows; }
    QSizeF cellSize() const { return m_cell; }
    QSizeF size() const; ///< of all cells together

    Place placeOf(std::uint64_t index) const; ///< of a cell; index < cells()
    std::optional<std::uint64_t> indexAt(Place place) const; ///< nothing where there is no cell
    std::optional<std::uint64_t> indexAt(QPointF point) const;
    QRectF rectOf(std::uint64_t index) const;

    static constexpr double kLeastCell = 4;
    static constexpr double kMostCell = 64;

private:
    void layRows();
    void layHilbert();

    Kind m_kind = Kind::Rows;
    std::uint64_t m_clusters = 0;
    QSizeF m_viewport{1, 1};
    int m_zoom = 0;
    double m_leastCell = kLeastCell;
    int m_largestZoom = 0;
    unsigned m_level = 0;
    std::uint64_t m_columns = 1;
    std::uint64_t m_rows = 0;
    QSizeF m_cell{kLeastCell, kLeastCell};
};

} // namespace cowscope::ui
