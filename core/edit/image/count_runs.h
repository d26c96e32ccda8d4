// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/format/refcount_codec.h"

#include <cstdint>
#include <cstring>
#include <span>

namespace cowscope
{

// Work on many counts of a refblock at once, as they are stored. A block is a whole number of 8-byte words; entries
// [first, first + count) lie within it.

/// How many counts of a run came to 1 and to 0.
struct CountTally {
    std::uint64_t ones = 0;
    std::uint64_t zeros = 0;
};

/// Adds `by` (at least 1) to counts from `first` on. Stops before the first that is 0 or would pass the maximum, and
/// returns how many were raised.
std::uint64_t raiseCounts(
    RefcountCodec codec, std::span<std::byte> block, std::uint64_t first, std::uint64_t count, std::uint64_t by);

/// Takes `by` (at least 1) from counts from `first` on, and adds to the tally. Stops before the first that is smaller,
/// and returns how many were lowered.
std::uint64_t lowerCounts(RefcountCodec codec, std::span<std::byte> block, std::uint64_t first, std::uint64_t count,
    std::uint64_t by, CountTally& tally);

/// The first entry at or behind `first` whose count is 0; the number of entries if there is none.
std::uint64_t firstZeroCount(RefcountCodec codec, std::span<const std::byte> block, std::uint64_t first);

/// Calls `visit(entry, a, b)` for each entry of which two blocks of the same size have different counts, in ascending
/// order. Skips what is equal by whole words.
template <typename Visit>
void forDifferentCounts(RefcountCodec codec, std::span<const std::byte> a, std::span<const std::byte> b, Visit visit)
{
    const std::uint64_t perWord = codec.entriesIn(sizeof(std::uint64_t));
    for (std::size_t word = 0; word < a.size() / sizeof(std::uint64_t); ++word) {
        const std::size_t at = word * sizeof(std::uint64_t);
        if (std::memcmp(a.data() + at, b.data() + at, sizeof(std::uint64_t)) == 0)
            continue;
        for (std::uint64_t entry = word * perWord; entry < (word + 1) * perWord; ++entry) {
            const std::uint64_t one = codec.get(a, entry);
            const std::uint64_t other = codec.get(b, entry);
            if (one != other)
                visit(entry, one, other);
        }
    }
}

} // namespace cowscope
