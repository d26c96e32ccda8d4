// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/repair/repair.h"
#include "tests/support/damages.h"
#include "tests/support/expect.h"
#include "tests/support/repair_judge.h"
#include "tests/support/sample_images.h"
#include "tests/support/trace_storage.h"

#include <random>

using namespace cowscope;
using test::BuiltImage;
using test::Bytes;
using test::ImageState;

namespace
{

constexpr int kCutsPerStep = 8; ///< power cuts tried behind each step

/// One image that a repair has work with.
struct Patient {
    std::string name;
    Bytes bytes;
};

Patient damaged(BuiltImage image, const test::Damage& damage)
{
    damage.hurt(image);
    return {damage.name, std::move(image.bytes)};
}

/// The image as it was before, for comparison. Where an L1 table is its own L2 table, guest clusters read as pieces of
/// it: that is readable, but no guest data.
ImageState stateBefore(const Patient& patient)
{
    ImageState state = test::stateOf(patient.bytes);
    if (patient.name == "L2 table where the L1 table is")
        state.guests.erase("");
    return state;
}

/// Counts of all kinds wrong in several refblocks, snapshots sharing most of what there is.
Patient wrongCounts(unsigned clusterBits, unsigned order)
{
    BuiltImage image = test::snapshotImage(clusterBits, order, 2);
    const std::uint64_t most = order == 6 ? UINT64_MAX : (std::uint64_t{1} << (1U << order)) - 1;
    std::mt19937_64 random(clusterBits + order);
    for (std::uint64_t cluster = 1; cluster < image.layout.clusters; ++cluster) {
        if (random() % 3 == 0)
            image.setCount(cluster, random() & most & 7);
    }
    return {"counts of " + std::to_string(1U << order) + " bits, clusters of " + std::to_string(1U << clusterBits),
        std::move(image.bytes)};
}

/// A lost L2 table of an image with a backing file, which must not show through.
Patient lostTable()
{
    test::ImageBuilder builder({.clusterBits = 12, .virtualSize = 1200 * 4096});
    builder.backingFile("base.raw");
    for (std::uint64_t guest = 0; guest < 1200; guest += 70)
        builder.data(guest);
    BuiltImage image = builder.build();
    test::put64(image.bytes, image.layout.l1 + 8, image.l1Entry(1) + 512);
    return {"lost L2 table over a backing file", std::move(image.bytes)};
}

/// References to space right behind the end of the file, over which a repair lets the file grow.
Patient behindTheEnd(const char* name, const std::function<void(BuiltImage&, std::uint64_t end)>& hurt)
{
    test::ImageBuilder builder({.clusterBits = 9, .refcountOrder = 6, .virtualSize = 200 * 512});
    for (std::uint64_t guest = 0; guest < 150; ++guest)
        builder.data(guest, static_cast<std::uint8_t>(guest));
    builder.snapshot("1", "first");
    builder.data(3, 0x99);
    builder.snapshot("2", "other");
    BuiltImage image = builder.build(); // without free space
    test::setReftable(image, 60, image.layout.refblocks.at(0) | 4); // so that counts are written anew
    hurt(image, image.bytes.size());
    return {name, std::move(image.bytes)};
}

std::vector<Patient> behindTheEnd()
{
    return {
        behindTheEnd("snapshot L1 right behind the end",
            [](BuiltImage& i, std::uint64_t end) { test::put64(i.bytes, i.layout.snapshotTable, end + 512); }),
        behindTheEnd(
            "data right behind the end", [](BuiltImage& i, std::uint64_t end) { test::setEntry(i, 40, end + 512); }),
        behindTheEnd("L2 table right behind the end",
            [](BuiltImage& i, std::uint64_t end) { test::put64(i.bytes, i.layout.l1 + 8, end + 512); }),
        behindTheEnd("refblock right behind the end",
            [](BuiltImage& i, std::uint64_t end) { test::setReftable(i, 0, end + 512); }),
        behindTheEnd("spare refblock right behind the end",
            [](BuiltImage& i, std::uint64_t end) { test::setReftable(i, 50, end); }),
        behindTheEnd("reftable right behind the end",
            [](BuiltImage& i, std::uint64_t end) { test::put64(i.bytes, 48, end + 512); }),
        behindTheEnd("snapshot table right behind the end",
            [](BuiltImage& i, std::uint64_t end) { test::put64(i.bytes, 64, end + 512); }),
    };
}

/// Everything wrong that single damages do not have together.
Patient manyDamages()
{
    BuiltImage image = test::soundImage();
    for (const test::Damage& damage : test::damages()) {
        if (damage.kind == FindingKind::Leak || damage.kind == FindingKind::L2EntryReserved
            || damage.kind == FindingKind::CopiedFlagWrong || damage.kind == FindingKind::RefblockPastEnd
            || damage.kind == FindingKind::SnapshotL1Unaligned)
            damage.hurt(image);
    }
    return {"many damages", std::move(image.bytes)};
}

const std::vector<Patient>& patients()
{
    static const std::vector<Patient> all = [] {
        std::vector<Patient> made;
        for (const test::Damage& damage : test::damages())
            made.push_back(damaged(test::soundImage(), damage));
        for (const auto& [bits, order] : {std::pair{9U, 4U}, {9U, 2U}, {9U, 6U}, {12U, 1U}, {12U, 3U}})
            made.push_back(wrongCounts(bits, order));
        made.push_back(manyDamages());
        made.push_back(lostTable());
        for (Patient& patient : behindTheEnd())
            made.push_back(std::move(patient));
        return made;
    }();
    return all;
}

} // namespace

/// Cuts the power at every step of a repair: no state that a disk may be left in is worse than the image before, and a
/// repair of it comes to the same end.
class RepairCrashTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void noPowerCutMakesTheImageWorse_data() { eachPatient(); }
    void noPowerCutMakesTheImageWorse();
    void noPowerCutKeepsARepairFromSucceedingLater_data() { eachPatient(); }
    void noPowerCutKeepsARepairFromSucceedingLater();
    void noPowerCutWhileLeaksAreFixedMakesTheImageWorse_data() { eachPatient(); }
    void noPowerCutWhileLeaksAreFixedMakesTheImageWorse();
    void theHeaderIsWrittenInOneSector();

private:
    static void eachPatient();
    void judgeEveryCut(RepairMode mode);
};

void RepairCrashTest::eachPatient()
{
    QTest::addColumn<int>("index");
    for (std::size_t i = 0; i < patients().size(); ++i)
        QTest::newRow(patients()[i].name.c_str()) << static_cast<int>(i);
}

void RepairCrashTest::judgeEveryCut(RepairMode mode)
{
    QFETCH(int, index);
    const Patient& patient = patients()[static_cast<std::size_t>(index)];
    const ImageState before = stateBefore(patient);
    const auto trace = std::make_shared<test::TraceStorage>(patient.bytes);
    VERIFY_OK(repairImage(trace, mode, nullptr, {}));
    std::mt19937_64 random(static_cast<std::uint64_t>(index));
    for (std::size_t step = 0; step <= trace->steps().size(); ++step) {
        QCOMPARE(test::worseThan(before, test::stateOf(trace->stateAfter(step))), std::string());
        for (int cut = 0; cut < kCutsPerStep; ++cut)
            QCOMPARE(test::worseThan(before, test::stateOf(trace->stateAfterPowerCut(step, random))), std::string());
    }
}

void RepairCrashTest::noPowerCutMakesTheImageWorse()
{
    judgeEveryCut(RepairMode::All);
}

void RepairCrashTest::noPowerCutWhileLeaksAreFixedMakesTheImageWorse()
{
    judgeEveryCut(RepairMode::Leaks);
}

void RepairCrashTest::noPowerCutKeepsARepairFromSucceedingLater()
{
    QFETCH(int, index);
    const Patient& patient = patients()[static_cast<std::size_t>(index)];
    const ImageState before = stateBefore(patient);
    const auto trace = std::make_shared<test::TraceStorage>(patient.bytes);
    VERIFY_OK(repairImage(trace, RepairMode::All, nullptr, {}));
    const ImageState end = test::stateOf(trace->bytes());
    QVERIFY2(end.sound, end.first.c_str());
    std::mt19937_64 random(100 + static_cast<std::uint64_t>(index));
    for (std::size_t step = 1; step < trace->steps().size(); ++step) {
        for (int cut = 0; cut < 3; ++cut) {
            const auto storage = std::make_shared<test::TraceStorage>(trace->stateAfterPowerCut(step, random));
            VERIFY_OK(repairImage(storage, RepairMode::All, nullptr, {}));
            const ImageState again = test::stateOf(storage->bytes());
            QVERIFY2(again.sound, again.first.c_str());
            QCOMPARE(test::worseThan(before, again), std::string());
        }
    }
}

void RepairCrashTest::theHeaderIsWrittenInOneSector()
{
    for (const Patient& patient : patients()) {
        const auto trace = std::make_shared<test::TraceStorage>(patient.bytes);
        VERIFY_OK(repairImage(trace, RepairMode::All, nullptr, {}));
        for (const auto& step : trace->steps()) {
            const auto* write = std::get_if<test::TraceStorage::Write>(&step);
            if (write != nullptr && write->offset < 512)
                QVERIFY(write->offset == 0 && write->bytes.size() <= 512);
        }
    }
}

QTEST_GUILESS_MAIN(RepairCrashTest)
#include "repair_crash_test.moc"
