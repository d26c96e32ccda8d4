// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace cowscope
{

/// Calls visit(index of the word, its bits that belong to the run) for the 64-bit words that hold the bits
/// [first, first + count) of a bitmap, the least significant bit of a word first.
template <typename Visit>
void forWords(std::uint64_t first, std::uint64_t count, const Visit& visit)
{
    constexpr std::uint64_t kWordBits = 64;
    const std::uint64_t end = first + count;
    while (first < end) {
        const std::uint64_t stop = std::min(end, (first / kWordBits + 1) * kWordBits);
        visit(static_cast<std::size_t>(first / kWordBits),
            (~std::uint64_t{0} >> (kWordBits - (stop - first))) << (first % kWordBits));
        first = stop;
    }
}

} // namespace cowscope
