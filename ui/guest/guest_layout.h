// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QSize>

#include <cstdint>

namespace cowscope::ui
{

/// How a disk is laid out as rows of columns, read like a text: each column stands for a power of two of units
/// (clusters or subclusters). Zooming in shrinks that number to one first, then widens the columns. Pure arithmetic.
class GuestLayout
{
public:
    static constexpr int kRowHeight = 20; ///< pixels, with the gap below
    static constexpr int kBarHeight = 16;

    /// The widest columns with which all units are in view at once.
    static GuestLayout fitting(std::uint64_t units, QSize area);

    std::uint64_t unitsPerColumn() const { return std::uint64_t{1} << m_perColumnLog2; }
    int columnWidth() const { return m_columnWidth; } ///< pixels
    std::uint64_t columns() const { return m_columns; } ///< in a row
    std::uint64_t unitsPerRow() const { return m_columns << m_perColumnLog2; }
    std::uint64_t rows(std::uint64_t units) const;

    /// One step nearer or farther; the same at the ends of the scale.
    GuestLayout zoomedIn(std::uint64_t units, QSize area) const;
    GuestLayout zoomedOut(std::uint64_t units, QSize area) const;
    GuestLayout resized(QSize area) const { return {m_perColumnLog2, m_columnWidth, area}; }

private:
    GuestLayout(unsigned perColumnLog2, int columnWidth, QSize area);

    unsigned m_perColumnLog2;
    int m_columnWidth;
    std::uint64_t m_columns;
};

} // namespace cowscope::ui
