// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/cluster_map.h"
#include "tests/support/expect.h"

#include <algorithm>
#include <random>

using namespace cowscope;

namespace
{

constexpr std::uint64_t kClusters = 200'000; // several pages, the last one partial

/// Small counts, as most images have them, and now and then one that needs a place of its own.
std::uint64_t someCount(std::mt19937_64& random)
{
    switch (random() % 64) {
    case 0:
        return 0xfffe + random() % 3;
    case 1:
        return random();
    default:
        return random() % 3;
    }
}

bool sameState(const ClusterState& a, const ClusterState& b)
{
    return a.owner == b.owner && a.refcount == b.refcount && a.references == b.references && a.exact == b.exact
        && a.active == b.active && a.snapshot == b.snapshot && a.severalOwners == b.severalOwners;
}

/// Whether a cluster may not be summed up with its neighbours.
bool isSpecial(const ClusterState& state)
{
    return state.refcount != state.references || state.severalOwners
        || state.references >= ClusterMap::kReferenceCeiling || state.owner == ClusterOwner::CompressedData;
}

} // namespace

/// The forms for runs must do exactly what the forms for one cluster do.
class ClusterMapRunsTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void runsOfReferencesEqualSingleOnes();
    void runsOfCountsEqualSingleOnes();
    void copiedFlagsAreJudgedAsOneByOne();
    void summariesAddUpWhatTheClustersAre();
    void runsOfEqualClustersAreEqual();
};

void ClusterMapRunsTest::runsOfReferencesEqualSingleOnes()
{
    std::mt19937_64 random(1);
    ClusterMap runs(kClusters);
    ClusterMap singles(kClusters);
    for (int i = 0; i < 400; ++i) {
        const std::uint64_t first = random() % kClusters;
        const std::uint64_t count = random() % std::min<std::uint64_t>(kClusters - first, 3000) + 1;
        const auto owner = random() % 8 == 0 ? ClusterOwner::L2Table : ClusterOwner::Data;
        const std::uint64_t active = random() % 2;
        const std::uint64_t snapshots = random() % 16 == 0 ? 100 + random() % 400 : 1 - active + random() % 2;
        runs.addReferencesToRun(HostCluster(first), count, owner, active, snapshots);
        for (std::uint64_t cluster = first; cluster < first + count; ++cluster)
            singles.addReferences(HostCluster(cluster), owner, active, snapshots);
    }
    for (std::uint64_t i = 0; i < kClusters; ++i)
        QVERIFY2(sameState(runs.state(HostCluster(i)), singles.state(HostCluster(i))), qPrintable(QString::number(i)));
}

void ClusterMapRunsTest::runsOfCountsEqualSingleOnes()
{
    std::mt19937_64 random(2);
    ClusterMap runs(kClusters);
    ClusterMap singles(kClusters);
    for (std::uint64_t first = 0; first < kClusters;) {
        std::vector<std::uint64_t> counts(std::min<std::uint64_t>(random() % 5000 + 1, kClusters - first));
        const bool plain = random() % 2 == 0;
        std::ranges::generate(counts, [&] { return plain ? random() % 2 : someCount(random); });
        runs.setRefcounts(HostCluster(first), counts);
        for (std::size_t i = 0; i < counts.size(); ++i)
            singles.setRefcount(HostCluster(first + i), counts[i]);
        first += counts.size();
    }
    for (std::uint64_t i = 0; i < kClusters; ++i)
        QVERIFY2(sameState(runs.state(HostCluster(i)), singles.state(HostCluster(i))), qPrintable(QString::number(i)));
}

void ClusterMapRunsTest::copiedFlagsAreJudgedAsOneByOne()
{
    std::mt19937_64 random(3);
    ClusterMap map(kClusters);
    for (std::uint64_t i = 50'000; i < 150'000; ++i)
        map.setRefcount(HostCluster(i), random() % 500 == 0 ? 2 : 1);
    for (int i = 0; i < 2000; ++i) {
        const std::uint64_t first = random() % kClusters;
        const std::uint64_t count = random() % std::min<std::uint64_t>(kClusters - first, 900) + 1;
        for (const bool copied : {false, true}) {
            bool right = true;
            for (std::uint64_t cluster = first; cluster < first + count; ++cluster)
                right = right && (map.refcount(HostCluster(cluster)) == 1) == copied;
            QCOMPARE(map.copiedIsRight(HostCluster(first), count, copied), right);
        }
    }
}

void ClusterMapRunsTest::summariesAddUpWhatTheClustersAre()
{
    std::mt19937_64 random(4);
    ClusterMap map(kClusters);
    constexpr std::array owners{ClusterOwner::Data, ClusterOwner::L2Table, ClusterOwner::Refblock,
        ClusterOwner::SnapshotL1, ClusterOwner::CompressedData};
    for (std::uint64_t i = 0; i < kClusters; ++i) {
        const bool mixed = i / 10'000 % 2 == 1;
        if (mixed && random() % 4 == 0)
            continue;
        const ClusterOwner owner = mixed ? owners[random() % (random() % 64 == 0 ? 5 : 4)] : ClusterOwner::Data;
        const std::uint64_t snapshots = mixed ? random() % 5 : 0;
        map.addReferences(HostCluster(i), owner, 1, snapshots);
        map.setRefcount(HostCluster(i), 1 + snapshots + (random() % 20'000 == 0 ? 1 : 0));
    }
    int summarized = 0;
    constexpr std::uint64_t kBlock = 256;
    for (std::uint64_t first = 0; first < kClusters; first += kBlock) {
        const std::uint64_t count = std::min(kBlock, kClusters - first);
        BlockSummary expected;
        bool special = false;
        for (std::uint64_t i = 0; i < count; ++i) {
            const ClusterState state = map.state(HostCluster(first + i));
            special = special || isSpecial(state);
            ++expected.clustersByOwner[static_cast<std::size_t>(state.owner)];
            expected.used = state.owner == ClusterOwner::Free ? expected.used : i + 1;
            if (isGuestOwner(state.owner) && state.active)
                expected.largestShared = std::max(expected.largestShared, state.refcount);
        }
        const auto summary = map.summarize(HostCluster(first), count);
        QCOMPARE(summary.has_value(), !special);
        if (!summary)
            continue;
        ++summarized;
        QCOMPARE(summary->clustersByOwner, expected.clustersByOwner);
        QCOMPARE(summary->used, expected.used);
        QCOMPARE(summary->largestShared, expected.largestShared);
    }
    QVERIFY(summarized > 100);
}

void ClusterMapRunsTest::runsOfEqualClustersAreEqual()
{
    std::mt19937_64 random(4);
    ClusterMap map(kClusters);
    for (std::uint64_t at = 0; at + 2000 < kClusters; at += random() % 3000) {
        const std::vector<std::uint64_t> counts(1 + random() % 700, someCount(random));
        map.setRefcounts(HostCluster(at), counts);
        map.addReferencesToRun(HostCluster(at), 1 + random() % 900, ClusterOwner::Data, random() % 2, random() % 300);
    }
    std::uint64_t longest = 0;
    for (HostCluster at(0); at.value() < kClusters;) {
        const std::uint64_t limit = std::min(1 + random() % 100'000, kClusters - at.value());
        const std::uint64_t run = map.runOfEqual(at, limit);
        QVERIFY(run >= 1 && run <= limit);
        for (std::uint64_t i = 1; i < run; ++i)
            QVERIFY(sameState(map.state(at), map.state(at + i)));
        longest = std::max(longest, run);
        at = at + run;
    }
    QVERIFY(longest > 500);
}

QTEST_GUILESS_MAIN(ClusterMapRunsTest)
#include "cluster_map_runs_test.moc"
