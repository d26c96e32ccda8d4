// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/jobs/job.h"
#include "ui/jobs/job_bar.h"

#include <QProgressBar>
#include <QSemaphore>
#include <QToolButton>
#include <QtTest/QtTest>

using namespace cowscope;
using namespace cowscope::ui;

namespace
{

/// Counts every signal of a job.
struct Spies {
    explicit Spies(Job& job)
        : progressed(&job, &Job::progressed)
        , finished(&job, &Job::finished)
        , failed(&job, &Job::failed)
        , cancelled(&job, &Job::cancelled)
    {
    }

    auto ends() const { return finished.count() + failed.count() + cancelled.count(); }

    /// Waits for the end, and a little for ends that should not come.
    bool waitForEnd() const
    {
        const bool ended = QTest::qWaitFor([this] { return ends() > 0; }, 10000);
        QTest::qWait(50);
        return ended;
    }

    QSignalSpy progressed;
    QSignalSpy finished;
    QSignalSpy failed;
    QSignalSpy cancelled;
};

/// Work that goes on until it is stopped.
Result<std::any> endless(const TaskContext& task)
{
    for (;;)
        if (auto step = task.step({Phase::WalkTables, 1, 2}); !step)
            return failed(step);
}

} // namespace

class TestJob : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void deliversItsResultOnce();
    void deliversItsErrorOnce();
    void reportsACancelAsCancelledAndNotAsFailure();
    void finishesWhenCancelledTooLate();
    void throttlesProgressButDeliversTheLast();
    void runsInAnotherThread();
    void deletingDoesNotWaitAndSilences();
    void runningOutOfMemoryIsAnError();
    void showsAndCancelsItselfInTheJobBar();
    void waitsForAllAtTheEnd();
};

void TestJob::deliversItsResultOnce()
{
    Job job(QStringLiteral("title"), [](const TaskContext&) -> Result<std::any> { return std::any(42); });
    const Spies spies(job);
    QVERIFY(!job.isRunning());
    job.start();
    job.start();
    QVERIFY(job.isRunning());
    QVERIFY(spies.waitForEnd());
    QCOMPARE(spies.finished.count(), 1);
    QCOMPARE(spies.ends(), 1);
    QCOMPARE(std::any_cast<int>(spies.finished.first().first().value<std::any>()), 42);
    QVERIFY(!job.isRunning());
}

void TestJob::deliversItsErrorOnce()
{
    Job job(QStringLiteral("title"),
        [](const TaskContext&) -> Result<std::any> { return fail(ErrorKind::Io, "no luck", 7); });
    const Spies spies(job);
    job.start();
    QVERIFY(spies.waitForEnd());
    QCOMPARE(spies.failed.count(), 1);
    QCOMPARE(spies.ends(), 1);
    QCOMPARE(spies.failed.first().first().value<Error>().what, std::string("no luck"));
}

void TestJob::reportsACancelAsCancelledAndNotAsFailure()
{
    Job job(QStringLiteral("title"), endless);
    const Spies spies(job);
    job.start();
    QVERIFY(QTest::qWaitFor([&] { return spies.progressed.count() > 0; }));
    job.cancel();
    QVERIFY(spies.waitForEnd());
    QCOMPARE(spies.cancelled.count(), 1);
    QCOMPARE(spies.ends(), 1);
}

void TestJob::finishesWhenCancelledTooLate()
{
    Job job(QStringLiteral("title"), [](const TaskContext&) -> Result<std::any> { return std::any(1); });
    const Spies spies(job);
    job.start();
    job.cancel();
    QVERIFY(spies.waitForEnd());
    QCOMPARE(spies.finished.count(), 1);
    QCOMPARE(spies.ends(), 1);
}

void TestJob::throttlesProgressButDeliversTheLast()
{
    constexpr std::uint64_t kSteps = 200000;
    Job job(QStringLiteral("title"), [](const TaskContext& task) -> Result<std::any> {
        for (std::uint64_t i = 1; i <= kSteps; ++i)
            if (auto step = task.step({Phase::Compare, i, kSteps}); !step)
                return failed(step);
        return std::any();
    });
    const Spies spies(job);
    QElapsedTimer timer;
    timer.start();
    job.start();
    QVERIFY(spies.waitForEnd());
    const auto most = timer.elapsed() / 50 + 3; // the first, one each 50 ms, the last
    QVERIFY2(spies.progressed.count() <= most, qPrintable(QString::number(spies.progressed.count())));
    QCOMPARE(job.lastProgress().done, kSteps);
    std::uint64_t before = 0;
    for (const auto& signal : spies.progressed) {
        const auto done = signal.first().value<Progress>().done;
        QVERIFY(done >= before);
        before = done;
    }
}

void TestJob::runsInAnotherThread()
{
    const QThread* here = QThread::currentThread();
    Job job(QStringLiteral("title"),
        [here](const TaskContext&) -> Result<std::any> { return std::any(QThread::currentThread() != here); });
    const Spies spies(job);
    connect(&job, &Job::finished, this, [here] { QCOMPARE(QThread::currentThread(), here); });
    job.start();
    QVERIFY(spies.waitForEnd());
    QVERIFY(std::any_cast<bool>(spies.finished.first().first().value<std::any>()));
}

void TestJob::deletingDoesNotWaitAndSilences()
{
    QSemaphore entered;
    QSemaphore release;
    int signalsHeard = 0;
    auto job = std::make_unique<Job>(QStringLiteral("title"), [&](const TaskContext& task) -> Result<std::any> {
        entered.release();
        release.acquire();
        return std::any(task.stop.stop_requested());
    });
    connect(job.get(), &Job::finished, this, [&] { ++signalsHeard; });
    connect(job.get(), &Job::cancelled, this, [&] { ++signalsHeard; });
    job->start();
    entered.acquire();
    job.reset(); // hangs here if it waited for the thread
    QVERIFY(Job::anyRunning());
    release.release();
    QVERIFY(QTest::qWaitFor([] { return !Job::anyRunning(); }));
    QCOMPARE(signalsHeard, 0);
}

void TestJob::runningOutOfMemoryIsAnError()
{
    Job job(QStringLiteral("title"), [](const TaskContext&) -> Result<std::any> { throw std::bad_alloc(); });
    const Spies spies(job);
    job.start();
    QVERIFY(spies.waitForEnd());
    QCOMPARE(spies.failed.count(), 1);
    QCOMPARE(spies.failed.first().first().value<Error>().kind, ErrorKind::TooLarge);
}

void TestJob::showsAndCancelsItselfInTheJobBar()
{
    Job job(QStringLiteral("Opening disk.qcow2"), endless);
    const Spies spies(job);
    JobBar bar;
    bar.setJob(&job);
    job.start();
    QVERIFY(bar.isVisible());
    auto* progress = bar.findChild<QProgressBar*>(QStringLiteral("jobProgress"));
    QVERIFY(QTest::qWaitFor([&] { return progress->value() == progress->maximum() / 2; }));
    QTest::mouseClick(bar.findChild<QToolButton*>(QStringLiteral("cancelJob")), Qt::LeftButton);
    QVERIFY(spies.waitForEnd());
    QCOMPARE(spies.cancelled.count(), 1);
    QVERIFY(!bar.isVisible());
}

void TestJob::waitsForAllAtTheEnd()
{
    Job job(QStringLiteral("title"), endless);
    const Spies spies(job);
    job.start();
    Job::waitForAll();
    QVERIFY(!Job::anyRunning());
}

QTEST_MAIN(TestJob)
#include "tst_job.moc"
