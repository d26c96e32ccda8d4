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

/// The image in three charts: how often which count occurs, what the file is used for, and what each refcount width
/// would cost.
class ChartsPanel : public EmptyState
{
    Q_OBJECT

public:
    explicit ChartsPanel(ImageDocument& document, QWidget* parent = nullptr);

private:
    QLabel* addSection(QVBoxLayout& layout, const QString& title, QWidget* chart);
    void refresh();
    void startWidths();

    ImageDocument& m_document;
    DistributionChart* m_counts;
    OwnerChart* m_owners;
    BarChart* m_widths;
    QLabel* m_widthsTitle;
    std::unique_ptr<Job> m_job; ///< assesses the widths
};

} // namespace cowscope::ui
