// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/space_ledger.h"
#include "core/image/image.h"

#include <QChartView>

class QBarSet;

namespace cowscope::ui
{

/// Exclusive and shared space of the active disk and of snapshots, as stacked bars: at most 16 snapshots, those
/// with the most exclusive space.
class ShareChart : public QChartView
{
    Q_OBJECT

public:
    static constexpr std::size_t kMostSnapshots = 16;

    explicit ShareChart(QWidget* parent = nullptr);

    void setLedger(const Image& image, const SpaceLedger& ledger);
    void clear();

protected:
    void changeEvent(QEvent* event) override;

private:
    void applyPalette();

    QBarSet* m_exclusive = nullptr; ///< of the series in the chart; null without one
    QBarSet* m_shared = nullptr;
};

} // namespace cowscope::ui
