// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/bulk.h"

#include "core/base/big_endian.h"

#include <bit>

namespace cowscope
{

namespace
{

constexpr std::size_t kBlock = 64; ///< words looked at together

/// Whether each of the kBlock words is `first` plus its index times `step`.
COWSCOPE_WIDE bool isAscendingBlock(const std::uint64_t* words, std::uint64_t first, std::uint64_t step)
{
    std::uint64_t wrong = 0;
    for (std::size_t i = 0; i < kBlock; ++i)
        wrong |= words[i] ^ (first + i * step);
    return wrong == 0;
}

} // namespace

COWSCOPE_WIDE void swapWords(std::span<std::uint64_t> words)
{
    std::uint64_t* const data = words.data();
    const std::size_t count = words.size();
    for (std::size_t i = 0; i < count; ++i)
        data[i] = swapBigEndian(data[i]);
}

COWSCOPE_WIDE std::uint64_t allBits(std::span<const std::uint64_t> words)
{
    const std::uint64_t* const data = words.data();
    const std::size_t count = words.size();
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < count; ++i)
        bits |= data[i];
    return bits;
}

std::size_t ascendingRun(std::span<const std::uint64_t> words, std::uint64_t step)
{
    const std::uint64_t first = words.front();
    std::size_t run = 1;
    while (run < words.size() && words[run] == first + run * step) {
        ++run;
        // Short runs are common where data is scattered, so blocks come in only once a run has shown some length, and
        // not again and again where they did not help.
        const bool worthIt = run >= 8 && std::has_single_bit(run);
        while (
            worthIt && run + kBlock <= words.size() && isAscendingBlock(words.data() + run, first + run * step, step))
            run += kBlock;
    }
    return run;
}

} // namespace cowscope
