// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/census.h"

#include <QChartView>

namespace cowscope::ui
{

/// How many clusters have which count, with a logarithmic scale, in the colours of the present palette.
class DistributionChart : public QChartView
{
    Q_OBJECT

public:
    explicit DistributionChart(QWidget* parent = nullptr);

    void setHistogram(const RefcountHistogram& histogram);

protected:
    void changeEvent(QEvent* event) override;

private:
    void applyPalette();
};

} // namespace cowscope::ui
