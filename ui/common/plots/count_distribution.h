// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/count_buckets.h"

#include <QString>

#include <span>

namespace cowscope::ui
{

QString bucketLabel(const CountBucket& bucket); ///< "3", "4\u20137"

/// "5 clusters have count 0, 17 have 1, ...": what the chart shows, for those who cannot see it.
QString distributionText(std::span<const CountBucket> buckets);

} // namespace cowscope::ui
