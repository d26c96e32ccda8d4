// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/format/refcount_codec.h"

#include <array>
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
/// order. Skips what is equal by 64 bytes, of which a block is a whole number.
template <typename Visit>
void forDifferentCounts(RefcountCodec codec, std::span<const std::byte> a, std::span<const std::byte> b, Visit visit)
{
    constexpr std::size_t kSliceBytes = 64;
    std::array<std::uint64_t, kSliceBytes * 8> ones;
    std::array<std::uint64_t, kSliceBytes * 8> others;
    const std::uint64_t entries = codec.entriesIn(kSliceBytes);
    for (std::size_t at = 0; at < a.size(); at += kSliceBytes) {
        if (std::memcmp(a.data() + at, b.data() + at, kSliceBytes) == 0)
            continue;
        codec.unpack(a.subspan(at), std::span(ones).first(entries));
        codec.unpack(b.subspan(at), std::span(others).first(entries));
        for (std::uint64_t i = 0; i < entries; ++i) {
            if (ones[i] != others[i])
                visit(codec.entriesIn(at) + i, ones[i], others[i]);
        }
    }
}

} // namespace cowscope
