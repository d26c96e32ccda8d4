// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/byte_place.h"
#include "core/analysis/census.h"
#include "core/storage/memory_storage.h"
#include "tests/support/expect.h"
#include "tests/support/image_builder.h"
#include "tests/support/sample_images.h"

using namespace cowscope;
using test::BuiltImage;
using test::ImageBuilder;
using Kind = BytePlace::Kind;

namespace
{

/// An image with its census, and what a byte of it is.
struct Places {
    explicit Places(const BuiltImage& built)
        : image(Image::open(std::make_shared<MemoryStorage>(built.bytes), {}).value_or(nullptr))
        , census(takeCensus(*image, {}).value_or(nullptr))
    {
    }

    BytePlace at(std::uint64_t offset) const { return bytePlace(*image, census->map, HostOffset(offset)); }

    std::shared_ptr<const Image> image;
    std::shared_ptr<const Census> census;
};

} // namespace

class BytePlaceTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void everyByteLiesInItsOwnPlace_data();
    void everyByteLiesInItsOwnPlace();
    void namesTheParts();
    void tellsCompressedEntriesByTheirBytes();
    void findsTheCountsOfAByte_data();
    void findsTheCountsOfAByte();
    void splitsExtendedEntries();
    void splitsSnapshotsAndBitmaps();
    void namesWhatTheHeaderClusterHolds();
    void hasAPlaceBehindTheEnd();
};

void BytePlaceTest::everyByteLiesInItsOwnPlace_data()
{
    QTest::addColumn<int>("sample");
    QTest::newRow("bitmap and extensions") << 0;
    QTest::newRow("snapshots") << 1;
}

void BytePlaceTest::everyByteLiesInItsOwnPlace()
{
    QFETCH(int, sample);
    const Places places(sample == 0 ? test::plainImage(9, 4) : test::snapshotImage(9, 2, 3));
    for (std::uint64_t at = 0; at < places.image->fileSize();) {
        const BytePlace place = places.at(at);
        QVERIFY2(place.contains(HostOffset(at)), place.name.c_str());
        QVERIFY(!place.name.empty());
        // Places follow one another without a gap, and each of their bytes finds the same one.
        QCOMPARE(places.at(place.start.value() + place.bytes - 1).start.value(), place.start.value());
        QCOMPARE(place.start.value(), at);
        at = place.start.value() + place.bytes;
    }
}

void BytePlaceTest::namesTheParts()
{
    const BuiltImage built = test::snapshotImage(12, 4, 1);
    const Places places(built);
    const auto name = [&](std::uint64_t at) { return QByteArray::fromStdString(places.at(at).name); };
    QCOMPARE(name(built.layout.l1 + 3), "L1 entry 0 of the active table");
    QCOMPARE(name(built.layout.snapshotL1[0] + 8), "L1 entry 1 of snapshot 'snapshot 1'");
    QCOMPARE(name(built.layout.reftable + 7), "reftable entry 0");
    QVERIFY(name(built.l2EntryAt(7) + 1).startsWith("L2 entry 7 of the table at 0x"));
    QCOMPARE(places.at(built.l2EntryAt(7) + 1).start.value(), built.l2EntryAt(7));
    QVERIFY(places.at(built.layout.l1).kind == Kind::Fields);
    QVERIFY(places.at(built.layout.l1).structure == Structure::L1Entry);
}

void BytePlaceTest::tellsCompressedEntriesByTheirBytes()
{
    const BuiltImage built = test::plainImage(12, 4);
    const Places places(built);
    const auto structure = [&](std::uint64_t guest) {
        const std::uint64_t at = built.l2EntryAt(guest);
        return structureOf(places.at(at), std::span(built.bytes).subspan(at, 8));
    };
    QVERIFY(structure(1) == Structure::L2Entry);
    QVERIFY(structure(502) == Structure::CompressedL2Entry);
}

void BytePlaceTest::findsTheCountsOfAByte_data()
{
    QTest::addColumn<unsigned>("order");
    QTest::addColumn<std::uint64_t>("index"); // of the first count that byte 9 holds a part of
    QTest::addColumn<std::uint64_t>("bytes");
    QTest::newRow("1 bit") << 0U << std::uint64_t{72} << std::uint64_t{1};
    QTest::newRow("4 bits") << 2U << std::uint64_t{18} << std::uint64_t{1};
    QTest::newRow("16 bits") << 4U << std::uint64_t{4} << std::uint64_t{2};
    QTest::newRow("64 bits") << 6U << std::uint64_t{1} << std::uint64_t{8};
}

void BytePlaceTest::findsTheCountsOfAByte()
{
    QFETCH(unsigned, order);
    QFETCH(std::uint64_t, index);
    QFETCH(std::uint64_t, bytes);
    const BuiltImage built = test::plainImage(12, order);
    const BytePlace place = Places(built).at(built.layout.refblocks.at(0) + 9);
    QVERIFY(place.kind == Kind::Counts);
    QCOMPARE(place.index, index);
    QCOMPARE(place.bytes, bytes);
    QVERIFY(place.contains(HostOffset(built.layout.refblocks.at(0) + 9)));
}

void BytePlaceTest::splitsExtendedEntries()
{
    ImageBuilder builder({.clusterBits = 14, .extendedL2 = true});
    builder.data(3);
    const BuiltImage built = builder.build();
    const Places places(built);
    const std::uint64_t entry = built.l2EntryAt(3);
    QVERIFY(places.at(entry + 7).structure == Structure::L2Entry);
    QVERIFY(places.at(entry + 8).structure == Structure::SubclusterBitmap);
    QCOMPARE(places.at(entry + 15).start.value(), entry + 8);
    QCOMPARE(places.at(entry + 15).index, std::uint64_t{3});
}

void BytePlaceTest::splitsSnapshotsAndBitmaps()
{
    const BuiltImage built = test::snapshotImage(12, 4, 2);
    const Places places(built);
    const Snapshot& second = places.image->snapshots()[1];
    const std::uint64_t entry = second.entryOffset.value();
    QVERIFY(places.at(entry).structure == Structure::SnapshotEntry);
    QCOMPARE(places.at(entry).index, std::uint64_t{1});
    const std::uint64_t name = entry + kSnapshotEntryBytes + second.extraData.size() + second.id.size();
    QVERIFY(places.at(name).kind == Kind::Text);
    QCOMPARE(places.at(name).bytes, std::uint64_t{second.name.size()});

    const BuiltImage marked = test::plainImage(12, 4);
    const Places bitmaps(marked);
    const Bitmap& bitmap = bitmaps.image->bitmaps()[0];
    QVERIFY(bitmaps.at(bitmap.entryOffset.value() + 5).structure == Structure::BitmapDirectoryEntry);
    QVERIFY(bitmaps.at(bitmap.tableOffset.value() + 5).structure == Structure::BitmapTableEntry);
    QVERIFY(bitmaps.at(bitmap.entryOffset.value() + 24).kind == Kind::Text);
}

void BytePlaceTest::namesWhatTheHeaderClusterHolds()
{
    ImageBuilder builder({.clusterBits = 12});
    builder.extension(kExtensionBackingFormat, test::bytesOf("qcow2"));
    builder.backingFile("base.qcow2");
    const BuiltImage built = builder.build();
    const Places places(built);
    QVERIFY(places.at(100).structure == Structure::Header);
    QVERIFY(places.at(104).structure == Structure::HeaderExtension);
    QVERIFY(places.at(113).kind == Kind::Text);
    const std::uint64_t backing = places.image->header().backingFileOffset.value();
    QCOMPARE(QByteArray::fromStdString(places.at(backing + 3).name), "name of the backing file");
    QCOMPARE(places.at(backing + 3).bytes, std::uint64_t{10});
    QCOMPARE(QByteArray::fromStdString(places.at(4000).name), "unused rest of the header");
}

void BytePlaceTest::hasAPlaceBehindTheEnd()
{
    const Places places(test::plainImage(12, 4));
    const BytePlace place = places.at(std::uint64_t{1} << 62);
    QVERIFY(place.contains(HostOffset(std::uint64_t{1} << 62)));
    QVERIFY(place.owner == ClusterOwner::Free);
}

QTEST_GUILESS_MAIN(BytePlaceTest)
#include "byte_place_test.moc"
