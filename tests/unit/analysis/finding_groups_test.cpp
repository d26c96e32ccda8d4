// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/finding_groups.h"
#include "core/storage/memory_storage.h"
#include "tests/support/damages.h"
#include "tests/support/expect.h"
#include "tests/support/sample_images.h"

#include <set>

using namespace cowscope;
using test::BuiltImage;
using test::kCopied;
using test::kOffsetMask;

namespace
{

struct Grouped {
    std::shared_ptr<const Image> image;
    std::shared_ptr<const Census> census;
    std::vector<FindingGroup> groups;

    const FindingGroup* of(GroupCause cause) const
    {
        const auto found = std::ranges::find(groups, cause, &FindingGroup::cause);
        return found == groups.end() ? nullptr : &*found;
    }
};

std::optional<Grouped> group(const BuiltImage& built)
{
    auto image = Image::open(std::make_shared<MemoryStorage>(built.bytes), {});
    if (!image)
        return std::nullopt;
    auto census = takeCensus(**image, {});
    if (!census)
        return std::nullopt;
    auto groups = groupFindings(**image, **census, {});
    if (!groups)
        return std::nullopt;
    return Grouped{*image, *census, *groups};
}

/// Clusters of 512 bytes, 64 entries a table: four tables, each with 40 clusters of data.
BuiltImage fourTables()
{
    test::ImageBuilder builder({.clusterBits = 9, .virtualSize = 4 * 64 * 512});
    for (std::uint64_t table = 0; table < 4; ++table) {
        for (std::uint64_t guest = 0; guest < 40; ++guest)
            builder.data(table * 64 + guest);
    }
    return builder.build();
}

void setL1Entry(BuiltImage& built, std::uint64_t index, std::uint64_t raw)
{
    test::put64(built.bytes, built.layout.l1 + index * 8, raw);
}

bool contains(const std::string& text, std::string_view part)
{
    return text.find(part) != std::string::npos;
}

} // namespace

class FindingGroupsTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void aSoundImageHasNoGroups();
    void everyFindingIsInExactlyOneGroup_data();
    void everyFindingIsInExactlyOneGroup();
    void leaksOfALostTableAreOneGroupWithItsGuestRange();
    void aBrokenL1EntryBelongsToTheTableThatItLost();
    void tablesThatAreLostTogetherAreOneGroup();
    void theGuestRangeIsNotGuessedWhereItCannotBeTold();
    void aLostL1TableIsTheTraceOfASnapshot();
    void leakedDataIsNotTakenForATable();
    void doubleAllocationNamesAllOwners();
    void twoPlacesOfOneDiskAreADoubleAllocation();
    void countsOfAMissingRefblockAreOneGroup();
    void aFileThatWasCutOffIsToldFromWildReferences();
    void anOverwrittenTableIsOneGroup();
    void aDirtyImageExplainsItsCounts();
    void flagsThatFollowWrongCountsAreSetApart();
    void theWorstGroupsComeFirst();
};

void FindingGroupsTest::aSoundImageHasNoGroups()
{
    const auto grouped = group(test::snapshotImage(12, 4, 2));
    QVERIFY(grouped);
    QVERIFY(grouped->groups.empty());
}

void FindingGroupsTest::everyFindingIsInExactlyOneGroup_data()
{
    QTest::addColumn<std::size_t>("damage");
    for (std::size_t i = 0; i < test::damages().size(); ++i)
        QTest::newRow(test::damages()[i].name) << i;
}

void FindingGroupsTest::everyFindingIsInExactlyOneGroup()
{
    QFETCH(std::size_t, damage);
    BuiltImage built = test::soundImage();
    test::damages()[damage].hurt(built);
    const auto grouped = group(built);
    QVERIFY(grouped);
    std::vector<int> times(grouped->census->findings.size(), 0);
    for (const FindingGroup& each : grouped->groups) {
        QVERIFY(!each.title.empty() && !each.rule.empty() && !each.repair.empty());
        QVERIFY(!each.findings.empty());
        Severity worst = Severity::Note;
        for (const std::size_t i : each.findings) {
            ++times[i];
            worst = std::max(worst, grouped->census->findings[i].severity());
        }
        QCOMPARE(each.severity, worst);
    }
    QCOMPARE(times, std::vector<int>(times.size(), 1));
}

void FindingGroupsTest::leaksOfALostTableAreOneGroupWithItsGuestRange()
{
    BuiltImage built = fourTables();
    const std::uint64_t table = (built.l1Entry(2) & kOffsetMask) / 512;
    setL1Entry(built, 2, 0);
    const auto grouped = group(built);
    QVERIFY(grouped);
    QCOMPARE(grouped->groups.size(), 1U);
    const FindingGroup& lost = grouped->groups.front();
    QCOMPARE(lost.cause, GroupCause::LostL2Tables);
    QCOMPARE(lost.places, std::uint64_t{41});
    QVERIFY(lost.guest);
    QCOMPARE(lost.guest->first.value(), std::uint64_t{2 * 64 * 512});
    QCOMPARE(lost.guest->bytes, std::uint64_t{64 * 512});
    QVERIFY2(
        contains(lost.title, "41 leaked clusters are 1 lost L2 table, guest 64 KiB to 96 KiB"), lost.title.c_str());
    QVERIFY2(contains(lost.why, "cluster " + std::to_string(table) + " "), lost.why.c_str());
}

void FindingGroupsTest::aBrokenL1EntryBelongsToTheTableThatItLost()
{
    BuiltImage built = fourTables();
    setL1Entry(built, 1, kCopied | test::kFar);
    const auto grouped = group(built);
    QVERIFY(grouped);
    const FindingGroup* lost = grouped->of(GroupCause::LostL2Tables);
    QVERIFY(lost && lost->guest);
    QCOMPARE(lost->guest->first.value(), std::uint64_t{64 * 512});
    QCOMPARE(lost->severity, Severity::Corruption);
    const auto isReference
        = [&](std::size_t i) { return grouped->census->findings[i].kind == FindingKind::ReferencePastEnd; };
    QVERIFY(std::ranges::any_of(lost->findings, isReference));
}

void FindingGroupsTest::tablesThatAreLostTogetherAreOneGroup()
{
    BuiltImage built = fourTables();
    setL1Entry(built, 1, 0);
    setL1Entry(built, 2, 0);
    const auto grouped = group(built);
    QVERIFY(grouped);
    QCOMPARE(grouped->groups.size(), 1U); // their clusters lie side by side: one run of leaks
    QVERIFY2(contains(grouped->groups[0].title, "82 leaked clusters are 2 lost L2 tables, guest 32 KiB to 96 KiB"),
        grouped->groups[0].title.c_str());
}

void FindingGroupsTest::theGuestRangeIsNotGuessedWhereItCannotBeTold()
{
    BuiltImage built = fourTables();
    setL1Entry(built, 3, 0); // no table behind it: the disk may just end there
    const auto grouped = group(built);
    QVERIFY(grouped);
    QCOMPARE(grouped->groups.size(), 1U);
    QCOMPARE(grouped->groups[0].cause, GroupCause::LostL2Tables);
    QVERIFY(!grouped->groups[0].guest);
}

void FindingGroupsTest::aLostL1TableIsTheTraceOfASnapshot()
{
    test::ImageBuilder builder({.clusterBits = 9, .virtualSize = 4 * 64 * 512});
    for (std::uint64_t guest = 0; guest < 30; ++guest)
        builder.data(guest);
    builder.snapshot("1", "one");
    for (std::uint64_t guest = 0; guest < 30; ++guest)
        builder.data(guest);
    BuiltImage built = builder.build();
    test::put32(built.bytes, 60, 0); // nb_snapshots
    const auto grouped = group(built);
    QVERIFY(grouped);
    const FindingGroup* lost = grouped->of(GroupCause::LostSnapshot);
    QVERIFY(lost);
    QVERIFY(lost->places >= 32); // 30 clusters of data, an L2 table, an L1 table
    QVERIFY(contains(lost->title, "a lost snapshot"));
}

void FindingGroupsTest::leakedDataIsNotTakenForATable()
{
    test::ImageBuilder builder({.clusterBits = 9});
    builder.data(0);
    builder.allocate(20);
    BuiltImage built = builder.build();
    const auto grouped = group(built);
    QVERIFY(grouped);
    QCOMPARE(grouped->groups.size(), 1U);
    QCOMPARE(grouped->groups[0].cause, GroupCause::Unlinked);
    QCOMPARE(grouped->groups[0].places, std::uint64_t{20});
}

void FindingGroupsTest::doubleAllocationNamesAllOwners()
{
    BuiltImage built = test::soundImage();
    test::setEntry(built, 40, built.layout.reftable); // data where the reftable is
    const auto grouped = group(built);
    QVERIFY(grouped);
    const FindingGroup* twice = grouped->of(GroupCause::DoubleAllocation);
    QVERIFY(twice);
    QCOMPARE(twice->owners.size(), 2U);
    const std::string owners = twice->owners[0] + "\n" + twice->owners[1];
    QVERIFY2(contains(owners, "guest 0x28000"), owners.c_str());
    QVERIFY2(contains(owners, "header"), owners.c_str());
    QCOMPARE(twice, &grouped->groups.front());
}

void FindingGroupsTest::twoPlacesOfOneDiskAreADoubleAllocation()
{
    BuiltImage built = test::soundImage();
    test::setEntry(built, 40, test::entry(built, 3));
    const auto grouped = group(built);
    QVERIFY(grouped);
    const FindingGroup* twice = grouped->of(GroupCause::DoubleAllocation);
    QVERIFY(twice);
    QCOMPARE(twice->owners.size(), 2U);
    QVERIFY(contains(twice->owners[0], "guest 0x3000") || contains(twice->owners[1], "guest 0x3000"));
}

void FindingGroupsTest::countsOfAMissingRefblockAreOneGroup()
{
    BuiltImage built = fourTables();
    test::setReftable(built, 0, 0);
    const auto grouped = group(built);
    QVERIFY(grouped);
    const FindingGroup* missing = grouped->of(GroupCause::MissingRefblocks);
    QVERIFY(missing);
    QVERIFY(missing->places > 150);
    QVERIFY(!grouped->of(GroupCause::Alike));
}

void FindingGroupsTest::aFileThatWasCutOffIsToldFromWildReferences()
{
    test::ImageBuilder builder({.clusterBits = 9, .refcountOrder = 4});
    for (std::uint64_t guest = 0; guest < 200; ++guest)
        builder.data(guest);
    BuiltImage built = builder.build();
    // The builder puts the counts last; the data of the last guests is made the end by moving it there.
    const std::uint64_t far = built.layout.clusters + 4;
    for (std::uint64_t guest = 190; guest < 200; ++guest)
        test::setEntry(built, guest, (far + guest - 190) * 512 | kCopied);
    for (std::uint64_t i = 0; i < 10; ++i)
        built.setCount(far + i, 1);
    test::setEntry(built, 5, kCopied | test::kFar);
    const auto grouped = group(built);
    QVERIFY(grouped);
    const FindingGroup* cut = grouped->of(GroupCause::CutOff);
    QVERIFY(cut);
    std::uint64_t references = 0;
    for (const std::size_t i : cut->findings)
        references += grouped->census->findings[i].kind == FindingKind::ReferencePastEnd;
    QCOMPARE(references, std::uint64_t{10});
    QVERIFY(cut->guest);
    QCOMPARE(cut->guest->first.value(), std::uint64_t{190 * 512});
    QCOMPARE(cut->guest->bytes, std::uint64_t{10 * 512});
    QVERIFY(grouped->of(GroupCause::Alike)); // the wild one
}

void FindingGroupsTest::anOverwrittenTableIsOneGroup()
{
    BuiltImage built = fourTables();
    for (std::uint64_t guest = 64; guest < 80; ++guest)
        test::setEntry(built, guest, 0x0123456789abcdef + guest);
    const auto grouped = group(built);
    QVERIFY(grouped);
    const FindingGroup* table = grouped->of(GroupCause::OverwrittenL2Table);
    QVERIFY(table);
    QVERIFY(table->findings.size() >= 16);
    QVERIFY(table->guest);
    QCOMPARE(table->guest->first.value(), std::uint64_t{64 * 512});
}

void FindingGroupsTest::aDirtyImageExplainsItsCounts()
{
    test::ImageBuilder builder({.clusterBits = 12, .incompatible = 1, .compatible = 1});
    for (const std::uint64_t guest : {3, 4, 9})
        builder.data(guest);
    BuiltImage built = builder.build();
    for (const std::uint64_t guest : {3, 4, 9})
        test::setCountOf(built, guest, 0);
    const auto grouped = group(built);
    QVERIFY(grouped);
    QCOMPARE(grouped->groups.size(), 1U);
    const FindingGroup& lazy = grouped->groups[0];
    QCOMPARE(lazy.cause, GroupCause::NotClosed);
    QCOMPARE(lazy.places, std::uint64_t{3}); // three counts and three flags are about three clusters
    QVERIFY2(contains(lazy.title, "counts of 3 clusters"), lazy.title.c_str());
    QVERIFY2(contains(lazy.rule, "count equals") && contains(lazy.rule, "copied flag"), lazy.rule.c_str());
}

void FindingGroupsTest::flagsThatFollowWrongCountsAreSetApart()
{
    BuiltImage built = test::soundImage();
    test::setCountOf(built, 3, 7); // the flag says 1, and one reference there is
    const auto grouped = group(built);
    QVERIFY(grouped);
    const FindingGroup* flags = grouped->of(GroupCause::FlagsFollowCounts);
    QVERIFY(flags);
    QCOMPARE(flags->findings.size(), 1U);
    QVERIFY(grouped->of(GroupCause::StaleCounts));
}

void FindingGroupsTest::theWorstGroupsComeFirst()
{
    BuiltImage built = fourTables();
    setL1Entry(built, 2, 0);
    test::setEntry(built, 3, test::entry(built, 3) & ~kCopied);
    const auto grouped = group(built);
    QVERIFY(grouped);
    QCOMPARE(grouped->groups.size(), 2U);
    QCOMPARE(grouped->groups[0].severity, Severity::Corruption);
    QCOMPARE(grouped->groups[1].cause, GroupCause::LostL2Tables);
}

QTEST_GUILESS_MAIN(FindingGroupsTest)
#include "finding_groups_test.moc"
