// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/jobs/job.h"

#include <QPointer>
#include <QWidget>

class QLabel;
class QProgressBar;
class QToolButton;

namespace cowscope::ui
{

/// Title, phase, percent and a cancel button of one running job; hidden while there is none.
class JobBar : public QWidget
{
    Q_OBJECT

public:
    explicit JobBar(QWidget* parent = nullptr);

    /// Shows `job` until it ends or is deleted; null hides the bar.
    void setJob(Job* job);

private:
    void showProgress(const Progress& progress, double bytesPerSecond);

    QPointer<Job> m_job;
    QLabel* m_title;
    QProgressBar* m_progress;
    QToolButton* m_cancel;
};

} // namespace cowscope::ui
