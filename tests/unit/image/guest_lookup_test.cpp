// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/image/guest_lookup.h"
#include "core/storage/memory_storage.h"
#include "tests/support/expect.h"
#include "tests/support/qemu_oracle.h"
#include "tests/support/sample_images.h"

#include <QTemporaryDir>

using namespace cowscope;
using namespace cowscope::test;

namespace
{

/// An image with a snapshot that differs from the active disk, which is larger now.
Result<std::shared_ptr<const Image>> imageWithSnapshot(const QTemporaryDir& folder)
{
    const QString path = folder.filePath(QStringLiteral("a.qcow2"));
    qemu::img({QStringLiteral("create"), QStringLiteral("-q"), QStringLiteral("-f"), QStringLiteral("qcow2"),
        QStringLiteral("-o"), QStringLiteral("cluster_size=4096"), path, QStringLiteral("8M")});
    qemu::io(path, {QStringLiteral("write -P 1 0 64k"), QStringLiteral("write -P 2 6M 64k")});
    qemu::img({QStringLiteral("snapshot"), QStringLiteral("-c"), QStringLiteral("s"), path});
    qemu::io(path, {QStringLiteral("write -P 3 4k 4k"), QStringLiteral("write -z 8k 4k")});
    qemu::img({QStringLiteral("resize"), QStringLiteral("-q"), path, QStringLiteral("16M")});
    return Image::open(std::make_shared<MemoryStorage>(readFile(path)), {});
}

} // namespace

class GuestLookupTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void agreesWithAWalkInGuestOrder();
    void looksIntoSnapshots();
    void readsLittle();
    void refusesSnapshotsThatAreNotThere();

private:
    QTemporaryDir m_folder;
};

void GuestLookupTest::agreesWithAWalkInGuestOrder()
{
    REQUIRE_QEMU();
    const auto image = imageWithSnapshot(m_folder);
    QVERIFY(image);
    for (const DiskChoice disk : {DiskChoice(), DiskChoice(0)}) {
        auto table = disk ? readSnapshotL1(**image, *disk) : Result<std::vector<std::uint64_t>>(std::in_place);
        QVERIFY(table);
        GuestMap map = disk ? GuestMap(**image, *table) : GuestMap(**image);
        for (std::uint64_t at = 512; at < diskSize(**image, disk); at += 12800) {
            const auto quick = lookUpGuest(**image, disk, GuestOffset(at), 1 << 20);
            const auto walked = map.at(GuestOffset(at), std::min<std::uint64_t>(1 << 20, (16 << 20) - at));
            QVERIFY(quick && walked);
            QCOMPARE(quick->kind, walked->kind);
            QVERIFY(quick->host == walked->host);
            QVERIFY(quick->length == walked->length || walked->length > (2 << 20) - at % (2 << 20));
        }
    }
}

void GuestLookupTest::looksIntoSnapshots()
{
    REQUIRE_QEMU();
    const auto image = imageWithSnapshot(m_folder);
    QVERIFY(image);
    QCOMPARE(diskSize(**image, {}), std::uint64_t{16} << 20);
    QCOMPARE(diskSize(**image, 0), std::uint64_t{8} << 20);
    const auto kindAt
        = [&](DiskChoice disk, std::uint64_t at) { return lookUpGuest(**image, disk, GuestOffset(at), 4096)->kind; };
    QVERIFY(kindAt({}, 8192) == MappingKind::Zero || kindAt({}, 8192) == MappingKind::ZeroAllocated);
    QCOMPARE(kindAt(0, 8192), MappingKind::Data);
    QVERIFY(lookUpGuest(**image, {}, GuestOffset(4096), 4096)->host
        != lookUpGuest(**image, 0, GuestOffset(4096), 4096)->host);
    QVERIFY(lookUpGuest(**image, {}, GuestOffset(6 << 20), 4096)->host
        == lookUpGuest(**image, 0, GuestOffset(6 << 20), 4096)->host);
    QCOMPARE(kindAt({}, 15 << 20), MappingKind::Unallocated);
}

void GuestLookupTest::readsLittle()
{
    REQUIRE_QEMU();
    const auto image = imageWithSnapshot(m_folder);
    QVERIFY(image);
    // However much is asked for, the answer ends with the L2 table.
    const auto extent = lookUpGuest(**image, {}, GuestOffset(1 << 20), UINT64_MAX >> 1);
    QVERIFY(extent);
    QCOMPARE(extent->length, std::uint64_t{1} << 20);
}

void GuestLookupTest::refusesSnapshotsThatAreNotThere()
{
    REQUIRE_QEMU();
    const auto image = imageWithSnapshot(m_folder);
    QVERIFY(image);
    QVERIFY(!lookUpGuest(**image, 1, GuestOffset(0), 1));
    QCOMPARE(diskSize(**image, 7), std::uint64_t{16} << 20);
}

QTEST_GUILESS_MAIN(GuestLookupTest)
#include "guest_lookup_test.moc"
