// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/guest_links.h"
#include "core/analysis/references.h"
#include "core/storage/memory_storage.h"
#include "tests/support/expect.h"
#include "tests/support/image_builder.h"

#include <set>

using namespace cowscope;
using namespace cowscope::test;

namespace
{

BuiltImage sampleImage()
{
    ImageBuilder builder({.virtualSize = 4 << 20});
    builder.data(0);
    builder.data(1);
    builder.compressed({20, 21}, 700);
    builder.snapshot("1", "a");
    builder.data(1);
    builder.bitmap("dirt");
    return builder.build();
}

std::shared_ptr<const Image> open(const Bytes& bytes)
{
    return Image::open(std::make_shared<MemoryStorage>(bytes), {}).value_or(nullptr);
}

std::vector<Referrer> referrersOf(const Image& image, HostCluster cluster)
{
    const std::array wanted{cluster};
    return findReferrers(image, wanted, 100, {}).value_or(std::vector<Referrer>{});
}

} // namespace

class ReferencesTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void everyReferenceIsReferredBack();
    void aCommonPathBeginsAtTheHeader();
    void keepsToTheLimit();
    void readsAClusterAsEachOfItsRoles();
    void linksClustersToTheGuest();
};

/// From the header down, what a cluster refers to names that cluster among its referrers.
void ReferencesTest::everyReferenceIsReferredBack()
{
    const auto image = open(sampleImage().bytes);
    QVERIFY(image);
    std::vector<std::pair<HostCluster, ClusterOwner>> open{{HostCluster(0), ClusterOwner::Header}};
    std::set<ClusterOwner> seen;
    for (std::size_t i = 0; i < open.size() && i < 200; ++i) {
        const auto [cluster, owner] = open[i];
        seen.insert(owner);
        const auto found = findReferences(*image, cluster, std::array{owner}, 1000);
        VERIFY_OK(found);
        for (const Reference& each : found->list) {
            for (std::uint64_t k = 0; k < each.clusters; ++k) {
                const auto back = referrersOf(*image, each.first + k);
                const bool named = std::ranges::any_of(back, [&](const Referrer& referrer) {
                    return referrer.as == each.as && image->geometry().cluster(referrer.slot) == cluster;
                });
                QVERIFY2(named, qPrintable(QString::number((each.first + k).value())));
                if (!std::ranges::count(open, std::pair(each.first + k, each.as)))
                    open.emplace_back(each.first + k, each.as);
            }
        }
    }
    for (const ClusterOwner owner : {ClusterOwner::Refblock, ClusterOwner::SnapshotL1, ClusterOwner::L2Table,
             ClusterOwner::Data, ClusterOwner::CompressedData, ClusterOwner::BitmapData})
        QVERIFY2(seen.contains(owner), ownerName(owner).data());
}

void ReferencesTest::aCommonPathBeginsAtTheHeader()
{
    const BuiltImage built = sampleImage();
    const auto image = open(built.bytes);
    QVERIFY(image);
    const HostCluster shared
        = image->geometry().cluster(L2Entry{getNumber(built.bytes, built.l2EntryAt(0), 8)}.hostOffset());
    const auto referrers = referrersOf(*image, shared);
    QCOMPARE(referrers.size(), std::size_t{2}); // the active disk and the snapshot, each by a table of its own
    for (const Referrer& referrer : referrers) {
        const auto path = pathTo(*image, referrer);
        QCOMPARE(path.size(), std::size_t(referrer.snapshot ? 5 : 4));
        QCOMPARE(path.front().as, ClusterOwner::Header);
        QCOMPARE(path.back().cluster, shared);
        // Every step is one that the cluster before refers to.
        for (std::size_t i = 1; i < path.size(); ++i) {
            const auto found = findReferences(*image, path[i - 1].cluster, std::array{path[i - 1].as}, 1000);
            VERIFY_OK(found);
            QVERIFY(std::ranges::any_of(found->list, [&](const Reference& each) {
                return each.as == path[i].as && path[i].cluster >= each.first
                    && path[i].cluster - each.first < each.clusters;
            }));
        }
    }
}

void ReferencesTest::keepsToTheLimit()
{
    ImageBuilder builder;
    for (const std::uint64_t cluster : {9, 3, 7, 1, 5}) {
        builder.data(cluster);
        builder.skip(1);
    }
    const BuiltImage built = builder.build();
    const auto image = open(built.bytes);
    QVERIFY(image);
    const HostCluster table = image->geometry().cluster(HostOffset(built.l2EntryAt(0)));
    const auto some = findReferences(*image, table, std::array{ClusterOwner::L2Table}, 2);
    VERIFY_OK(some);
    QCOMPARE(some->list.size(), std::size_t{2});
    QCOMPARE(some->dropped, std::uint64_t{3});
}

void ReferencesTest::readsAClusterAsEachOfItsRoles()
{
    BuiltImage built = sampleImage();
    const auto sound = open(built.bytes);
    QVERIFY(sound);
    // The L2 table is the guest's cluster 5 too.
    const HostOffset table = HostOffset(built.l2EntryAt(0) - built.l2EntryAt(0) % 4096);
    put64(built.bytes, built.l2EntryAt(5), table.value() | kCopiedFlag);
    const auto image = open(built.bytes);
    QVERIFY(image);
    const auto referrers = referrersOf(*image, image->geometry().cluster(table));
    std::set<ClusterOwner> roles;
    for (const Referrer& each : referrers)
        roles.insert(each.as);
    QVERIFY(roles == (std::set{ClusterOwner::L2Table, ClusterOwner::Data}));
}

void ReferencesTest::linksClustersToTheGuest()
{
    const BuiltImage built = sampleImage();
    const auto image = open(built.bytes);
    QVERIFY(image);
    const auto clusterOf = [&](std::uint64_t guest) {
        return image->geometry().cluster(lookUpGuest(*image, {}, GuestOffset(guest * 4096), 1)->host.value());
    };
    using Links = std::vector<GuestLink>;
    const auto data = findGuestLinks(*image, {}, clusterOf(0), 1, {});
    VERIFY_OK(data);
    QVERIFY(*data == (Links{{GuestOffset(0), 4096}}));
    // What was written after the snapshot is not in it.
    QVERIFY(findGuestLinks(*image, 0, clusterOf(1), 1, {})->empty());
    // Two compressed clusters share one of the file, and follow each other on the disk.
    const HostCluster packed
        = image->geometry().cluster(lookUpGuest(*image, {}, GuestOffset(20 * 4096), 1)->compressed->offset);
    QVERIFY(*findGuestLinks(*image, {}, packed, 1, {}) == (Links{{GuestOffset(20 * 4096), 2 * 4096}}));
    // An L2 table serves all that it maps, up to the end of the disk.
    const HostCluster table = image->geometry().cluster(HostOffset(built.l2EntryAt(0)));
    QVERIFY(*findGuestLinks(*image, {}, table, 1, {}) == (Links{{GuestOffset(0), 2 << 20}}));
    QVERIFY(findGuestLinks(*image, {}, HostCluster(0), 1, {})->empty());
}

QTEST_GUILESS_MAIN(ReferencesTest)
#include "references_test.moc"
