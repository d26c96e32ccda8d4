// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QChartView>
#include <QColor>
#include <QList>
#include <QString>

namespace cowscope::ui
{

/// Bars on a logarithmic scale, in the colours of the present palette.
class BarChart : public QChartView
{
    Q_OBJECT

public:
    struct Bar {
        QString label; ///< below the bar
        QString toolTip;
        double value = 0;
        bool emphasized = true; ///< else in a muted colour
    };

    explicit BarChart(QWidget* parent = nullptr);

    void setAxisTitles(const QString& labels, const QString& values);
    void setBars(const QList<Bar>& bars); ///< at most some hundred

protected:
    void changeEvent(QEvent* event) override;
    void showEvent(QShowEvent* event) override;

private:
    void applyPalette();
    void applyEmphasis();

    QList<int> m_muted; ///< bars in a muted colour
    QString m_labelsTitle;
    QString m_valuesTitle;
};

} // namespace cowscope::ui
