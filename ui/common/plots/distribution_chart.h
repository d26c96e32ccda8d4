// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/census.h"
#include "ui/common/plots/bar_chart.h"

namespace cowscope::ui
{

/// How many clusters have which count.
class DistributionChart : public BarChart
{
    Q_OBJECT

public:
    explicit DistributionChart(QWidget* parent = nullptr);

    void setHistogram(const RefcountHistogram& histogram);
};

} // namespace cowscope::ui
