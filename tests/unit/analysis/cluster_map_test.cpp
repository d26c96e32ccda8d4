// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/cluster_map.h"
#include "core/analysis/finding.h"
#include "tests/support/expect.h"

#include <random>
#include <set>

using namespace cowscope;

class ClusterMapTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void knowsNothingAtFirst();
    void keepsCountsOfEverySize();
    void saysWhereACountIsOnlyALowerBound();
    void addsUpReferencesExactly();
    void tellsActiveFromSnapshots();
    void firstOwnerStaysAndTheOtherIsNoted();
    void countWithoutReferenceIsALeak();
    void walksOverFreeSpaceInStrides();
    void agreesWithASimpleModel();
    void everyOwnerHasItsNameAndLetter();
    void everyFindingIsDescribed();
    void descriptionsNameRunsAndPlaces();
    void anOverflowNamesTheWidthThatWouldHoldIt();
};

void ClusterMapTest::knowsNothingAtFirst()
{
    const ClusterMap map(1'000'000);
    QCOMPARE(map.clusters(), 1'000'000U);
    QCOMPARE(map.owner(HostCluster(999'999)), ClusterOwner::Free);
    QCOMPARE(map.refcount(HostCluster(5)), 0U);
    QCOMPARE(map.references(HostCluster(5)), 0U);
    QVERIFY(map.nextKnown(HostCluster(0)) == HostCluster(1'000'000));
    QCOMPARE(map.owner(HostCluster(UINT64_MAX)), ClusterOwner::Free);
}

void ClusterMapTest::keepsCountsOfEverySize()
{
    ClusterMap map(1000);
    std::uint64_t cluster = 0;
    for (const std::uint64_t count : {std::uint64_t{1}, std::uint64_t{0xfffe}, std::uint64_t{0xffff},
             std::uint64_t{0x10000}, std::uint64_t{1} << 40, UINT64_MAX}) {
        map.setRefcount(HostCluster(++cluster), count);
        QCOMPARE(map.refcount(HostCluster(cluster)), count);
        QVERIFY(map.isExact(HostCluster(cluster)));
    }
}

void ClusterMapTest::saysWhereACountIsOnlyALowerBound()
{
    ClusterMap map(ClusterMap::kMaxExact + 10);
    for (std::uint64_t i = 0; i <= ClusterMap::kMaxExact; ++i)
        map.setRefcount(HostCluster(i), 1'000'000 + i);
    QCOMPARE(map.refcount(HostCluster(17)), 1'000'017U);
    const HostCluster last(ClusterMap::kMaxExact);
    QVERIFY(!map.isExact(last));
    QCOMPARE(map.refcount(last), ClusterMap::kCountCeiling);
}

void ClusterMapTest::addsUpReferencesExactly()
{
    ClusterMap map(100);
    const HostCluster cluster(42);
    std::uint64_t expected = 0;
    for (const std::uint64_t more : {1, 200, 53, 1, 1, 1'000'000}) {
        map.addReferences(cluster, ClusterOwner::Data, more, 2);
        expected += more + 2;
        QCOMPARE(map.references(cluster), expected);
    }
}

void ClusterMapTest::tellsActiveFromSnapshots()
{
    ClusterMap map(100);
    map.addReferences(HostCluster(1), ClusterOwner::Data, 1, 0);
    map.addReferences(HostCluster(2), ClusterOwner::Data, 0, 3);
    QVERIFY(map.usedByActive(HostCluster(1)) && !map.usedBySnapshot(HostCluster(1)));
    QVERIFY(!map.usedByActive(HostCluster(2)) && map.usedBySnapshot(HostCluster(2)));
    QVERIFY(!map.usedByActive(HostCluster(3)) && !map.usedBySnapshot(HostCluster(3)));
}

void ClusterMapTest::firstOwnerStaysAndTheOtherIsNoted()
{
    ClusterMap map(100);
    map.addReferences(HostCluster(1), ClusterOwner::ActiveL1, 1, 0);
    map.addReferences(HostCluster(1), ClusterOwner::ActiveL1, 1, 0);
    QVERIFY(!map.hasSeveralOwners(HostCluster(1)));
    map.addReferences(HostCluster(1), ClusterOwner::Data, 1, 0);
    QVERIFY(map.hasSeveralOwners(HostCluster(1)));
    QCOMPARE(map.owner(HostCluster(1)), ClusterOwner::ActiveL1);
}

void ClusterMapTest::countWithoutReferenceIsALeak()
{
    ClusterMap map(100);
    map.setRefcount(HostCluster(1), 1);
    QCOMPARE(map.owner(HostCluster(1)), ClusterOwner::Leaked);
    map.addReferences(HostCluster(1), ClusterOwner::Data, 1, 0);
    QCOMPARE(map.owner(HostCluster(1)), ClusterOwner::Data);
}

void ClusterMapTest::walksOverFreeSpaceInStrides()
{
    const std::uint64_t clusters = std::uint64_t{1} << 30;
    ClusterMap map(clusters);
    map.setRefcount(HostCluster(700'000'000), 1);
    int steps = 0;
    bool found = false;
    for (HostCluster at = map.nextKnown(HostCluster(0)); at < HostCluster(clusters); at = map.nextKnown(at + 1)) {
        ++steps;
        found = found || at == HostCluster(700'000'000);
    }
    QVERIFY(found);
    QVERIFY(steps <= 65536);
}

void ClusterMapTest::agreesWithASimpleModel()
{
    struct Known {
        std::uint64_t count = 0;
        std::uint64_t references = 0;
    };
    std::mt19937_64 random(5);
    std::map<std::uint64_t, Known> model;
    ClusterMap map(1 << 20);
    for (int i = 0; i < 100'000; ++i) {
        const std::uint64_t cluster = random() % 3000 * 311;
        Known& known = model[cluster];
        if (known.count == 0) {
            known.count = 1 + random() % 100'000;
            map.setRefcount(HostCluster(cluster), known.count);
        }
        const std::uint64_t active = random() % 3;
        known.references += active + 1;
        map.addReferences(HostCluster(cluster), ClusterOwner::Data, active, 1);
    }
    for (const auto& [cluster, known] : model) {
        QCOMPARE(map.refcount(HostCluster(cluster)), known.count);
        QCOMPARE(map.references(HostCluster(cluster)), known.references);
    }
}

void ClusterMapTest::everyOwnerHasItsNameAndLetter()
{
    std::set<std::string_view> names;
    std::set<char> letters;
    for (std::size_t i = 0; i < kOwnerCount; ++i) {
        names.insert(ownerName(static_cast<ClusterOwner>(i)));
        letters.insert(ownerLetter(static_cast<ClusterOwner>(i)));
    }
    QCOMPARE(names.size(), kOwnerCount);
    QCOMPARE(letters.size(), kOwnerCount);
    QVERIFY(!names.contains(""));
}

void ClusterMapTest::everyFindingIsDescribed()
{
    std::set<std::string_view> titles;
    for (int i = 0; i < static_cast<int>(kFindingKindCount); ++i) {
        const FindingText& text = findingText(static_cast<FindingKind>(i));
        QCOMPARE(static_cast<int>(text.kind), i);
        QVERIFY(titles.insert(text.title).second);
        QVERIFY2(text.rule.ends_with('.') && text.repair.ends_with('.'), std::string(text.title).c_str());
        QVERIFY(!severityName(text.severity).empty());
    }
}

void ClusterMapTest::descriptionsNameRunsAndPlaces()
{
    Finding finding;
    finding.kind = FindingKind::Leak;
    finding.cluster = HostCluster(17);
    finding.clusters = 3;
    finding.actual = 1;
    const QByteArray text = QByteArray::fromStdString(describe(finding, 12));
    for (const char* part : {"Leaked clusters", "3 clusters from 17", "0x11000", "count 1", "references 0"})
        QVERIFY2(text.contains(part), text.constData());
}

void ClusterMapTest::anOverflowNamesTheWidthThatWouldHoldIt()
{
    Finding finding;
    finding.kind = FindingKind::RefcountOverflow;
    for (const auto& [references, bits] : {std::pair{2U, "=2"}, {3U, "=2"}, {4U, "=4"}, {256U, "=16"}}) {
        finding.expected = references;
        const QByteArray text = QByteArray::fromStdString(describe(finding, 12));
        QVERIFY2(text.endsWith(QByteArray("needs refcount_bits") + bits), text.constData());
    }
}

QTEST_GUILESS_MAIN(ClusterMapTest)
#include "cluster_map_test.moc"
