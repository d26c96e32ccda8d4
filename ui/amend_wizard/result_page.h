// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/amend_wizard/amend_report.h"
#include "ui/amend_wizard/wizard_page.h"

#include <optional>

class QProgressBar;
class QPushButton;
class QTableWidget;

namespace cowscope::ui
{

class DistributionChart;

/// What a fresh check of the changed image says, before and after side by side.
class ResultPage : public WizardPage
{
    Q_OBJECT

public:
    explicit ResultPage(WizardState& state);

    /// Has the document opened and checked again: its window shows the new state at once, and so does this page.
    void check();

    bool isComplete() const override { return !m_checking; }

    /// Empty until the check has ended well.
    const std::optional<AmendReport>& report() const { return m_report; }

Q_SIGNALS:
    void checked(); ///< the report is there

private:
    void followJob(Job* job);
    void showResult();
    void showFailure(const QString& text);
    void showTable();
    void askWhereToSave();
    void setChecking(bool checking);

    QLabel* m_verdict;
    QProgressBar* m_bar;
    QTableWidget* m_table;
    DistributionChart* m_chart;
    QPushButton* m_checkAgain;
    QPushButton* m_save;
    std::optional<AmendReport> m_report;
    bool m_checking = false;
};

} // namespace cowscope::ui
