// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/common/plots/count_distribution.h"

#include "ui/common/format.h"

#include <QCoreApplication>
#include <QStringList>

namespace cowscope::ui
{

namespace
{

struct Text {
    Q_DECLARE_TR_FUNCTIONS(cowscope::ui::CountDistribution)
};

} // namespace

QString bucketLabel(const CountBucket& bucket)
{
    return bucket.from == bucket.to ? formatCount(bucket.from)
                                    : Text::tr("%1\u2013%2").arg(formatCount(bucket.from), formatCount(bucket.to));
}

QString distributionText(std::span<const CountBucket> buckets)
{
    QStringList parts;
    for (const CountBucket& bucket : buckets) {
        if (bucket.clusters != 0)
            parts << Text::tr("count %1: %2 clusters").arg(bucketLabel(bucket), formatCount(bucket.clusters));
    }
    return parts.join(Text::tr("; "));
}

} // namespace cowscope::ui
