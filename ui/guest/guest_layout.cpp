// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/guest/guest_layout.h"

#include "core/base/checked_math.h"

#include <algorithm>

namespace cowscope::ui
{

namespace
{
constexpr int kWidestColumn = 16; ///< pixels
constexpr std::uint64_t kRoundColumns = 32; ///< rows of a multiple of it begin at round offsets
constexpr std::uint64_t kMostRows = 1U << 30; ///< what a scroll bar can count
} // namespace

GuestLayout::GuestLayout(unsigned perColumnLog2, int columnWidth, QSize area)
    : m_perColumnLog2(perColumnLog2)
    , m_columnWidth(columnWidth)
    , m_columns(static_cast<std::uint64_t>(std::max(1, area.width() / columnWidth)))
{
    if (m_columns > kRoundColumns)
        m_columns -= m_columns % kRoundColumns;
}

GuestLayout GuestLayout::fitting(std::uint64_t units, QSize area)
{
    GuestLayout layout(0, kWidestColumn, area);
    const auto visible = static_cast<std::uint64_t>(std::max(1, area.height() / kRowHeight));
    while (layout.rows(units) > visible) {
        const GuestLayout next = layout.zoomedOut(units, area);
        if (next.m_columnWidth == layout.m_columnWidth && next.m_perColumnLog2 == layout.m_perColumnLog2)
            break;
        layout = next;
    }
    return layout;
}

std::uint64_t GuestLayout::rows(std::uint64_t units) const
{
    return divideUp(units, unitsPerRow());
}

GuestLayout GuestLayout::zoomedIn(std::uint64_t units, QSize area) const
{
    GuestLayout next = *this;
    if (m_perColumnLog2 > 0)
        next = GuestLayout(m_perColumnLog2 - 1, 1, area);
    else if (m_columnWidth < kWidestColumn)
        next = GuestLayout(0, m_columnWidth * 2, area);
    return next.rows(units) <= kMostRows ? next : *this;
}

GuestLayout GuestLayout::zoomedOut(std::uint64_t units, QSize area) const
{
    if (m_columnWidth > 1)
        return {m_perColumnLog2, m_columnWidth / 2, area};
    if (unitsPerColumn() < units && m_perColumnLog2 < 62)
        return {m_perColumnLog2 + 1, 1, area};
    return *this;
}

} // namespace cowscope::ui
