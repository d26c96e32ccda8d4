// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/fragmentation.h"
#include "core/analysis/referrers.h"
#include "core/analysis/space_ledger.h"
#include "core/storage/memory_storage.h"
#include "tests/support/damages.h"
#include "tests/support/expect.h"
#include "tests/support/sample_images.h"

#include <numeric>
#include <random>
#include <set>

using namespace cowscope;
using test::BuiltImage;

namespace
{

struct Taken {
    std::shared_ptr<const Image> image;
    std::shared_ptr<const Census> census;
    SpaceLedger ledger;
};

std::optional<Taken> take(std::shared_ptr<const Storage> storage)
{
    auto image = Image::open(std::move(storage), {});
    if (!image)
        return std::nullopt;
    auto census = takeCensus(**image, {});
    if (!census)
        return std::nullopt;
    auto ledger = takeLedger(**image, **census, {});
    if (!ledger)
        return std::nullopt;
    return Taken{*image, *census, *ledger};
}

std::optional<Taken> take(const BuiltImage& built)
{
    return take(std::make_shared<MemoryStorage>(built.bytes));
}

std::uint64_t sumOf(const SpaceLedger& ledger)
{
    return std::accumulate(ledger.uses.begin(), ledger.uses.end(), std::uint64_t{0},
        [](std::uint64_t sum, const SpaceSum& use) { return sum + use.bytes; });
}

std::uint64_t bytesOf(const Image& image, HostCluster cluster)
{
    const std::uint64_t begin = image.geometry().offset(cluster).value();
    return std::min(begin + image.geometry().clusterSize(), image.fileSize()) - std::min(begin, image.fileSize());
}

/// What a snapshot, or the active disk (nothing), uses alone and together with others, found the slow way.
SpaceShare naiveShare(const Image& image, std::optional<std::size_t> root)
{
    std::vector<HostCluster> all;
    for (std::uint64_t i = 0; i < image.fileClusters(); ++i)
        all.emplace_back(i);
    const auto found = findReferrers(image, all, 1U << 20, {}).value_or(std::vector<Referrer>{});
    std::map<HostCluster, std::set<std::optional<std::size_t>>> roots;
    for (const Referrer& each : found) {
        if (isGuestOwner(each.as) || each.as == ClusterOwner::ActiveL1 || each.as == ClusterOwner::SnapshotL1)
            roots[each.cluster].insert(each.snapshot);
    }
    SpaceShare share;
    for (const auto& [cluster, users] : roots) {
        if (users.contains(root))
            (users.size() == 1 ? share.exclusive : share.shared) += bytesOf(image, cluster);
    }
    return share;
}

/// Data, compressed data and snapshots in some order; now and then a leak, and a file that ends inside a cluster.
BuiltImage randomImage(unsigned seed)
{
    std::mt19937 random(seed);
    const unsigned clusterBits = 9 + random() % 4;
    test::ImageBuilder builder({.clusterBits = clusterBits, .refcountOrder = 4});
    const std::uint64_t guests = (std::uint64_t{1} << 20) >> clusterBits;
    for (int step = 0; step < 24; ++step) {
        switch (random() % 5) {
        case 0:
            builder.snapshot(std::to_string(step), std::to_string(step) + " named");
            break;
        case 1:
            builder.skip(1 + random() % 3);
            break;
        case 2:
            if (random() % 3 == 0)
                builder.allocate(1 + random() % 2);
            break;
        default:
            for (std::uint64_t guest = random() % guests, last = std::min(guests, guest + 1 + random() % 9);
                 guest < last; ++guest)
                builder.data(guest);
        }
    }
    BuiltImage built = builder.build();
    if (random() % 2 == 0)
        built.bytes.resize(built.bytes.size() + random() % 3 * built.clusterSize() + random() % 512);
    return built;
}

} // namespace

class SpaceLedgerTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void linesAddUpToTheFile_data();
    void linesAddUpToTheFile();
    void linesAddUpForDamagedImages_data();
    void linesAddUpForDamagedImages();
    void sharesAreThoseOfASlowCount_data();
    void sharesAreThoseOfASlowCount();
    void compressedClustersOfNeighbouringTablesCountOnce();
    void runsLeadToTheClustersOfALine();
    void freeSpaceBehindTheLastClusterIsTheTail();
    void holesAreBytesWithoutDiskBlocks();
    void canBeCancelled();
    void runsOfDataAreCountedByLength();
    void refblocksAreCountedByFill();
};

void SpaceLedgerTest::linesAddUpToTheFile_data()
{
    QTest::addColumn<unsigned>("seed");
    for (unsigned seed = 1; seed <= 60; ++seed)
        QTest::newRow(qPrintable(QString::number(seed))) << seed;
}

void SpaceLedgerTest::linesAddUpToTheFile()
{
    QFETCH(unsigned, seed);
    const BuiltImage built = randomImage(seed);
    const auto taken = take(built);
    QVERIFY(taken);
    QCOMPARE(taken->ledger.fileBytes, built.bytes.size());
    QCOMPARE(sumOf(taken->ledger), built.bytes.size());
    std::uint64_t leaked = 0;
    for (std::uint64_t i = 0; i < taken->census->map.clusters(); ++i)
        leaked += taken->census->map.owner(HostCluster(i)) == ClusterOwner::Leaked;
    QCOMPARE(taken->ledger.of(SpaceUse::Leaked).clusters, leaked);
}

void SpaceLedgerTest::linesAddUpForDamagedImages_data()
{
    QTest::addColumn<std::size_t>("damage");
    for (std::size_t i = 0; i < test::damages().size(); ++i)
        QTest::newRow(test::damages()[i].name) << i;
}

void SpaceLedgerTest::linesAddUpForDamagedImages()
{
    QFETCH(std::size_t, damage);
    BuiltImage built = test::soundImage();
    test::damages()[damage].hurt(built);
    const auto taken = take(built);
    QVERIFY(taken);
    QCOMPARE(sumOf(taken->ledger), built.bytes.size());
    for (const SpaceShare& share : taken->ledger.snapshots)
        QVERIFY(share.total() <= 2 * built.bytes.size());
}

void SpaceLedgerTest::sharesAreThoseOfASlowCount_data()
{
    linesAddUpToTheFile_data();
}

void SpaceLedgerTest::sharesAreThoseOfASlowCount()
{
    QFETCH(unsigned, seed);
    const auto taken = take(randomImage(seed));
    QVERIFY(taken);
    const auto compare = [&](const SpaceShare& share, std::optional<std::size_t> root) {
        const SpaceShare expected = naiveShare(*taken->image, root);
        QCOMPARE(share.exclusive, expected.exclusive);
        QCOMPARE(share.shared, expected.shared);
    };
    compare(taken->ledger.active, std::nullopt);
    for (std::size_t i = 0; i < taken->ledger.snapshots.size(); ++i)
        compare(taken->ledger.snapshots[i], i);
}

void SpaceLedgerTest::compressedClustersOfNeighbouringTablesCountOnce()
{
    // 64 entries a table: the data of guest clusters 62 to 65 is packed across the border of two tables.
    test::ImageBuilder builder({.clusterBits = 9});
    builder.compressed({60, 61, 62, 63, 64, 65, 66}, 200);
    builder.snapshot("1", "one");
    builder.data(0);
    const auto taken = take(builder.build());
    QVERIFY(taken);
    QCOMPARE(taken->ledger.snapshots.size(), 1U);
    const SpaceShare expected = naiveShare(*taken->image, 0);
    QVERIFY(expected.shared > 0);
    QCOMPARE(taken->ledger.snapshots[0].exclusive, expected.exclusive);
    QCOMPARE(taken->ledger.snapshots[0].shared, expected.shared);
}

void SpaceLedgerTest::runsLeadToTheClustersOfALine()
{
    const auto taken = take(test::snapshotImage(12, 4, 3));
    QVERIFY(taken);
    const ClusterMap& map = taken->census->map;
    for (std::size_t i = 0; i < kSpaceUseCount; ++i) {
        const SpaceSum& sum = taken->ledger.uses[i];
        QCOMPARE(sum.firstRuns.size(), std::min<std::uint64_t>(sum.runs, SpaceLedger::kListedRuns));
        std::uint64_t clusters = 0;
        for (const ClusterSpan& run : sum.firstRuns) {
            clusters += run.clusters;
            for (std::uint64_t at = 0; at < run.clusters; ++at)
                QCOMPARE(map.owner(run.first + at), ownerOf(static_cast<SpaceUse>(i)));
        }
        QCOMPARE(clusters, sum.clusters);
    }
    QVERIFY(taken->ledger.of(SpaceUse::SharedData).clusters > 0);
    QVERIFY(!taken->ledger.active.firstRuns.empty());
}

void SpaceLedgerTest::freeSpaceBehindTheLastClusterIsTheTail()
{
    BuiltImage built = test::plainImage(12, 4);
    const auto before = take(built);
    built.bytes.resize(built.bytes.size() + 10000);
    const auto after = take(built);
    QVERIFY(before && after);
    QCOMPARE(after->ledger.of(SpaceUse::FreeTail).bytes, before->ledger.of(SpaceUse::FreeTail).bytes + 10000);
    QCOMPARE(after->ledger.of(SpaceUse::FreeInside).bytes, before->ledger.of(SpaceUse::FreeInside).bytes);
    QCOMPARE(after->ledger.of(SpaceUse::FreeTail).clusters, std::uint64_t{3});
}

namespace
{

/// A file in which every second block of 512 bytes is a hole.
class Striped : public Storage
{
public:
    explicit Striped(std::vector<std::byte> bytes)
        : m_bytes(std::move(bytes))
    {
    }

    Result<std::uint64_t> size() const override { return m_bytes.size(); }
    Result<std::uint64_t> allocatedBytes() const override { return m_bytes.size(); }
    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) const override
    {
        return m_bytes.read(offset, out);
    }
    Result<StorageExtent> extentAt(std::uint64_t offset) const override
    {
        const std::uint64_t end = *m_bytes.size();
        if (offset >= end)
            return StorageExtent{offset, 0, false};
        return StorageExtent{offset, std::min(end, offset / 512 * 512 + 512) - offset, offset / 512 % 2 == 0};
    }
    Result<void> write(std::uint64_t offset, std::span<const std::byte> bytes) override
    {
        return m_bytes.write(offset, bytes);
    }
    Result<void> flush() override { return {}; }
    Result<void> truncate(std::uint64_t size) override { return m_bytes.truncate(size); }
    bool canGrow() const override { return true; }

private:
    MemoryStorage m_bytes;
};

} // namespace

void SpaceLedgerTest::holesAreBytesWithoutDiskBlocks()
{
    const BuiltImage built = test::plainImage(12, 4);
    const auto taken = take(std::make_shared<Striped>(built.bytes));
    QVERIFY(taken);
    std::uint64_t holes = 0;
    for (const SpaceSum& sum : taken->ledger.uses) {
        QCOMPARE(sum.holes, sum.bytes / 2);
        holes += sum.holes;
    }
    QCOMPARE(taken->ledger.holes, holes);
    QCOMPARE(holes, built.bytes.size() / 2);
}

void SpaceLedgerTest::canBeCancelled()
{
    const auto taken = take(test::snapshotImage(12, 4, 2));
    QVERIFY(taken);
    std::stop_source stop;
    stop.request_stop();
    const auto ledger = takeLedger(*taken->image, *taken->census, {stop.get_token(), {}});
    QVERIFY(!ledger);
    QCOMPARE(ledger.error().kind, ErrorKind::Cancelled);
}

void SpaceLedgerTest::runsOfDataAreCountedByLength()
{
    test::ImageBuilder builder({.clusterBits = 9});
    builder.data(200); // makes the table of guests 192 to 255
    builder.data(0);
    for (const std::uint64_t guest : {10, 11, 12, 13, 14})
        builder.data(guest);
    builder.data(63);
    builder.skip(1);
    builder.data(20);
    builder.compressed({30, 31}, 100);
    const auto taken = take(builder.build());
    QVERIFY(taken);
    const auto measured = measureFragmentation(*taken->image, {});
    VERIFY_OK(measured);
    QCOMPARE(measured->compressed, std::uint64_t{2});
    QCOMPARE(measured->longest, std::uint64_t{5});
    QCOMPARE(measured->allClusters, std::uint64_t{9});
    QCOMPARE(measured->allRuns, std::uint64_t{5});
    QCOMPARE(measured->runs[0], std::uint64_t{4});
    QCOMPARE(measured->runs[2], std::uint64_t{1});
    QCOMPARE(measured->clusters[2], std::uint64_t{5});
}

void SpaceLedgerTest::refblocksAreCountedByFill()
{
    // 512-byte clusters of 64-bit counts: 64 entries a refblock.
    test::ImageBuilder builder({.clusterBits = 9, .refcountOrder = 6});
    builder.allocate(200);
    const auto taken = take(builder.build());
    QVERIFY(taken);
    const auto fill = measureRefblockUsage(*taken->image, *taken->census, {});
    VERIFY_OK(fill);
    QCOMPARE(fill->missing, std::uint64_t{0});
    QCOMPARE(fill->refblocks.back(), std::uint64_t{3}); // clusters 0 to 191 are all used
    QCOMPARE(std::accumulate(fill->refblocks.begin(), fill->refblocks.end(), std::uint64_t{0}), std::uint64_t{4});
}

QTEST_GUILESS_MAIN(SpaceLedgerTest)
#include "space_ledger_test.moc"
