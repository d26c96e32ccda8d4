// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace cowscope
{

/// All multi-byte numbers of a qcow2 file are big endian (specification, "General").
template <std::unsigned_integral T>
constexpr T swapBigEndian(T value)
{
    if constexpr (std::endian::native == std::endian::big || sizeof(T) == 1)
        return value;
    else if constexpr (sizeof(T) == 2)
        return __builtin_bswap16(value);
    else if constexpr (sizeof(T) == 4)
        return __builtin_bswap32(value);
    else
        return __builtin_bswap64(value);
}

/// The number at byte `at`; the caller guarantees at + sizeof(T) <= bytes.size().
template <std::unsigned_integral T>
T loadBigEndian(std::span<const std::byte> bytes, std::size_t at = 0)
{
    T value;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return swapBigEndian(value);
}

/// Stores `value` at byte `at`; the caller guarantees at + sizeof(T) <= bytes.size().
template <std::unsigned_integral T>
void storeBigEndian(std::span<std::byte> bytes, std::size_t at, T value)
{
    value = swapBigEndian(value);
    std::memcpy(bytes.data() + at, &value, sizeof value);
}

} // namespace cowscope
