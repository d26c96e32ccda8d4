// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/jobs/job.h"

#include "core/base/progress_throttle.h"

#include <QCoreApplication>
#include <QThread>

#include <mutex>
#include <new>
#include <optional>
#include <sys/resource.h>
#include <vector>

namespace cowscope::ui
{

/// What a job and its thread share. The thread posts to `job` only under the mutex, and the job's destructor clears
/// it there: so no call reaches a job that is gone, and calls already posted vanish with it.
struct Job::Link {
    std::mutex mutex;
    Job* job = nullptr;
    std::stop_source stop;

    template <typename Call>
    void post(Call call)
    {
        const std::lock_guard lock(mutex);
        if (job)
            QMetaObject::invokeMethod(
                job, [receiver = job, call = std::move(call)]() mutable { call(*receiver); }, Qt::QueuedConnection);
    }
};

namespace
{

/// The thread that calls yields the processor to the GUI's, and to other programs. What it starts does so too.
void workInTheBackground()
{
    constexpr int kNiceness = 10;
    setpriority(PRIO_PROCESS, 0, kNiceness); // on Linux of this thread alone; without it all works, less smoothly
}

Result<std::any> runGuarded(const Job::Work& work, const TaskContext& task)
{
    try {
        return work(task);
    } catch (const std::bad_alloc&) {
        return fail(ErrorKind::TooLarge, "There is not enough memory for this");
    }
}

} // namespace

/// All threads that may still run. Used in the GUI thread only.
struct Job::Worker {
    QThread* thread = nullptr;
    std::shared_ptr<Link> link;

    static std::vector<Worker>& all()
    {
        static std::vector<Worker> workers;
        return workers;
    }

    static void forget(const QThread* thread)
    {
        std::erase_if(all(), [thread](const Worker& worker) { return worker.thread == thread; });
    }
};

Job::Job(QString title, Work work, QObject* parent)
    : QObject(parent)
    , m_title(std::move(title))
    , m_work(std::move(work))
    , m_link(std::make_shared<Link>())
{
    m_link->job = this;
}

Job::~Job()
{
    m_link->stop.request_stop();
    const std::lock_guard lock(m_link->mutex);
    m_link->job = nullptr;
}

void Job::start()
{
    if (!m_work)
        return;
    m_running = true;
    QThread* thread = QThread::create([link = m_link, work = std::exchange(m_work, {})]() mutable {
        workInTheBackground();
        ProgressThrottle throttle;
        const auto deliver = [&link](const std::optional<ProgressThrottle::Report>& report) {
            if (report)
                link->post([r = *report](Job& job) { job.takeProgress(r.progress, r.bytesPerSecond); });
        };
        const TaskContext task{
            link->stop.get_token(), [&](const Progress& progress) { deliver(throttle.add(progress)); }};
        Result<std::any> result = runGuarded(work, task);
        work = {}; // what it holds goes away before anyone hears of the end
        deliver(throttle.rest());
        link->post([r = std::move(result)](Job& job) mutable { job.end(std::move(r)); });
    });
    Worker::all().push_back({thread, m_link});
    connect(thread, &QThread::finished, thread, [thread] {
        Worker::forget(thread);
        thread->deleteLater();
    });
    thread->start();
}

void Job::cancel()
{
    m_link->stop.request_stop();
}

void Job::takeProgress(const Progress& progress, double bytesPerSecond)
{
    m_lastProgress = progress;
    Q_EMIT progressed(progress, bytesPerSecond);
}

void Job::end(Result<std::any> result)
{
    m_running = false;
    if (result)
        Q_EMIT finished(*result);
    else if (result.error().kind == ErrorKind::Cancelled)
        Q_EMIT cancelled();
    else
        Q_EMIT failed(result.error());
}

bool Job::anyRunning()
{
    return !Worker::all().empty();
}

void Job::stopAll()
{
    for (const Worker& worker : Worker::all())
        worker.link->stop.request_stop();
    for (const Worker& worker : Worker::all())
        worker.thread->wait();
}

void Job::waitForAll()
{
    stopAll();
    for (const Worker& worker : std::exchange(Worker::all(), {}))
        delete worker.thread;
}

} // namespace cowscope::ui
