// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/compact_counts.h"
#include "tests/support/expect.h"

#include <algorithm>
#include <random>

using namespace cowscope;

namespace
{

constexpr std::uint64_t kClusters = 3 * CompactCounts::kPageClusters;

/// The same numbers in the plainest way, and random runs for both.
struct Model {
    CompactCounts counts{kClusters};
    std::vector<std::uint64_t> plain = std::vector<std::uint64_t>(kClusters);

    void add(std::uint64_t first, std::uint64_t count, std::uint64_t number)
    {
        if (count == 1)
            counts.add(HostCluster(first), number);
        else
            counts.addRun(HostCluster(first), count, number);
        for (std::uint64_t i = first; i < first + count; ++i)
            plain[i] += number;
    }

    void addAtRandom(std::mt19937_64& random, std::uint64_t number)
    {
        const std::uint64_t first = random() % kClusters;
        const std::uint64_t most = random() % 3 == 0 ? 1 : std::uint64_t{1} << random() % 18;
        add(first, std::min(1 + random() % most, kClusters - first), number);
    }
};

} // namespace

class CompactCountsTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void countsAsPlainNumbersDo();
    void copiesItsNumbers();
    void countsNumbersAboveAnother();
    void setsWhatRefblocksHold();
    void isFullPastItsMost();
    void tellsWhetherPartsAddUp();
    void fullPagesShareTheirMemory();
};

void CompactCountsTest::countsAsPlainNumbersDo()
{
    std::mt19937_64 random(1);
    for (int round = 0; round < 12; ++round) {
        Model model;
        for (int i = 0; i < 1 + round * 3; ++i)
            model.addAtRandom(random, round % 2 == 0 ? 1 : 1 + random() % 5);
        for (std::uint64_t i = 0; i < kClusters; ++i) {
            if (model.counts.count(HostCluster(i)) != model.plain[i])
                QFAIL(("cluster " + std::to_string(i)).c_str());
        }
        for (int i = 0; i < 100; ++i) {
            const std::uint64_t first = random() % kClusters;
            const std::uint64_t count = 1 + random() % (kClusters - first);
            const auto run = std::span(model.plain).subspan(first, count);
            const auto isUsed = [](std::uint64_t number) { return number != 0; };
            QCOMPARE(model.counts.used(HostCluster(first), count),
                static_cast<std::uint64_t>(std::ranges::count_if(run, isUsed)));
            QCOMPARE(model.counts.largest(HostCluster(first), count), std::ranges::max(run));
            const auto look = model.counts.look(HostCluster(first), count);
            const auto ones = static_cast<std::uint64_t>(std::ranges::count(run, 1U));
            QCOMPARE(look.ones, ones > 0);
            QCOMPARE(look.others, ones < count);
            QCOMPARE(look.largest, std::ranges::max(run));
            const auto used
                = std::find_if(model.plain.begin() + static_cast<std::ptrdiff_t>(first), model.plain.end(), isUsed);
            QCOMPARE(model.counts.nextUsed(HostCluster(first)).value(),
                static_cast<std::uint64_t>(used - model.plain.begin()));
            const auto unused
                = std::find(model.plain.begin() + static_cast<std::ptrdiff_t>(first), model.plain.end(), 0U);
            QCOMPARE(model.counts.nextFree(HostCluster(first)).value(),
                static_cast<std::uint64_t>(unused - model.plain.begin()));
        }
    }
}

void CompactCountsTest::copiesItsNumbers()
{
    std::mt19937_64 random(5);
    for (int round = 0; round < 30; ++round) {
        Model model;
        for (int i = 0; i < round; ++i)
            model.addAtRandom(random, i % 4 == 0 ? 1 + random() % 5 : 1);
        const std::uint64_t first = random() % kClusters / 64 * 64;
        std::vector<std::uint64_t> wanted(1 + random() % kClusters);
        for (std::size_t i = 0; i < wanted.size(); ++i)
            wanted[i] = first + i < kClusters ? model.plain[first + i] : 0;
        std::vector<std::uint64_t> numbers(wanted.size(), 7);
        model.counts.copy(HostCluster(first), numbers);
        QVERIFY(numbers == wanted);
        std::vector<std::uint8_t> bytes(std::min<std::uint64_t>(
            wanted.size(), CompactCounts::kPageClusters - first % CompactCounts::kPageClusters));
        model.counts.expand(HostCluster(first), bytes);
        QVERIFY(std::equal(bytes.begin(), bytes.end(), wanted.begin()));
    }
}

void CompactCountsTest::countsNumbersAboveAnother()
{
    std::mt19937_64 random(6);
    Model model;
    for (int i = 0; i < 40; ++i)
        model.addAtRandom(random, 1 + random() % 6);
    for (std::uint64_t page = 0; page < model.counts.pages(); ++page) {
        const auto numbers
            = std::span(model.plain).subspan(page * CompactCounts::kPageClusters, CompactCounts::kPageClusters);
        for (const std::uint64_t number : {1U, 2U, 3U, 15U, 254U, 255U}) {
            const auto isAbove = [number](std::uint64_t each) { return each > number; };
            QCOMPARE(
                model.counts.above(page, number), static_cast<std::uint64_t>(std::ranges::count_if(numbers, isAbove)));
        }
    }
}

void CompactCountsTest::setsWhatRefblocksHold()
{
    std::mt19937_64 random(2);
    CompactCounts counts(kClusters);
    std::vector<std::uint64_t> plain(kClusters);
    for (std::uint64_t first = 0; first < kClusters; first += 4096) {
        const std::uint64_t most = std::array<std::uint64_t, 3>{1, 2, 255}[random() % 3];
        for (std::uint64_t i = first; i < first + 4096; ++i)
            plain[i] = random() % most;
        QVERIFY(counts.set(HostCluster(first), std::span(plain).subspan(first, 4096)));
    }
    for (std::uint64_t i = 0; i < kClusters; ++i) {
        if (counts.count(HostCluster(i)) != plain[i])
            QFAIL(("cluster " + std::to_string(i)).c_str());
    }
    plain[70] = CompactCounts::kMost + 1;
    QVERIFY(!CompactCounts(kClusters).set(HostCluster(64), std::span(plain).subspan(64, 64)));
}

void CompactCountsTest::isFullPastItsMost()
{
    CompactCounts counts(kClusters);
    counts.addRun(HostCluster(100), 50, 200);
    counts.add(HostCluster(120), CompactCounts::kMost - 200);
    QVERIFY(!counts.isFull());
    QCOMPARE(counts.count(HostCluster(120)), CompactCounts::kMost);
    counts.add(HostCluster(120), 1);
    QVERIFY(counts.isFull());
}

void CompactCountsTest::tellsWhetherPartsAddUp()
{
    std::mt19937_64 random(3);
    for (int round = 0; round < 60; ++round) {
        Model a;
        Model b;
        Model other;
        Model settled;
        for (int i = 0; i < 4; ++i) {
            a.addAtRandom(random, 1);
            b.addAtRandom(random, round % 2 == 0 ? 1 : 2);
            if (round % 3 == 0)
                other.addAtRandom(random, 1);
        }
        Model stored;
        for (std::uint64_t i = 0; i < kClusters; ++i) {
            const std::uint64_t sum = a.plain[i] + b.plain[i] + other.plain[i];
            if (sum > 0)
                stored.add(i, 1, sum);
            if (round % 5 != 0 && (sum == 0 || round % 5 == 4) && random() % 5000 == 0) {
                settled.add(i, 1, 1);
                stored.add(i, 1, 1 + random() % 3);
            }
        }
        if (round % 4 == 1)
            stored.add(random() % kClusters, 1, 1);
        const std::array<std::vector<const CompactCounts*>, 2> groups{
            std::vector<const CompactCounts*>{&a.counts, &b.counts}, {&other.counts}};
        for (std::uint64_t page = 0; page < stored.counts.pages(); ++page) {
            bool right = true;
            for (std::uint64_t i = page << 16; i < (page + 1) << 16; ++i) {
                const std::uint64_t sum = a.plain[i] + b.plain[i];
                const std::uint64_t all = sum + other.plain[i];
                right = right && (settled.plain[i] != 0 ? all == 0 : stored.plain[i] == all)
                    && (sum == 0 || other.plain[i] == 0);
            }
            QCOMPARE(addsUp(stored.counts, groups, settled.counts, page), right);
        }
    }
}

void CompactCountsTest::fullPagesShareTheirMemory()
{
    CompactCounts counts(kClusters);
    const std::vector<std::uint64_t> ones(4096, 1);
    for (std::uint64_t first = 0; first < 2 * CompactCounts::kPageClusters; first += ones.size())
        QVERIFY(counts.set(HostCluster(first), ones));
    QVERIFY(counts.set(HostCluster(2 * CompactCounts::kPageClusters), ones));
    for (std::uint64_t page = 0; page < counts.pages(); ++page)
        counts.compact(page);
    QCOMPARE(counts.bits(0), counts.bits(1));
    QVERIFY(counts.bits(2) != counts.bits(0));
    QCOMPARE(counts.used(HostCluster(0), kClusters), 2 * CompactCounts::kPageClusters + ones.size());
    counts.add(HostCluster(7), 1); // takes bytes of its own
    QCOMPARE(counts.count(HostCluster(7)), 2U);
    QCOMPARE(counts.count(HostCluster(CompactCounts::kPageClusters + 7)), 1U);
}

QTEST_GUILESS_MAIN(CompactCountsTest)
#include "compact_counts_test.moc"
