// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/big_endian.h"
#include "core/base/checked_math.h"
#include "core/base/progress_throttle.h"
#include "core/base/strong_index.h"
#include "core/base/task.h"
#include "core/base/task_sequence.h"
#include "tests/support/bytes.h"
#include "tests/support/expect.h"

#include <algorithm>
#include <random>
#include <set>

using namespace cowscope;

class BaseTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void errorTextNamesFileFailurePlaceAndAdvice();
    void errorTextLeavesOutWhatIsNotKnown();
    void deepestLayerNamesTheFile();
    void failedHandsOnTheErrorOfAnotherType();
    void additionReportsOverflow();
    void multiplicationReportsOverflow();
    void divisionRoundsUpWithoutOverflow();
    void alignmentRoundsUpToPowersOfTwo();
    void bitRangeMakesMasksOfEveryWidth();
    void numbersAreStoredMostSignificantByteFirst();
    void storedNumbersAreLoadedBack();
    void indexesOfOneKindCompareAndCount();
    void everyPhaseHasItsOwnName();
    void stepReportsUntilAStopIsRequested();
    void tasksThatFollowEachOtherAreReportedAsOne();
    void fewReportsOfManyAreShownAndNeverTheLastIsLost();
};

void BaseTest::errorTextNamesFileFailurePlaceAndAdvice()
{
    const Error error{ErrorKind::Invalid, "The table is wrong", 0x1f0, "Repair it", "/tmp/a.qcow2"};
    QCOMPARE(error.text(), std::string("/tmp/a.qcow2: The table is wrong (at offset 0x1f0). Repair it"));
}

void BaseTest::errorTextLeavesOutWhatIsNotKnown()
{
    QCOMPARE((Error{ErrorKind::Io, "It broke", {}}).text(), std::string("It broke"));
    QCOMPARE((Error{ErrorKind::Io, "It broke", 0}).text(), std::string("It broke (at offset 0x0)"));
}

void BaseTest::deepestLayerNamesTheFile()
{
    Error error = Error{ErrorKind::Io, "It broke", {}}.in("inner");
    QCOMPARE(std::move(error).in("outer").path, std::string("inner"));
}

void BaseTest::failedHandsOnTheErrorOfAnotherType()
{
    const auto outer = []() -> Result<std::string> {
        Result<int> inner = fail(ErrorKind::TooLarge, "Too many", 7, "Use fewer");
        return failed(inner);
    }();
    VERIFY_ERROR(outer, ErrorKind::TooLarge);
    QCOMPARE(outer.error().text(), std::string("Too many (at offset 0x7). Use fewer"));
}

void BaseTest::additionReportsOverflow()
{
    QVERIFY(checkedAdd(UINT64_MAX - 1, 1) == UINT64_MAX);
    QVERIFY(!checkedAdd(UINT64_MAX, 1));
    QVERIFY(!checkedAdd(std::uint64_t{1} << 63, std::uint64_t{1} << 63));
}

void BaseTest::multiplicationReportsOverflow()
{
    QVERIFY(checkedMul(UINT64_MAX, 1) == UINT64_MAX);
    QVERIFY(checkedMul(UINT64_MAX, 0) == 0U);
    QVERIFY(!checkedMul(std::uint64_t{1} << 32, std::uint64_t{1} << 32));
}

void BaseTest::divisionRoundsUpWithoutOverflow()
{
    QCOMPARE(divideUp(0, 512), 0U);
    QCOMPARE(divideUp(1, 512), 1U);
    QCOMPARE(divideUp(512, 512), 1U);
    QCOMPARE(divideUp(513, 512), 2U);
    QCOMPARE(divideUp(UINT64_MAX, 2), std::uint64_t{1} << 63);
}

void BaseTest::alignmentRoundsUpToPowersOfTwo()
{
    QCOMPARE(alignUp(0, 8), 0U);
    QCOMPARE(alignUp(1, 8), 8U);
    QCOMPARE(alignUp(8, 8), 8U);
    QCOMPARE(alignUp(0x10001, 0x10000), 0x20000U);
}

void BaseTest::bitRangeMakesMasksOfEveryWidth()
{
    QCOMPARE(bitRange(0, 0), 0U);
    QCOMPARE(bitRange(0, 64), UINT64_MAX);
    QCOMPARE(bitRange(63, 1), std::uint64_t{1} << 63);
    QCOMPARE(bitRange(4, 8), 0xff0U);
}

void BaseTest::numbersAreStoredMostSignificantByteFirst()
{
    test::Bytes bytes(12);
    storeBigEndian(std::span(bytes), 1, std::uint64_t{0x0102030405060708});
    for (unsigned i = 0; i < 8; ++i)
        QCOMPARE(std::to_integer<unsigned>(bytes[1 + i]), i + 1);
    QCOMPARE(loadBigEndian<std::uint32_t>(bytes, 1), 0x01020304U);
    QCOMPARE(loadBigEndian<std::uint16_t>(bytes, 2), 0x0203U);
    QCOMPARE(unsigned{loadBigEndian<std::uint8_t>(bytes, 8)}, 8U);
}

void BaseTest::storedNumbersAreLoadedBack()
{
    std::mt19937_64 random(1);
    test::Bytes bytes(32);
    for (int i = 0; i < 1000; ++i) {
        const std::uint64_t value = random();
        const std::size_t at = random() % 24;
        storeBigEndian(std::span(bytes), at, value);
        QCOMPARE(loadBigEndian<std::uint64_t>(bytes, at), value);
        QCOMPARE(test::getNumber(bytes, at, 8), value);
    }
}

void BaseTest::indexesOfOneKindCompareAndCount()
{
    static_assert(!std::is_convertible_v<std::uint64_t, HostOffset>);
    static_assert(!std::is_convertible_v<GuestOffset, HostOffset>);
    HostCluster cluster(5);
    QVERIFY(cluster < HostCluster(6));
    QVERIFY(++cluster == HostCluster(6));
    QCOMPARE((cluster + 4) - HostCluster(5), 5U);
    QCOMPARE(HostOffset().value(), 0U);
}

void BaseTest::everyPhaseHasItsOwnName()
{
    std::set<std::string_view> names;
    for (int phase = 0; phase <= static_cast<int>(Phase::Verify); ++phase)
        names.insert(phaseName(static_cast<Phase>(phase)));
    QCOMPARE(names.size(), static_cast<std::size_t>(Phase::Verify) + 1);
    QVERIFY(!names.contains(""));
}

void BaseTest::stepReportsUntilAStopIsRequested()
{
    std::stop_source stop;
    std::vector<std::uint64_t> seen;
    const TaskContext task{stop.get_token(), [&](const Progress& progress) { seen.push_back(progress.done); }};
    VERIFY_OK(task.step({Phase::Compare, 3, 9}));
    VERIFY_OK(TaskContext{}.step({}));
    stop.request_stop();
    VERIFY_ERROR(task.step({Phase::Compare, 4, 9}), ErrorKind::Cancelled);
    QCOMPARE(seen, std::vector<std::uint64_t>{3});
}

void BaseTest::tasksThatFollowEachOtherAreReportedAsOne()
{
    std::vector<Progress> seen;
    std::stop_source stop;
    const TaskContext whole{stop.get_token(), [&](const Progress& progress) { seen.push_back(progress); }};
    TaskSequence steps(whole);
    const TaskContext first = steps.next(50);
    QVERIFY(first.step({Phase::Open, 0, 0}));
    QVERIFY(first.step({Phase::WalkTables, 10, 100}));
    QVERIFY(first.step({Phase::WalkTables, 100, 100}));
    const TaskContext second = steps.next(0);
    QVERIFY(second.step({Phase::Write, 0, 20}));
    QVERIFY(second.step({Phase::Write, 20, 20}));
    const std::vector<std::pair<std::uint64_t, std::uint64_t>> wanted{
        {0, 0}, {10, 150}, {100, 150}, {100, 120}, {120, 120}};
    QCOMPARE(seen.size(), wanted.size());
    for (std::size_t i = 0; i < seen.size(); ++i)
        QVERIFY(seen[i].done == wanted[i].first && seen[i].total == wanted[i].second);
    stop.request_stop();
    QVERIFY(!second.step({Phase::Write, 20, 20}));
}

void BaseTest::fewReportsOfManyAreShownAndNeverTheLastIsLost()
{
    ProgressThrottle throttle;
    std::vector<Progress> shown;
    const auto show = [&](const std::optional<ProgressThrottle::Report>& report) {
        if (report)
            shown.push_back(report->progress);
    };
    for (std::uint64_t i = 0; i < 5000; ++i)
        show(throttle.add({i < 2500 ? Phase::WalkTables : Phase::Write, i, 5000}));
    show(throttle.rest());
    show(throttle.rest());
    QVERIFY(shown.size() >= 2 && shown.size() < 2500);
    QCOMPARE(shown.front().done, 0U);
    QCOMPARE(shown.back().done, 4999U);
    QVERIFY(std::ranges::find(shown, 2500U, &Progress::done) != shown.end()); // a new phase shows at once
}

QTEST_GUILESS_MAIN(BaseTest)
#include "base_test.moc"
