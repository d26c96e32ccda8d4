// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

/// Put before the definition of a function that loops over many numbers: it is compiled once for every processor and
/// once for those with wide registers, and the loader takes what fits. The results are the same.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && defined(__GLIBC__)                              \
    && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define COWSCOPE_WIDE __attribute__((target_clones("avx2", "default")))
#else
#define COWSCOPE_WIDE
#endif

namespace cowscope
{

/// From big endian to the order of this machine, or back, in place.
void swapWords(std::span<std::uint64_t> words);

/// All words joined by "or".
std::uint64_t allBits(std::span<const std::uint64_t> words);

/// How many words from the first one on (at least 1 of words.size() > 0) grow by `step` from each to the next.
std::size_t ascendingRun(std::span<const std::uint64_t> words, std::uint64_t step);

} // namespace cowscope
