// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/amend_wizard/distribution_chart.h"

#include "ui/amend_wizard/count_distribution.h"

#include <QBarCategoryAxis>
#include <QBarSeries>
#include <QBarSet>
#include <QChart>
#include <QEvent>
#include <QLogValueAxis>

#include <algorithm>
#include <cmath>

namespace cowscope::ui
{

namespace
{

constexpr double kBase = 0.5; ///< where bars begin: below 1, so that a single cluster is visible

QBarSeries* makeSeries(const QList<CountBucket>& buckets)
{
    auto* set = new QBarSet(DistributionChart::tr("clusters"));
    for (const CountBucket& bucket : buckets)
        set->append(std::max(static_cast<double>(bucket.clusters), kBase));
    auto* series = new QBarSeries;
    series->append(set);
    series->setBarWidth(0.8);
    return series;
}

QBarCategoryAxis* makeCountAxis(const QList<CountBucket>& buckets)
{
    QStringList labels;
    for (const CountBucket& bucket : buckets)
        labels << bucket.label();
    auto* axis = new QBarCategoryAxis;
    axis->append(labels);
    axis->setTitleText(DistributionChart::tr("reference count"));
    axis->setGridLineVisible(false);
    return axis;
}

QLogValueAxis* makeClusterAxis(const QList<CountBucket>& buckets)
{
    std::uint64_t most = 1;
    for (const CountBucket& bucket : buckets)
        most = std::max(most, bucket.clusters);
    auto* axis = new QLogValueAxis;
    axis->setBase(10);
    axis->setLabelFormat(QStringLiteral("%.0f"));
    axis->setRange(kBase, std::pow(10.0, std::floor(std::log10(static_cast<double>(most))) + 1));
    axis->setTitleText(DistributionChart::tr("clusters (logarithmic)"));
    return axis;
}

} // namespace

DistributionChart::DistributionChart(QWidget* parent)
    : QChartView(parent)
{
    setAccessibleName(tr("Distribution of reference counts"));
    setFrameShape(QFrame::NoFrame);
    setRenderHint(QPainter::Antialiasing);
    setMinimumSize(240, 180);
    setFocusPolicy(Qt::NoFocus);
    chart()->legend()->hide();
    chart()->setMargins(QMargins(0, 0, 0, 0));
    chart()->setBackgroundRoundness(0);
    applyPalette();
}

void DistributionChart::setHistogram(const RefcountHistogram& histogram)
{
    const QList<CountBucket> buckets = countBuckets(histogram);
    chart()->removeAllSeries();
    const QList<QAbstractAxis*> oldAxes = chart()->axes();
    for (QAbstractAxis* axis : oldAxes) {
        chart()->removeAxis(axis);
        delete axis;
    }
    QBarSeries* series = makeSeries(buckets);
    chart()->addSeries(series);
    QBarCategoryAxis* counts = makeCountAxis(buckets);
    chart()->addAxis(counts, Qt::AlignBottom);
    series->attachAxis(counts);
    QLogValueAxis* clusters = makeClusterAxis(buckets);
    chart()->addAxis(clusters, Qt::AlignLeft);
    series->attachAxis(clusters);
    setAccessibleDescription(distributionText(buckets));
    setToolTip(distributionText(buckets));
    applyPalette();
}

void DistributionChart::changeEvent(QEvent* event)
{
    QChartView::changeEvent(event);
    if (event->type() == QEvent::PaletteChange)
        applyPalette();
}

void DistributionChart::applyPalette()
{
    const QColor text = palette().color(QPalette::Text);
    QColor grid = text;
    grid.setAlphaF(0.15F);
    chart()->setBackgroundBrush(palette().color(QPalette::Base));
    const QList<QAbstractAxis*> axes = chart()->axes();
    for (QAbstractAxis* axis : axes) {
        axis->setLabelsColor(text);
        axis->setTitleBrush(text);
        axis->setLinePenColor(text);
        axis->setGridLineColor(grid);
    }
    const QList<QAbstractSeries*> allSeries = chart()->series();
    for (QAbstractSeries* series : allSeries) {
        if (const auto* bars = qobject_cast<QBarSeries*>(series))
            bars->barSets().constFirst()->setColor(palette().color(QPalette::Highlight));
    }
}

} // namespace cowscope::ui
