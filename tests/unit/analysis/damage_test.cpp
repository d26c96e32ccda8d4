// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/census.h"
#include "core/storage/memory_storage.h"
#include "tests/support/expect.h"
#include "tests/support/sample_images.h"

#include <functional>
#include <random>

using namespace cowscope;
using test::BuiltImage;
using test::Bytes;

namespace
{

constexpr std::uint64_t kCopied = std::uint64_t{1} << 63;
constexpr std::uint64_t kCompressed = std::uint64_t{1} << 62;
constexpr std::uint64_t kOffsetMask = 0x00fffffffffffe00;
constexpr std::uint64_t kFar = std::uint64_t{1} << 40;

/// What is broken in a sound image, and what a census must say of it.
struct Damage {
    const char* name;
    std::function<void(BuiltImage&)> hurt;
    FindingKind kind;
};

std::uint64_t entry(const BuiltImage& image, std::uint64_t guest)
{
    return test::getNumber(image.bytes, image.l2EntryAt(guest), 8);
}

/// Does nothing where an earlier damage moved the L2 table out of the file.
void setEntry(BuiltImage& image, std::uint64_t guest, std::uint64_t raw)
{
    if (const std::uint64_t at = image.l2EntryAt(guest); at + 8 <= image.bytes.size())
        test::put64(image.bytes, at, raw);
}

std::uint64_t clusterOf(const BuiltImage& image, std::uint64_t guest)
{
    return (entry(image, guest) & kOffsetMask) / image.clusterSize();
}

void setL1(BuiltImage& image, std::uint64_t raw)
{
    test::put64(image.bytes, image.layout.l1, raw);
}

void setReftable(BuiltImage& image, std::uint64_t index, std::uint64_t raw)
{
    test::put64(image.bytes, image.layout.reftable + index * 8, raw);
}

const std::vector<Damage>& damages()
{
    static const std::vector<Damage> all{
        {"count too high", [](BuiltImage& i) { i.setCount(clusterOf(i, 3), 2); }, FindingKind::Leak},
        {"count without reference", [](BuiltImage& i) { setEntry(i, 3, 0); }, FindingKind::Leak},
        {"count 0", [](BuiltImage& i) { i.setCount(clusterOf(i, 3), 0); }, FindingKind::RefcountTooLow},
        {"second reference", [](BuiltImage& i) { setEntry(i, 40, entry(i, 3)); }, FindingKind::RefcountTooLow},
        {"copied flag missing", [](BuiltImage& i) { setEntry(i, 3, entry(i, 3) & ~kCopied); },
            FindingKind::CopiedFlagWrong},
        {"copied flag missing in L1", [](BuiltImage& i) { setL1(i, i.l1Entry(0) & ~kCopied); },
            FindingKind::CopiedFlagWrong},
        {"copied flag on a compressed cluster", [](BuiltImage& i) { setEntry(i, 502, entry(i, 502) | kCopied); },
            FindingKind::CompressedCopied},
        {"L1 entry with reserved bits", [](BuiltImage& i) { setL1(i, i.l1Entry(0) | std::uint64_t{1} << 60); },
            FindingKind::L1EntryReserved},
        {"L2 entry with reserved bits", [](BuiltImage& i) { setEntry(i, 3, entry(i, 3) | std::uint64_t{1} << 57); },
            FindingKind::L2EntryReserved},
        {"L2 table unaligned", [](BuiltImage& i) { setL1(i, i.l1Entry(0) + 512); }, FindingKind::L1EntryUnaligned},
        {"data unaligned", [](BuiltImage& i) { setEntry(i, 3, entry(i, 3) + 512); }, FindingKind::DataUnaligned},
        {"L2 table past the end", [](BuiltImage& i) { setL1(i, kCopied | kFar); }, FindingKind::ReferencePastEnd},
        {"data past the end", [](BuiltImage& i) { setEntry(i, 3, kCopied | kFar); }, FindingKind::ReferencePastEnd},
        {"compressed data past the end", [](BuiltImage& i) { setEntry(i, 502, kCompressed | kFar); },
            FindingKind::ReferencePastEnd},
        {"refblock unaligned", [](BuiltImage& i) { setReftable(i, 0, i.layout.refblocks.at(0) + 512); },
            FindingKind::RefblockUnaligned},
        {"refblock past the end", [](BuiltImage& i) { setReftable(i, 5, kFar); }, FindingKind::RefblockPastEnd},
        {"refblock used twice", [](BuiltImage& i) { setReftable(i, 5, i.layout.refblocks.at(0)); },
            FindingKind::RefblockShared},
        {"reftable entry with reserved bits", [](BuiltImage& i) { setReftable(i, 0, i.layout.refblocks.at(0) | 4); },
            FindingKind::ReftableReserved},
        {"snapshot L1 unaligned",
            [](BuiltImage& i) { test::put64(i.bytes, i.layout.snapshotTable, i.layout.snapshotL1[0] + 512); },
            FindingKind::SnapshotL1Unaligned},
        {"snapshot L1 too large", [](BuiltImage& i) { test::put32(i.bytes, i.layout.snapshotTable + 8, 0x10000000); },
            FindingKind::SnapshotL1TooLarge},
        {"snapshot L1 past the end", [](BuiltImage& i) { test::put64(i.bytes, i.layout.snapshotTable, kFar); },
            FindingKind::ReferencePastEnd},
        {"data where the L1 table is", [](BuiltImage& i) { setEntry(i, 40, i.layout.l1); }, FindingKind::DoubleOwner},
    };
    return all;
}

/// Sound, with one snapshot whose clusters differ from the active disk's (guests from 500 on are the active's alone).
BuiltImage soundImage()
{
    test::ImageBuilder builder({.clusterBits = 12, .virtualSize = 510 * 4096});
    builder.snapshot("1", "empty");
    builder.data(3, 0x33);
    builder.data(5, 0x55);
    builder.zero(7);
    builder.compressed({502}, 700);
    return builder.build();
}

Result<std::shared_ptr<const Census>> census(const Bytes& bytes)
{
    auto image = Image::open(std::make_shared<MemoryStorage>(bytes), {});
    if (!image)
        return failed(image);
    return takeCensus(**image, {});
}

std::string firstFinding(const Census& census, unsigned clusterBits)
{
    return census.findings.empty() ? "" : describe(census.findings.front(), clusterBits);
}

} // namespace

class DamageTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void soundImageIsSound();
    void everyDamageIsFound_data();
    void everyDamageIsFound();
    void runsOfEqualFindingsAreCountedInFull();
    void referencesPastTheWidthAreNamedOverflow();
    void zeroFlagIsWrongInVersion2();
    void everyFindingMatchesTheTotals();
    void survivesEveryDamageAtOnce();
    void survivesRandomDamage_data();
    void survivesRandomDamage();
};

void DamageTest::soundImageIsSound()
{
    const auto taken = census(soundImage().bytes);
    VERIFY_OK(taken);
    QVERIFY2((*taken)->findings.empty(), firstFinding(**taken, 12).c_str());
}

void DamageTest::everyDamageIsFound_data()
{
    QTest::addColumn<int>("index");
    for (std::size_t i = 0; i < damages().size(); ++i)
        QTest::newRow(damages()[i].name) << static_cast<int>(i);
}

void DamageTest::everyDamageIsFound()
{
    QFETCH(int, index);
    const Damage& damage = damages()[static_cast<std::size_t>(index)];
    BuiltImage image = soundImage();
    damage.hurt(image);
    const auto taken = census(image.bytes);
    VERIFY_OK(taken);
    QVERIFY((*taken)->count(damage.kind) > 0);
    QVERIFY(!(*taken)->isClean());
    const bool listed
        = std::ranges::any_of((*taken)->findings, [&](const Finding& finding) { return finding.kind == damage.kind; });
    QVERIFY(listed);
    if (findingText(damage.kind).severity == Severity::Corruption)
        QVERIFY((*taken)->corruptions > 0);
}

void DamageTest::runsOfEqualFindingsAreCountedInFull()
{
    test::ImageBuilder builder({.clusterBits = 9});
    builder.data(0);
    builder.allocate(1000); // nothing refers to them
    const auto taken = census(builder.build().bytes);
    VERIFY_OK(taken);
    QCOMPARE((*taken)->leaks, 1000U);
    QCOMPARE((*taken)->corruptions, 0U);
    QCOMPARE((*taken)->clustersByOwner[static_cast<std::size_t>(ClusterOwner::Leaked)], 1000U);
}

void DamageTest::referencesPastTheWidthAreNamedOverflow()
{
    test::ImageBuilder builder({.clusterBits = 12, .refcountOrder = 1});
    builder.data(0);
    BuiltImage image = builder.build();
    for (std::uint64_t guest = 1; guest < 6; ++guest)
        setEntry(image, guest, entry(image, 0) & ~kCopied);
    image.setCount(clusterOf(image, 0), 3);
    const auto taken = census(image.bytes);
    VERIFY_OK(taken);
    QCOMPARE((*taken)->count(FindingKind::RefcountOverflow), 1U);
    QCOMPARE((*taken)->map.references(HostCluster(clusterOf(image, 0))), 6U);
}

void DamageTest::zeroFlagIsWrongInVersion2()
{
    test::ImageBuilder builder({.version = 2, .clusterBits = 12});
    builder.data(0);
    builder.zero(1);
    const auto taken = census(builder.build().bytes);
    VERIFY_OK(taken);
    QCOMPARE((*taken)->count(FindingKind::ZeroInVersion2), 1U);
}

void DamageTest::everyFindingMatchesTheTotals()
{
    for (const Damage& damage : damages()) {
        BuiltImage image = soundImage();
        damage.hurt(image);
        const auto taken = census(image.bytes);
        VERIFY_OK(taken);
        std::uint64_t corruptions = 0;
        std::uint64_t leaks = 0;
        for (const Finding& finding : (*taken)->findings) {
            corruptions += finding.severity() == Severity::Corruption ? finding.weight : 0;
            leaks += finding.severity() == Severity::Leak ? finding.weight : 0;
            QVERIFY(!describe(finding, 12).empty());
        }
        QCOMPARE((*taken)->findingsDropped, 0U);
        QCOMPARE((*taken)->corruptions, corruptions);
        QCOMPARE((*taken)->leaks, leaks);
    }
}

void DamageTest::survivesEveryDamageAtOnce()
{
    BuiltImage image = soundImage();
    for (const Damage& damage : damages())
        damage.hurt(image);
    const auto taken = census(image.bytes);
    VERIFY_OK(taken);
    QVERIFY((*taken)->corruptions > 0);
}

void DamageTest::survivesRandomDamage_data()
{
    QTest::addColumn<unsigned>("clusterBits");
    QTest::newRow("clusters of 512 bytes") << 9U;
    QTest::newRow("clusters of 4 KiB") << 12U;
}

/// Pokes metadata with edge values and noise. Anything may be found, and opening may fail; nothing may crash or hang.
void DamageTest::survivesRandomDamage()
{
    QFETCH(unsigned, clusterBits);
    const BuiltImage sound = test::snapshotImage(clusterBits, 4, 2, true);
    std::mt19937_64 random(clusterBits);
    const auto edge = [&]() -> std::uint64_t {
        static constexpr std::array<std::uint64_t, 12> kEdges{0, 1, 511, 512, kCopied, kCompressed, kOffsetMask,
            UINT64_MAX, kFar, INT64_MAX, 0x00fffffffffff000, kCompressed | kOffsetMask};
        return random() % 2 == 0 ? kEdges[random() % kEdges.size()] : random() >> random() % 64;
    };
    int opened = 0;
    for (int i = 0; i < 3000; ++i) {
        Bytes bytes = sound.bytes;
        for (std::uint64_t n = 1 + random() % 6; n-- > 0;) {
            const std::array places{sound.layout.l1, sound.layout.reftable, sound.layout.snapshotTable,
                sound.layout.snapshotL1[0], sound.l2EntryAt(0), std::uint64_t{8}, sound.layout.refblocks.at(0)};
            const std::uint64_t at = places[random() % places.size()] + random() % 16 * 8;
            test::put64(bytes, std::min<std::uint64_t>(at, bytes.size() - 8), edge());
        }
        if (random() % 4 == 0)
            bytes.resize(random() % bytes.size());
        opened += census(bytes).has_value() ? 1 : 0;
    }
    QVERIFY(opened > 500);
}

QTEST_GUILESS_MAIN(DamageTest)
#include "damage_test.moc"
