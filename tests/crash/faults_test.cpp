// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/crash/harness/fault_judge.h"
#include "tests/support/faulty_storage.h"
#include "tests/support/trace_storage.h"

#include <QtTest/QtTest>

using namespace cowscope;
using namespace cowscope::test;

/// Lets every write, flush and truncate of every edit fail, as a broken or a full disk does.
class FaultsTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void aFailedChangeOfWidthLeavesTheOldImageAndItsLength();
    void anyOtherEditThatFailsLeavesTheOldImageAndItsLength();
    void aDiskThatDiesKeepsWhatTheEditPromisesOfACrash();
    void powerCutsWhileAFailedEditIsTakenBackKeepItsPromise();
};

void FaultsTest::aFailedChangeOfWidthLeavesTheOldImageAndItsLength()
{
    FaultFigures all;
    for (const CrashCase& each : widthCases(9))
        all += tryFaults(each, AfterFault::Works, 20);
    QCOMPARE(QByteArray::fromStdString(all.fault), QByteArray());
    QVERIFY(all.injected >= 42 * 5 * 6);
    QCOMPARE(all.old, all.injected);
}

void FaultsTest::anyOtherEditThatFailsLeavesTheOldImageAndItsLength()
{
    std::uint64_t injected = 0;
    for (const unsigned order : {0U, 4U, 6U}) {
        for (const CrashCase& each : editCases(9, order)) {
            const FaultFigures figures = tryFaults(each, AfterFault::Works, 12);
            QCOMPARE(QByteArray::fromStdString(figures.fault), QByteArray());
            const std::string name = each.name() + ": " + std::to_string(figures.longer) + " longer, "
                + std::to_string(figures.between) + " between";
            QVERIFY2(figures.longer == 0, name.c_str());
            QVERIFY2(figures.between == 0 || each.writesInPlace, name.c_str());
            injected += figures.injected;
        }
    }
    QVERIFY(injected > 500);
}

void FaultsTest::aDiskThatDiesKeepsWhatTheEditPromisesOfACrash()
{
    FaultFigures all;
    for (const CrashCase& each : widthCases(9))
        all += tryFaults(each, AfterFault::FailsAlike, 20);
    for (const CrashCase& each : editCases(9, 4))
        all += tryFaults(each, AfterFault::FailsAlike, 12);
    QCOMPARE(QByteArray::fromStdString(all.fault), QByteArray());
    QVERIFY(all.injected > 500);
}

void FaultsTest::powerCutsWhileAFailedEditIsTakenBackKeepItsPromise()
{
    std::uint64_t failed = 0;
    for (const CrashCase& each : editCases(9, 4)) {
        if (each.image != name(ImageKind::Full) && each.image != name(ImageKind::Snapshotted))
            continue;
        const auto good = std::make_shared<MemoryStorage>(each.make());
        QVERIFY(each.run(good, {}));
        const StateJudge judge = judgeFor(each.promise, each.make(), good->bytes());
        for (std::uint64_t number = 1;; ++number) {
            const auto plan = std::make_shared<FaultPlan>();
            plan->failingOp = StorageOp::Flush;
            plan->failFrom = number;
            const auto trace = std::make_shared<TraceStorage>(each.make());
            if (each.run(std::make_shared<FaultyStorage>(trace, plan), {}))
                break;
            ++failed;
            trace->eachCrashState(
                {.random = 2, .single = 2, .prefixes = 20, .seed = number}, [&](const WriteTrace::CrashState& state) {
                    const std::string fault = judge(state.bytes).fault;
                    QVERIFY2(fault.empty(), (each.name() + ", flush " + std::to_string(number) + ": " + fault).c_str());
                });
            if (QTest::currentTestFailed())
                return;
        }
    }
    QVERIFY(failed > 60);
}

QTEST_GUILESS_MAIN(FaultsTest)
#include "faults_test.moc"
