// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/common/empty_state.h"
#include "ui/document/image_document.h"

#include <memory>

class QLabel;
class QVBoxLayout;

namespace cowscope::ui
{

class BarChart;
class DistributionChart;
class OwnerChart;
class ShareChart;
struct ChartFigures;

/// The image in charts: how often which count occurs, what the file is used for, what each refcount width would cost,
/// how full the refblocks are, how fragmented the data is, and what each snapshot uses alone.
class ChartsPanel : public EmptyState
{
    Q_OBJECT

public:
    explicit ChartsPanel(ImageDocument& document, QWidget* parent = nullptr);

protected:
    void showEvent(QShowEvent* event) override;

private:
    QLabel* addSection(QVBoxLayout& layout, const QString& title, QWidget* chart);
    void refresh();
    void startFigures();
    void showFigures(const ChartFigures& figures);

    ImageDocument& m_document;
    DistributionChart* m_counts;
    OwnerChart* m_owners;
    BarChart* m_widths;
    QLabel* m_widthsTitle;
    BarChart* m_refblocks;
    BarChart* m_fragmentation;
    QLabel* m_fragmentationTitle;
    ShareChart* m_shares;
    QLabel* m_sharesTitle;
    bool m_stale = false; ///< an image was opened while the panel was hidden
    std::unique_ptr<Job> m_job; ///< finds out the figures
};

} // namespace cowscope::ui
