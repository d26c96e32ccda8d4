// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/image/cluster_set.h"
#include "core/edit/image/count_runs.h"
#include "core/edit/image/reference_batch.h"
#include "tests/support/bytes.h"

#include <QtTest/QtTest>
#include <random>
#include <set>

using namespace cowscope;
using test::Bytes;

/// Work on many counts and clusters at once does what the same one by one does.
class CountRunsTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void raisesUpToACountThatCannotRise_data() { eachOrder(); }
    void raisesUpToACountThatCannotRise();
    void lowersUpToACountThatIsTooSmall_data() { eachOrder(); }
    void lowersUpToACountThatIsTooSmall();
    void findsTheFirstZeroCount_data() { eachOrder(); }
    void findsTheFirstZeroCount();
    void visitsTheCountsThatDiffer_data() { eachOrder(); }
    void visitsTheCountsThatDiffer();
    void aSetFindsItsFirstMemberInARun();
    void aBatchHandsOutRefblockAfterRefblock();

private:
    static constexpr std::size_t kBlockBytes = 512;

    static void eachOrder()
    {
        QTest::addColumn<unsigned>("order");
        for (unsigned order = 0; order <= 6; ++order)
            QTest::addRow("%u bits", 1U << order) << order;
    }

    /// Counts from 1 to the maximum, seldom 0, often next to a limit.
    Bytes randomBlock(RefcountCodec codec)
    {
        Bytes block(kBlockBytes);
        for (std::uint64_t i = 0; i < codec.entriesIn(kBlockBytes); ++i) {
            const std::uint64_t dice = m_random() % 64;
            const std::uint64_t count = dice == 0 ? 0 : dice < 3 ? codec.maximum() : 1 + m_random() % 3;
            codec.set(block, i, std::min(count, codec.maximum()));
        }
        return block;
    }

    std::mt19937_64 m_random{7};
};

void CountRunsTest::raisesUpToACountThatCannotRise()
{
    QFETCH(unsigned, order);
    const RefcountCodec codec(order);
    const std::uint64_t entries = codec.entriesIn(kBlockBytes);
    for (int round = 0; round < 200; ++round) {
        Bytes block = randomBlock(codec);
        Bytes plain = block;
        const std::uint64_t first = m_random() % entries;
        const std::uint64_t count = m_random() % (entries - first + 1);
        const std::uint64_t by = 1 + m_random() % 3;
        std::uint64_t wanted = 0;
        for (; wanted < count; ++wanted) {
            const std::uint64_t now = codec.get(plain, first + wanted);
            if (now == 0 || by > codec.maximum() - now)
                break;
            codec.set(plain, first + wanted, now + by);
        }
        QCOMPARE(raiseCounts(codec, block, first, count, by), wanted);
        QVERIFY(block == plain);
    }
}

void CountRunsTest::lowersUpToACountThatIsTooSmall()
{
    QFETCH(unsigned, order);
    const RefcountCodec codec(order);
    const std::uint64_t entries = codec.entriesIn(kBlockBytes);
    for (int round = 0; round < 200; ++round) {
        Bytes block = randomBlock(codec);
        Bytes plain = block;
        const std::uint64_t first = m_random() % entries;
        const std::uint64_t count = m_random() % (entries - first + 1);
        const std::uint64_t by = 1 + m_random() % 2;
        CountTally wantedTally;
        std::uint64_t wanted = 0;
        for (; wanted < count && codec.get(plain, first + wanted) >= by; ++wanted) {
            const std::uint64_t left = codec.get(plain, first + wanted) - by;
            codec.set(plain, first + wanted, left);
            wantedTally.ones += left == 1;
            wantedTally.zeros += left == 0;
        }
        CountTally tally;
        QCOMPARE(lowerCounts(codec, block, first, count, by, tally), wanted);
        QVERIFY(block == plain);
        QCOMPARE(tally.ones, wantedTally.ones);
        QCOMPARE(tally.zeros, wantedTally.zeros);
    }
}

void CountRunsTest::findsTheFirstZeroCount()
{
    QFETCH(unsigned, order);
    const RefcountCodec codec(order);
    const std::uint64_t entries = codec.entriesIn(kBlockBytes);
    for (int round = 0; round < 200; ++round) {
        const Bytes block = randomBlock(codec);
        const std::uint64_t first = m_random() % (entries + 1);
        std::uint64_t wanted = first;
        while (wanted < entries && codec.get(block, wanted) != 0)
            ++wanted;
        QCOMPARE(firstZeroCount(codec, block, first), wanted);
    }
    const Bytes full(kBlockBytes, std::byte{0xff});
    QCOMPARE(firstZeroCount(codec, full, 0), entries);
}

void CountRunsTest::visitsTheCountsThatDiffer()
{
    QFETCH(unsigned, order);
    const RefcountCodec codec(order);
    const Bytes one = randomBlock(codec);
    Bytes other = one;
    std::set<std::uint64_t> wanted;
    for (int i = 0; i < 20; ++i) {
        const std::uint64_t entry = m_random() % codec.entriesIn(kBlockBytes);
        codec.set(other, entry, codec.maximum() - codec.get(one, entry));
        if (codec.get(other, entry) != codec.get(one, entry))
            wanted.insert(entry);
    }
    std::set<std::uint64_t> got;
    forDifferentCounts(codec, one, other, [&](std::uint64_t entry, std::uint64_t a, std::uint64_t b) {
        QCOMPARE(a, codec.get(one, entry));
        QCOMPARE(b, codec.get(other, entry));
        got.insert(entry);
    });
    QVERIFY(got == wanted);
}

void CountRunsTest::aSetFindsItsFirstMemberInARun()
{
    ClusterSet set;
    std::set<std::uint64_t> plain;
    for (int i = 0; i < 3000; ++i) {
        const std::uint64_t cluster = m_random() % 20000;
        if (m_random() % 4 == 0) {
            set.erase(HostCluster(cluster));
            plain.erase(cluster);
        } else {
            set.insert(HostCluster(cluster));
            plain.insert(cluster);
        }
        const ClusterRun run{HostCluster(m_random() % 20000), m_random() % 200};
        const auto wanted = plain.lower_bound(run.first.value());
        const bool has = wanted != plain.end() && *wanted < run.end().value();
        const auto got = set.firstIn(run);
        QCOMPARE(got.has_value(), has);
        QVERIFY(!has || got->value() == *wanted);
    }
    set.insert(HostCluster(~std::uint64_t{0} / 512));
    QVERIFY(set.contains(HostCluster(~std::uint64_t{0} / 512)));
    set.clear();
    QVERIFY(!set.firstIn({HostCluster(0), 20000}));
}

void CountRunsTest::aBatchHandsOutRefblockAfterRefblock()
{
    constexpr std::uint64_t kEntries = 64;
    ReferenceBatch batch(1000, kEntries);
    for (std::uint32_t i = 0; i < 500; ++i)
        batch.add({HostCluster(m_random() % 1200), i, 1, false}); // some beyond the end of the file
    std::vector<ReferenceBatch::Item> got;
    QVERIFY(batch.drain([&](const ReferenceBatch::Item& item) -> Result<void> {
        got.push_back(item);
        return {};
    }));
    QCOMPARE(got.size(), std::size_t{500});
    for (std::size_t i = 1; i < got.size(); ++i) {
        const std::uint64_t before = std::min<std::uint64_t>(got[i - 1].first.value() / kEntries, 1000 / kEntries);
        const std::uint64_t now = std::min<std::uint64_t>(got[i].first.value() / kEntries, 1000 / kEntries);
        QVERIFY(before < now || (before == now && got[i - 1].count < got[i].count));
    }
    int visited = 0;
    batch.add({HostCluster(1), 1, 1, false});
    batch.add({HostCluster(2), 1, 1, false});
    const auto failing = [&](const ReferenceBatch::Item&) -> Result<void> {
        ++visited;
        return fail(ErrorKind::Invalid, "no");
    };
    QVERIFY(!batch.drain(failing));
    QCOMPARE(visited, 1);
    QVERIFY(batch.drain(failing)); // nothing is left
}

QTEST_GUILESS_MAIN(CountRunsTest)
#include "count_runs_test.moc"
