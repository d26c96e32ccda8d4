// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/common/notice_box.h"
#include "ui/jobs/job.h"
#include "ui/jobs/run_progress.h"

#include <QDialog>
#include <QPointer>

class QHBoxLayout;
class QLabel;
class QProgressBar;
class QPushButton;
class QVBoxLayout;

namespace cowscope::ui
{

/// A window around one edit: what it would do is found out in a job, shown, and carried out by another job once the
/// user has agreed. A subclass fills the body and starts the jobs.
///
/// While a job that only looks runs, Cancel, Esc and closing drop it and close the window. While a job that writes
/// runs they cancel it, and the window waits for its end: nobody leaves a file that is being written.
class TaskDialog : public QDialog
{
    Q_OBJECT

public:
    bool isWriting() const { return m_writing; }
    void reject() override;

Q_SIGNALS:
    void writing(); ///< a job that writes begins
    void written(); ///< it has ended, in whichever way: the file may have changed

protected:
    using Done = std::function<void(const std::any& result)>;

    /// `goText` names the button that carries out the edit; it starts disabled.
    TaskDialog(const QString& objectName, const QString& title, const QString& goText, QWidget* parent);

    virtual void prepare() = 0; ///< looks at what the edit would do: when shown, and when the user tries again
    virtual void go() = 0; ///< the user has agreed

    QVBoxLayout& body() { return *m_body; }
    void addButton(QPushButton* button); ///< to the left of the others
    void setReady(bool ready); ///< whether the user can agree

    /// Starts a job that writes nothing, in place of one that still looks. It may call stopLooking() to end it early.
    void look(const QString& title, Job::Work work, Done done);
    void stopLooking();

    /// Starts the job that writes. When it has ended well the edit is over: `done` says so in the body.
    void write(const QString& title, Job::Work work, Done done);

    /// After a write that went well: the window stays for the next edit, which the user can agree to once it is ready.
    void goOn();

    /// The window goes on from an edit that was written earlier: it does not say that nothing was.
    void hideNothingWritten();

    /// A job has failed: shows the error and offers to try again.
    virtual void jobFailed(const Error& error);

    /// A job that wrote has failed or was cancelled, and the message is shown.
    virtual void writeStopped() { }

    /// What is left of an edit that was cancelled: a sentence.
    virtual QString remainsText() const = 0;

    void showProblem(const QString& html); ///< with a button to try again
    void clearProblem();
    void growToFit();

    void showEvent(QShowEvent* event) override;
    void closeEvent(QCloseEvent* event) override;

private:
    QWidget* makeProgress();
    Job* startJob(const QString& title, Job::Work work, Done done);
    void showProgress(const Progress& progress, double bytesPerSecond);
    void dropJob();
    void writeCancelled();
    void endWriting();
    void tryAgain();
    void putButtonsLast();

    QVBoxLayout* m_body;
    NoticeBox* m_problem;
    QLabel* m_nothingWritten;
    QWidget* m_progress;
    QLabel* m_phase;
    QProgressBar* m_bar;
    QLabel* m_amount;
    QPushButton* m_tryAgain;
    QPushButton* m_go;
    QPushButton* m_close;
    QHBoxLayout* m_buttons;
    RunProgress m_measured;
    QPointer<Job> m_job;
    bool m_prepared = false;
    bool m_writing = false;
    bool m_closeWhenStopped = false;
};

} // namespace cowscope::ui
