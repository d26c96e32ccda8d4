// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/image/backing_chain.h"
#include "core/image/guest_map.h"
#include "core/storage/memory_storage.h"
#include "tests/support/expect.h"
#include "tests/support/qemu_oracle.h"
#include "tests/support/sample_images.h"

#include <QTemporaryDir>

using namespace cowscope;
using test::BuiltImage;

namespace
{

constexpr std::uint64_t kCluster = 4096;
constexpr std::uint64_t kTableReach = 512 * kCluster; ///< guest bytes that one L2 table of 4 KiB maps

std::shared_ptr<const Image> open(const BuiltImage& built)
{
    return Image::open(std::make_shared<MemoryStorage>(built.bytes), {}).value_or(nullptr);
}

/// All extents of a stretch of the disk.
std::vector<GuestExtent> walk(const Image& image, std::uint64_t from, std::uint64_t to)
{
    GuestMap map(image);
    std::vector<GuestExtent> out;
    while (from < to) {
        const auto extent = map.at(GuestOffset(from), to - from);
        if (!extent || extent->length == 0)
            return {};
        out.push_back(*extent);
        from += extent->length;
    }
    return out;
}

} // namespace

class GuestMapTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void tellsTheKindsOfClustersApart();
    void joinsNeighboursThatFollowEachOtherInTheFile();
    void answersFromTheMiddleOfACluster();
    void keepsToTheLengthAskedFor();
    void skipsTablesThatAreNotThere();
    void tellsSubclustersApart();
    void reportsEntriesThatCannotBeFollowed_data();
    void reportsEntriesThatCannotBeFollowed();
    void chainReadsThroughToTheBackingFile();
    void chainEndsWhereTheBackingFileEnds();
    void chainRefusesAFileThatIsItsOwnBackingFile();
    void chainNamesTheMissingFile();
    void backingNamesCountFromTheFolderOfTheImage();

private:
    std::string save(const char* name, const BuiltImage& built);

    QTemporaryDir m_folder;
};

std::string GuestMapTest::save(const char* name, const BuiltImage& built)
{
    test::writeFile(m_folder.filePath(name), built.bytes);
    return m_folder.filePath(name).toStdString();
}

void GuestMapTest::tellsTheKindsOfClustersApart()
{
    test::ImageBuilder builder({.clusterBits = 12});
    const std::uint64_t data = builder.data(1);
    builder.zero(2);
    const std::uint64_t kept = builder.data(3);
    builder.compressed({4}, 900);
    BuiltImage built = builder.build();
    test::put64(built.bytes, built.l2EntryAt(3), test::getNumber(built.bytes, built.l2EntryAt(3), 8) | 1);
    const auto image = open(built);
    QVERIFY(image);
    const auto extents = walk(*image, 0, 6 * kCluster);
    QCOMPARE(extents.size(), 6U);
    const std::array kinds{MappingKind::Unallocated, MappingKind::Data, MappingKind::Zero, MappingKind::ZeroAllocated,
        MappingKind::Compressed, MappingKind::Unallocated};
    for (std::size_t i = 0; i < 6; ++i) {
        QCOMPARE(extents[i].kind, kinds[i]);
        QCOMPARE(extents[i].start.value(), i * kCluster);
        QCOMPARE(extents[i].length, kCluster);
    }
    QVERIFY(extents[1].host == HostOffset(data));
    QVERIFY(extents[3].host == HostOffset(kept));
    QVERIFY(!extents[0].host && !extents[2].host && !extents[4].host);
}

void GuestMapTest::joinsNeighboursThatFollowEachOtherInTheFile()
{
    test::ImageBuilder builder({.clusterBits = 12});
    for (std::uint64_t guest = 0; guest < 5; ++guest)
        builder.data(guest);
    builder.skip(1);
    builder.data(5);
    const auto image = open(builder.build());
    QVERIFY(image);
    const auto extents = walk(*image, 0, 6 * kCluster);
    QCOMPARE(extents.size(), 2U);
    QCOMPARE(extents[0].length, 5 * kCluster);
}

void GuestMapTest::answersFromTheMiddleOfACluster()
{
    test::ImageBuilder builder({.clusterBits = 12});
    const std::uint64_t data = builder.data(7);
    const auto image = open(builder.build());
    QVERIFY(image);
    const auto extent = GuestMap(*image).at(GuestOffset(7 * kCluster + 1000), kCluster);
    VERIFY_OK(extent);
    QVERIFY(extent->host == HostOffset(data + 1000));
    QCOMPARE(extent->length, kCluster - 1000);
}

void GuestMapTest::keepsToTheLengthAskedFor()
{
    const auto image = open(test::plainImage(12, 4));
    QVERIFY(image);
    for (const std::uint64_t most : {std::uint64_t{1}, std::uint64_t{512}, kCluster, 3 * kCluster + 7})
        QCOMPARE(GuestMap(*image).at(GuestOffset(0), most).value().length, most);
}

void GuestMapTest::skipsTablesThatAreNotThere()
{
    test::ImageBuilder builder({.clusterBits = 12, .virtualSize = 100 * kTableReach});
    builder.data(0);
    builder.data(90 * 512);
    const auto image = open(builder.build());
    QVERIFY(image);
    const auto extents = walk(*image, 0, 100 * kTableReach);
    // Data, the rest of its table, many tables at once, data, the rest of its table, the rest of the disk.
    QCOMPARE(extents.size(), 6U);
    QCOMPARE(extents[2].length, 89 * kTableReach);
}

void GuestMapTest::tellsSubclustersApart()
{
    test::ImageBuilder builder({.clusterBits = 14, .extendedL2 = true});
    const std::uint64_t data = builder.data(0);
    BuiltImage built = builder.build();
    // Subclusters of 512 bytes: the first four are data, the next two zeros, the others are not here.
    test::put64(built.bytes, built.l2EntryAt(0) + 8, 0x00000030'0000000f);
    const auto image = open(built);
    QVERIFY(image);
    const auto extents = walk(*image, 0, 1 << 14);
    QCOMPARE(extents.size(), 3U);
    QCOMPARE(extents[0].kind, MappingKind::Data);
    QCOMPARE(extents[0].length, 4U * 512);
    QVERIFY(extents[0].host == HostOffset(data));
    QCOMPARE(extents[1].kind, MappingKind::ZeroAllocated);
    QCOMPARE(extents[1].length, 2U * 512);
    QCOMPARE(extents[2].kind, MappingKind::UnallocatedHere);
}

void GuestMapTest::reportsEntriesThatCannotBeFollowed_data()
{
    QTest::addColumn<bool>("inL1");
    QTest::addColumn<quint64>("raw");
    QTest::newRow("L2 table unaligned") << true << quint64{0x8000000000002200};
    QTest::newRow("data unaligned") << false << quint64{0x8000000000003200};
}

void GuestMapTest::reportsEntriesThatCannotBeFollowed()
{
    QFETCH(bool, inL1);
    QFETCH(quint64, raw);
    test::ImageBuilder builder({.clusterBits = 12});
    builder.data(0);
    BuiltImage built = builder.build();
    test::put64(built.bytes, inL1 ? built.layout.l1 : built.l2EntryAt(0), raw);
    const auto image = open(built);
    QVERIFY(image);
    VERIFY_ERROR(GuestMap(*image).at(GuestOffset(0), kCluster), ErrorKind::Invalid);
}

void GuestMapTest::chainReadsThroughToTheBackingFile()
{
    test::ImageBuilder base({.clusterBits = 12});
    const std::uint64_t below = base.data(1);
    save("base.qcow2", base.build());
    test::ImageBuilder top({.clusterBits = 12});
    top.backingFile("base.qcow2");
    top.extension(0xe2792aca, test::bytesOf("qcow2"));
    top.data(0);
    top.zero(2);
    const BuiltImage built = top.build();
    auto chain = BackingChain::open(open(built), save("top.qcow2", built), Sharing::Locked, {});
    VERIFY_OK(chain);
    QCOMPARE(chain->layers(), 2U);
    QCOMPARE(chain->at(0, kCluster)->depth, 0U);
    const auto through = chain->at(kCluster, kCluster);
    VERIFY_OK(through);
    QCOMPARE(through->depth, 1U);
    QVERIFY(through->data && through->offset == below);
    const auto zero = chain->at(2 * kCluster, kCluster);
    QVERIFY(zero->depth == 0 && zero->zero && !zero->data);
    QVERIFY(!chain->at(3 * kCluster, kCluster)->present);

    BackingChain alone(open(built), "top.qcow2");
    const auto unread = alone.at(kCluster, kCluster);
    QVERIFY(unread && !unread->data && unread->depth == 0);
}

void GuestMapTest::chainEndsWhereTheBackingFileEnds()
{
    test::writeFile(m_folder.filePath("short.raw"), test::Bytes(3 * kCluster, std::byte{1}));
    test::ImageBuilder top({.clusterBits = 12});
    top.backingFile("short.raw");
    top.extension(0xe2792aca, test::bytesOf("raw"));
    const BuiltImage built = top.build();
    auto chain = BackingChain::open(open(built), save("over.qcow2", built), Sharing::Locked, {});
    VERIFY_OK(chain);
    const auto inside = chain->at(0, chain->size());
    VERIFY_OK(inside);
    QCOMPARE(inside->length, 3 * kCluster);
    QVERIFY(inside->data && inside->depth == 1);
    const auto behind = chain->at(3 * kCluster, chain->size() - 3 * kCluster);
    VERIFY_OK(behind);
    QVERIFY(behind->zero && !behind->data);
    QCOMPARE(behind->length, chain->size() - 3 * kCluster);
}

void GuestMapTest::chainRefusesAFileThatIsItsOwnBackingFile()
{
    test::ImageBuilder builder({.clusterBits = 12});
    builder.backingFile("self.qcow2");
    const BuiltImage built = builder.build();
    const auto chain = BackingChain::open(open(built), save("self.qcow2", built), Sharing::Locked, {});
    VERIFY_ERROR(chain, ErrorKind::TooLarge);
}

void GuestMapTest::chainNamesTheMissingFile()
{
    test::ImageBuilder builder({.clusterBits = 12});
    builder.backingFile("nowhere.img");
    const BuiltImage built = builder.build();
    const auto chain = BackingChain::open(open(built), save("orphan.qcow2", built), Sharing::Locked, {});
    VERIFY_ERROR(chain, ErrorKind::NotFound);
    QVERIFY(chain.error().path.ends_with("/nowhere.img"));
}

void GuestMapTest::backingNamesCountFromTheFolderOfTheImage()
{
    QCOMPARE(resolveBackingPath("/images/a.qcow2", "b.img"), std::string("/images/b.img"));
    QCOMPARE(resolveBackingPath("/images/a.qcow2", "/other/b.img"), std::string("/other/b.img"));
    QCOMPARE(resolveBackingPath("a.qcow2", "b.img"), std::string("b.img"));
}

QTEST_GUILESS_MAIN(GuestMapTest)
#include "guest_map_test.moc"
