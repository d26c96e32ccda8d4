// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/census.h"

#include <vector>

namespace cowscope
{

/// A bar of a chart: the clusters with a count from `from` to `to`.
struct CountBucket {
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    std::uint64_t clusters = 0;

    bool operator==(const CountBucket&) const = default;
};

/// The distribution in at most some 65 bars: each count by itself as long as the largest is small, else powers of two.
/// Counts that no cluster has are left out between powers of two.
std::vector<CountBucket> countBuckets(const RefcountHistogram& histogram);

} // namespace cowscope
