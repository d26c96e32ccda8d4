// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/bulk.h"
#include "core/base/two_threads.h"
#include "tests/support/expect.h"

#include <atomic>
#include <random>
#include <vector>

using namespace cowscope;

/// Compares the loops with what they do, one number at a time.
class BulkTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void swapsEveryByte();
    void joinsAllBits();
    void findsTheSameRunsOneByOne();
    void sharesTheWorkWithoutLosingAny();
};

void BulkTest::swapsEveryByte()
{
    for (std::size_t count = 0; count < 40; ++count) {
        std::vector<std::uint64_t> words(count);
        for (std::size_t i = 0; i < count; ++i)
            words[i] = 0x0102030405060708 + i;
        swapWords(words);
        for (std::size_t i = 0; i < count; ++i)
            QCOMPARE(words[i], 0x0807060504030201 + (std::uint64_t{i} << 56));
    }
}

void BulkTest::joinsAllBits()
{
    for (std::size_t at = 0; at < 100; ++at) {
        std::vector<std::uint64_t> words(100);
        QCOMPARE(allBits(words), 0U);
        words[at] = std::uint64_t{1} << at % 64;
        QCOMPARE(allBits(words), std::uint64_t{1} << at % 64);
    }
}

void BulkTest::findsTheSameRunsOneByOne()
{
    std::mt19937_64 random(1);
    for (int round = 0; round < 2000; ++round) {
        const std::uint64_t step = round % 3 == 0 ? 0 : std::uint64_t{1} << random() % 22;
        std::vector<std::uint64_t> words(1 + random() % 400);
        words.front() = round % 5 == 0 ? ~std::uint64_t{0} - 7 * step : random();
        for (std::size_t i = 1; i < words.size(); ++i)
            words[i] = random() % 150 == 0 ? random() : words[i - 1] + step;
        std::size_t run = 1;
        while (run < words.size() && words[run] == words[0] + run * step)
            ++run;
        QCOMPARE(ascendingRun(words, step), run);
    }
}

void BulkTest::sharesTheWorkWithoutLosingAny()
{
    std::atomic<int> next{0};
    std::array<std::vector<int>, kWorkers> taken;
    onTwoThreads([&](std::size_t worker) {
        for (int i = next++; i < 1000; i = next++)
            taken[worker].push_back(i);
    });
    std::vector<int> all = taken[0];
    all.insert(all.end(), taken[1].begin(), taken[1].end());
    std::ranges::sort(all);
    QCOMPARE(all.size(), 1000U);
    for (int i = 0; i < 1000; ++i)
        QCOMPARE(all[static_cast<std::size_t>(i)], i);
}

QTEST_GUILESS_MAIN(BulkTest)
#include "bulk_test.moc"
