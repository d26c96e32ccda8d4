// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/task.h"

#include <QMetaType>
#include <QObject>
#include <QString>

#include <any>
#include <functional>
#include <memory>

namespace cowscope::ui
{

/// One long engine call in a worker QThread of its own. Lives in the GUI thread, emits there, runs once.
///
/// After start() a job emits exactly one of finished(), failed() and cancelled(), unless it is deleted first: then it
/// emits nothing more. Deleting a job requests a stop and returns at once; the thread ends by itself.
class Job : public QObject
{
    Q_OBJECT

public:
    /// Runs in the worker thread. It owns what it captures: the job and its owner may be gone before it returns.
    using Work = std::function<Result<std::any>(const TaskContext&)>;

    /// `title` is shown to the user, for example "Opening disk.qcow2".
    Job(QString title, Work work, QObject* parent = nullptr);
    ~Job() override;

    /// Starts the work; a second call does nothing.
    void start();

    /// Asks the work to stop. The end signal follows when it has: cancelled(), or another one if it was too late.
    void cancel();

    /// From start() until just before the end signal.
    bool isRunning() const { return m_running; }
    QString title() const { return m_title; }
    Progress lastProgress() const { return m_lastProgress; }

    /// Requests every running job in the program to stop and waits for their threads. The jobs report their ends later,
    /// as ever.
    static void stopAll();

    /// The same for the very end of main(), behind the event loop: no job reports anything after it.
    static void waitForAll();

    /// Whether any job of the program has a thread that still runs.
    static bool anyRunning();

Q_SIGNALS:
    /// At most 20 times a second; the last progress before the end is always delivered. The rate is in bytes of work.
    void progressed(const cowscope::Progress& progress, double bytesPerSecond);
    void finished(const std::any& result);
    void failed(const cowscope::Error& error);
    void cancelled(); ///< the work ended with an error of kind Cancelled

private:
    struct Link;
    struct Worker;

    void takeProgress(const Progress& progress, double bytesPerSecond);
    void end(Result<std::any> result);

    QString m_title;
    Work m_work;
    Progress m_lastProgress;
    bool m_running = false;
    std::shared_ptr<Link> m_link;
};

} // namespace cowscope::ui

Q_DECLARE_METATYPE(cowscope::Progress)
Q_DECLARE_METATYPE(cowscope::Error)
