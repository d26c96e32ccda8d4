// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/gui/gui_support.h"
#include "ui/clusters/cluster_model.h"
#include "ui/common/format.h"
#include "ui/details/details_text.h"
#include "ui/findings/finding_model.h"
#include "ui/header/header_model.h"
#include "ui/refblock/cluster_summaries.h"
#include "ui/refblock/grid_layout.h"
#include "ui/refblock/heatmap_view.h"
#include "ui/reftable/reftable_model.h"
#include "ui/structure/structure_model.h"

#include <QAbstractItemModelTester>

using namespace cowscope;
using namespace cowscope::test;
using namespace cowscope::ui;

namespace
{

constexpr auto kFail = QAbstractItemModelTester::FailureReportingMode::QtTest;

/// A map with every kind of verdict, some owners, long free stretches and a last page that is not full.
ClusterMap makeMap()
{
    ClusterMap map(200000);
    for (std::uint64_t i = 0; i < 3000; ++i) {
        const HostCluster cluster(i * 7 % 4001);
        map.setRefcount(cluster, i % 5);
        if (i % 3 != 0)
            map.addReferences(cluster, i % 2 == 0 ? ClusterOwner::Data : ClusterOwner::L2Table, i % 4, i % 2);
    }
    map.setRefcount(HostCluster(190001), 3);
    return map;
}

std::vector<HostCluster> clustersOfList(const ClusterList& list)
{
    std::vector<HostCluster> clusters;
    for (std::uint64_t i = 0; i < list.size(); ++i)
        clusters.push_back(list.at(i));
    return clusters;
}

QString cell(const QAbstractItemModel& model, int row, int column)
{
    return model.index(row, column).data().toString();
}

} // namespace

class TestModels : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void structureTreeIsAProperModel();
    void structureTreeListsWhatTheImageHas();
    void structureTreeFetchesLargeTablesInBatches();
    void structureTreeSaysHowLargeAndHowSoundThingsAre();
    void namesFromTheImageAreTextAndNotHtml();
    void headerShowsEachFieldOfTheCatalogue();
    void headerNamesFeaturesAndExtensions();
    void reftableCountsWhatEachRefblockHolds();
    void clusterModelIsAProperModelOnEveryPage();
    void clusterModelAgreesWithTheMap();
    void clusterListsMatchAFilterOneByOne_data();
    void clusterListsMatchAFilterOneByOne();
    void sortedClusterListsAreInOrderAndComplete_data();
    void sortedClusterListsAreInOrderAndComplete();
    void filteringCanBeStopped();
    void findingsShowTheCensus();
    void summariesAgreeWithEachCluster_data();
    void summariesAgreeWithEachCluster();
    void gridsFitAndZoom_data();
    void gridsFitAndZoom();
    void heatmapPaintsSixteenMillionClustersQuickly();

private:
    ImageFolder m_folder;
    ImageDocument m_document;
    ImageDocument m_damaged;
    std::uint64_t m_leaked = 0;
    std::uint64_t m_low = 0;
};

void TestModels::initTestCase()
{
    REQUIRE_QEMU();
    QVERIFY(openAndWait(m_document,
        m_folder.createWithSnapshots(
            QStringLiteral("image.qcow2"), 3, QStringLiteral("cluster_size=512,refcount_bits=64,lazy_refcounts=on"))));
    QVERIFY(openAndWait(m_damaged, m_folder.createDamaged(QStringLiteral("damaged.qcow2"), m_leaked, m_low)));
}

void TestModels::structureTreeIsAProperModel()
{
    StructureModel model;
    model.setImage(m_document.image(), m_document.census());
    // Made after the reset: the tester fetches rows in the middle of one, and then complains.
    auto tester = std::make_unique<QAbstractItemModelTester>(&model, kFail);
    for (int row = 0; row < model.rowCount(); ++row) {
        const QModelIndex parent = model.index(row, 0);
        while (model.canFetchMore(parent))
            model.fetchMore(parent);
        QCOMPARE(model.hasChildren(parent), model.rowCount(parent) > 0);
    }
    tester.reset();
    model.setImage(nullptr, nullptr);
    QCOMPARE(model.rowCount(), 0);
}

void TestModels::structureTreeListsWhatTheImageHas()
{
    StructureModel model;
    model.setImage(m_document.image(), m_document.census());
    QStringList roots;
    for (int row = 0; row < model.rowCount(); ++row)
        roots += model.index(row, 0).data().toString().section(u' ', 0, 0);
    QCOMPARE(roots.join(u','), QStringLiteral("Header,Reftable,Active,Snapshots,Bitmaps"));
    QCOMPARE(model.rowCount(model.index(3, 0)), 3);
    QCOMPARE(model.find(SnapshotSelection{1}).data().toString(), QStringLiteral("s1"));
    const QModelIndex refblock = model.find(RefblockSelection{0});
    QCOMPARE(refblock.data().toString(), QStringLiteral("Refblock 0"));
    QVERIFY(model.selectionOf(refblock) == Selection::Value(RefblockSelection{0}));
    QVERIFY(!model.find(RefblockSelection{1U << 20}).isValid());
}

void TestModels::structureTreeFetchesLargeTablesInBatches()
{
    // 512-byte clusters: an L2 table maps 32 KiB, so this disk has 512 of them.
    const QString path = m_folder.create(QStringLiteral("tables.qcow2"),
        QStringLiteral("cluster_size=512,preallocation=metadata"), QStringLiteral("16M"));
    ImageDocument document;
    QVERIFY(openAndWait(document, path));
    StructureModel model;
    model.setImage(document.image(), document.census());
    const QModelIndex l1 = model.index(2, 0);
    QVERIFY(model.hasChildren(l1));
    QCOMPARE(model.rowCount(l1), 0);
    model.fetchMore(l1);
    const int first = model.rowCount(l1);
    QVERIFY(first > 0 && first < 512);
    while (model.canFetchMore(l1))
        model.fetchMore(l1);
    QCOMPARE(model.rowCount(l1), 512);
}

void TestModels::structureTreeSaysHowLargeAndHowSoundThingsAre()
{
    REQUIRE_QEMU();
    const auto firstRefblock = [](StructureModel& model) { return model.find(RefblockSelection{0}); };
    StructureModel sound;
    sound.setImage(m_document.image(), m_document.census());
    QVERIFY(!firstRefblock(sound).data().toString().contains(u'\u26a0'));
    QCOMPARE(firstRefblock(sound).siblingAtColumn(StructureModel::Size).data().toString(),
        formatBytes(m_document.image()->geometry().clusterSize()));
    StructureModel damaged;
    damaged.setImage(m_damaged.image(), m_damaged.census());
    // One leak, one count that is too low and its copied flag, all among the clusters that the first refblock counts.
    QVERIFY2(firstRefblock(damaged).data().toString().startsWith(QStringLiteral("\u26a0 3 ")),
        qPrintable(firstRefblock(damaged).data().toString()));
    QVERIFY(firstRefblock(damaged).data(Qt::ToolTipRole).toString().contains(QStringLiteral("3 things wrong")));
    QVERIFY(!damaged.index(0, 0).data().toString().contains(u'\u26a0')); // the header is sound
    // A closed branch tells what is in it.
    const QModelIndex reftable = firstRefblock(damaged).parent();
    QVERIFY2(
        reftable.data().toString().startsWith(QStringLiteral("\u26a0 3 ")), qPrintable(reftable.data().toString()));
    QVERIFY(!firstRefblock(sound).parent().data().toString().contains(u'\u26a0'));
}

void TestModels::namesFromTheImageAreTextAndNotHtml()
{
    const QString path = m_folder.create(QStringLiteral("names.qcow2"));
    const QString name = QStringLiteral("<b>bold</b>");
    QCOMPARE(qemu::img({QStringLiteral("snapshot"), QStringLiteral("-c"), name, path}).exit, 0);
    ImageDocument document;
    QVERIFY(openAndWait(document, path));
    StructureModel tree;
    tree.setImage(document.image(), document.census());
    const QModelIndex snapshot = tree.find(SnapshotSelection{0});
    QCOMPARE(snapshot.data().toString(), name);
    QVERIFY(snapshot.data(Qt::ToolTipRole).toString().contains(QStringLiteral("&lt;b&gt;")));
    HtmlPage page;
    writeDetails(page, *document.image(), *document.census(), SnapshotSelection{0});
    const QString details = page.html();
    QVERIFY(details.contains(name.toHtmlEscaped()));
    QVERIFY(!details.contains(name));
}

void TestModels::headerShowsEachFieldOfTheCatalogue()
{
    HeaderModel model;
    const QAbstractItemModelTester tester(&model, kFail);
    model.setRows(headerRows(*m_document.image()));
    const auto fields = fieldsOf(Structure::Header);
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const int row = model.rowOf(FieldSelection{Structure::Header, 0, HostOffset(0), i});
        QVERIFY2(row >= 0, fields[i].name.data());
        QCOMPARE(cell(model, row, HeaderModel::Name),
            QString::fromUtf8(fields[i].name.data(), static_cast<qsizetype>(fields[i].name.size())));
        QVERIFY(!cell(model, row, HeaderModel::Meaning).isEmpty());
    }
    const int order = model.rowOf(FieldSelection{Structure::Header, 0, HostOffset(0), 16});
    QCOMPARE(cell(model, order, HeaderModel::Value), QStringLiteral("6 (64 bits)"));
    QCOMPARE(cell(model, order, HeaderModel::Raw), QStringLiteral("00 00 00 06"));
    QCOMPARE(cell(model, order, HeaderModel::Bytes), QStringLiteral("96\u201399"));
}

void TestModels::headerNamesFeaturesAndExtensions()
{
    QStringList names;
    for (const HeaderRow& row : headerRows(*m_document.image()))
        names += row.name;
    QVERIFY(names.contains(QStringLiteral("lazy refcounts")));
    QVERIFY(names.contains(QStringLiteral("s2 (id 3)")));
}

void TestModels::reftableCountsWhatEachRefblockHolds()
{
    const Image& image = *m_document.image();
    const Census& census = *m_document.census();
    auto uses = refblockUses(image, census, {});
    QVERIFY(uses);
    QVERIFY(uses->size() > 1);
    const std::uint64_t perBlock = image.geometry().refblockEntries();
    for (std::size_t i = 0; i < uses->size(); ++i) {
        RefblockUse expected;
        for (std::uint64_t c = i * perBlock; c < std::min((i + 1) * perBlock, census.map.clusters()); ++c) {
            const std::uint64_t count = census.map.refcount(HostCluster(c));
            ++expected.counted;
            expected.used += count > 0;
            expected.largest = std::max(expected.largest, count);
        }
        QCOMPARE((*uses)[i].counted, expected.counted);
        QCOMPARE((*uses)[i].used, expected.used);
        QCOMPARE((*uses)[i].largest, expected.largest);
    }

    ReftableModel model;
    const QAbstractItemModelTester tester(&model, kFail);
    model.setImage(m_document.image());
    QCOMPARE(model.rowCount(), static_cast<int>(image.reftable().size()));
    QCOMPARE(cell(model, 0, ReftableModel::Largest), QStringLiteral("\u2026"));
    const QString largest = QString::number((*uses)[0].largest);
    model.setUses(std::move(*uses));
    QCOMPARE(cell(model, 0, ReftableModel::Largest), largest);
}

void TestModels::clusterModelIsAProperModelOnEveryPage()
{
    auto census = std::make_shared<Census>();
    census->map = makeMap();
    ClusterModel model;
    const QAbstractItemModelTester tester(&model, kFail);
    model.setList(census, 16, ClusterList::all(census->map.clusters()));
    QCOMPARE(model.pages(), std::uint64_t{4});
    std::uint64_t rows = 0;
    for (std::uint64_t page = 0; page < model.pages(); ++page) {
        model.setPage(page);
        QCOMPARE(model.clusterAt(0), HostCluster(rows));
        rows += static_cast<std::uint64_t>(model.rowCount());
    }
    QCOMPARE(rows, census->map.clusters());
    model.setPage(4); // there is none
    QCOMPARE(model.page(), std::uint64_t{3});
}

void TestModels::clusterModelAgreesWithTheMap()
{
    ClusterModel model;
    const auto census = m_damaged.census();
    model.setList(census, 12, ClusterList::all(census->map.clusters()));
    const auto leaked = static_cast<int>(m_leaked);
    QCOMPARE(cell(model, leaked, ClusterModel::Cluster), QString::number(m_leaked));
    QCOMPARE(cell(model, leaked, ClusterModel::Offset), QStringLiteral("0x%1").arg(m_leaked * 4096, 0, 16));
    QCOMPARE(cell(model, leaked, ClusterModel::Owner), QStringLiteral("leaked"));
    QCOMPARE(cell(model, leaked, ClusterModel::Count), QStringLiteral("1"));
    QCOMPARE(cell(model, leaked, ClusterModel::References), QStringLiteral("0"));
    QCOMPARE(cell(model, leaked, ClusterModel::Verdict), QStringLiteral("too high (leak)"));
    QCOMPARE(cell(model, static_cast<int>(m_low), ClusterModel::Verdict), QStringLiteral("too low (corruption)"));
    QCOMPARE(cell(model, 0, ClusterModel::Verdict), QStringLiteral("right"));
}

void TestModels::clusterListsMatchAFilterOneByOne_data()
{
    QTest::addColumn<int>("owner");
    QTest::addColumn<int>("verdict");
    for (const int owner : {-1, static_cast<int>(ClusterOwner::Free), static_cast<int>(ClusterOwner::Data),
             static_cast<int>(ClusterOwner::L2Table), static_cast<int>(ClusterOwner::BitmapData)})
        for (const int verdict : {-1, 0, 1, 2})
            QTest::addRow("owner %d, verdict %d", owner, verdict) << owner << verdict;
}

void TestModels::clusterListsMatchAFilterOneByOne()
{
    QFETCH(int, owner);
    QFETCH(int, verdict);
    const ClusterMap map = makeMap();
    ClusterFilter filter;
    if (owner >= 0)
        filter.owner = static_cast<ClusterOwner>(owner);
    if (verdict >= 0)
        filter.verdict = static_cast<CountVerdict>(verdict);
    std::vector<HostCluster> expected;
    for (std::uint64_t i = 0; i < map.clusters(); ++i)
        if (filter.matches(map, HostCluster(i)))
            expected.emplace_back(i);
    const auto list = ClusterList::matching(map, filter, {});
    QVERIFY(list);
    QVERIFY(clustersOfList(*list) == expected);
    for (std::uint64_t i = 0; i < expected.size(); i += 97)
        QCOMPARE(list->positionOf(expected[i]), std::optional<std::uint64_t>(i));
    QCOMPARE(list->positionOf(HostCluster(map.clusters())), std::optional<std::uint64_t>());
}

void TestModels::sortedClusterListsAreInOrderAndComplete_data()
{
    QTest::addColumn<int>("by");
    QTest::addColumn<bool>("descending");
    for (const bool descending : {false, true}) {
        const char* way = descending ? "down" : "up";
        QTest::addRow("cluster, %s", way) << static_cast<int>(ClusterOrder::By::Cluster) << descending;
        QTest::addRow("owner, %s", way) << static_cast<int>(ClusterOrder::By::Owner) << descending;
        QTest::addRow("count, %s", way) << static_cast<int>(ClusterOrder::By::Count) << descending;
        QTest::addRow("references, %s", way) << static_cast<int>(ClusterOrder::By::References) << descending;
        QTest::addRow("verdict, %s", way) << static_cast<int>(ClusterOrder::By::Verdict) << descending;
    }
}

void TestModels::sortedClusterListsAreInOrderAndComplete()
{
    REQUIRE_QEMU();
    QFETCH(int, by);
    QFETCH(bool, descending);
    const ClusterOrder order{static_cast<ClusterOrder::By>(by), descending};
    for (const ImageDocument* document : {&m_document, &m_damaged}) {
        const ClusterMap& map = document->census()->map;
        const auto key = [&](HostCluster cluster) -> std::uint64_t {
            switch (order.by) {
            case ClusterOrder::By::Cluster:
                return cluster.value();
            case ClusterOrder::By::Owner:
                return static_cast<std::uint64_t>(map.owner(cluster));
            case ClusterOrder::By::Count:
                return map.refcount(cluster);
            case ClusterOrder::By::References:
                return map.references(cluster);
            default:
                return static_cast<std::uint64_t>(countVerdict(map, cluster));
            }
        };
        const auto list = ClusterList::matching(map, {}, {}, order);
        QVERIFY(list);
        std::vector<HostCluster> expected = clustersOfList(ClusterList::all(map.clusters()));
        std::ranges::stable_sort(
            expected, [&](HostCluster a, HostCluster b) { return descending ? key(a) > key(b) : key(a) < key(b); });
        QVERIFY(clustersOfList(*list) == expected);
        for (std::uint64_t position = 0; position < list->size(); ++position)
            QCOMPARE(list->positionOf(list->at(position)), position);
    }
}

void TestModels::filteringCanBeStopped()
{
    std::stop_source stop;
    stop.request_stop();
    const auto list = ClusterList::matching(makeMap(), {ClusterOwner::Data, {}}, {stop.get_token(), {}});
    QVERIFY(!list);
    QCOMPARE(list.error().kind, ErrorKind::Cancelled);
}

void TestModels::findingsShowTheCensus()
{
    FindingModel model;
    const QAbstractItemModelTester tester(&model, kFail);
    model.setCensus(m_damaged.census(), 12);
    QCOMPARE(model.rowCount(), static_cast<int>(m_damaged.census()->findings.size()));
    QVERIFY(model.rowCount() >= 2);
    QStringList severities;
    for (int row = 0; row < model.rowCount(); ++row)
        severities += cell(model, row, FindingModel::Severity);
    QVERIFY(severities.contains(QStringLiteral("leak")));
    QVERIFY(severities.contains(QStringLiteral("corruption")));
    model.setCensus(nullptr, 0);
    QCOMPARE(model.rowCount(), 0);
}

void TestModels::summariesAgreeWithEachCluster_data()
{
    QTest::addColumn<qulonglong>("perCell");
    for (const qulonglong perCell : {1ULL, 2ULL, 32ULL, 64ULL, 1024ULL, 262144ULL})
        QTest::addRow("%llu", perCell) << perCell;
}

void TestModels::summariesAgreeWithEachCluster()
{
    QFETCH(qulonglong, perCell);
    const ClusterMap map = makeMap();
    const auto summaries = ClusterSummaries::build(map, {});
    QVERIFY(summaries);
    for (std::uint64_t first = 0; first < std::min<std::uint64_t>(map.clusters(), perCell * 4096); first += perCell) {
        CountVerdict worst = CountVerdict::Right;
        std::uint64_t largest = 0;
        bool onlyFree = true;
        for (std::uint64_t i = first; i < std::min<std::uint64_t>(first + perCell, map.clusters()); ++i) {
            worst = std::max(worst, countVerdict(map, HostCluster(i)));
            largest = std::max(largest, map.refcount(HostCluster(i)));
            onlyFree = onlyFree && map.owner(HostCluster(i)) == ClusterOwner::Free;
        }
        const CellSummary cell = summaries->cell(map, HostCluster(first), perCell);
        QCOMPARE(cell.verdict, worst);
        QCOMPARE(cell.largest, largest);
        QCOMPARE(cell.owner == ClusterOwner::Free, onlyFree);
    }
}

void TestModels::gridsFitAndZoom_data()
{
    QTest::addColumn<qulonglong>("clusters");
    for (const qulonglong clusters : {0ULL, 1ULL, 37ULL, 4096ULL, 131072ULL, 16777216ULL, 8589934592ULL})
        QTest::addRow("%llu", clusters) << clusters;
}

void TestModels::gridsFitAndZoom()
{
    QFETCH(qulonglong, clusters);
    const QSize viewport(760, 480);
    GridLayout layout = GridLayout::fitting(clusters, viewport);
    QVERIFY(layout.cellSize() >= 8);
    QVERIFY(static_cast<int>(layout.columns()) * layout.cellSize() <= viewport.width());
    if (layout.clustersPerCell() > 1)
        QVERIFY(layout.rows(clusters) * static_cast<unsigned>(layout.cellSize()) <= 480U);
    for (int i = 0; i < 60; ++i)
        layout = layout.zoomedIn(viewport);
    QCOMPARE(layout.clustersPerCell(), std::uint64_t{1});
    QCOMPARE(layout.columns(), 8U);
    for (int i = 0; i < 60; ++i)
        layout = layout.zoomedOut(clusters, viewport);
    QVERIFY(layout.rows(clusters) * static_cast<unsigned>(layout.cellSize()) <= 480U);
    QVERIFY(static_cast<int>(layout.columns()) * layout.cellSize() <= viewport.width());
}

void TestModels::heatmapPaintsSixteenMillionClustersQuickly()
{
    constexpr std::uint64_t kClusters = 1U << 24;
    constexpr qint64 kMostMilliseconds = 1000; // without optimization, on a busy machine
    auto census = std::make_shared<Census>();
    census->map = ClusterMap(kClusters);
    for (std::uint64_t i = 0; i < kClusters; ++i)
        census->map.setRefcount(HostCluster(i), i % 3);
    census->largest = {HostCluster(2), 2};
    auto summaries = ClusterSummaries::build(census->map, {});
    QVERIFY(summaries);
    HeatmapView view;
    view.resize(1600, 1000);
    view.setCensus(census, 16, 65535);
    view.setSummaries(std::move(*summaries));
    view.setRange(HostCluster(0), kClusters);
    QVERIFY(view.clustersPerCell() > 1);
    QElapsedTimer timer;
    for (;;) {
        const auto before = view.cellRect(HostCluster(0)).width();
        const auto perCell = view.clustersPerCell();
        timer.start();
        view.grab();
        QVERIFY2(timer.elapsed() < kMostMilliseconds,
            qPrintable(QStringLiteral("%1 ms at %2 clusters a cell").arg(timer.elapsed()).arg(perCell)));
        view.zoomIn();
        if (view.clustersPerCell() == perCell && view.cellRect(HostCluster(0)).width() == before)
            break;
    }
}

QTEST_MAIN(TestModels)
#include "tst_models.moc"
