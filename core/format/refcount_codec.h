// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace cowscope
{

/// Reads and writes reference counts of one width (specification, "Refcount blocks"). Counts are uint64_t in memory
/// whatever the width. Entries narrower than a byte fill it from the least significant bit; wider ones are big endian.
class RefcountCodec
{
public:
    /// `order` is 0 to 6: the width is 1 << order bits.
    explicit constexpr RefcountCodec(unsigned order)
        : m_order(order)
    {
    }

    constexpr unsigned order() const { return m_order; }
    constexpr unsigned bits() const { return 1U << m_order; }

    /// The largest count that an entry holds.
    constexpr std::uint64_t maximum() const { return ~std::uint64_t{0} >> (64 - bits()); }

    /// Entries in a block of `bytes` bytes.
    constexpr std::uint64_t entriesIn(std::uint64_t bytes) const { return bytes * 8 / bits(); }

    /// Bytes that `entries` entries take, rounded up to whole ones.
    constexpr std::uint64_t bytesFor(std::uint64_t entries) const { return (entries * bits() + 7) / 8; }

    /// Entry `index` of `block`; index < entriesIn(block.size()).
    std::uint64_t get(std::span<const std::byte> block, std::uint64_t index) const;

    /// Stores `count` (at most maximum()) as entry `index`; index < entriesIn(block.size()).
    void set(std::span<std::byte> block, std::uint64_t index, std::uint64_t count) const;

    /// Decodes the first counts.size() entries of `block`; it holds at least that many.
    void unpack(std::span<const std::byte> block, std::span<std::uint64_t> counts) const;

    /// Encodes all `counts` (each at most maximum()) from the start of `block`; it has room for them. Bits of a last
    /// partial byte become zero.
    void pack(std::span<const std::uint64_t> counts, std::span<std::byte> block) const;

private:
    unsigned m_order;
};

/// Whether all bytes are zero: a refblock without a count, a table without an entry.
bool isAllZero(std::span<const std::byte> bytes);

} // namespace cowscope
