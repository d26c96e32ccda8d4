// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/census.h"
#include "core/analysis/referrers.h"
#include "core/storage/memory_storage.h"
#include "tests/support/expect.h"
#include "tests/support/sample_images.h"

#include <map>
#include <numeric>

using namespace cowscope;
using test::BuiltImage;

namespace
{

constexpr std::size_t kAll = 1U << 20;

std::shared_ptr<const Image> opened(const BuiltImage& built)
{
    return Image::open(std::make_shared<MemoryStorage>(built.bytes), {}).value_or(nullptr);
}

std::vector<Referrer> referrersOf(const Image& image, std::uint64_t cluster, std::size_t most = kAll)
{
    const HostCluster asked(cluster);
    return findReferrers(image, {&asked, 1}, most, {}).value_or(std::vector<Referrer>{});
}

QByteArray texts(const Image& image, const std::vector<Referrer>& referrers)
{
    QByteArray all;
    for (const Referrer& each : referrers)
        all += QByteArray::fromStdString(each.text(image)) + '\n';
    return all;
}

} // namespace

class ReferrersTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void findsAsManyReferrersAsTheCensusCounts_data();
    void findsAsManyReferrersAsTheCensusCounts();
    void namesTheEntryTheGuestAndTheSnapshot();
    void namesWhatTheHeaderLeadsTo();
    void namesBothOwnersOfOneCluster();
    void keepsToTheLimitForEachCluster();
    void nobodyRefersToALeakedCluster();
    void canBeCancelled();
};

void ReferrersTest::findsAsManyReferrersAsTheCensusCounts_data()
{
    QTest::addColumn<int>("sample");
    QTest::newRow("plain") << 0;
    QTest::newRow("snapshots and shared compressed clusters") << 1;
    QTest::newRow("clusters of 512 bytes") << 2;
}

void ReferrersTest::findsAsManyReferrersAsTheCensusCounts()
{
    QFETCH(int, sample);
    const BuiltImage built = sample == 0 ? test::plainImage(12, 4)
        : sample == 1                    ? test::snapshotImage(12, 4, 3, true)
                                         : test::snapshotImage(9, 3, 2);
    const auto image = opened(built);
    QVERIFY(image);
    const auto census = takeCensus(*image, {});
    VERIFY_OK(census);
    std::vector<HostCluster> all;
    for (std::uint64_t i = 0; i < image->fileClusters(); ++i)
        all.emplace_back(i);
    const auto found = findReferrers(*image, all, kAll, {});
    VERIFY_OK(found);
    std::map<HostCluster, std::uint64_t> counts;
    for (const Referrer& each : *found)
        ++counts[each.cluster];
    for (const HostCluster cluster : all)
        QCOMPARE(counts[cluster], (*census)->map.references(cluster));
}

void ReferrersTest::namesTheEntryTheGuestAndTheSnapshot()
{
    const BuiltImage built = test::snapshotImage(12, 4, 1);
    const auto image = opened(built);
    QVERIFY(image);
    const std::uint64_t entry = test::getNumber(built.bytes, built.l2EntryAt(3), 8);
    const auto found = referrersOf(*image, (entry & 0x00fffffffffffe00) / 4096);
    QCOMPARE(found.size(), 2U); // the active disk, and the snapshot
    for (const Referrer& each : found) {
        QCOMPARE(static_cast<int>(each.as), static_cast<int>(ClusterOwner::Data));
        QCOMPARE(each.guest->value(), 3 * 4096U);
    }
    const QByteArray all = texts(*image, found);
    const QByteArray table = QByteArray::number(static_cast<qulonglong>(built.l2EntryAt(3) / 4096 * 4096), 16);
    QVERIFY2(all.contains("L2 entry 3 of table 0x" + table + " (guest 0x3000)\n"), all);
    QVERIFY2(all.contains("(guest 0x3000), snapshot 'snapshot 1'"), all);
}

void ReferrersTest::namesWhatTheHeaderLeadsTo()
{
    const BuiltImage built = test::snapshotImage(12, 4, 1);
    const auto image = opened(built);
    QVERIFY(image);
    const std::map<std::uint64_t, QByteArray> expected{{built.layout.l1, "header field l1_table_offset\n"},
        {built.layout.reftable, "header field refcount_table_offset\n"},
        {built.layout.refblocks.at(0), "reftable entry 0\n"},
        {built.layout.snapshotTable, "header field snapshots_offset\n"},
        {built.layout.snapshotL1[0],
            "snapshot table entry at 0x" + QByteArray::number(static_cast<qulonglong>(built.layout.snapshotTable), 16)
                + ", snapshot 'snapshot 1'\n"}};
    for (const auto& [offset, text] : expected)
        QCOMPARE(texts(*image, referrersOf(*image, offset / 4096)), text);
}

void ReferrersTest::namesBothOwnersOfOneCluster()
{
    BuiltImage built = test::plainImage(12, 4);
    test::put64(built.bytes, built.l2EntryAt(3), built.layout.l1);
    const auto image = opened(built);
    QVERIFY(image);
    const QByteArray all = texts(*image, referrersOf(*image, built.layout.l1 / 4096));
    QVERIFY2(all.contains("l1_table_offset") && all.contains("L2 entry 3 "), all);
}

void ReferrersTest::keepsToTheLimitForEachCluster()
{
    BuiltImage built = test::plainImage(12, 4);
    const std::uint64_t entry = test::getNumber(built.bytes, built.l2EntryAt(3), 8);
    for (std::uint64_t guest = 4; guest < 16; ++guest)
        test::put64(built.bytes, built.l2EntryAt(guest), entry);
    const auto image = opened(built);
    QVERIFY(image);
    QCOMPARE(referrersOf(*image, (entry & 0x00fffffffffffe00) / 4096).size(), 13U);
    QCOMPARE(referrersOf(*image, (entry & 0x00fffffffffffe00) / 4096, 8).size(), 8U);
}

void ReferrersTest::nobodyRefersToALeakedCluster()
{
    BuiltImage built = test::plainImage(12, 4);
    const std::uint64_t entry = test::getNumber(built.bytes, built.l2EntryAt(3), 8);
    test::put64(built.bytes, built.l2EntryAt(3), 0);
    const auto image = opened(built);
    QVERIFY(image);
    QVERIFY(referrersOf(*image, (entry & 0x00fffffffffffe00) / 4096).empty());
}

void ReferrersTest::canBeCancelled()
{
    const BuiltImage built = test::plainImage(12, 4);
    const auto image = opened(built);
    QVERIFY(image);
    std::stop_source stop;
    stop.request_stop();
    const HostCluster asked(1);
    VERIFY_ERROR(findReferrers(*image, {&asked, 1}, 8, {stop.get_token(), {}}), ErrorKind::Cancelled);
}

QTEST_GUILESS_MAIN(ReferrersTest)
#include "referrers_test.moc"
