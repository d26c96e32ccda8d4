// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/format/refcount_codec.h"

#include "core/base/big_endian.h"
#include "core/base/bulk.h"

#include <cstring>

namespace cowscope
{

namespace
{

template <unsigned Bits>
[[gnu::always_inline]] inline void unpackSubByte(const std::byte* in, std::span<std::uint64_t> counts)
{
    constexpr std::size_t perByte = 8 / Bits;
    constexpr unsigned mask = (1U << Bits) - 1;
    const std::size_t whole = counts.size() / perByte;
    for (std::size_t byte = 0; byte < whole; ++byte) {
        const auto value = std::to_integer<unsigned>(in[byte]);
        for (std::size_t n = 0; n < perByte; ++n)
            counts[byte * perByte + n] = value >> (n * Bits) & mask;
    }
    for (std::size_t i = whole * perByte; i < counts.size(); ++i)
        counts[i] = std::to_integer<unsigned>(in[whole]) >> (i % perByte * Bits) & mask;
}

template <unsigned Bits>
[[gnu::always_inline]] inline void packSubByte(std::span<const std::uint64_t> counts, std::byte* out)
{
    constexpr std::size_t perByte = 8 / Bits;
    for (std::size_t first = 0; first < counts.size(); first += perByte) {
        unsigned value = 0;
        for (std::size_t n = 0; n < perByte && first + n < counts.size(); ++n)
            value |= static_cast<unsigned>(counts[first + n]) << (n * Bits);
        out[first / perByte] = static_cast<std::byte>(value);
    }
}

template <typename T>
[[gnu::always_inline]] inline void unpackWords(const std::byte* in, std::span<std::uint64_t> counts)
{
    for (std::size_t i = 0; i < counts.size(); ++i) {
        T word;
        std::memcpy(&word, in + i * sizeof(T), sizeof(T));
        counts[i] = swapBigEndian(word);
    }
}

template <typename T>
[[gnu::always_inline]] inline void packWords(std::span<const std::uint64_t> counts, std::byte* out)
{
    for (std::size_t i = 0; i < counts.size(); ++i) {
        const T word = swapBigEndian(static_cast<T>(counts[i]));
        std::memcpy(out + i * sizeof(T), &word, sizeof(T));
    }
}

template <typename T>
std::uint64_t wordAt(std::span<const std::byte> block, std::uint64_t index)
{
    T word;
    std::memcpy(&word, block.data() + index * sizeof(T), sizeof(T));
    return swapBigEndian(word);
}

} // namespace

std::uint64_t RefcountCodec::get(std::span<const std::byte> block, std::uint64_t index) const
{
    switch (m_order) {
    case 3:
        return wordAt<std::uint8_t>(block, index);
    case 4:
        return wordAt<std::uint16_t>(block, index);
    case 5:
        return wordAt<std::uint32_t>(block, index);
    case 6:
        return wordAt<std::uint64_t>(block, index);
    default:
        break;
    }
    const unsigned perByte = 8 / bits();
    const auto byte = std::to_integer<std::uint64_t>(block[index / perByte]);
    return byte >> (index % perByte * bits()) & maximum();
}

void RefcountCodec::set(std::span<std::byte> block, std::uint64_t index, std::uint64_t count) const
{
    if (bits() < 8) {
        const unsigned perByte = 8 / bits();
        const unsigned shift = static_cast<unsigned>(index % perByte) * bits();
        std::byte& byte = block[index / perByte];
        byte = (byte & ~static_cast<std::byte>(maximum() << shift)) | static_cast<std::byte>(count << shift);
        return;
    }
    pack({&count, 1}, block.subspan(index * bits() / 8));
}

COWSCOPE_WIDE void RefcountCodec::unpack(std::span<const std::byte> block, std::span<std::uint64_t> counts) const
{
    switch (m_order) {
    case 0:
        return unpackSubByte<1>(block.data(), counts);
    case 1:
        return unpackSubByte<2>(block.data(), counts);
    case 2:
        return unpackSubByte<4>(block.data(), counts);
    case 3:
        return unpackWords<std::uint8_t>(block.data(), counts);
    case 4:
        return unpackWords<std::uint16_t>(block.data(), counts);
    case 5:
        return unpackWords<std::uint32_t>(block.data(), counts);
    default:
        return unpackWords<std::uint64_t>(block.data(), counts);
    }
}

COWSCOPE_WIDE void RefcountCodec::pack(std::span<const std::uint64_t> counts, std::span<std::byte> block) const
{
    switch (m_order) {
    case 0:
        return packSubByte<1>(counts, block.data());
    case 1:
        return packSubByte<2>(counts, block.data());
    case 2:
        return packSubByte<4>(counts, block.data());
    case 3:
        return packWords<std::uint8_t>(counts, block.data());
    case 4:
        return packWords<std::uint16_t>(counts, block.data());
    case 5:
        return packWords<std::uint32_t>(counts, block.data());
    default:
        return packWords<std::uint64_t>(counts, block.data());
    }
}

bool isAllZero(std::span<const std::byte> bytes)
{
    // The first eight bytes by themselves, then every byte against the one eight before it: one memcmp does the rest.
    const std::size_t head = bytes.size() < 8 ? bytes.size() : 8;
    for (std::size_t i = 0; i < head; ++i) {
        if (bytes[i] != std::byte{0})
            return false;
    }
    return bytes.size() <= 8 || std::memcmp(bytes.data(), bytes.data() + 8, bytes.size() - 8) == 0;
}

} // namespace cowscope
