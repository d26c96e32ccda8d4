// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/jobs/task_dialog.h"

#include "ui/common/format.h"
#include "ui/common/text_label.h"

#include <QCloseEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QScreen>
#include <QVBoxLayout>

#include <algorithm>
#include <utility>

namespace cowscope::ui
{

TaskDialog::TaskDialog(const QString& objectName, const QString& title, const QString& goText, QWidget* parent)
    : QDialog(parent)
    , m_body(new QVBoxLayout)
    , m_problem(new NoticeBox(QStringLiteral("problem"), this))
    , m_nothingWritten(new QLabel(tr("Nothing has been written so far."), this))
    , m_phase(new QLabel(this))
    , m_bar(new QProgressBar(this))
    , m_amount(new QLabel(this))
    , m_tryAgain(new QPushButton(tr("Try a&gain"), this))
    , m_go(new QPushButton(goText, this))
    , m_close(new QPushButton(tr("Cancel"), this))
    , m_buttons(new QHBoxLayout)
{
    setObjectName(objectName);
    setWindowTitle(title);
    m_nothingWritten->setObjectName(QStringLiteral("nothingWritten"));
    m_nothingWritten->setForegroundRole(QPalette::PlaceholderText);
    m_tryAgain->setObjectName(QStringLiteral("tryAgain"));
    m_tryAgain->setAutoDefault(false);
    m_tryAgain->hide();
    m_go->setObjectName(QStringLiteral("go"));
    m_go->setDefault(true);
    m_go->setEnabled(false);
    m_close->setObjectName(QStringLiteral("close"));
    m_close->setAutoDefault(false);
    m_progress = makeProgress();
    m_buttons->addWidget(m_nothingWritten, 1);
    m_buttons->addWidget(m_tryAgain);
    m_buttons->addWidget(m_go);
    m_buttons->addWidget(m_close);
    auto* layout = new QVBoxLayout(this);
    layout->addLayout(m_body, 1);
    layout->addWidget(m_problem);
    layout->addWidget(m_progress);
    layout->addLayout(m_buttons);
    connect(m_tryAgain, &QPushButton::clicked, this, &TaskDialog::tryAgain);
    connect(m_go, &QPushButton::clicked, this, &TaskDialog::go);
    connect(m_close, &QPushButton::clicked, this, &TaskDialog::reject);
}

QWidget* TaskDialog::makeProgress()
{
    auto* row = new QWidget(this);
    m_phase->setObjectName(QStringLiteral("taskPhase"));
    m_phase->setTextFormat(Qt::PlainText);
    m_bar->setObjectName(QStringLiteral("taskProgress"));
    m_bar->setAccessibleName(tr("Progress"));
    m_amount->setObjectName(QStringLiteral("taskAmount"));
    m_amount->setForegroundRole(QPalette::PlaceholderText);
    auto* words = new QHBoxLayout;
    words->addWidget(m_phase, 1);
    words->addWidget(m_amount);
    auto* layout = new QVBoxLayout(row);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addLayout(words);
    layout->addWidget(m_bar);
    QSizePolicy keepsItsPlace = row->sizePolicy();
    keepsItsPlace.setRetainSizeWhenHidden(true);
    row->setSizePolicy(keepsItsPlace);
    row->hide();
    return row;
}

void TaskDialog::addButton(QPushButton* button)
{
    button->setAutoDefault(false);
    m_buttons->insertWidget(1, button);
}

void TaskDialog::setReady(bool ready)
{
    m_go->setEnabled(ready && !m_writing);
}

void TaskDialog::look(const QString& title, Job::Work work, Done done)
{
    startJob(title, std::move(work), std::move(done));
}

void TaskDialog::stopLooking()
{
    if (!m_writing)
        dropJob();
}

void TaskDialog::write(const QString& title, Job::Work work, Done done)
{
    clearProblem();
    m_go->setEnabled(false);
    m_nothingWritten->clear();
    m_writing = true;
    Q_EMIT writing();
    Job* job = startJob(title, std::move(work), [this, done = std::move(done)](const std::any& result) {
        m_writing = false;
        m_go->hide();
        m_close->setText(tr("Close"));
        m_close->setDefault(true);
        m_close->setFocus();
        done(result);
        endWriting();
    });
    connect(job, &Job::cancelled, this, &TaskDialog::writeCancelled);
}

void TaskDialog::hideNothingWritten()
{
    m_nothingWritten->clear();
}

void TaskDialog::goOn()
{
    m_go->show();
    m_go->setDefault(true);
}

Job* TaskDialog::startJob(const QString& title, Job::Work work, Done done)
{
    dropJob();
    m_job = new Job(title, std::move(work), this);
    m_measured = {};
    m_phase->setText(title);
    m_amount->clear();
    m_bar->setRange(0, 0);
    m_progress->show();
    connect(m_job, &Job::progressed, this, &TaskDialog::showProgress);
    connect(m_job, &Job::finished, this, [this, done = std::move(done)](const std::any& result) {
        dropJob();
        done(result);
    });
    connect(m_job, &Job::failed, this, [this](const Error& error) {
        dropJob();
        const bool wrote = std::exchange(m_writing, false);
        m_closeWhenStopped = false; // nobody would read why
        jobFailed(error);
        if (wrote) {
            writeStopped();
            endWriting();
        }
    });
    m_job->start();
    return m_job;
}

void TaskDialog::showProgress(const Progress& progress, double bytesPerSecond)
{
    m_measured.add(progress, bytesPerSecond);
    m_bar->setRange(0, m_measured.isMeasured() ? RunProgress::kSteps : 0);
    m_bar->setValue(m_measured.steps());
    m_amount->setText(m_measured.text());
    if (m_measured.isNewPhase())
        m_phase->setText(tr("%1: %2").arg(m_job->title(), phaseText(m_measured.phase())));
}

void TaskDialog::dropJob()
{
    m_progress->hide();
    if (!m_job)
        return;
    m_job->cancel();
    m_job->disconnect(this);
    m_job->deleteLater();
    m_job.clear();
}

void TaskDialog::jobFailed(const Error& error)
{
    showProblem(errorText(error));
}

void TaskDialog::writeCancelled()
{
    dropJob();
    m_writing = false;
    showProblem(tr("<b>Cancelled.</b> %1").arg(remainsText()));
    writeStopped();
    endWriting();
}

void TaskDialog::endWriting()
{
    m_close->setEnabled(true);
    Q_EMIT written();
    if (m_closeWhenStopped)
        close();
}

void TaskDialog::showProblem(const QString& html)
{
    setReady(false);
    m_problem->setNotice(NoticeBox::Kind::Danger, html);
    m_tryAgain->show();
    growToFit();
}

/// Makes room for texts that came later; never shrinks under the user's hands.
void TaskDialog::growToFit()
{
    layout()->activate();
    const int needed = layout()->totalHeightForWidth(width());
    if (needed > height())
        resize(width(), std::min(needed, screen()->availableGeometry().height()));
}

void TaskDialog::clearProblem()
{
    m_problem->clear();
    m_tryAgain->hide();
}

void TaskDialog::tryAgain()
{
    clearProblem();
    prepare();
}

void TaskDialog::reject()
{
    if (!m_writing) {
        dropJob();
        QDialog::reject();
        return;
    }
    m_close->setEnabled(false);
    m_phase->setText(tr("Cancelling\u2026"));
    m_job->cancel();
}

void TaskDialog::showEvent(QShowEvent* event)
{
    QDialog::showEvent(event);
    if (std::exchange(m_prepared, true))
        return;
    putButtonsLast();
    prepare();
}

/// Tab goes through the body first, though the buttons were made before it.
void TaskDialog::putButtonsLast()
{
    QWidget* last = previousInFocusChain();
    for (int i = 0; i < m_buttons->count(); ++i)
        if (QWidget* button = m_buttons->itemAt(i)->widget(); button && button != last) {
            setTabOrder(last, button);
            last = button;
        }
    QWidget* first = nextInFocusChain();
    while (first != this && !(first->isVisibleTo(this) && first->isEnabled() && (first->focusPolicy() & Qt::TabFocus)))
        first = first->nextInFocusChain();
    if (!focusWidget() || m_buttons->indexOf(focusWidget()) >= 0)
        first->setFocus();
}

void TaskDialog::closeEvent(QCloseEvent* event)
{
    if (!m_writing) {
        QDialog::closeEvent(event);
        return;
    }
    m_closeWhenStopped = true;
    reject();
    event->ignore();
}

} // namespace cowscope::ui
