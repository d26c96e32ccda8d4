// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/census.h"

#include <QWidget>

class QChartView;
class QLabel;
class QPieSeries;

namespace cowscope::ui
{

/// What the clusters of the file are used for: a ring, and a table beside it that is also its legend.
class OwnerChart : public QWidget
{
    Q_OBJECT

public:
    explicit OwnerChart(QWidget* parent = nullptr);

    void setCensus(std::shared_ptr<const Census> census, unsigned clusterBits);

protected:
    void changeEvent(QEvent* event) override;

private:
    void redraw();
    QString tableHtml() const;

    std::shared_ptr<const Census> m_census;
    unsigned m_clusterBits = 16;
    QChartView* m_chart;
    QPieSeries* m_ring;
    QLabel* m_table;
};

} // namespace cowscope::ui
