// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/image/image.h"
#include "core/storage/memory_storage.h"
#include "tests/support/expect.h"
#include "tests/support/faulty_storage.h"
#include "tests/support/sample_images.h"

#include <random>

using namespace cowscope;
using test::BuiltImage;
using test::Bytes;

namespace
{

Result<std::shared_ptr<const Image>> open(const Bytes& bytes)
{
    return Image::open(std::make_shared<MemoryStorage>(bytes), {});
}

} // namespace

class ImageTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void looksUpCountsAtEveryWidthAndClusterSize_data();
    void looksUpCountsAtEveryWidthAndClusterSize();
    void readsCountsInRunsThatBeginAnywhere_data();
    void readsCountsInRunsThatBeginAnywhere();
    void readsTheLargestCountOfEveryWidth_data() { eachOrder(); }
    void readsTheLargestCountOfEveryWidth();
    void countsNothingWhereNoRefblockReaches();
    void ignoresRefblocksThatCannotBeUsed();
    void holdsTheTopLevelTables();
    void readsWordsPastTheEndAsZeros();
    void readsNamesFromTheFirstCluster();
    void opensVersion2();
    void openingWritesNothing();
    void openingCanBeCancelled();
    void namesUnknownIncompatibleFeatures();
    void opensWithProblemsWhereASnapshotTableIsDamaged();
    void opensWithProblemsWhereABitmapDirectoryIsDamaged_data();
    void opensWithProblemsWhereABitmapDirectoryIsDamaged();
    void opensWithoutAReftable();
    void ignoresBitmapsThatTheAutoclearBitDisowns();
    void survivesFilesCutAnywhere();
    void geometryConvertsBetweenOffsetsAndClusters();

private:
    static void eachOrder();
};

void ImageTest::eachOrder()
{
    QTest::addColumn<unsigned>("order");
    for (unsigned order = 0; order <= 6; ++order)
        QTest::addRow("%u bits", 1U << order) << order;
}

void ImageTest::looksUpCountsAtEveryWidthAndClusterSize_data()
{
    QTest::addColumn<unsigned>("order");
    QTest::addColumn<unsigned>("clusterBits");
    for (unsigned order = 0; order <= 6; ++order) {
        for (const unsigned clusterBits : {9U, 12U, 16U})
            QTest::addRow("%u bits, cluster_bits %u", 1U << order, clusterBits) << order << clusterBits;
    }
}

void ImageTest::looksUpCountsAtEveryWidthAndClusterSize()
{
    QFETCH(unsigned, order);
    QFETCH(unsigned, clusterBits);
    const BuiltImage built
        = order < 2 ? test::plainImage(clusterBits, order) : test::snapshotImage(clusterBits, order, 2);
    const auto image = open(built.bytes);
    VERIFY_OK(image);
    QCOMPARE((*image)->header().refcountBits(), 1U << order);
    for (std::uint64_t cluster = 0; cluster < built.layout.clusters + 3; ++cluster) {
        const auto count = (*image)->refcount(HostCluster(cluster));
        VERIFY_OK(count);
        QCOMPARE(*count, built.count(cluster));
    }
}

void ImageTest::readsCountsInRunsThatBeginAnywhere_data()
{
    eachOrder();
}

void ImageTest::readsCountsInRunsThatBeginAnywhere()
{
    QFETCH(unsigned, order);
    // Three refblocks of noise, the middle one missing.
    test::ImageBuilder builder({.clusterBits = 9, .refcountOrder = order});
    const std::uint64_t perBlock = 512 * 8 >> order;
    builder.skip(3 * perBlock);
    builder.allocate();
    BuiltImage built = builder.build();
    std::mt19937_64 random(order);
    for (const auto& [index, offset] : built.layout.refblocks) {
        for (std::size_t i = 0; i < 512; ++i)
            built.bytes[offset + i] = static_cast<std::byte>(random());
    }
    const auto image = open(built.bytes);
    VERIFY_OK(image);
    for (int i = 0; i < 300; ++i) {
        const std::uint64_t first = random() % (3 * perBlock);
        std::vector<std::uint64_t> counts(random() % (2 * perBlock), 0x7777);
        VERIFY_OK((*image)->readRefcounts(HostCluster(first), counts));
        for (std::size_t n = 0; n < counts.size(); ++n)
            QCOMPARE(counts[n], built.count(first + n));
    }
}

void ImageTest::readsTheLargestCountOfEveryWidth()
{
    QFETCH(unsigned, order);
    BuiltImage built = test::plainImage(12, order);
    const std::uint64_t most = ~std::uint64_t{0} >> (64 - (1U << order));
    built.setCount(7, most);
    const auto image = open(built.bytes);
    VERIFY_OK(image);
    QCOMPARE((*image)->refcount(HostCluster(7)).value(), most);
    QCOMPARE((*image)->refcount(HostCluster(6)).value(), built.count(6));
    QCOMPARE((*image)->refcount(HostCluster(8)).value(), built.count(8));
}

void ImageTest::countsNothingWhereNoRefblockReaches()
{
    const auto image = open(test::plainImage(12, 4).bytes);
    VERIFY_OK(image);
    for (const std::uint64_t far : {std::uint64_t{1} << 20, std::uint64_t{1} << 51, UINT64_MAX >> 12, UINT64_MAX - 4})
        QCOMPARE((*image)->refcount(HostCluster(far)).value(), 0U);
    std::vector<std::uint64_t> counts(100'000, 1);
    VERIFY_OK((*image)->readRefcounts(HostCluster(std::uint64_t{1} << 40), counts));
    QVERIFY(std::ranges::all_of(counts, [](std::uint64_t count) { return count == 0; }));
}

void ImageTest::ignoresRefblocksThatCannotBeUsed()
{
    const BuiltImage sound = test::plainImage(12, 4);
    QVERIFY(open(sound.bytes).value()->usableRefblock(0).has_value());
    for (const std::uint64_t entry : {std::uint64_t{0x1200}, std::uint64_t{1} << 40, ~std::uint64_t{511}}) {
        BuiltImage built = sound;
        test::put64(built.bytes, built.layout.reftable, entry);
        const auto image = open(built.bytes);
        VERIFY_OK(image);
        QVERIFY(!(*image)->usableRefblock(0));
        QCOMPARE((*image)->refcount(HostCluster(0)).value(), 0U);
    }
}

void ImageTest::holdsTheTopLevelTables()
{
    const BuiltImage built = test::snapshotImage(9, 4, 3);
    const auto image = open(built.bytes);
    VERIFY_OK(image);
    QVERIFY((*image)->problems().empty());
    QCOMPARE((*image)->l1Table().size(), built.layout.l1Entries);
    for (std::uint64_t i = 0; i < built.layout.l1Entries; ++i)
        QCOMPARE((*image)->l1Table()[i], built.l1Entry(i));
    QCOMPARE((*image)->reftable().size(), built.layout.reftableClusters * 64);
    for (const auto& [index, offset] : built.layout.refblocks)
        QCOMPARE((*image)->reftable()[index], offset);
    QCOMPARE((*image)->snapshots().size(), 3U);
    QCOMPARE((*image)->snapshots()[2].name, std::string("snapshot 3"));
    QCOMPARE((*image)->snapshots()[1].l1TableOffset.value(), built.layout.snapshotL1[1]);
    QCOMPARE((*image)->fileClusters(), built.layout.clusters);
}

void ImageTest::readsWordsPastTheEndAsZeros()
{
    const BuiltImage built = test::plainImage(12, 4);
    const auto image = open(built.bytes);
    VERIFY_OK(image);
    std::vector<std::uint64_t> words(4, 1);
    VERIFY_OK((*image)->readWords(HostOffset(built.bytes.size() - 8), words));
    QCOMPARE(std::vector(words.begin() + 1, words.end()), std::vector<std::uint64_t>(3));
    VERIFY_OK((*image)->readWords(HostOffset(UINT64_MAX - 64), words));
    QCOMPARE(words, std::vector<std::uint64_t>(4));
}

void ImageTest::readsNamesFromTheFirstCluster()
{
    test::ImageBuilder builder;
    builder.extension(0xe2792aca, test::bytesOf("raw"));
    builder.backingFile("folder/base.img");
    builder.bitmap("first");
    builder.bitmap("second one");
    const auto image = open(builder.build().bytes);
    VERIFY_OK(image);
    QCOMPARE((*image)->backingFile(), std::string("folder/base.img"));
    QVERIFY((*image)->extensions().backingFormat == "raw");
    QCOMPARE((*image)->bitmaps().size(), 2U);
    QCOMPARE((*image)->bitmaps()[1].name, std::string("second one"));
    QCOMPARE((*image)->headerCluster().size(), 4096U);
}

void ImageTest::opensVersion2()
{
    test::ImageBuilder builder({.version = 2});
    builder.data(3);
    const BuiltImage built = builder.build();
    const auto image = open(built.bytes);
    VERIFY_OK(image);
    QCOMPARE((*image)->header().version, 2U);
    QCOMPARE((*image)->refcount(HostCluster(3)).value(), built.count(3));
}

void ImageTest::openingWritesNothing()
{
    const auto plan = std::make_shared<test::FaultPlan>();
    const auto inner = std::make_shared<MemoryStorage>(test::snapshotImage(9, 4, 3).bytes);
    VERIFY_OK(Image::open(std::make_shared<test::FaultyStorage>(inner, plan), {}));
    QCOMPARE(plan->count(test::StorageOp::Write), 0U);
    QCOMPARE(plan->count(test::StorageOp::Flush), 0U);
    QCOMPARE(plan->count(test::StorageOp::Truncate), 0U);
}

void ImageTest::openingCanBeCancelled()
{
    std::stop_source stop;
    stop.request_stop();
    const auto image
        = Image::open(std::make_shared<MemoryStorage>(test::plainImage(12, 4).bytes), {stop.get_token(), {}});
    VERIFY_ERROR(image, ErrorKind::Cancelled);
}

void ImageTest::namesUnknownIncompatibleFeatures()
{
    test::ImageBuilder builder({.incompatible = std::uint64_t{1} << 40});
    Bytes name(48);
    test::put8(name, 1, 40);
    test::putText(name, 2, "time travel");
    builder.extension(0x6803f857, name);
    const auto image = open(builder.build().bytes);
    VERIFY_ERROR(image, ErrorKind::Unsupported);
    QVERIFY2(image.error().what.find("time travel") != std::string::npos, image.error().what.c_str());
}

void ImageTest::opensWithProblemsWhereASnapshotTableIsDamaged()
{
    BuiltImage built = test::snapshotImage(12, 4, 2);
    test::put32(built.bytes, built.layout.snapshotTable + 36, 0xffffffff); // size of extra data
    const auto image = open(built.bytes);
    VERIFY_OK(image);
    QCOMPARE((*image)->problems().size(), 1U);
    QVERIFY(!(*image)->problems()[0].what.empty());
}

void ImageTest::opensWithProblemsWhereABitmapDirectoryIsDamaged_data()
{
    QTest::addColumn<unsigned>("at");
    QTest::addColumn<unsigned>("width");
    QTest::addColumn<quint64>("value");
    // The bitmaps extension of plainImage stands behind one of 8 + 16 bytes.
    QTest::newRow("no bitmaps") << 136U << 4U << quint64{0};
    QTest::newRow("too many bitmaps") << 136U << 4U << quint64{65536};
    QTest::newRow("more bitmaps than the directory has") << 136U << 4U << quint64{2};
    QTest::newRow("huge directory") << 144U << 8U << quint64{UINT64_MAX};
    QTest::newRow("directory unaligned") << 152U << 8U << quint64{0x1001};
    QTest::newRow("directory past the end") << 152U << 8U << (quint64{1} << 40);
    QTest::newRow("directory past any file") << 152U << 8U << ~quint64{0xfff};
}

void ImageTest::opensWithProblemsWhereABitmapDirectoryIsDamaged()
{
    QFETCH(unsigned, at);
    QFETCH(unsigned, width);
    QFETCH(quint64, value);
    BuiltImage built = test::plainImage(12, 4);
    QCOMPARE(test::getNumber(built.bytes, 128, 4), 0x23852875U);
    test::putNumber(built.bytes, at, value, width);
    const auto image = open(built.bytes);
    VERIFY_OK(image);
    QCOMPARE((*image)->problems().size(), 1U);
    QVERIFY((*image)->bitmaps().empty());
}

void ImageTest::opensWithoutAReftable()
{
    BuiltImage built = test::plainImage(12, 4);
    test::put32(built.bytes, 56, 0);
    const auto image = open(built.bytes);
    VERIFY_OK(image);
    QCOMPARE((*image)->refcount(HostCluster(0)).value(), 0U);
}

void ImageTest::ignoresBitmapsThatTheAutoclearBitDisowns()
{
    BuiltImage built = test::plainImage(12, 4);
    test::put64(built.bytes, 88, 0);
    const auto image = open(built.bytes);
    VERIFY_OK(image);
    QVERIFY((*image)->bitmaps().empty());
    QVERIFY((*image)->problems().empty());
}

void ImageTest::survivesFilesCutAnywhere()
{
    const BuiltImage built = test::snapshotImage(9, 4, 2);
    for (std::size_t length = 0; length < built.bytes.size(); length += length < 1024 ? 1 : 101) {
        const auto image = open(Bytes(built.bytes.begin(), built.bytes.begin() + static_cast<std::ptrdiff_t>(length)));
        if (length < 104)
            QVERIFY(!image);
        if (image)
            (void)(*image)->refcount(HostCluster(1));
    }
}

void ImageTest::geometryConvertsBetweenOffsetsAndClusters()
{
    Header header;
    header.clusterBits = 16;
    header.refcountOrder = 4;
    header.size = (std::uint64_t{1} << 30) + 1;
    const Geometry geometry(header);
    QCOMPARE(geometry.clusterSize(), 65536U);
    QCOMPARE(geometry.refblockEntries(), 32768U);
    QCOMPARE(geometry.l2Entries(), 8192U);
    QCOMPARE(geometry.l2Coverage(), std::uint64_t{512} << 20);
    QCOMPARE(geometry.guestClusters(), 16385U);
    QCOMPARE(geometry.l1EntriesFor(header.size), 3U);
    QVERIFY(geometry.cluster(HostOffset(0x2ffff)) == HostCluster(2));
    QVERIFY(geometry.offset(HostCluster(3)) == HostOffset(0x30000));
    QVERIFY(geometry.isAligned(HostOffset(0x30000)) && !geometry.isAligned(HostOffset(0x30200)));
    QCOMPARE(geometry.l1Index(GuestOffset(header.size)), 2U);
    QCOMPARE(geometry.l2Index(GuestOffset((std::uint64_t{512} << 20) + 0x20000)), 2U);
    QCOMPARE(geometry.refblockIndex(HostCluster(32768)), 1U);
    header.incompatibleFeatures = kIncompatibleExtendedL2;
    QCOMPARE(Geometry(header).l2Entries(), 4096U);
}

QTEST_GUILESS_MAIN(ImageTest)
#include "image_test.moc"
