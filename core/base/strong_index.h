// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <compare>
#include <cstdint>

namespace cowscope
{

/// A 64-bit number that cannot be mistaken for another kind of number: a guest offset never reaches a host read.
/// Only Geometry converts between kinds. Differences are plain numbers.
template <typename Tag>
class StrongIndex
{
public:
    constexpr StrongIndex() = default;
    constexpr explicit StrongIndex(std::uint64_t value)
        : m_value(value)
    {
    }

    constexpr std::uint64_t value() const { return m_value; }

    constexpr auto operator<=>(const StrongIndex&) const = default;

    constexpr StrongIndex operator+(std::uint64_t distance) const { return StrongIndex(m_value + distance); }
    constexpr std::uint64_t operator-(StrongIndex other) const { return m_value - other.m_value; }
    constexpr StrongIndex& operator++()
    {
        ++m_value;
        return *this;
    }

private:
    std::uint64_t m_value = 0;
};

using HostOffset = StrongIndex<struct HostOffsetTag>; ///< bytes from the start of the image file
using GuestOffset = StrongIndex<struct GuestOffsetTag>; ///< bytes from the start of the virtual disk
using HostCluster = StrongIndex<struct HostClusterTag>; ///< host offset / cluster size
using GuestCluster = StrongIndex<struct GuestClusterTag>; ///< guest offset / cluster size

} // namespace cowscope
