// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/amend_wizard/wizard_page.h"
#include "ui/jobs/run_progress.h"

class QPlainTextEdit;
class QProgressBar;
class QPushButton;

namespace cowscope::ui
{

/// Carries out the previewed plan. Complete once the header is switched.
class RunPage : public WizardPage
{
    Q_OBJECT

public:
    explicit RunPage(WizardState& state);

    void initializePage() override;
    bool isComplete() const override { return m_done; }

    /// Until amended() or stopped().
    bool isRunning() const { return m_running; }

    /// Asks the run to stop; stopped() or amended() follows.
    void cancel();

Q_SIGNALS:
    void started();
    void amended(); ///< the image has the new width
    void stopped(); ///< cancelled or failed

private:
    void run(bool again);
    void showProgress(const Progress& progress, double bytesPerSecond);
    void showBar(int steps);
    void finish();
    void dropJob();
    void inspect(const QString& headline);
    void stop(const QString& headline, const QString& remains);
    void log(const QString& line);

    QLabel* m_phase;
    QProgressBar* m_bar;
    QLabel* m_amount;
    QPlainTextEdit* m_log;
    QPushButton* m_tryAgain;
    RunProgress m_progress;
    Job* m_job = nullptr;
    Job* m_inspection = nullptr; ///< after a stop: looks at what the file is now
    bool m_running = false;
    bool m_done = false;
};

} // namespace cowscope::ui
