// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/count_buckets.h"

#include <algorithm>
#include <bit>
#include <numeric>

namespace cowscope
{

namespace
{

constexpr std::uint64_t kSingleBars = 12; ///< up to this largest count every count has a bar of its own

std::uint64_t largestExact(const RefcountHistogram& histogram)
{
    const auto last = std::find_if(
        histogram.exact.rbegin(), histogram.exact.rend(), [](std::uint64_t clusters) { return clusters != 0; });
    return static_cast<std::uint64_t>(std::distance(last, histogram.exact.rend()))
        - (last == histogram.exact.rend() ? 0 : 1);
}

bool hasLarge(const RefcountHistogram& histogram)
{
    return std::any_of(
        histogram.byLog2.begin(), histogram.byLog2.end(), [](std::uint64_t clusters) { return clusters != 0; });
}

std::vector<CountBucket> singleBuckets(const RefcountHistogram& histogram, std::uint64_t largest)
{
    std::vector<CountBucket> buckets;
    for (std::uint64_t count = 0; count <= largest; ++count)
        buckets.push_back({count, count, histogram.exact[count]});
    return buckets;
}

/// Clusters with a count in [2^log2, 2^(log2+1)).
std::uint64_t clustersInPower(const RefcountHistogram& histogram, unsigned log2)
{
    constexpr unsigned kExactPowers = std::bit_width(RefcountHistogram::kExact);
    if (log2 >= kExactPowers)
        return histogram.byLog2[log2];
    const auto first = histogram.exact.begin() + (std::ptrdiff_t{1} << log2);
    return std::accumulate(first, first + (std::ptrdiff_t{1} << log2), std::uint64_t{0});
}

std::vector<CountBucket> powerBuckets(const RefcountHistogram& histogram)
{
    std::vector<CountBucket> buckets{{0, 0, histogram.exact[0]}};
    for (unsigned log2 = 0; log2 < histogram.byLog2.size(); ++log2) {
        const std::uint64_t from = std::uint64_t{1} << log2;
        if (const std::uint64_t clusters = clustersInPower(histogram, log2); clusters != 0)
            buckets.push_back({from, from + (from - 1), clusters});
    }
    return buckets;
}

} // namespace

std::vector<CountBucket> countBuckets(const RefcountHistogram& histogram)
{
    const std::uint64_t largest = largestExact(histogram);
    if (largest <= kSingleBars && !hasLarge(histogram))
        return singleBuckets(histogram, largest);
    return powerBuckets(histogram);
}

} // namespace cowscope
