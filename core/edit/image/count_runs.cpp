// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/image/count_runs.h"

#include "core/base/big_endian.h"

namespace cowscope
{

namespace
{

/// Entries of whole bytes, as plain numbers.
template <std::unsigned_integral T>
class WideCounts
{
public:
    explicit WideCounts(std::byte* block)
        : m_block(block)
    {
    }

    std::uint64_t get(std::uint64_t index) const
    {
        T value;
        std::memcpy(&value, m_block + index * sizeof(T), sizeof value);
        return swapBigEndian(value);
    }

    void set(std::uint64_t index, std::uint64_t count) const
    {
        const T value = swapBigEndian(static_cast<T>(count));
        std::memcpy(m_block + index * sizeof(T), &value, sizeof value);
    }

private:
    std::byte* m_block;
};

/// Entries of parts of bytes.
class NarrowCounts
{
public:
    NarrowCounts(RefcountCodec codec, std::span<std::byte> block)
        : m_codec(codec)
        , m_block(block)
    {
    }

    std::uint64_t get(std::uint64_t index) const { return m_codec.get(m_block, index); }
    void set(std::uint64_t index, std::uint64_t count) const { m_codec.set(m_block, index, count); }

private:
    RefcountCodec m_codec;
    std::span<std::byte> m_block;
};

/// Calls `work` with the counts of the block, in the type that suits their width.
template <typename Work>
std::uint64_t withCounts(RefcountCodec codec, std::span<std::byte> block, Work work)
{
    switch (codec.bits()) {
    case 8:
        return work(WideCounts<std::uint8_t>(block.data()));
    case 16:
        return work(WideCounts<std::uint16_t>(block.data()));
    case 32:
        return work(WideCounts<std::uint32_t>(block.data()));
    case 64:
        return work(WideCounts<std::uint64_t>(block.data()));
    default:
        return work(NarrowCounts(codec, block));
    }
}

} // namespace

std::uint64_t raiseCounts(
    RefcountCodec codec, std::span<std::byte> block, std::uint64_t first, std::uint64_t count, std::uint64_t by)
{
    if (by > codec.maximum())
        return 0;
    const std::uint64_t most = codec.maximum() - by;
    return withCounts(codec, block, [&](auto counts) {
        for (std::uint64_t i = 0; i < count; ++i) {
            const std::uint64_t now = counts.get(first + i);
            if (now == 0 || now > most)
                return i;
            counts.set(first + i, now + by);
        }
        return count;
    });
}

std::uint64_t lowerCounts(RefcountCodec codec, std::span<std::byte> block, std::uint64_t first, std::uint64_t count,
    std::uint64_t by, CountTally& tally)
{
    return withCounts(codec, block, [&](auto counts) {
        for (std::uint64_t i = 0; i < count; ++i) {
            const std::uint64_t now = counts.get(first + i);
            if (now < by)
                return i;
            counts.set(first + i, now - by);
            tally.ones += now - by == 1;
            tally.zeros += now == by;
        }
        return count;
    });
}

std::uint64_t firstZeroCount(RefcountCodec codec, std::span<const std::byte> block, std::uint64_t first)
{
    // A word has an entry of zeros exactly if taking 1 from each entry borrows from the top bit of some.
    const std::uint64_t ones = ~std::uint64_t{0} / codec.maximum();
    const std::uint64_t tops = ones << (codec.bits() - 1);
    const std::uint64_t perWord = codec.entriesIn(sizeof(std::uint64_t));
    const std::uint64_t end = codec.entriesIn(block.size());
    while (first < end) {
        std::uint64_t word = 0;
        std::memcpy(&word, block.data() + first / perWord * sizeof word, sizeof word);
        const std::uint64_t next = (first / perWord + 1) * perWord;
        if (((word - ones) & ~word & tops) == 0) {
            first = next;
            continue;
        }
        for (; first < next; ++first) {
            if (codec.get(block, first) == 0)
                return first;
        }
    }
    return end;
}

} // namespace cowscope
