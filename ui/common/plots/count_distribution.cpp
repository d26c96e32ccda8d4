// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/common/plots/count_distribution.h"

#include "ui/common/format.h"

#include <QCoreApplication>
#include <QStringList>

#include <algorithm>
#include <bit>
#include <numeric>

namespace cowscope::ui
{

namespace
{

struct Text {
    Q_DECLARE_TR_FUNCTIONS(cowscope::ui::CountDistribution)
};

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

QList<CountBucket> singleBuckets(const RefcountHistogram& histogram, std::uint64_t largest)
{
    QList<CountBucket> buckets;
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

QList<CountBucket> powerBuckets(const RefcountHistogram& histogram)
{
    QList<CountBucket> buckets{{0, 0, histogram.exact[0]}};
    for (unsigned log2 = 0; log2 < histogram.byLog2.size(); ++log2) {
        const std::uint64_t from = std::uint64_t{1} << log2;
        if (const std::uint64_t clusters = clustersInPower(histogram, log2); clusters != 0)
            buckets.push_back({from, from + (from - 1), clusters});
    }
    return buckets;
}

} // namespace

QString CountBucket::label() const
{
    return from == to ? formatCount(from) : Text::tr("%1\u2013%2").arg(formatCount(from), formatCount(to));
}

QList<CountBucket> countBuckets(const RefcountHistogram& histogram)
{
    const std::uint64_t largest = largestExact(histogram);
    if (largest <= kSingleBars && !hasLarge(histogram))
        return singleBuckets(histogram, largest);
    return powerBuckets(histogram);
}

QString distributionText(const QList<CountBucket>& buckets)
{
    QStringList parts;
    for (const CountBucket& bucket : buckets) {
        if (bucket.clusters != 0)
            parts << Text::tr("count %1: %2 clusters").arg(bucket.label(), formatCount(bucket.clusters));
    }
    return parts.join(Text::tr("; "));
}

} // namespace cowscope::ui
