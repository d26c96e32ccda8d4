// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/crash/harness/recorded_cases.h"
#include "tests/crash/harness/recorded_program.h"
#include "tests/support/expect.h"

#include <QTemporaryDir>

using namespace cowscope;
using namespace cowscope::test;

namespace
{

constexpr std::size_t kEvery = 17; ///< of the many cases of a program one in so many is tried

} // namespace

/// The command as the system sees it: what it writes, call by call, leaves the old image or the new one at every crash.
class RecordedCrashTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void everyCrashOfTheCommandLeavesTheOldImageOrTheNew();
    void theRecordOfAnyProgramAddsUp();
    void aKilledSnapshotOfQemuIsSeenToBeCorrupt();

private:
    QTemporaryDir m_folder;
};

void RecordedCrashTest::initTestCase()
{
    if (std::string_view(COWSCOPE_SANITIZE).size() > 0)
        QSKIP("A program under sanitizers cannot be recorded: it wants to be the first that is loaded");
}

void RecordedCrashTest::everyCrashOfTheCommandLeavesTheOldImageOrTheNew()
{
    CrashFigures all;
    std::uint64_t runs = 0;
    for (const RecordedCases& cases : recordedCases(9)) {
        for (std::size_t i = 0; cases.ours && i<cases.cases.size(); i += cases.cases.size()> 40 ? kEvery : 3) {
            const RecordedCase& each = cases.cases[i];
            const CrashFigures figures = tryRecorded(each, {.random = 8, .seed = ++runs}, m_folder.path());
            QVERIFY2(figures.fault.empty(), (each.edit + ", " + each.image + ": " + figures.fault).c_str());
            all += figures;
        }
    }
    QVERIFY(runs > 15);
    QCOMPARE(all.unusable + all.corrupt + all.leaking + all.changed, 0U);
    QVERIFY(all.distinct > runs * 4);
}

/// Programs that use other calls of the system, and threads.
void RecordedCrashTest::theRecordOfAnyProgramAddsUp()
{
    REQUIRE_QEMU();
    const QString image = m_folder.filePath("disk.qcow2");
    QCOMPARE(qemu::img({"create", "-q", "-f", "qcow2", image, "8M"}).exit, 0);
    const RecordedRun written = recordProgram(
        "qemu-io", {"-c", "write -P 7 0 1M", "-c", "write -z 3M 1M", "-c", "discard 0 512k", image}, image);
    QCOMPARE(written.program.exit, 0);
    QVERIFY(written.trace && written.trace->steps().size() > 3);
    const RecordedRun amended = recordProgram("qemu-img", {"amend", "-o", "refcount_bits=64", image}, image);
    QCOMPARE(amended.program.exit, 0);
    QVERIFY(amended.trace && amended.trace->steps().size() > 3);
}

/// The harness finds what is known to be there: qemu-img raises counts after it has written the tables that need them.
void RecordedCrashTest::aKilledSnapshotOfQemuIsSeenToBeCorrupt()
{
    REQUIRE_QEMU();
    CrashFigures all;
    for (const RecordedCases& cases : recordedCases(9)) {
        for (std::size_t i = 0; !cases.ours && i < cases.cases.size(); ++i) {
            if (cases.cases[i].edit == "snapshot -c")
                all += tryRecorded(cases.cases[i], {.random = 2, .single = 2}, m_folder.path());
        }
    }
    if (all.corrupt + all.unusable == 0)
        QSKIP("This qemu-img leaves nothing to find");
    QVERIFY(all.distinct > 0);
}

QTEST_GUILESS_MAIN(RecordedCrashTest)
#include "recorded_crash_test.moc"
