// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/crash/harness/crash_cases.h"
#include "tests/support/expect.h"
#include "tests/support/qemu_oracle.h"
#include "tests/support/trace_storage.h"

#include <QTemporaryDir>

using namespace cowscope;
using namespace cowscope::test;

/// Every edit of every kind of image: the states that a crash may leave keep what the edit promises. `crash_figures`
/// does the same at length and prints the figures.
class EveryEditCrashTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void everyPairOfWidthsLeavesTheOldImageOrTheNew_data();
    void everyPairOfWidthsLeavesTheOldImageOrTheNew();
    void everyOtherEditKeepsWhatItPromises_data();
    void everyOtherEditKeepsWhatItPromises();
    void theJudgeSeesWhatIsWrong();

private:
    CrashFigures tried(const CrashCase& each, const CutBounds& bounds, std::size_t qemuStates);

    QTemporaryDir m_folder;
};

CrashFigures EveryEditCrashTest::tried(const CrashCase& each, const CutBounds& bounds, std::size_t qemuStates)
{
    const auto trace = std::make_shared<TraceStorage>(each.make());
    if (const auto done = each.run(trace, {}); !done) {
        CrashFigures figures;
        figures.fault = each.name() + " failed: " + done.error().text();
        return figures;
    }
    CrashFigures figures
        = tryCrashes(*trace, each.promise, bounds, {qemu::available() ? qemuStates : 0, m_folder.path()});
    if (!figures.fault.empty())
        figures.fault = each.name() + ": " + figures.fault;
    return figures;
}

void EveryEditCrashTest::everyPairOfWidthsLeavesTheOldImageOrTheNew_data()
{
    QTest::addColumn<QString>("image");
    for (const ImageKind kind : kImageKinds)
        QTest::newRow(name(kind)) << QString::fromLatin1(name(kind));
}

void EveryEditCrashTest::everyPairOfWidthsLeavesTheOldImageOrTheNew()
{
    QFETCH(QString, image);
    CrashFigures all;
    std::uint64_t pairs = 0;
    for (const CrashCase& each : widthCases(9)) {
        if (each.image != image.toStdString())
            continue;
        all += tried(each, {.random = 12, .seed = ++pairs}, pairs % 6 == 0 ? 1 : 0);
    }
    QCOMPARE(pairs, 42U);
    QCOMPARE(QByteArray::fromStdString(all.fault), QByteArray());
    QCOMPARE(all.unusable + all.corrupt + all.leaking + all.changed + all.qemuCorrupt + all.qemuLeaking, 0U);
    QVERIFY(all.distinct > 42 * 3);
}

void EveryEditCrashTest::everyOtherEditKeepsWhatItPromises_data()
{
    QTest::addColumn<unsigned>("order");
    for (const unsigned order : {0U, 2U, 4U, 6U})
        QTest::addRow("%u bits", 1U << order) << order;
}

void EveryEditCrashTest::everyOtherEditKeepsWhatItPromises()
{
    QFETCH(unsigned, order);
    CrashFigures all;
    for (const CrashCase& each : editCases(9, order))
        all += tried(
            each, {.random = 4, .single = 6, .prefixes = 60}, order == 4 && each.promise != Promise::NoWorse ? 1 : 0);
    QCOMPARE(QByteArray::fromStdString(all.fault), QByteArray());
    QCOMPARE(all.unusable + all.corrupt + all.changed + all.qemuCorrupt, 0U);
    QVERIFY(all.distinct > 500);
}

/// The writes of a change of width, done in an order that nobody should.
void EveryEditCrashTest::theJudgeSeesWhatIsWrong()
{
    const CrashCase change = widthCases(9).front();
    const auto good = std::make_shared<TraceStorage>(change.make());
    VERIFY_OK(change.run(good, {}));
    WriteTrace headerFirst(good->initial());
    WriteTrace withoutFlush(good->initial());
    for (auto step = good->steps().rbegin(); step != good->steps().rend(); ++step)
        headerFirst.add(*step);
    for (const auto& step : good->steps()) {
        if (!std::holds_alternative<WriteTrace::Flush>(step))
            withoutFlush.add(step);
    }
    const CutBounds bounds{.random = 20};
    QCOMPARE(tryCrashes(*good, Promise::OldOrNew, bounds).fault, std::string());
    const CrashFigures first = tryCrashes(headerFirst, Promise::OldOrNew, bounds);
    QVERIFY(first.corrupt + first.unusable > 0 && first.killedCorrupt > 0);
    const CrashFigures unflushed = tryCrashes(withoutFlush, Promise::OldOrNew, bounds);
    QVERIFY(unflushed.corrupt + unflushed.unusable > 0);
    QCOMPARE(unflushed.killedCorrupt, 0U);
    QVERIFY(!unflushed.fault.empty());
}

QTEST_GUILESS_MAIN(EveryEditCrashTest)
#include "every_edit_crash_test.moc"
