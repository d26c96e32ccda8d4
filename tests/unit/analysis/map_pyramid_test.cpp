// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/map_pyramid.h"
#include "core/base/checked_math.h"
#include "core/storage/memory_storage.h"
#include "tests/support/expect.h"
#include "tests/support/image_builder.h"

#include <numeric>
#include <random>
#include <set>

using namespace cowscope;
using test::BuiltImage;
using test::ImageBuilder;

namespace
{

constexpr std::uint64_t kMaximum = 65535;
constexpr unsigned kRefblockLevel = 7;

/// Clusters as a list.
class ListSource : public MapSource
{
public:
    explicit ListSource(std::vector<MapFacts> facts)
        : m_facts(std::move(facts))
    {
    }

    std::uint64_t clusters() const override { return m_facts.size(); }
    std::uint64_t maximum() const override { return kMaximum; }
    unsigned refblockLevel() const override { return kRefblockLevel; }
    bool hasRefblock(std::uint64_t index) const override { return index % 5 != 4; }
    void summarize(HostCluster first, unsigned level, std::span<MapCell> out, MapTotals* totals) const override
    {
        for (std::size_t i = 0; i < out.size(); ++i) {
            const std::uint64_t begin = first.value() + (std::uint64_t{i} << level);
            out[i] = sum(begin, std::uint64_t{1} << level);
            for (std::uint64_t at = begin; totals && at < std::min(begin + (std::uint64_t{1} << level), clusters());
                 ++at)
                totals->add(m_facts[at], 1, kMaximum);
        }
    }

    MapCell sum(std::uint64_t begin, std::uint64_t count) const
    {
        MapCell cell;
        for (std::uint64_t at = begin; at < std::min(begin + count, clusters()); ++at)
            cell.add(m_facts[at], 1, kMaximum);
        return cell;
    }

private:
    std::vector<MapFacts> m_facts;
};

std::vector<MapFacts> someFacts(std::size_t clusters)
{
    std::mt19937_64 random(5);
    std::vector<MapFacts> facts(clusters);
    for (MapFacts& each : facts)
        each = {static_cast<ClusterOwner>(random() % kOwnerCount), static_cast<MapVerdict>(random() % kMapVerdictCount),
            static_cast<SnapshotShare>(random() % kSnapshotShareCount), random() % 70'000};
    return facts;
}

/// All but what depends on the order of adding.
bool sameSum(const MapCell& a, const MapCell& b)
{
    return a.largest == b.largest && a.counted == b.counted && a.owners == b.owners && a.counts == b.counts
        && a.verdicts == b.verdicts && a.shares == b.shares && a.known == b.known;
}

struct OpenedSource {
    std::shared_ptr<const Image> image;
    std::shared_ptr<const Census> census;
    std::unique_ptr<CensusMapSource> source;
};

OpenedSource open(const BuiltImage& built)
{
    OpenedSource opened;
    opened.image = *Image::open(std::make_shared<MemoryStorage>(built.bytes), {});
    opened.census = *takeCensus(*opened.image, {});
    opened.source = std::make_unique<CensusMapSource>(opened.image, opened.census);
    return opened;
}

} // namespace

class MapPyramidTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void countsFallIntoClassesThatWiden();
    void fillsOfRefblocksFallIntoQuarters();
    void rareOwnersWinOverCommonOnes();
    void theDominantOwnerIsTheMostCommonOne();
    void everyLevelIsTheSumOfItsClusters();
    void aLoneDamagedClusterIsSeenFromAnyHeight();
    void whatIsReadyCanBeReadWhileItGrows();
    void goesOnAfterACancel();
    void totalsCountEveryClusterOnce();
    void anEmptyMapHasNoCells();
    void sumsUpAnImageAsClusterByCluster();
    void saysWhichSnapshotsShare();
    void findingsReachTheirClusters();
    void ofOverlappingFindingsTheWorstShows();
};

void MapPyramidTest::countsFallIntoClassesThatWiden()
{
    QCOMPARE(countClass(0, kMaximum), 0U);
    QCOMPARE(countClass(1, kMaximum), 1U);
    QCOMPARE(countClass(1, 1), 1U); // a width of 1 bit has no count that is remarkable
    QCOMPARE(countClass(3, 3), kFullCountClass);
    QCOMPARE(countClass(UINT64_MAX, UINT64_MAX), kFullCountClass);
    for (std::size_t i = 0; i < kFullCountClass; ++i) {
        QCOMPARE(countClass(countClassFirst(i), UINT64_MAX), i);
        QCOMPARE(countClass(countClassLast(i) - (i + 1 == kFullCountClass ? 1 : 0), UINT64_MAX), i);
    }
}

void MapPyramidTest::fillsOfRefblocksFallIntoQuarters()
{
    QCOMPARE(refblockFill(0, 100), RefblockFill::Empty);
    QCOMPARE(refblockFill(1, 100), RefblockFill::UpToQuarter);
    QCOMPARE(refblockFill(25, 100), RefblockFill::UpToQuarter);
    QCOMPARE(refblockFill(26, 100), RefblockFill::UpToHalf);
    QCOMPARE(refblockFill(75, 100), RefblockFill::UpToThreeQuarters);
    QCOMPARE(refblockFill(99, 100), RefblockFill::NotFull);
    QCOMPARE(refblockFill(100, 100), RefblockFill::Full);
}

void MapPyramidTest::rareOwnersWinOverCommonOnes()
{
    const auto bits
        = [](auto... owners) { return static_cast<std::uint16_t>(((1U << static_cast<unsigned>(owners)) | ...)); };
    using enum ClusterOwner;
    QCOMPARE(rarestOwner(0), Free);
    QCOMPARE(rarestOwner(bits(Free, Data)), Data);
    QCOMPARE(rarestOwner(bits(Data, L2Table, Refblock)), Refblock);
    QCOMPARE(rarestOwner(bits(Data, Header, Leaked, SnapshotTable)), Leaked);
    std::set<unsigned> ranks;
    for (std::size_t i = 0; i < kOwnerCount; ++i)
        ranks.insert(ownerRank(static_cast<ClusterOwner>(i)));
    QCOMPARE(ranks.size(), kOwnerCount);
}

void MapPyramidTest::theDominantOwnerIsTheMostCommonOne()
{
    MapCell cell;
    cell.add({ClusterOwner::L2Table, MapVerdict::Right, SnapshotShare::ActiveOnly, 1}, 10, kMaximum);
    cell.add({ClusterOwner::Data, MapVerdict::Right, SnapshotShare::ActiveOnly, 1}, 8000, kMaximum);
    cell.add({ClusterOwner::Header, MapVerdict::Right, SnapshotShare::None, 1}, 1, kMaximum);
    QCOMPARE(cell.dominant, ClusterOwner::Data);
    QCOMPARE(rarestOwner(cell.owners), ClusterOwner::Header);
    QCOMPARE(cell.counted, 8011U);
}

void MapPyramidTest::everyLevelIsTheSumOfItsClusters()
{
    for (const std::size_t clusters : {1U, 15U, 16U, 17U, 1000U, 70'001U}) {
        const auto source = std::make_shared<ListSource>(someFacts(clusters));
        MapPyramid pyramid(source);
        QVERIFY(pyramid.build({}));
        QCOMPARE(pyramid.ready(), clusters);
        for (unsigned level = pyramid.lowestLevel(); level < 20; ++level) {
            const std::uint64_t length = std::uint64_t{1} << level;
            for (std::uint64_t i = 0; i <= divideUp(clusters, length); i += 1 + i / 7)
                QVERIFY(sameSum(pyramid.cell(level, i), source->sum(i * length, length)));
        }
    }
}

void MapPyramidTest::aLoneDamagedClusterIsSeenFromAnyHeight()
{
    constexpr std::uint64_t kDamaged = 54'321;
    std::vector<MapFacts> facts(100'000, MapFacts{ClusterOwner::Data, MapVerdict::Right, SnapshotShare::ActiveOnly, 1});
    facts[kDamaged].verdict = MapVerdict::TooLow;
    facts[kDamaged].count = 0;
    MapPyramid pyramid(std::make_shared<ListSource>(facts));
    QVERIFY(pyramid.build({}));
    for (unsigned level = pyramid.lowestLevel(); level < 30; ++level) {
        const MapCell cell = pyramid.cell(level, kDamaged >> level);
        QVERIFY(cell.isBad());
        QCOMPARE(cell.worst(), MapVerdict::TooLow);
        QCOMPARE(cell.dominant, ClusterOwner::Data);
        if (kDamaged >> level > 0)
            QVERIFY(!pyramid.cell(level, (kDamaged >> level) - 1).isBad());
    }
}

void MapPyramidTest::whatIsReadyCanBeReadWhileItGrows()
{
    const auto source = std::make_shared<ListSource>(someFacts(100'000));
    MapPyramid pyramid(source);
    QVERIFY(!pyramid.cell(20, 0).known);
    std::size_t looks = 0;
    const auto look = [&](const Progress&) {
        const std::uint64_t ready = pyramid.ready();
        for (unsigned level = pyramid.lowestLevel(); level < 20; ++level) {
            const std::uint64_t length = std::uint64_t{1} << level;
            for (std::uint64_t i = 0; i * length < 100'000; i += 1 + i / 3) {
                const std::uint64_t known = std::min(length, ready - std::min(ready, i * length));
                QVERIFY(sameSum(pyramid.cell(level, i), source->sum(i * length, known)));
            }
        }
        ++looks;
    };
    QVERIFY(pyramid.build({{}, look}));
    QVERIFY(looks > 5);
}

void MapPyramidTest::goesOnAfterACancel()
{
    const auto source = std::make_shared<ListSource>(someFacts(100'000));
    MapPyramid pyramid(source);
    std::stop_source stop;
    const auto stopInTheMiddle = [&](const Progress& progress) {
        if (progress.done > 40'000)
            stop.request_stop();
    };
    const auto stopped = pyramid.build({stop.get_token(), stopInTheMiddle});
    QVERIFY(!stopped);
    QCOMPARE(stopped.error().kind, ErrorKind::Cancelled);
    QVERIFY(pyramid.ready() > 40'000 && pyramid.ready() < 100'000);
    QVERIFY(!pyramid.isComplete());
    QVERIFY(pyramid.build({}));
    QVERIFY(pyramid.isComplete());
    MapTotals expected;
    std::vector<MapCell> one(1);
    source->summarize(HostCluster(0), 17, one, &expected);
    QVERIFY(sameSum(pyramid.cell(17, 0), one.front()));
    QCOMPARE(pyramid.totals().owners, expected.owners);
}

void MapPyramidTest::totalsCountEveryClusterOnce()
{
    const std::size_t clusters = 10'000;
    MapPyramid pyramid(std::make_shared<ListSource>(someFacts(clusters)));
    QVERIFY(pyramid.build({}));
    const auto sum = [](const auto& parts) { return std::accumulate(parts.begin(), parts.end(), std::uint64_t{0}); };
    QCOMPARE(sum(pyramid.totals().owners), clusters);
    QCOMPARE(sum(pyramid.totals().counts), clusters);
    QCOMPARE(sum(pyramid.totals().verdicts), clusters);
    QCOMPARE(sum(pyramid.totals().shares), clusters);
    QCOMPARE(sum(pyramid.totals().refblocks), divideUp(clusters, std::uint64_t{1} << kRefblockLevel));
    QCOMPARE(pyramid.totals().refblocks[static_cast<std::size_t>(RefblockFill::Missing)], 15U);
}

void MapPyramidTest::anEmptyMapHasNoCells()
{
    MapPyramid pyramid(std::make_shared<ListSource>(std::vector<MapFacts>()));
    QVERIFY(pyramid.build({}));
    QVERIFY(pyramid.isComplete());
    QVERIFY(!pyramid.cell(pyramid.lowestLevel(), 0).known);
}

void MapPyramidTest::sumsUpAnImageAsClusterByCluster()
{
    ImageBuilder builder;
    for (std::uint64_t i = 0; i < 40; ++i)
        builder.data(i);
    builder.compressed({50, 51, 52, 53}, 700);
    builder.snapshot("1", "a");
    builder.skip(5000);
    for (std::uint64_t i = 0; i < 20; ++i)
        builder.data(i);
    builder.leak(30, 3);
    const OpenedSource opened = open(builder.build());
    const CensusMapSource& source = *opened.source;
    for (unsigned level = 0; level < 14; ++level) {
        const std::uint64_t length = std::uint64_t{1} << level;
        std::vector<MapCell> cells(divideUp(source.clusters(), length) + 1);
        MapTotals totals;
        source.summarize(HostCluster(0), level, cells, &totals);
        MapTotals expected;
        for (std::size_t i = 0; i < cells.size(); ++i) {
            MapCell cell;
            for (std::uint64_t at = i * length; at < std::min((i + 1) * length, source.clusters()); ++at) {
                cell.add(source.facts(HostCluster(at)), 1, source.maximum());
                expected.add(source.facts(HostCluster(at)), 1, source.maximum());
            }
            QVERIFY(sameSum(cells[i], cell));
        }
        QCOMPARE(totals.owners, expected.owners);
        QCOMPARE(totals.verdicts, expected.verdicts);
    }
    for (std::size_t i = 0; i < kOwnerCount; ++i) {
        MapPyramid pyramid(std::make_shared<CensusMapSource>(opened.image, opened.census));
        QVERIFY(pyramid.build({}));
        QCOMPARE(pyramid.totals().owners[i], opened.census->clustersByOwner[i]);
    }
}

void MapPyramidTest::saysWhichSnapshotsShare()
{
    ImageBuilder builder;
    const std::uint64_t shared = builder.data(0) / builder.clusterSize();
    const std::uint64_t replaced = builder.data(1) / builder.clusterSize();
    builder.snapshot("1", "a");
    const std::uint64_t own = builder.data(1) / builder.clusterSize();
    const std::uint64_t often = builder.data(2) / builder.clusterSize();
    builder.snapshot("2", "b");
    builder.snapshot("3", "c");
    const OpenedSource opened = open(builder.build());
    const auto share = [&](std::uint64_t cluster) { return opened.source->facts(HostCluster(cluster)).share; };
    QCOMPARE(share(0), SnapshotShare::None);
    QCOMPARE(share(shared), SnapshotShare::MoreThanHalf);
    QCOMPARE(share(replaced), SnapshotShare::SnapshotsOnly);
    QCOMPARE(share(own), SnapshotShare::MoreThanHalf);
    QCOMPARE(share(often), SnapshotShare::MoreThanHalf);
    const std::uint64_t active = 1; // the L1 table, which no guest sees
    QCOMPARE(share(active), SnapshotShare::None);
}

void MapPyramidTest::findingsReachTheirClusters()
{
    ImageBuilder builder;
    const std::uint64_t low = builder.data(0) / builder.clusterSize();
    const std::uint64_t high = builder.data(1) / builder.clusterSize();
    const std::uint64_t leaked = builder.allocate() / builder.clusterSize();
    builder.data(2);
    BuiltImage built = builder.build();
    const std::uint64_t table = built.l2EntryAt(2) / built.clusterSize();
    built.setCount(low, 0);
    built.setCount(high, 3);
    built.bytes[built.l2EntryAt(2) + 7] |= std::byte{0x02}; // a reserved bit
    const OpenedSource opened = open(built);
    const auto verdict = [&](std::uint64_t cluster) { return opened.source->facts(HostCluster(cluster)).verdict; };
    QCOMPARE(verdict(0), MapVerdict::Right);
    QCOMPARE(verdict(low), MapVerdict::TooLow);
    QCOMPARE(verdict(high), MapVerdict::TooHigh);
    QCOMPARE(verdict(leaked), MapVerdict::Leaked);
    QCOMPARE(verdict(table), MapVerdict::BadEntry);
}

void MapPyramidTest::ofOverlappingFindingsTheWorstShows()
{
    ImageBuilder builder;
    builder.data(0);
    const OpenedSource opened = open(builder.build());
    auto census = std::make_shared<Census>();
    census->map = ClusterMap(100);
    const auto add = [&](FindingKind kind, std::uint64_t first, std::uint64_t clusters) {
        Finding finding;
        finding.kind = kind;
        finding.cluster = HostCluster(first);
        finding.clusters = clusters;
        census->findings.push_back(finding);
    };
    add(FindingKind::RefcountTooLow, 30, 10);
    add(FindingKind::CopiedFlagWrong, 10, 50);
    add(FindingKind::DoubleOwner, 35, 10);
    add(FindingKind::CopiedFlagWrong, 20, 2);
    const CensusMapSource source(opened.image, census);
    for (std::uint64_t cluster = 0; cluster < 100; ++cluster) {
        MapVerdict expected = MapVerdict::Free;
        if (cluster >= 30 && cluster < 40)
            expected = MapVerdict::TooLow;
        else if (cluster >= 35 && cluster < 45)
            expected = MapVerdict::SeveralOwners;
        else if (cluster >= 10 && cluster < 60)
            expected = MapVerdict::BadEntry;
        QCOMPARE(source.facts(HostCluster(cluster)).verdict, expected);
        MapCell cell;
        source.summarize(HostCluster(cluster), 0, std::span(&cell, 1));
        QCOMPARE(cell.worst(), expected);
    }
}

QTEST_GUILESS_MAIN(MapPyramidTest)
#include "map_pyramid_test.moc"
