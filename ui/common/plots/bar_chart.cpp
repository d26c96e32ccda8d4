// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/common/plots/bar_chart.h"

#include <QBarCategoryAxis>
#include <QBarSeries>
#include <QBarSet>
#include <QChart>
#include <QCursor>
#include <QEvent>
#include <QGraphicsLayout>
#include <QLogValueAxis>
#include <QToolTip>

#include <algorithm>
#include <cmath>

namespace cowscope::ui
{

namespace
{

constexpr double kBase = 0.5; ///< where bars begin: below 1, so that a bar of one unit is visible

QBarSeries* makeSeries(const QList<BarChart::Bar>& bars)
{
    auto* set = new QBarSet(QString());
    for (const BarChart::Bar& bar : bars)
        set->append(std::max(bar.value, kBase));
    auto* series = new QBarSeries;
    series->append(set);
    series->setBarWidth(0.8);
    return series;
}

} // namespace

BarChart::BarChart(QWidget* parent)
    : QChartView(parent)
{
    setFrameShape(QFrame::NoFrame);
    setRenderHint(QPainter::Antialiasing);
    setMinimumSize(240, 180);
    setFocusPolicy(Qt::NoFocus);
    chart()->legend()->hide();
    chart()->setMargins(QMargins(0, 0, 0, 0));
    chart()->setBackgroundRoundness(0);
    chart()->layout()->setContentsMargins(0, 0, 0, 0);
    applyPalette();
}

void BarChart::setAxisTitles(const QString& labels, const QString& values)
{
    m_labelsTitle = labels;
    m_valuesTitle = values;
}

void BarChart::setBars(const QList<Bar>& bars)
{
    chart()->removeAllSeries();
    const QList<QAbstractAxis*> oldAxes = chart()->axes();
    for (QAbstractAxis* axis : oldAxes) {
        chart()->removeAxis(axis);
        delete axis;
    }
    QBarSeries* series = makeSeries(bars);
    chart()->addSeries(series);

    QStringList labels;
    double most = 1;
    for (const Bar& bar : bars) {
        labels << bar.label;
        most = std::max(most, bar.value);
    }
    auto* labelAxis = new QBarCategoryAxis;
    labelAxis->append(labels);
    labelAxis->setTitleText(m_labelsTitle);
    labelAxis->setGridLineVisible(false);
    chart()->addAxis(labelAxis, Qt::AlignBottom);
    series->attachAxis(labelAxis);

    auto* valueAxis = new QLogValueAxis;
    valueAxis->setBase(10);
    valueAxis->setLabelFormat(QStringLiteral("%.0f"));
    valueAxis->setRange(kBase, std::pow(10.0, std::floor(std::log10(most)) + 1));
    valueAxis->setTitleText(m_valuesTitle);
    chart()->addAxis(valueAxis, Qt::AlignLeft);
    series->attachAxis(valueAxis);

    connect(series, &QBarSeries::hovered, this, [this, bars](bool entered, int index) {
        if (entered && index >= 0 && index < bars.size())
            QToolTip::showText(QCursor::pos(), bars[index].toolTip, this);
        else
            QToolTip::hideText();
    });
    m_muted.clear();
    for (int i = 0; i < bars.size(); ++i)
        if (!bars[i].emphasized)
            m_muted += i;
    applyPalette();
}

void BarChart::showEvent(QShowEvent* event)
{
    QChartView::showEvent(event);
    // Qt Charts makes the bars when it lays the chart out, and then forgets which are selected.
    QMetaObject::invokeMethod(this, &BarChart::applyEmphasis, Qt::QueuedConnection);
}

/// A muted bar is one that is painted in the colour of selected ones.
void BarChart::applyEmphasis()
{
    const QList<QAbstractSeries*> allSeries = chart()->series();
    for (QAbstractSeries* series : allSeries)
        if (const auto* bars = qobject_cast<QBarSeries*>(series)) {
            bars->barSets().constFirst()->deselectAllBars();
            bars->barSets().constFirst()->selectBars(m_muted);
        }
}

void BarChart::changeEvent(QEvent* event)
{
    QChartView::changeEvent(event);
    if (event->type() == QEvent::PaletteChange)
        applyPalette();
}

void BarChart::applyPalette()
{
    const QColor text = palette().color(QPalette::Text);
    QColor grid = text;
    grid.setAlphaF(0.15F);
    QColor muted = text;
    muted.setAlphaF(0.35F);
    setBackgroundBrush(palette().color(QPalette::Base));
    chart()->setBackgroundBrush(palette().color(QPalette::Base));
    const QList<QAbstractAxis*> axes = chart()->axes();
    for (QAbstractAxis* axis : axes) {
        axis->setLabelsColor(text);
        axis->setTitleBrush(text);
        axis->setLinePenColor(text);
        axis->setGridLineColor(grid);
    }
    const QList<QAbstractSeries*> allSeries = chart()->series();
    for (QAbstractSeries* series : allSeries)
        if (const auto* bars = qobject_cast<QBarSeries*>(series)) {
            bars->barSets().constFirst()->setColor(palette().color(QPalette::Highlight));
            bars->barSets().constFirst()->setSelectedColor(muted);
        }
    applyEmphasis();
}

} // namespace cowscope::ui
