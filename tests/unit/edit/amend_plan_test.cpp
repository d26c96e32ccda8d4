// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/amend/amend_plan.h"
#include "core/storage/memory_storage.h"
#include "tests/support/expect.h"
#include "tests/support/faulty_storage.h"
#include "tests/support/naive_reader.h"
#include "tests/support/sample_images.h"

#include <set>

using namespace cowscope;
using test::BuiltImage;

namespace
{

/// An open image and its census.
struct Looked {
    std::shared_ptr<const Image> image;
    std::shared_ptr<const Census> census;

    explicit Looked(const BuiltImage& built)
        : image(Image::open(std::make_shared<MemoryStorage>(built.bytes), {}).value())
        , census(takeCensus(*image, {}).value())
    {
    }

    Result<AmendPlan> plan(unsigned order) const { return planAmend(*image, *census, order); }
    WidthAssessment assess(unsigned order) const { return assessWidth(*image, *census, order); }
};

/// What the plan's new structures must satisfy, computed cluster by cluster from the old image.
QString faultsOfPlan(const BuiltImage& built, const AmendPlan& plan)
{
    const std::uint64_t clusterSize = built.clusterSize();
    const std::uint64_t entries = clusterSize * 8 >> plan.newOrder;
    const auto inUse = test::NaiveReader(built.bytes).references();
    auto after = inUse;
    for (std::uint64_t i = 0; i < plan.oldReftableClusters; ++i)
        after.erase(plan.oldReftable.value() / clusterSize + i);
    for (const HostCluster old : plan.oldRefblocks)
        after.erase(old.value());
    for (std::uint64_t i = 0; i < plan.newClusters(); ++i) {
        const std::uint64_t cluster = plan.firstNewCluster.value() + i;
        if (inUse.contains(cluster))
            return QStringLiteral("cluster %1 of the run is in use").arg(cluster);
        after[cluster] = 1;
    }
    std::set<std::uint64_t> needed;
    for (const auto& [cluster, references] : after)
        needed.insert(cluster / entries);
    if (needed != std::set(plan.newRefblocks.begin(), plan.newRefblocks.end()))
        return QStringLiteral("%1 refblocks are planned, %2 needed").arg(plan.newRefblocks.size()).arg(needed.size());
    if (!std::ranges::is_sorted(plan.newRefblocks))
        return QStringLiteral("refblocks are not in order");
    if (plan.newReftableClusters * clusterSize / 8 <= *needed.rbegin())
        return QStringLiteral("the table is too short");
    const std::uint64_t end = (plan.firstNewCluster.value() + plan.newClusters()) * clusterSize;
    if (plan.fileBytesAfter != std::max<std::uint64_t>(built.bytes.size(), end))
        return QStringLiteral("the file will be %1 bytes, not %2").arg(end).arg(plan.fileBytesAfter);
    return {};
}

bool refusesWith(const WidthAssessment& assessment, const char* part)
{
    return assessment.state == WidthState::Refused
        && std::ranges::any_of(assessment.refusals, [&](const std::string& text) { return text.contains(part); });
}

} // namespace

class AmendPlanTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void knowsTheSevenWidths();
    void plansEveryPairOfWidths_data();
    void plansEveryPairOfWidths();
    void solvesTheFixedPointWhereverTheFileEnds_data();
    void solvesTheFixedPointWhereverTheFileEnds();
    void newStructuresThatNeedOneMoreRefblockGetIt();
    void usesAHoleThatIsLongEnough();
    void goesBehindTheEndWhereNoHoleIsLongEnough();
    void takesTheFirstHoleThatIsLongEnoughAndNoShorterOne();
    void dropsRefblocksThatCountNothing();
    void todaysWidthChangesNothing();
    void refusesNarrowerWidthWhenACountWouldOverflow();
    void refusesVersion2();
    void refusesDirtyAndCorruptImages();
    void refusesDamageThatLeavesFreeSpaceUnsure();
    void allowsLeaksAndWrongFlagsWithAWarning();
    void everyRefusalIsInThePlansError();
    void assessesEveryWidthAlike();
    void saysHowManySnapshotsWillFit();
    void planningWritesNothing();
};

void AmendPlanTest::knowsTheSevenWidths()
{
    QVERIFY(orderOfWidth(1) == 0U && orderOfWidth(2) == 1U && orderOfWidth(4) == 2U && orderOfWidth(8) == 3U);
    QVERIFY(orderOfWidth(16) == 4U && orderOfWidth(32) == 5U && orderOfWidth(64) == 6U);
    for (const std::uint64_t other :
        {std::uint64_t{0}, std::uint64_t{3}, std::uint64_t{7}, std::uint64_t{128}, UINT64_MAX, std::uint64_t{1} << 63})
        QVERIFY(!orderOfWidth(other));
}

void AmendPlanTest::plansEveryPairOfWidths_data()
{
    QTest::addColumn<unsigned>("from");
    QTest::addColumn<unsigned>("to");
    for (unsigned from = 0; from <= 6; ++from) {
        for (unsigned to = 0; to <= 6; ++to) {
            if (from != to)
                QTest::addRow("%u to %u bits", 1U << from, 1U << to) << from << to;
        }
    }
}

void AmendPlanTest::plansEveryPairOfWidths()
{
    QFETCH(unsigned, from);
    QFETCH(unsigned, to);
    for (const unsigned clusterBits : {9U, 12U, 16U}) {
        const BuiltImage built = test::plainImage(clusterBits, from);
        const Looked looked(built);
        const auto plan = looked.plan(to);
        VERIFY_OK(plan);
        QCOMPARE(plan->oldOrder, from);
        QCOMPARE(plan->newOrder, to);
        QCOMPARE(plan->oldReftable.value(), built.layout.reftable);
        QCOMPARE(plan->oldClusters(), built.layout.refblocks.size() + built.layout.reftableClusters);
        QCOMPARE(plan->fileBytesBefore, built.bytes.size());
        QCOMPARE(plan->largest.count, 1U);
        QCOMPARE(faultsOfPlan(built, *plan), QString());
    }
}

void AmendPlanTest::solvesTheFixedPointWhereverTheFileEnds_data()
{
    QTest::addColumn<unsigned>("to");
    for (unsigned to = 0; to <= 6; ++to) {
        if (to != 4)
            QTest::addRow("to %u bits", 1U << to) << to;
    }
}

/// Files of every length over a stretch of several refblocks: among them all those where the new structures tip over
/// into one more refblock or table cluster.
void AmendPlanTest::solvesTheFixedPointWhereverTheFileEnds()
{
    QFETCH(unsigned, to);
    for (std::uint64_t clusters = 1; clusters < 700; ++clusters) {
        test::ImageBuilder builder({.clusterBits = 9, .virtualSize = 512});
        builder.allocate(clusters);
        BuiltImage built = builder.build();
        const Looked looked(built); // the clusters are leaked, which stops nobody
        const auto plan = looked.plan(to);
        VERIFY_OK(plan);
        // For the model, what has a count is in use.
        const std::uint64_t entries = 512 * 8 >> to;
        std::set<std::uint64_t> needed;
        for (const auto& [cluster, count] : test::NaiveReader(built.bytes).counts()) {
            const bool old = cluster * 512 == built.layout.reftable
                || std::ranges::count(plan->oldRefblocks, HostCluster(cluster)) > 0;
            if (!old)
                needed.insert(cluster / entries);
        }
        for (std::uint64_t i = 0; i < plan->newClusters(); ++i)
            needed.insert((plan->firstNewCluster.value() + i) / entries);
        QVERIFY(needed == std::set(plan->newRefblocks.begin(), plan->newRefblocks.end()));
        QVERIFY(plan->newReftableClusters * 64 > *needed.rbegin());
    }
}

void AmendPlanTest::newStructuresThatNeedOneMoreRefblockGetIt()
{
    // 64-bit refblocks of 512 bytes count 64 clusters. 62 clusters are in use (header, L1, 58 leaked, refblock, table):
    // one refblock and a table would fill the 64th, but with a second cluster of structures they reach past it.
    test::ImageBuilder builder({.clusterBits = 9, .virtualSize = 512});
    builder.allocate(59);
    const BuiltImage built = builder.build();
    QCOMPARE(built.layout.clusters, 63U);
    const Looked looked(built);
    const auto plan = looked.plan(6);
    VERIFY_OK(plan);
    QCOMPARE(plan->firstNewCluster.value(), 63U);
    QCOMPARE(plan->newRefblocks, (std::vector<std::uint64_t>{0, 1}));
    QCOMPARE(plan->newReftableClusters, 1U);
    QCOMPARE(plan->fileBytesAfter, 66U * 512);
}

void AmendPlanTest::usesAHoleThatIsLongEnough()
{
    test::ImageBuilder builder({.clusterBits = 12});
    builder.data(0);
    const std::uint64_t hole = builder.skip(2);
    builder.data(1);
    const BuiltImage built = builder.build();
    const auto plan = Looked(built).plan(5);
    VERIFY_OK(plan);
    QCOMPARE(plan->firstNewCluster.value(), hole / 4096);
    QCOMPARE(plan->fileBytesAfter, plan->fileBytesBefore);
}

void AmendPlanTest::goesBehindTheEndWhereNoHoleIsLongEnough()
{
    test::ImageBuilder builder({.clusterBits = 12});
    builder.data(0);
    builder.skip(1);
    builder.data(1);
    const BuiltImage built = builder.build();
    const auto plan = Looked(built).plan(5);
    VERIFY_OK(plan);
    QCOMPARE(plan->firstNewCluster.value(), built.layout.clusters);
    QCOMPARE(plan->fileBytesAfter, plan->fileBytesBefore + 2 * 4096);
}

void AmendPlanTest::takesTheFirstHoleThatIsLongEnoughAndNoShorterOne()
{
    // 200 clusters of 512 bytes at 64 bits: four refblocks and a table.
    test::ImageBuilder builder({.clusterBits = 9, .virtualSize = 512 * 512});
    std::map<std::uint64_t, std::uint64_t> holes; // by length
    std::uint64_t guest = 0;
    for (const std::uint64_t length : {1, 2, 3, 4, 6, 5, 7}) {
        for (int i = 0; i < 20; ++i)
            builder.data(guest++);
        holes[length] = builder.skip(length);
    }
    for (int i = 0; i < 30; ++i)
        builder.data(guest++);
    const BuiltImage built = builder.build();
    const auto plan = Looked(built).plan(6);
    VERIFY_OK(plan);
    QCOMPARE(plan->newClusters(), 5U);
    QCOMPARE(plan->firstNewCluster.value() * 512, holes[6]);
    QCOMPARE(plan->fileBytesAfter, plan->fileBytesBefore);
    QCOMPARE(faultsOfPlan(built, *plan), QString());
}

void AmendPlanTest::dropsRefblocksThatCountNothing()
{
    test::ImageBuilder builder({.clusterBits = 9, .virtualSize = 512});
    builder.skip(3000);
    builder.allocate();
    const BuiltImage built = builder.build();
    QCOMPARE(built.layout.refblocks.size(), 2U);
    const auto plan = Looked(built).plan(0);
    VERIFY_OK(plan);
    QCOMPARE(plan->newRefblocks, std::vector<std::uint64_t>{0});
}

void AmendPlanTest::todaysWidthChangesNothing()
{
    const Looked looked(test::snapshotImage(12, 4, 3));
    const auto plan = looked.plan(4);
    VERIFY_OK(plan);
    QVERIFY(plan->changesNothing());
    QCOMPARE(plan->fileBytesAfter, plan->fileBytesBefore);
    QCOMPARE(looked.assess(4).state, WidthState::Current);
}

void AmendPlanTest::refusesNarrowerWidthWhenACountWouldOverflow()
{
    BuiltImage built = test::snapshotImage(12, 4, 4);
    const Looked looked(built);
    for (const unsigned order : {0U, 1U}) {
        const auto plan = looked.plan(order);
        VERIFY_ERROR(plan, ErrorKind::Refused);
        const CountedCluster& first = looked.census->obstacles[order].first.at(0);
        const std::string text = plan.error().text();
        QVERIFY2(text.contains("cluster " + std::to_string(first.cluster.value()) + " "), text.c_str());
        QVERIFY2(text.contains("count " + std::to_string(first.count)), text.c_str());
        QCOMPARE(built.count(first.cluster.value()), first.count);
    }
    VERIFY_OK(looked.plan(2));
}

void AmendPlanTest::refusesVersion2()
{
    test::ImageBuilder builder({.version = 2});
    builder.data(0);
    const Looked looked(builder.build());
    for (const unsigned order : {0U, 3U, 5U, 6U})
        QVERIFY(refusesWith(looked.assess(order), "compat"));
    QCOMPARE(looked.assess(4).state, WidthState::Current);
}

void AmendPlanTest::refusesDirtyAndCorruptImages()
{
    test::ImageBuilder dirty({.incompatible = 1, .compatible = 1});
    dirty.data(0);
    QVERIFY(refusesWith(Looked(dirty.build()).assess(5), "dirty"));
    test::ImageBuilder corrupt({.incompatible = 2});
    corrupt.data(0);
    QVERIFY(refusesWith(Looked(corrupt.build()).assess(5), "corrupt"));
}

void AmendPlanTest::refusesDamageThatLeavesFreeSpaceUnsure()
{
    BuiltImage unaligned = test::plainImage(12, 4);
    test::put64(unaligned.bytes, unaligned.l2EntryAt(3), 0x3200);
    QVERIFY(refusesWith(Looked(unaligned).assess(5), "damaged"));
    BuiltImage far = test::plainImage(12, 4);
    test::put64(far.bytes, far.layout.reftable + 8, std::uint64_t{1} << 40);
    QVERIFY(refusesWith(Looked(far).assess(5), "damaged"));
    BuiltImage table = test::snapshotImage(12, 4, 1);
    test::put32(table.bytes, table.layout.snapshotTable + 36, 0xffffffff);
    QCOMPARE(Looked(table).assess(5).state, WidthState::Refused);
}

void AmendPlanTest::allowsLeaksAndWrongFlagsWithAWarning()
{
    BuiltImage built = test::plainImage(12, 4);
    const std::uint64_t entryAt = built.l2EntryAt(3);
    test::put64(built.bytes, entryAt, 0);
    const WidthAssessment assessment = Looked(built).assess(5);
    QCOMPARE(assessment.state, WidthState::FitsWarned);
    QVERIFY(!assessment.warnings.empty());
    QVERIFY(assessment.refusals.empty());
}

void AmendPlanTest::everyRefusalIsInThePlansError()
{
    test::ImageBuilder builder({.incompatible = 2});
    builder.data(0);
    builder.snapshot("1", "one");
    const Looked looked(builder.build());
    const auto plan = looked.plan(0);
    VERIFY_ERROR(plan, ErrorKind::Refused);
    const WidthAssessment assessment = looked.assess(0);
    QVERIFY(assessment.refusals.size() >= 2);
    for (const std::string& refusal : assessment.refusals)
        QVERIFY(plan.error().what.contains(refusal));
}

void AmendPlanTest::assessesEveryWidthAlike()
{
    const Looked looked(test::snapshotImage(12, 4, 3, true));
    const auto all = assessWidths(*looked.image, *looked.census);
    for (unsigned order = 0; order < kWidthCount; ++order) {
        const WidthAssessment one = looked.assess(order);
        QCOMPARE(all[order].order, order);
        QCOMPARE(all[order].bits(), 1U << order);
        QCOMPARE(all[order].maximum, ~std::uint64_t{0} >> (64 - (1U << order)));
        QCOMPARE(all[order].state, one.state);
        QCOMPARE(all[order].metadataBytes, one.metadataBytes);
        QCOMPARE(all[order].refusals, one.refusals);
        QVERIFY(all[order].plan == one.plan);
    }
}

void AmendPlanTest::saysHowManySnapshotsWillFit()
{
    const Looked looked(test::snapshotImage(12, 6, 2));
    for (const unsigned order : {2U, 3U, 4U}) {
        const auto plan = looked.plan(order);
        VERIFY_OK(plan);
        const std::uint64_t most = (std::uint64_t{1} << (1U << order)) - 1;
        QCOMPARE(plan->snapshotsThatFit, most - 3);
    }
}

void AmendPlanTest::planningWritesNothing()
{
    const auto faults = std::make_shared<test::FaultPlan>();
    const auto inner = std::make_shared<MemoryStorage>(test::snapshotImage(9, 4, 3).bytes);
    const auto image = Image::open(std::make_shared<test::FaultyStorage>(inner, faults), {});
    VERIFY_OK(image);
    const auto census = takeCensus(**image, {});
    VERIFY_OK(census);
    assessWidths(**image, **census);
    for (const auto op : {test::StorageOp::Write, test::StorageOp::Flush, test::StorageOp::Truncate})
        QCOMPARE(faults->count(op), 0U);
}

QTEST_GUILESS_MAIN(AmendPlanTest)
#include "amend_plan_test.moc"
