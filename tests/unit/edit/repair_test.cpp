// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/amend/amend.h"
#include "core/edit/repair/repair.h"
#include "tests/support/damages.h"
#include "tests/support/expect.h"
#include "tests/support/repair_judge.h"
#include "tests/support/sample_images.h"
#include "tests/support/trace_storage.h"

#include <algorithm>

using namespace cowscope;
using test::BuiltImage;
using test::Bytes;
using test::TraceStorage;

namespace
{

constexpr std::uint64_t kHeaderFeatures = 72; ///< byte of incompatible_features

/// An image before and after a repair.
struct Repaired {
    Result<RepairResult> result;
    std::shared_ptr<TraceStorage> storage;

    const Bytes& bytes() const { return storage->bytes(); }
    bool wroteNothing() const { return storage->steps().empty(); }
};

Repaired repaired(const Bytes& bytes, RepairMode mode = RepairMode::All)
{
    auto storage = std::make_shared<TraceStorage>(bytes);
    auto result = repairImage(storage, mode, nullptr, {});
    return {std::move(result), storage};
}

RepairPlan planFor(const Bytes& bytes, RepairMode mode = RepairMode::All)
{
    const auto image = openForRepair(std::make_shared<MemoryStorage>(bytes), {});
    const auto census = image ? takeCensus(**image, {}) : std::unexpected(image.error());
    return census ? planRepair(**image, **census, mode) : RepairPlan{};
}

bool has(const std::vector<std::string>& lines, std::string_view part)
{
    return std::ranges::any_of(lines, [&](const std::string& line) { return line.find(part) != std::string::npos; });
}

QByteArray joined(const std::vector<std::string>& lines)
{
    QByteArray all;
    for (const std::string& line : lines)
        all += QByteArray::fromStdString(line) + "; ";
    return all;
}

std::uint64_t entryIn(const Bytes& bytes, const BuiltImage& built, std::uint64_t guest)
{
    return test::getNumber(bytes, built.l2EntryAt(guest), 8);
}

BuiltImage withBacking(std::uint32_t version)
{
    test::ImageBuilder builder({.version = version, .clusterBits = 12, .virtualSize = 1200 * 4096});
    builder.backingFile("base.raw");
    for (std::uint64_t guest = 0; guest < 1200; guest += 100)
        builder.data(guest);
    return builder.build();
}

BuiltImage extendedImage()
{
    test::ImageBuilder builder({.clusterBits = 14, .virtualSize = 64 * 16384, .extendedL2 = true});
    for (std::uint64_t guest = 0; guest < 8; ++guest)
        builder.data(guest, static_cast<std::uint8_t>(guest + 1));
    return builder.build();
}

} // namespace

class RepairTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void aSoundImageIsNotWrittenTo_data();
    void aSoundImageIsNotWrittenTo();
    void everyDamageIsMended_data() { eachDamage(); }
    void everyDamageIsMended();
    void theSecondRepairChangesNothing_data() { eachDamage(); }
    void theSecondRepairChangesNothing();
    void whatIsLostIsListedBeforeAnythingIsWritten_data() { eachDamage(); }
    void whatIsLostIsListedBeforeAnythingIsWritten();
    void fixingLeaksTouchesNothingElse_data() { eachDamage(); }
    void fixingLeaksTouchesNothingElse();
    void fixingLeaksMendsFlagsWhenNothingElseIsWrong();
    void fixingLeaksLeavesCountsAloneThatNobodyCanTrust();
    void anotherPlanThanTheAgreedOneIsRefused();
    void copiesOfMetadataAreNotCalledGuestData();
    void theDirtyAndCorruptBitsGoAfterASoundCheck();
    void theCorruptBitStaysWhileAnythingIsWrong();
    void tooManyReferencesAskForAWiderWidthFirst();
    void lostDataHidesTheBackingFile();
    void lostDataOfVersion2ShowsTheBackingFileAndSaysSo();
    void aLostTableHidesTheBackingFile();
    void subclustersOfLostDataAreZeros();
    void contradictingSubclustersBecomeZeros();
    void dataOfAnExternalFileIsFoundAtItsGuestOffset();
    void compressedDataCutByTheEndOfTheFileKeepsWhatThereIs();
    void damagedBitsOfABitmapCountAsSet();
    void damagedBitmapsAreTakenOffAndNamed();
    void snapshotsThatCannotBeReadAreNamed();
    void anUnreachableL1TableStopsEverything();
    void anIncompleteCheckIsNoGroundForARepair();
    void anImageThatCannotBeOpenedIsRefusedWithTheReason();

private:
    static void eachDamage();
};

void RepairTest::eachDamage()
{
    QTest::addColumn<int>("index");
    for (std::size_t i = 0; i < test::damages().size(); ++i)
        QTest::newRow(test::damages()[i].name) << static_cast<int>(i);
}

/// The sound image after the damage of the test's row.
static BuiltImage damagedImage(int index)
{
    BuiltImage image = test::soundImage();
    test::damages()[static_cast<std::size_t>(index)].hurt(image);
    return image;
}

void RepairTest::aSoundImageIsNotWrittenTo_data()
{
    QTest::addColumn<int>("order");
    for (int order = 0; order < 7; ++order)
        QTest::addRow("%d bits", 1 << order) << order;
}

void RepairTest::aSoundImageIsNotWrittenTo()
{
    QFETCH(int, order);
    const auto width = static_cast<unsigned>(order);
    for (const BuiltImage& built :
        {test::plainImage(9, width), order > 1 ? test::snapshotImage(12, width, 2) : test::plainImage(12, width)}) {
        for (const RepairMode mode : {RepairMode::Leaks, RepairMode::All}) {
            const Repaired done = repaired(built.bytes, mode);
            VERIFY_OK(done.result);
            QVERIFY(done.wroteNothing());
            QVERIFY(done.result->plan.changesNothing() && done.result->plan.remains.empty());
            QVERIFY(done.result->census->isClean());
        }
    }
}

void RepairTest::everyDamageIsMended()
{
    QFETCH(int, index);
    const BuiltImage image = damagedImage(index);
    const test::ImageState before = test::stateOf(image.bytes);
    const Repaired done = repaired(image.bytes);
    VERIFY_OK(done.result);
    const test::ImageState after = test::stateOf(done.bytes());
    QVERIFY2(after.sound, after.first.c_str());
    QVERIFY2(done.result->plan.remains.empty(), joined(done.result->plan.remains));
    QVERIFY(done.result->census->isClean());
    if (test::damages()[static_cast<std::size_t>(index)].name != std::string("L2 table where the L1 table is"))
        QCOMPARE(test::lostGuestData(before.guests, after.guests), std::string());
    const auto census = takeCensus(*Image::open(std::make_shared<MemoryStorage>(image.bytes), {}).value(), {});
    QCOMPARE(done.result->leaksFixed, (*census)->leaks);
    QCOMPARE(done.result->corruptionsFixed, (*census)->corruptions);
}

void RepairTest::theSecondRepairChangesNothing()
{
    QFETCH(int, index);
    const Repaired first = repaired(damagedImage(index).bytes);
    VERIFY_OK(first.result);
    const Repaired second = repaired(first.bytes());
    VERIFY_OK(second.result);
    QVERIFY(second.wroteNothing());
}

void RepairTest::whatIsLostIsListedBeforeAnythingIsWritten()
{
    QFETCH(int, index);
    const BuiltImage image = damagedImage(index);
    const RepairPlan plan = planFor(image.bytes);
    QVERIFY(!plan.changesNothing());
    const bool loses = std::ranges::any_of(plan.actions, &RepairAction::losesData);
    QCOMPARE(loses, !plan.givenUp.empty());
    // What could not be read before, or is no longer there, is on the list.
    const auto before = test::viewGuests(image.bytes);
    const Repaired done = repaired(image.bytes);
    VERIFY_OK(done.result);
    const bool unreadable = std::ranges::any_of(before.at(""), [](const auto& each) { return !each.has_value(); });
    if (unreadable || !test::viewGuests(done.bytes()).contains("1"))
        QVERIFY(loses);
    QCOMPARE(joined(done.result->plan.givenUp), joined(plan.givenUp));
    QVERIFY(done.result->plan.actions == plan.actions);
}

void RepairTest::fixingLeaksTouchesNothingElse()
{
    QFETCH(int, index);
    const BuiltImage image = damagedImage(index);
    const Repaired done = repaired(image.bytes, RepairMode::Leaks);
    VERIFY_OK(done.result);
    const auto corruptionsBefore = planFor(image.bytes, RepairMode::Leaks).corruptions;
    QVERIFY(done.result->census->corruptions <= corruptionsBefore);
    QVERIFY(done.result->plan.givenUp.empty());
    const bool mendsFlags = std::ranges::any_of(
        done.result->plan.actions, [](const RepairAction& each) { return each.kind == FindingKind::CopiedFlagWrong; });
    const auto [first, end] = std::pair(image.layout.refblocks.at(0), image.layout.refblocks.at(0) + 4096);
    for (const auto& step : done.storage->steps()) {
        const auto* write = std::get_if<TraceStorage::Write>(&step);
        QVERIFY(
            write == nullptr || mendsFlags || (write->offset >= first && write->offset + write->bytes.size() <= end));
    }
    QVERIFY(done.result->census->leaks == 0 || !done.result->plan.remains.empty());
}

void RepairTest::fixingLeaksMendsFlagsWhenNothingElseIsWrong()
{
    BuiltImage image = test::plainImage(12, 4);
    image.setCount(test::clusterOf(image, 3), 2);
    test::setEntry(image, 3, test::entry(image, 3) & ~test::kCopied);
    QCOMPARE(planFor(image.bytes).corruptions, 0U); // a leak, as a deleted snapshot can leave it
    const Repaired done = repaired(image.bytes, RepairMode::Leaks);
    VERIFY_OK(done.result);
    QVERIFY(done.result->census->isClean());
    QCOMPARE(done.bytes(), test::plainImage(12, 4).bytes);
}

void RepairTest::fixingLeaksLeavesCountsAloneThatNobodyCanTrust()
{
    BuiltImage image = test::plainImage(12, 4);
    image.setCount(test::clusterOf(image, 3), 2);
    test::setReftable(image, 5, image.layout.refblocks.at(0));
    const Repaired done = repaired(image.bytes, RepairMode::Leaks);
    VERIFY_OK(done.result);
    QVERIFY(done.wroteNothing());
    QVERIFY2(has(done.result->plan.remains, "-r all"), joined(done.result->plan.remains));
}

void RepairTest::anotherPlanThanTheAgreedOneIsRefused()
{
    BuiltImage image = test::soundImage();
    image.setCount(test::clusterOf(image, 3), 2);
    const RepairPlan agreed = planFor(image.bytes);
    const auto same = std::make_shared<TraceStorage>(image.bytes);
    VERIFY_OK(repairImage(same, RepairMode::All, &agreed, {}));
    image.setCount(test::clusterOf(image, 5), 2);
    const auto other = std::make_shared<TraceStorage>(image.bytes);
    VERIFY_ERROR(repairImage(other, RepairMode::All, &agreed, {}), ErrorKind::Refused);
    QVERIFY(other->steps().empty());
}

void RepairTest::copiesOfMetadataAreNotCalledGuestData()
{
    BuiltImage built = test::soundImage();
    test::setEntry(built, 3, built.l2EntryAt(0) & ~std::uint64_t{4095}); // the place of the table; its own data leaks
    const RepairPlan plan = planFor(built.bytes);
    QVERIFY2(has(plan.cautions, "L2 table") && has(plan.cautions, "guest 0x3000"), joined(plan.cautions));
    QVERIFY2(has(plan.cautions, "1 leaked cluster is freed"), joined(plan.cautions));
    const auto moving = std::ranges::find(plan.actions, FindingKind::DoubleOwner, &RepairAction::kind);
    QVERIFY(moving != plan.actions.end() && moving->isDoubtful);

    BuiltImage twice = test::soundImage();
    test::setEntry(twice, 40, test::entry(twice, 3));
    QVERIFY2(planFor(twice.bytes).cautions.empty(), joined(planFor(twice.bytes).cautions));
}

void RepairTest::theDirtyAndCorruptBitsGoAfterASoundCheck()
{
    for (const RepairMode mode : {RepairMode::Leaks, RepairMode::All}) {
        for (const std::uint64_t bits : {1U, 2U, 3U}) {
            BuiltImage image = test::plainImage(12, 4);
            test::put64(image.bytes, kHeaderFeatures, bits);
            const Repaired done = repaired(image.bytes, mode);
            VERIFY_OK(done.result);
            QCOMPARE(done.result->plan.actions.size(), bits == 3 ? 2U : 1U);
            QCOMPARE(done.bytes(), test::plainImage(12, 4).bytes);
            QVERIFY(!done.result->image->header().isDirty() && !done.result->image->header().isCorrupt());
        }
    }
}

void RepairTest::theCorruptBitStaysWhileAnythingIsWrong()
{
    BuiltImage image = test::plainImage(12, 0);
    test::put64(image.bytes, kHeaderFeatures, 3);
    test::setEntry(image, 40, test::entry(image, 3)); // two references, and 1 bit to count them
    const Repaired done = repaired(image.bytes);
    VERIFY_OK(done.result);
    QCOMPARE(test::getNumber(done.bytes(), kHeaderFeatures, 8), 3U);
    QVERIFY(!done.result->plan.remains.empty());
}

void RepairTest::tooManyReferencesAskForAWiderWidthFirst()
{
    BuiltImage image = test::plainImage(12, 0);
    const test::ImageState before = test::stateOf(image.bytes);
    test::setEntry(image, 40, test::entry(image, 3) & ~test::kCopied);
    test::setEntry(image, 3, test::entry(image, 3) & ~test::kCopied);
    const std::uint64_t cluster = test::clusterOf(image, 3);
    image.setCount(cluster, 0);
    const Repaired done = repaired(image.bytes);
    VERIFY_OK(done.result);
    QVERIFY2(has(done.result->plan.remains, "refcount_bits=2"), joined(done.result->plan.remains));
    QCOMPARE(done.result->image->refcount(HostCluster(cluster)).value_or(9), 1U); // as far as the width allows
    for (const std::uint64_t guest : {3U, 40U})
        QCOMPARE(entryIn(done.bytes(), image, guest) & test::kCopied, 0U); // or one would overwrite the other

    VERIFY_OK(amendStorage(done.storage, 1, nullptr, {}));
    const Repaired wide = repaired(done.bytes());
    VERIFY_OK(wide.result);
    QVERIFY(wide.result->census->isClean());
    QCOMPARE(wide.result->image->refcount(HostCluster(cluster)).value_or(9), 2U);
    QVERIFY(before.sound);
}

void RepairTest::lostDataHidesTheBackingFile()
{
    BuiltImage image = withBacking(3);
    test::setEntry(image, 100, test::kCopied | test::kFar);
    test::setEntry(image, 200, test::entry(image, 200) + 512);
    const Repaired done = repaired(image.bytes);
    VERIFY_OK(done.result);
    for (const std::uint64_t guest : {100U, 200U}) {
        QCOMPARE(entryIn(done.bytes(), image, guest), 1U);
        const std::string place = "Guest 0x" + QByteArray::number(qulonglong{guest * 4096}, 16).toStdString();
        QVERIFY2(has(done.result->plan.givenUp, place), joined(done.result->plan.givenUp));
    }
    QVERIFY(done.result->census->isClean());
}

void RepairTest::lostDataOfVersion2ShowsTheBackingFileAndSaysSo()
{
    BuiltImage image = withBacking(2);
    test::setEntry(image, 200, test::entry(image, 200) + 512);
    const Repaired done = repaired(image.bytes);
    VERIFY_OK(done.result);
    QCOMPARE(entryIn(done.bytes(), image, 200), 0U);
    QVERIFY2(has(done.result->plan.givenUp, "reads as the backing file has it"), joined(done.result->plan.givenUp));
    QVERIFY(done.result->census->isClean());
}

void RepairTest::aLostTableHidesTheBackingFile()
{
    BuiltImage image = withBacking(3);
    test::put64(image.bytes, image.layout.l1 + 8, image.l1Entry(1) + 512);
    const Repaired done = repaired(image.bytes);
    VERIFY_OK(done.result);
    QVERIFY2(has(done.result->plan.givenUp, "Guest 0x200000 to 0x3fffff"), joined(done.result->plan.givenUp));
    const auto guests = test::viewGuests(done.bytes());
    for (std::uint64_t guest = 512; guest < 1024; ++guest)
        QCOMPARE(guests.at("")[guest], Bytes(4096));
    QCOMPARE(guests.at("")[1], test::bytesOf("B"));
    QVERIFY(done.result->census->isClean());
}

void RepairTest::subclustersOfLostDataAreZeros()
{
    BuiltImage image = extendedImage();
    test::setEntry(image, 2, test::kCopied | test::kFar);
    test::put64(image.bytes, image.l2EntryAt(2) + 8, std::uint64_t{0x00ff} << 32 | 0x0f00);
    const Repaired done = repaired(image.bytes);
    VERIFY_OK(done.result);
    QCOMPARE(entryIn(done.bytes(), image, 2), 0U);
    QCOMPARE(test::getNumber(done.bytes(), image.l2EntryAt(2) + 8, 8), std::uint64_t{0x0fff} << 32);
    QVERIFY(done.result->census->isClean());
}

void RepairTest::contradictingSubclustersBecomeZeros()
{
    BuiltImage image = extendedImage();
    test::put64(image.bytes, image.l2EntryAt(2) + 8, std::uint64_t{0xf0} << 32 | 0xff);
    test::put64(image.bytes, image.l2EntryAt(20) + 8, 0x3); // data, but nowhere
    const Repaired done = repaired(image.bytes);
    VERIFY_OK(done.result);
    QCOMPARE(test::getNumber(done.bytes(), image.l2EntryAt(2) + 8, 8), std::uint64_t{0xf0} << 32 | 0x0f);
    QCOMPARE(test::getNumber(done.bytes(), image.l2EntryAt(20) + 8, 8), std::uint64_t{0x3} << 32);
    QCOMPARE(done.result->plan.givenUp.size(), 2U);
    QVERIFY(done.result->census->isClean());
}

void RepairTest::dataOfAnExternalFileIsFoundAtItsGuestOffset()
{
    test::ImageBuilder builder({.clusterBits = 12, .virtualSize = 64 * 4096, .incompatible = 4});
    BuiltImage image = builder.build();
    const std::uint64_t table = image.bytes.size();
    image.bytes.resize(table + 4096);
    image.setCount(table / 4096, 1);
    test::setL1(image, table | test::kCopied);
    test::setEntry(image, 3, test::kCopied | 7 * 4096);
    test::setEntry(image, 5, test::kCompressed | 4096);
    const Repaired done = repaired(image.bytes);
    VERIFY_OK(done.result);
    QCOMPARE(entryIn(done.bytes(), image, 3), test::kCopied | 3 * 4096);
    QCOMPARE(entryIn(done.bytes(), image, 5), 1U);
    QCOMPARE(done.result->plan.givenUp.size(), 1U);
    QVERIFY(done.result->census->isClean());
}

void RepairTest::compressedDataCutByTheEndOfTheFileKeepsWhatThereIs()
{
    BuiltImage image = test::soundImage();
    const std::uint64_t offsetBits = 62 - (12 - 8);
    const std::uint64_t last = image.bytes.size() - 512;
    test::setEntry(image, 502, test::kCompressed | std::uint64_t{15} << offsetBits | last);
    const Repaired done = repaired(image.bytes);
    VERIFY_OK(done.result);
    QCOMPARE(entryIn(done.bytes(), image, 502), test::kCompressed | last);
    QVERIFY(done.result->plan.givenUp.empty());
}

void RepairTest::damagedBitsOfABitmapCountAsSet()
{
    BuiltImage image = test::plainImage(12, 4);
    const auto sound = Image::open(std::make_shared<MemoryStorage>(image.bytes), {});
    VERIFY_OK(sound);
    const std::uint64_t table = (*sound)->bitmaps()[0].tableOffset.value();
    test::put64(image.bytes, table, test::getNumber(image.bytes, table, 8) + 512);
    const Repaired done = repaired(image.bytes);
    VERIFY_OK(done.result);
    QCOMPARE(test::getNumber(done.bytes(), table, 8), 1U);
    QVERIFY2(has(done.result->plan.givenUp, "'changes'"), joined(done.result->plan.givenUp));
    QVERIFY(done.result->census->isClean());
    QCOMPARE(done.result->image->bitmaps().size(), 1U);
}

void RepairTest::damagedBitmapsAreTakenOffAndNamed()
{
    BuiltImage image = test::plainImage(12, 4);
    const auto sound = Image::open(std::make_shared<MemoryStorage>(image.bytes), {});
    VERIFY_OK(sound);
    test::put64(image.bytes, (*sound)->bitmaps()[0].entryOffset.value(), test::kFar);
    const Repaired done = repaired(image.bytes);
    VERIFY_OK(done.result);
    QVERIFY2(has(done.result->plan.givenUp, "'changes'"), joined(done.result->plan.givenUp));
    QVERIFY(done.result->image->bitmaps().empty() && done.result->image->problems().empty());
    QVERIFY(done.result->census->isClean());
}

void RepairTest::snapshotsThatCannotBeReadAreNamed()
{
    BuiltImage image = test::snapshotImage(12, 4, 3);
    test::put64(image.bytes, image.layout.snapshotTable, image.layout.snapshotL1[0] + 8);
    const Repaired done = repaired(image.bytes);
    VERIFY_OK(done.result);
    QVERIFY2(has(done.result->plan.givenUp, "Snapshot 1 ('snapshot 1')"), joined(done.result->plan.givenUp));
    QCOMPARE(done.result->image->snapshots().size(), 2U);
    QVERIFY(done.result->census->isClean());

    BuiltImage far = test::snapshotImage(12, 4, 3);
    test::put64(far.bytes, far.layout.snapshotTable, test::kFar);
    const Repaired near = repaired(far.bytes);
    VERIFY_OK(near.result);
    QCOMPARE(near.result->image->snapshots().size(), 2U);
    QVERIFY(near.result->census->isClean());

    BuiltImage claims = test::snapshotImage(12, 4, 3);
    test::put32(claims.bytes, 60, 0xffffffff);
    VERIFY_ERROR(Image::open(std::make_shared<MemoryStorage>(claims.bytes), {}), ErrorKind::TooLarge);
    const Repaired cut = repaired(claims.bytes);
    VERIFY_OK(cut.result);
    QCOMPARE(cut.bytes(), test::snapshotImage(12, 4, 3).bytes);
}

void RepairTest::anUnreachableL1TableStopsEverything()
{
    BuiltImage image = test::soundImage();
    image.setCount(test::clusterOf(image, 3), 2);
    test::put64(image.bytes, 40, test::kFar);
    for (const RepairMode mode : {RepairMode::Leaks, RepairMode::All}) {
        const Repaired done = repaired(image.bytes, mode);
        VERIFY_OK(done.result);
        QVERIFY(done.wroteNothing()); // all guest data would be given up as leaked
        QVERIFY2(has(done.result->plan.remains, "active L1 table"), joined(done.result->plan.remains));
    }
}

void RepairTest::anIncompleteCheckIsNoGroundForARepair()
{
    const BuiltImage image = damagedImage(1);
    const auto opened = Image::open(std::make_shared<MemoryStorage>(image.bytes), {});
    VERIFY_OK(opened);
    std::stop_source stop;
    stop.request_stop();
    const auto census = takeCensus(**opened, {stop.get_token(), {}}, {.keepPartial = true});
    VERIFY_OK(census);
    const RepairPlan plan = planRepair(**opened, **census, RepairMode::All);
    QVERIFY(plan.changesNothing());
    QVERIFY2(has(plan.remains, "stopped"), joined(plan.remains));
}

void RepairTest::anImageThatCannotBeOpenedIsRefusedWithTheReason()
{
    BuiltImage image = test::soundImage();
    test::put32(image.bytes, 20, 22); // cluster_bits
    const Repaired done = repaired(image.bytes);
    VERIFY_ERROR(done.result, ErrorKind::Invalid);
    QVERIFY(done.wroteNothing());
}

QTEST_GUILESS_MAIN(RepairTest)
#include "repair_test.moc"
