// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/single_uses.h"
#include "core/base/two_threads.h"
#include "tests/support/expect.h"

#include <algorithm>
#include <random>

using namespace cowscope;

namespace
{

constexpr std::uint64_t kPage = CompactCounts::kPageClusters;

struct Run {
    std::uint64_t first;
    std::uint64_t count;
};

/// Runs without a common cluster, in any order, each inside one of two pages.
std::vector<Run> randomRuns(std::mt19937_64& random)
{
    std::vector<Run> runs;
    for (std::uint64_t at = 0; at < 2 * kPage;) {
        const std::uint64_t most = random() % 2 == 0 ? 1 : 300;
        const std::uint64_t count = std::min(1 + random() % most, kPage - at % kPage);
        if (random() % 3 != 0)
            runs.push_back({at, count});
        at += count;
    }
    std::ranges::shuffle(runs, random);
    return runs;
}

CompactCounts countsOf(std::span<const Run> runs)
{
    CompactCounts counts(3 * kPage);
    for (const Run& run : runs)
        counts.addRun(HostCluster(run.first), run.count, 1);
    return counts;
}

} // namespace

class SingleUsesTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void isAllOnceEveryRunIsTaken();
    void refusesASecondReference();
    void refusesPagesWithoutBits();
};

void SingleUsesTest::isAllOnceEveryRunIsTaken()
{
    std::mt19937_64 random(1);
    for (int round = 0; round < 5; ++round) {
        const std::vector<Run> runs = randomRuns(random);
        const CompactCounts stored = countsOf(runs);
        SingleUses uses(stored);
        std::atomic<std::size_t> next{0};
        std::atomic<bool> taken{true};
        onTwoThreads([&](std::size_t) {
            for (std::size_t i = next++; i < runs.size() - 1; i = next++)
                taken = uses.add(HostCluster(runs[i].first), runs[i].count) && taken;
        });
        QVERIFY(taken);
        const Run last = runs.back();
        QVERIFY(!uses.has(HostCluster(last.first)));
        QVERIFY(!uses.isAll(stored, last.first / kPage));
        QVERIFY(uses.add(HostCluster(last.first), last.count));
        QVERIFY(uses.has(HostCluster(last.first)));
        for (std::uint64_t page = 0; page < stored.pages(); ++page)
            QVERIFY(uses.isAll(stored, page));
    }
}

void SingleUsesTest::refusesASecondReference()
{
    std::mt19937_64 random(2);
    const std::vector<Run> runs = randomRuns(random);
    const CompactCounts stored = countsOf(runs);
    SingleUses uses(stored);
    for (const Run& run : runs)
        QVERIFY(uses.add(HostCluster(run.first), run.count));
    for (const Run& run : runs) {
        QVERIFY(!uses.add(HostCluster(run.first + run.count - 1), 1));
        QVERIFY(!uses.add(HostCluster(run.first), run.count));
    }
}

void SingleUsesTest::refusesPagesWithoutBits()
{
    CompactCounts stored(2 * kPage);
    stored.add(HostCluster(5), 1);
    stored.add(HostCluster(kPage + 5), 2);
    SingleUses uses(stored);
    QVERIFY(uses.add(HostCluster(5), 1));
    QVERIFY(!uses.add(HostCluster(kPage + 5), 1));
    QVERIFY(uses.add(HostCluster(6), 1)); // not counted: that is seen in the end
    QVERIFY(!uses.isAll(stored, 0));
}

QTEST_GUILESS_MAIN(SingleUsesTest)
#include "single_uses_test.moc"
