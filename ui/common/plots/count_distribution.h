// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/census.h"

#include <QList>
#include <QString>

namespace cowscope::ui
{

/// A bar of the chart: the clusters with a count from `from` to `to`.
struct CountBucket {
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    std::uint64_t clusters = 0;

    QString label() const; ///< "3", "4\u20137"

    bool operator==(const CountBucket&) const = default;
};

/// The distribution in at most some 65 bars: each count by itself as long as the largest is small, else powers of two.
/// Counts that no cluster has are left out between powers of two.
QList<CountBucket> countBuckets(const RefcountHistogram& histogram);

/// "5 clusters have count 0, 17 have 1, ...": what the chart shows, for those who cannot see it.
QString distributionText(const QList<CountBucket>& buckets);

} // namespace cowscope::ui
