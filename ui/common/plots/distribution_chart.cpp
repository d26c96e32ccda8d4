// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/common/plots/distribution_chart.h"

#include "ui/common/format.h"
#include "ui/common/plots/count_distribution.h"

namespace cowscope::ui
{

DistributionChart::DistributionChart(QWidget* parent)
    : BarChart(parent)
{
    setAccessibleName(tr("Distribution of reference counts"));
    setAxisTitles(tr("reference count"), tr("clusters (logarithmic)"));
}

void DistributionChart::setHistogram(const RefcountHistogram& histogram)
{
    const std::vector<CountBucket> buckets = countBuckets(histogram);
    QList<Bar> bars;
    for (const CountBucket& bucket : buckets)
        bars.push_back(
            {bucketLabel(bucket), tr("count %1: %2 clusters").arg(bucketLabel(bucket), formatCount(bucket.clusters)),
                static_cast<double>(bucket.clusters), bucket.from != 0});
    setBars(bars);
    setAccessibleDescription(distributionText(buckets));
}

} // namespace cowscope::ui
