// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace cowscope::test
{

using Bytes = std::vector<std::byte>;

/// Big-endian numbers written and read one byte at a time: slow, plain, and independent of core/base/big_endian.h.
/// `width` is 1 to 8 bytes.
inline void putNumber(Bytes& bytes, std::size_t at, std::uint64_t value, unsigned width)
{
    if (bytes.size() < at + width)
        bytes.resize(at + width);
    for (unsigned i = 0; i < width; ++i)
        bytes[at + i] = static_cast<std::byte>(value >> (8 * (width - 1 - i)));
}

inline void put8(Bytes& bytes, std::size_t at, std::uint8_t value)
{
    putNumber(bytes, at, value, 1);
}

inline void put16(Bytes& bytes, std::size_t at, std::uint16_t value)
{
    putNumber(bytes, at, value, 2);
}

inline void put32(Bytes& bytes, std::size_t at, std::uint32_t value)
{
    putNumber(bytes, at, value, 4);
}

inline void put64(Bytes& bytes, std::size_t at, std::uint64_t value)
{
    putNumber(bytes, at, value, 8);
}

inline std::uint64_t getNumber(const Bytes& bytes, std::size_t at, unsigned width)
{
    std::uint64_t value = 0;
    for (unsigned i = 0; i < width; ++i)
        value = value << 8 | (at + i < bytes.size() ? std::to_integer<std::uint64_t>(bytes[at + i]) : 0);
    return value;
}

inline void putText(Bytes& bytes, std::size_t at, std::string_view text)
{
    if (bytes.size() < at + text.size())
        bytes.resize(at + text.size());
    for (std::size_t i = 0; i < text.size(); ++i)
        bytes[at + i] = static_cast<std::byte>(text[i]);
}

inline Bytes bytesOf(std::string_view text)
{
    Bytes bytes;
    putText(bytes, 0, text);
    return bytes;
}

/// Entry `index` of a refblock at byte `at`, bit by bit as the specification draws it: below 8 bits from the least
/// significant bit of each byte, else big endian. Orders 0 to 6.
inline std::uint64_t getCount(const Bytes& bytes, std::size_t at, unsigned order, std::uint64_t index)
{
    const unsigned bits = 1U << order;
    if (bits >= 8)
        return getNumber(bytes, at + index * (bits / 8), bits / 8);
    std::uint64_t count = 0;
    for (unsigned bit = 0; bit < bits; ++bit) {
        const std::uint64_t position = index * bits + bit;
        if ((getNumber(bytes, at + position / 8, 1) >> (position % 8) & 1) != 0)
            count |= std::uint64_t{1} << bit;
    }
    return count;
}

inline void putCount(Bytes& bytes, std::size_t at, unsigned order, std::uint64_t index, std::uint64_t count)
{
    const unsigned bits = 1U << order;
    if (bits >= 8)
        return putNumber(bytes, at + index * (bits / 8), count, bits / 8);
    for (unsigned bit = 0; bit < bits; ++bit) {
        const std::uint64_t position = index * bits + bit;
        const auto mask = static_cast<std::byte>(1U << (position % 8));
        std::byte& byte = bytes[at + position / 8];
        byte = (count >> bit & 1) != 0 ? byte | mask : byte & ~mask;
    }
}

} // namespace cowscope::test
