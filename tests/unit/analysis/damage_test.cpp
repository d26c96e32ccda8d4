// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/census.h"
#include "core/storage/memory_storage.h"
#include "tests/support/damages.h"
#include "tests/support/expect.h"
#include "tests/support/sample_images.h"

#include <random>

using namespace cowscope;
using test::BuiltImage;
using test::Bytes;
using test::clusterOf;
using test::Damage;
using test::damages;
using test::entry;
using test::kCompressed;
using test::kCopied;
using test::kFar;
using test::kOffsetMask;
using test::setEntry;
using test::soundImage;

namespace
{

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
    void referencesPastTheEndNameTheirEntry();
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

void DamageTest::referencesPastTheEndNameTheirEntry()
{
    BuiltImage data = soundImage();
    setEntry(data, 3, kCopied | kFar);
    BuiltImage table = soundImage();
    test::setL1(table, kCopied | kFar);
    const std::pair<const BuiltImage*, std::string> cases[] = {{&data, "L2 entry 3 of table 0x"},
        {&data, ", guest 0x3000: data"}, {&table, "L1 entry 0, guest 0x0 to 0x1fffff: L2 table"}};
    for (const auto& [image, part] : cases) {
        const auto found = census(image->bytes);
        QVERIFY(found);
        const bool named = std::ranges::any_of((*found)->findings, [&, part = part](const Finding& each) {
            return each.kind == FindingKind::ReferencePastEnd && each.detail.find(part) != std::string::npos;
        });
        QVERIFY2(named, firstFinding(**found, 12).c_str());
    }
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
