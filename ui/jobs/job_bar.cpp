// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/jobs/job_bar.h"

#include "ui/common/format.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QProgressBar>
#include <QToolButton>

namespace cowscope::ui
{

JobBar::JobBar(QWidget* parent)
    : QWidget(parent)
    , m_title(new QLabel(this))
    , m_progress(new QProgressBar(this))
    , m_cancel(new QToolButton(this))
{
    setObjectName(QStringLiteral("jobBar"));
    setAccessibleName(tr("Running job"));
    m_progress->setObjectName(QStringLiteral("jobProgress"));
    m_progress->setAccessibleName(tr("Progress of the job"));
    m_title->setTextFormat(Qt::PlainText);
    m_progress->setRange(0, 1000);
    m_progress->setFixedWidth(160);
    m_cancel->setObjectName(QStringLiteral("cancelJob"));
    m_cancel->setText(tr("Cancel"));
    m_cancel->setAccessibleName(tr("Cancel the job"));
    connect(m_cancel, &QToolButton::clicked, this, [this] {
        if (m_job)
            m_job->cancel();
        m_cancel->setEnabled(false);
    });

    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(4, 0, 4, 0);
    layout->addWidget(m_title);
    layout->addWidget(m_progress);
    layout->addWidget(m_cancel);
    hide();
}

void JobBar::setJob(Job* job)
{
    if (m_job)
        m_job->disconnect(this);
    m_job = job;
    setVisible(job != nullptr);
    if (!job)
        return;
    m_cancel->setEnabled(true);
    showProgress(job->lastProgress(), 0);
    connect(job, &Job::progressed, this, &JobBar::showProgress);
    const auto gone = [this, job] {
        if (m_job == job || !m_job)
            setJob(nullptr);
    };
    connect(job, &Job::finished, this, gone);
    connect(job, &Job::failed, this, gone);
    connect(job, &Job::cancelled, this, gone);
    connect(job, &QObject::destroyed, this, gone);
}

void JobBar::showProgress(const Progress& progress, double bytesPerSecond)
{
    m_title->setText(tr("%1: %2").arg(m_job->title(), phaseText(progress.phase)));
    m_progress->setValue(progress.total == 0 ? 0 : static_cast<int>(progress.done * 1000.0 / progress.total));
    m_progress->setToolTip(bytesPerSecond > 0 ? tr("%1 of %2, %3 a second")
                                                    .arg(formatBytes(progress.done), formatBytes(progress.total),
                                                        formatBytes(static_cast<std::uint64_t>(bytesPerSecond)))
                                              : QString());
}

} // namespace cowscope::ui
