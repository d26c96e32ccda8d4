// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/census.h"
#include "core/storage/memory_storage.h"
#include "tests/support/expect.h"
#include "tests/support/naive_reader.h"
#include "tests/support/sample_images.h"

#include <random>

using namespace cowscope;
using test::BuiltImage;
using test::Bytes;

namespace
{

std::shared_ptr<const Image> open(const BuiltImage& built)
{
    return Image::open(std::make_shared<MemoryStorage>(built.bytes), {}).value_or(nullptr);
}

std::shared_ptr<const Census> census(const BuiltImage& built)
{
    const auto image = open(built);
    return image ? takeCensus(*image, {}).value_or(nullptr) : nullptr;
}

/// An image with every kind of structure, and where each is.
struct Zoo {
    BuiltImage built;
    std::map<std::uint64_t, ClusterOwner> owners; ///< by host offset
};

Zoo makeZoo()
{
    test::ImageBuilder builder({.clusterBits = 12});
    Zoo zoo;
    zoo.owners[builder.data(0)] = ClusterOwner::Data;
    builder.compressed({1, 2}, 1000);
    zoo.owners[builder.skip(1)] = ClusterOwner::Free;
    const std::uint64_t luks = builder.allocate();
    zoo.owners[luks] = ClusterOwner::EncryptionHeader;
    Bytes crypto(16);
    test::put64(crypto, 0, luks);
    test::put64(crypto, 8, 592);
    builder.extension(0x0537be77, crypto);
    zoo.owners[builder.allocate()] = ClusterOwner::Leaked;
    builder.snapshot("1", "one");
    builder.bitmap("bits");
    zoo.built = builder.build();
    zoo.owners[0] = ClusterOwner::Header;
    zoo.owners[zoo.built.layout.l1] = ClusterOwner::ActiveL1;
    zoo.owners[zoo.built.l1Entry(0) & 0x00fffffffffffe00] = ClusterOwner::L2Table;
    zoo.owners[zoo.built.layout.reftable] = ClusterOwner::Reftable;
    zoo.owners[zoo.built.layout.refblocks.at(0)] = ClusterOwner::Refblock;
    zoo.owners[zoo.built.layout.snapshotTable] = ClusterOwner::SnapshotTable;
    zoo.owners[zoo.built.layout.snapshotL1[0]] = ClusterOwner::SnapshotL1;
    return zoo;
}

std::string firstFinding(const Census& census, unsigned clusterBits)
{
    return census.findings.empty() ? "" : describe(census.findings.front(), clusterBits);
}

} // namespace

class CensusTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void findsSoundImagesClean_data();
    void findsSoundImagesClean();
    void agreesWithASecondReader_data();
    void agreesWithASecondReader();
    void namesTheOwnerOfEveryCluster();
    void countsCompressedNeighboursOneByOne();
    void countsSubclusterImages();
    void countsTheOwnersOfTheWholeFile();
    void figuresOfTheActiveDiskAreThoseOfTheGuest();
    void histogramHasEveryClusterOnce();
    void namesTheLargestCountAndWhatStandsInTheWay();
    void snapshotsThatFitAreExact_data();
    void snapshotsThatFitAreExact();
    void compressedNeighboursLimitSnapshotsMore();
    void ignoresCountsBehindTheEndOfTheFile();
    void sharedTablesAreReadOnce();
    void progressGrowsAndEndsAtItsTotal();
    void stopsWhenAsked();
};

void CensusTest::findsSoundImagesClean_data()
{
    QTest::addColumn<unsigned>("order");
    QTest::addColumn<unsigned>("clusterBits");
    for (unsigned order = 0; order <= 6; ++order) {
        for (const unsigned clusterBits : {9U, 12U, 16U})
            QTest::addRow("%u bits, cluster_bits %u", 1U << order, clusterBits) << order << clusterBits;
    }
}

void CensusTest::findsSoundImagesClean()
{
    QFETCH(unsigned, order);
    QFETCH(unsigned, clusterBits);
    const auto plain = census(test::plainImage(clusterBits, order));
    QVERIFY(plain);
    QVERIFY2(plain->findings.empty(), firstFinding(*plain, clusterBits).c_str());
    QVERIFY(plain->isClean());
    if (order < 4)
        return;
    const auto shared = census(test::snapshotImage(clusterBits, order, 4, true));
    QVERIFY(shared);
    QVERIFY2(shared->findings.empty(), firstFinding(*shared, clusterBits).c_str());
}

void CensusTest::agreesWithASecondReader_data()
{
    findsSoundImagesClean_data();
}

void CensusTest::agreesWithASecondReader()
{
    QFETCH(unsigned, order);
    QFETCH(unsigned, clusterBits);
    const BuiltImage built
        = order < 4 ? test::plainImage(clusterBits, order) : test::snapshotImage(clusterBits, order, 5, true);
    const auto taken = census(built);
    QVERIFY(taken);
    auto counts = test::NaiveReader(built.bytes).counts();
    auto references = test::NaiveReader(built.bytes).references();
    QCOMPARE(counts, references); // the builder's own work
    for (std::uint64_t cluster = 0; cluster < built.layout.clusters; ++cluster) {
        QCOMPARE(taken->map.refcount(HostCluster(cluster)), counts[cluster]);
        QCOMPARE(taken->map.references(HostCluster(cluster)), references[cluster]);
    }
}

void CensusTest::namesTheOwnerOfEveryCluster()
{
    const Zoo zoo = makeZoo();
    const auto taken = census(zoo.built);
    QVERIFY(taken);
    for (const auto& [offset, owner] : zoo.owners) {
        const auto found = taken->map.owner(HostCluster(offset / 4096));
        QVERIFY2(found == owner, qPrintable(QStringLiteral("%1: %2").arg(offset, 0, 16).arg(ownerName(found).data())));
    }
    for (const auto owner : {ClusterOwner::CompressedData, ClusterOwner::BitmapDirectory, ClusterOwner::BitmapTable,
             ClusterOwner::BitmapData})
        QCOMPARE(taken->clustersByOwner[static_cast<std::size_t>(owner)], 1U);
    QCOMPARE(taken->leaks, 1U);
    QCOMPARE(taken->corruptions, 0U);
}

void CensusTest::countsCompressedNeighboursOneByOne()
{
    test::ImageBuilder builder({.clusterBits = 12});
    builder.compressed({0, 1, 2, 3, 4}, 1500); // over two host clusters, one of the five over both
    const auto taken = census(builder.build());
    QVERIFY(taken);
    QVERIFY(taken->isClean());
    QCOMPARE(taken->map.references(HostCluster(3)), 3U);
    QCOMPARE(taken->map.references(HostCluster(4)), 3U);
    QCOMPARE(taken->allocation.compressed, 5U);
}

void CensusTest::countsSubclusterImages()
{
    test::ImageBuilder builder({.clusterBits = 14, .virtualSize = 100 << 14, .extendedL2 = true});
    for (std::uint64_t guest = 0; guest < 10; ++guest)
        builder.data(guest * 7);
    builder.snapshot("1", "one");
    const BuiltImage built = builder.build();
    const auto taken = census(built);
    QVERIFY(taken);
    QVERIFY2(taken->isClean(), firstFinding(*taken, 14).c_str());
    QCOMPARE(taken->allocation.allocated, 10U);
    for (const auto& [cluster, count] : test::NaiveReader(built.bytes).references())
        QCOMPARE(taken->map.references(HostCluster(cluster)), count);
}

void CensusTest::countsTheOwnersOfTheWholeFile()
{
    const Zoo zoo = makeZoo();
    const auto taken = census(zoo.built);
    QVERIFY(taken);
    std::uint64_t sum = 0;
    std::array<std::uint64_t, kOwnerCount> byOwner{};
    for (std::uint64_t cluster = 0; cluster < taken->map.clusters(); ++cluster)
        ++byOwner[static_cast<std::size_t>(taken->map.owner(HostCluster(cluster)))];
    for (std::size_t i = 0; i < kOwnerCount; ++i) {
        QCOMPARE(taken->clustersByOwner[i], byOwner[i]);
        sum += byOwner[i];
    }
    QCOMPARE(sum, zoo.built.layout.clusters);
    QCOMPARE(taken->imageEndOffset, zoo.built.bytes.size());
}

void CensusTest::figuresOfTheActiveDiskAreThoseOfTheGuest()
{
    test::ImageBuilder builder({.clusterBits = 12, .virtualSize = 50 * 4096 + 512 + 1});
    builder.data(0);
    builder.data(1); // follows its neighbour
    builder.skip(1);
    builder.data(2); // a gap before it
    builder.zero(3);
    builder.compressed({4}, 900);
    builder.snapshot("1", "one");
    builder.data(0); // written again: elsewhere now
    const auto taken = census(builder.build());
    QVERIFY(taken);
    QCOMPARE(taken->allocation.total, 51U);
    QCOMPARE(taken->allocation.allocated, 4U);
    QCOMPARE(taken->allocation.compressed, 1U);
    // Guest 1 does not follow guest 0 any more, guest 2 stands behind a gap, compressed ones are always fragments.
    QCOMPARE(taken->allocation.fragmented, 3U);
}

void CensusTest::histogramHasEveryClusterOnce()
{
    BuiltImage built = test::snapshotImage(12, 6, 3, true);
    built.setCount(2, 1024);
    built.setCount(3, UINT64_MAX);
    const auto taken = census(built);
    QVERIFY(taken);
    std::map<std::uint64_t, std::uint64_t> expected;
    for (std::uint64_t cluster = 0; cluster < built.layout.clusters; ++cluster)
        ++expected[built.count(cluster)];
    for (std::uint64_t count = 0; count <= RefcountHistogram::kExact; ++count)
        QCOMPARE(taken->histogram.exact[count], expected[count]);
    QCOMPARE(taken->histogram.byLog2[10], 1U);
    QCOMPARE(taken->histogram.byLog2[63], 1U);
    QCOMPARE(taken->histogram.byLog2[11], 0U);
}

void CensusTest::namesTheLargestCountAndWhatStandsInTheWay()
{
    const BuiltImage built = test::snapshotImage(12, 5, 6);
    const auto taken = census(built);
    QVERIFY(taken);
    QCOMPARE(taken->largest.count, 7U);
    QCOMPARE(built.count(taken->largest.cluster.value()), 7U);
    std::array<std::vector<CountedCluster>, kWidthCount> expected;
    for (std::uint64_t cluster = 0; cluster < built.layout.clusters; ++cluster) {
        for (unsigned order = 0; order < kWidthCount; ++order) {
            if (const std::uint64_t count = built.count(cluster); count > ~std::uint64_t{0} >> (64 - (1U << order)))
                expected[order].push_back({HostCluster(cluster), count});
        }
    }
    for (unsigned order = 0; order < kWidthCount; ++order) {
        const WidthObstacles& obstacles = taken->obstacles[order];
        QCOMPARE(obstacles.clusters, expected[order].size());
        expected[order].resize(std::min(expected[order].size(), WidthObstacles::kListed));
        QVERIFY(obstacles.first == expected[order]);
    }
    QVERIFY(taken->obstacles[0].clusters > 0 && taken->obstacles[1].clusters > 0);
    QCOMPARE(taken->obstacles[2].clusters, 0U);
}

void CensusTest::snapshotsThatFitAreExact_data()
{
    QTest::addColumn<unsigned>("existing");
    QTest::addColumn<bool>("shared");
    for (const unsigned existing : {0U, 1U, 3U}) {
        QTest::addRow("%u snapshots", existing) << existing << false;
        QTest::addRow("%u snapshots, shared compressed clusters", existing) << existing << true;
    }
}

void CensusTest::snapshotsThatFitAreExact()
{
    QFETCH(unsigned, existing);
    QFETCH(bool, shared);
    const auto before = census(test::snapshotImage(12, 4, existing, shared));
    QVERIFY(before);
    for (unsigned order = 1; order <= 3; ++order) {
        const std::uint64_t fit = before->snapshotsThatFit[order];
        if (before->obstacles[order].clusters > 0) {
            QCOMPARE(fit, 0U);
            continue;
        }
        // That many more snapshots fit, and one more does not. (The sample writes between them, which changes nothing.)
        const auto full = census(test::snapshotImage(12, 4, existing + static_cast<unsigned>(fit), shared));
        const auto over = census(test::snapshotImage(12, 4, existing + static_cast<unsigned>(fit) + 1, shared));
        QVERIFY(full && over);
        QCOMPARE(full->obstacles[order].clusters, 0U);
        QVERIFY(over->obstacles[order].clusters > 0);
    }
}

void CensusTest::compressedNeighboursLimitSnapshotsMore()
{
    test::ImageBuilder builder({.clusterBits = 12});
    builder.compressed({0, 1, 2}, 500);
    const auto taken = census(builder.build());
    QVERIFY(taken);
    QCOMPARE(taken->snapshotsThatFit[0], 0U);
    QCOMPARE(taken->snapshotsThatFit[1], 0U); // 3 of 3 used, each snapshot adds 3
    QCOMPARE(taken->snapshotsThatFit[2], 4U);
    QCOMPARE(taken->snapshotsThatFit[3], 84U);
    QCOMPARE(taken->snapshotsThatFit[6], std::uint64_t{kMaxSnapshots});
}

void CensusTest::ignoresCountsBehindTheEndOfTheFile()
{
    BuiltImage built = test::plainImage(12, 4);
    built.setCount(built.layout.clusters + 5, 1);
    built.setCount(built.layout.clusters + 9, 3);
    const auto taken = census(built);
    QVERIFY(taken);
    QVERIFY(taken->isClean());
    QCOMPARE(taken->countedPastEnd, 2U);
    QCOMPARE(taken->map.clusters(), built.layout.clusters);
    QCOMPARE(taken->largest.count, 1U);
}

void CensusTest::sharedTablesAreReadOnce()
{
    test::ImageBuilder builder({.clusterBits = 12});
    builder.data(0);
    for (unsigned i = 0; i < 200; ++i)
        builder.snapshot(std::to_string(i), "s");
    const auto image = open(builder.build());
    QVERIFY(image);
    std::uint64_t total = 0;
    const auto taken = takeCensus(*image, {{}, [&](const Progress& progress) { total = progress.total; }});
    VERIFY_OK(taken);
    QVERIFY((*taken)->isClean());
    QCOMPARE(total, 2U * 4096); // one refblock, one L2 table
    QCOMPARE((*taken)->map.references(HostCluster(2)), 201U);
}

void CensusTest::progressGrowsAndEndsAtItsTotal()
{
    for (const BuiltImage& built : {test::snapshotImage(9, 4, 5), test::plainImage(9, 4)}) {
        const auto image = open(built);
        QVERIFY(image);
        std::vector<Progress> all;
        VERIFY_OK(takeCensus(*image, {{}, [&](const Progress& progress) { all.push_back(progress); }}));
        QVERIFY(all.size() > 5);
        QVERIFY(all.back().total > 0);
        QCOMPARE(all.back().done, all.back().total);
        for (std::size_t i = 1; i < all.size(); ++i) {
            QVERIFY(all[i].done >= all[i - 1].done);
            QVERIFY(all[i].done <= all[i].total);
            // The total is known once the tables are listed; until then nothing counts as done.
            QVERIFY(all[i].total == all[i - 1].total || all[i - 1].done == 0);
        }
    }
}

void CensusTest::stopsWhenAsked()
{
    const auto image = open(test::snapshotImage(9, 4, 5));
    QVERIFY(image);
    int reports = 0;
    VERIFY_OK(takeCensus(*image, {{}, [&](const Progress&) { ++reports; }}));
    for (int at = 0; at < reports; ++at) {
        std::stop_source stop;
        int seen = 0;
        const auto taken = takeCensus(*image, {stop.get_token(), [&](const Progress&) {
                                                   if (seen++ == at)
                                                       stop.request_stop();
                                               }});
        // A stop at the very last report may come too late to matter.
        if (at + 1 < reports)
            VERIFY_ERROR(taken, ErrorKind::Cancelled);
    }
}

QTEST_GUILESS_MAIN(CensusTest)
#include "census_test.moc"
