// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/amend_wizard/amend_report.h"
#include "ui/amend_wizard/wizard_page.h"

#include <QPointer>

#include <optional>

class QProgressBar;
class QPushButton;
class QTableWidget;

namespace cowscope::ui
{

class DistributionChart;

/// What a fresh check of the changed image says, before and after side by side; and the way back, for as long as the
/// old structures are provably intact.
class ResultPage : public WizardPage
{
    Q_OBJECT

public:
    explicit ResultPage(WizardState& state);

    /// Has the document opened and checked again: its window shows the new state at once, and so does this page.
    void check();

    bool isComplete() const override { return !m_checking && !m_undoing; }

    /// Empty until the check has ended well.
    const std::optional<AmendReport>& report() const { return m_report; }

Q_SIGNALS:
    void checked(); ///< the report is there
    void mapRequested(); ///< the refcount table is selected, and wants to be seen on the map

private:
    void followJob(Job* job);
    void showResult();
    void showFailure(const QString& text);
    void showTable();
    void lookForUndo();
    void undo();
    void undoEnded(const QString& problem);
    void showInMap();
    void askWhereToSave();
    void setChecking(bool checking);

    QLabel* m_verdict;
    QProgressBar* m_bar;
    QTableWidget* m_table;
    DistributionChart* m_chart;
    QPushButton* m_checkAgain;
    QPushButton* m_undo;
    QPushButton* m_show;
    QPushButton* m_save;
    std::optional<AmendReport> m_report;
    QPointer<Job> m_job; ///< looks whether there is a way back, or goes it
    bool m_checking = false;
    bool m_undoing = false;
    bool m_undone = false;
};

} // namespace cowscope::ui
