// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/image/guest_reader.h"
#include "core/storage/memory_storage.h"
#include "tests/support/expect.h"
#include "tests/support/image_builder.h"
#include "tests/support/qemu_oracle.h"

#include <QTemporaryDir>
#include <zlib.h>

using namespace cowscope;
using test::BuiltImage;
using test::Bytes;

namespace
{

constexpr std::uint64_t kCluster = 4096;
constexpr std::uint64_t kOffsetMask = 0x00fffffffffffe00;
constexpr std::uint64_t kCompressedOffsetMask = (std::uint64_t{1} << (62 - (12 - 8))) - 1; ///< clusters of 4 KiB
constexpr std::uint32_t kBackingFormat = 0xe2792aca;
constexpr std::uint32_t kDataFileName = 0x44415441;

std::shared_ptr<const Image> open(const BuiltImage& built)
{
    return Image::open(std::make_shared<MemoryStorage>(built.bytes), {}).value_or(nullptr);
}

GuestReader readerOf(const BuiltImage& built)
{
    return GuestReader(BackingChain(open(built), "image.qcow2"));
}

/// What is read; empty on an error.
Bytes contents(GuestReader& reader, std::uint64_t start, std::size_t length)
{
    Bytes out(length, std::byte{0xee});
    return reader.read(start, out) ? out : Bytes();
}

/// A cluster in which each byte tells its place.
Bytes ramp(std::uint8_t seed)
{
    Bytes bytes(kCluster);
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<std::byte>(seed + i / 16);
    return bytes;
}

Bytes deflated(const Bytes& data)
{
    Bytes out(data.size());
    z_stream stream = {};
    deflateInit2(&stream, 9, Z_DEFLATED, -12, 9, Z_DEFAULT_STRATEGY);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(data.data()));
    stream.avail_in = static_cast<uInt>(data.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(out.size() - stream.avail_out);
    deflateEnd(&stream);
    return out;
}

void put(Bytes& bytes, std::uint64_t at, const Bytes& what)
{
    std::copy(what.begin(), what.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
}

/// Where the compressed data of a guest cluster begins.
std::uint64_t compressedAt(const BuiltImage& built, std::uint64_t guestCluster)
{
    return test::getNumber(built.bytes, built.l2EntryAt(guestCluster), 8) & kCompressedOffsetMask;
}

} // namespace

class GuestReaderTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void readsDataZerosAndHoles();
    void readsAnyRangeAsItReadsTheWhole();
    void whatLiesBehindTheDiskIsZero();
    void dataBehindTheEndOfTheFileIsZero();
    void readsSubclustersEachFromItsPlace();
    void readsCompressedClusters();
    void compressedDataMayEndInsideTheLastSector();
    void damagedCompressedDataIsAnErrorWithFileAndPlace();
    void encryptedDataIsNotShownAsIfItWereClear();
    void readsThroughTheChain();
    void aShortBackingFileReadsAsZerosBehindItsEnd();
    void readsDataFilesThatAreShorterThanTheDisk();
    void aDataFileThatWasNotOpenedIsRefused();
    void aSnapshotShowsTheDiskAsItWas();
    void aSnapshotOfASmallerDiskEndsWhereItEnded();
    void snapshotTablesThatCannotBeReadAreErrors_data();
    void snapshotTablesThatCannotBeReadAreErrors();
    void openFileTakesTheFormatAskedFor();
    void openBelowLeavesTheImageItselfOut();

private:
    std::string save(const char* name, const Bytes& bytes)
    {
        test::writeFile(m_folder.filePath(name), bytes);
        return m_folder.filePath(name).toStdString();
    }

    QTemporaryDir m_folder;
};

void GuestReaderTest::readsDataZerosAndHoles()
{
    test::ImageBuilder builder({.clusterBits = 12});
    builder.data(1, 0x11);
    builder.zero(2);
    builder.data(3, 0x33);
    BuiltImage built = builder.build();
    // A zero cluster that keeps its host cluster reads as zeros whatever is there.
    test::put64(built.bytes, built.l2EntryAt(3), test::getNumber(built.bytes, built.l2EntryAt(3), 8) | 1);
    GuestReader reader = readerOf(built);
    Bytes wanted(5 * kCluster);
    std::fill_n(wanted.begin() + kCluster, kCluster, std::byte{0x11});
    QVERIFY(contents(reader, 0, 5 * kCluster) == wanted);
}

void GuestReaderTest::readsAnyRangeAsItReadsTheWhole()
{
    test::ImageBuilder builder({.clusterBits = 12, .virtualSize = 64 * kCluster});
    builder.data(5);
    builder.data(0);
    builder.data(1);
    builder.zero(3);
    BuiltImage built = builder.build();
    for (const std::uint64_t guest : {5, 0, 1})
        put(built.bytes, test::getNumber(built.bytes, built.l2EntryAt(guest), 8) & kOffsetMask,
            ramp(static_cast<std::uint8_t>(guest * 50)));
    GuestReader reader = readerOf(built);
    const Bytes whole = contents(reader, 0, 64 * kCluster);
    QCOMPARE(whole.size(), std::size_t{64 * kCluster});
    QVERIFY(std::equal(whole.begin() + 5 * kCluster, whole.begin() + 6 * kCluster, ramp(250).begin()));
    for (const auto& [start, length] : {std::pair{1, 1}, {100, 5000}, {4095, 2}, {8000, 20000}, {20480, 4096}}) {
        const Bytes part = contents(reader, static_cast<std::uint64_t>(start), static_cast<std::size_t>(length));
        QVERIFY(part == Bytes(whole.begin() + start, whole.begin() + start + length));
    }
}

void GuestReaderTest::whatLiesBehindTheDiskIsZero()
{
    test::ImageBuilder builder({.clusterBits = 12, .virtualSize = kCluster / 2});
    builder.data(0, 0x77);
    GuestReader reader = readerOf(builder.build());
    QCOMPARE(reader.size(), kCluster / 2);
    Bytes wanted(2 * kCluster);
    std::fill_n(wanted.begin(), kCluster / 2, std::byte{0x77});
    QVERIFY(contents(reader, 0, 2 * kCluster) == wanted);
    QVERIFY(contents(reader, ~std::uint64_t{0} - 100, 50) == Bytes(50));
}

void GuestReaderTest::dataBehindTheEndOfTheFileIsZero()
{
    test::ImageBuilder builder({.clusterBits = 12});
    builder.data(0, 0x77);
    BuiltImage built = builder.build();
    test::put64(built.bytes, built.l2EntryAt(0), 1000 * kCluster);
    GuestReader reader = readerOf(built);
    QVERIFY(contents(reader, 0, kCluster) == Bytes(kCluster));
}

void GuestReaderTest::readsSubclustersEachFromItsPlace()
{
    constexpr std::size_t kSubcluster = 512;
    save("below.raw", Bytes(1 << 14, std::byte{0xbb}));
    test::ImageBuilder builder({.clusterBits = 14, .virtualSize = 1 << 14, .extendedL2 = true});
    builder.backingFile("below.raw");
    builder.extension(kBackingFormat, test::bytesOf("raw"));
    builder.data(0, 0x66);
    BuiltImage built = builder.build();
    // The first four are data, the next two zeros, the others are in the backing file.
    test::put64(built.bytes, built.l2EntryAt(0) + 8, 0x00000030'0000000f);
    auto chain = BackingChain::openFile(save("sub.qcow2", built.bytes), "qcow2", Sharing::Locked, {});
    VERIFY_OK(chain);
    GuestReader reader(std::move(*chain));
    Bytes wanted(1 << 14, std::byte{0xbb});
    std::fill_n(wanted.begin(), 4 * kSubcluster, std::byte{0x66});
    std::fill_n(wanted.begin() + 4 * kSubcluster, 2 * kSubcluster, std::byte{0});
    QVERIFY(contents(reader, 0, 1 << 14) == wanted);
    QVERIFY(contents(reader, 1000, 3000) == Bytes(wanted.begin() + 1000, wanted.begin() + 4000));
}

void GuestReaderTest::readsCompressedClusters()
{
    test::ImageBuilder builder({.clusterBits = 12});
    builder.data(1, 0x11);
    builder.compressed({0, 2, 3}, 1500); // the third crosses a cluster boundary
    BuiltImage built = builder.build();
    for (const std::uint64_t guest : {0, 2, 3})
        put(built.bytes, compressedAt(built, guest), deflated(ramp(static_cast<std::uint8_t>(guest))));
    GuestReader reader = readerOf(built);
    QVERIFY(contents(reader, 2 * kCluster, kCluster) == ramp(2));
    QVERIFY(contents(reader, 0, kCluster) == ramp(0));
    QVERIFY(contents(reader, 3 * kCluster, kCluster) == ramp(3));
    // In small pieces from one cluster and the next.
    const Bytes middle = contents(reader, 2 * kCluster + 3000, 2000);
    Bytes wanted = ramp(2);
    const Bytes third = ramp(3);
    wanted.insert(wanted.end(), third.begin(), third.end());
    QVERIFY(middle == Bytes(wanted.begin() + 3000, wanted.begin() + 5000));
    QVERIFY(contents(reader, kCluster, kCluster) == Bytes(kCluster, std::byte{0x11}));
}

void GuestReaderTest::compressedDataMayEndInsideTheLastSector()
{
    test::ImageBuilder builder({.clusterBits = 12});
    builder.data(1);
    BuiltImage built = builder.build();
    const Bytes packed = deflated(ramp(9));
    const std::uint64_t end = built.bytes.size();
    const std::uint64_t sectors = (packed.size() + 511) / 512 - 1;
    test::put64(built.bytes, built.l2EntryAt(0), std::uint64_t{1} << 62 | sectors << (62 - 4) | end);
    built.bytes.insert(built.bytes.end(), packed.begin(), packed.end());
    QVERIFY(built.bytes.size() % 512 != 0);
    GuestReader reader = readerOf(built);
    QVERIFY(contents(reader, 0, kCluster) == ramp(9));
}

void GuestReaderTest::damagedCompressedDataIsAnErrorWithFileAndPlace()
{
    test::ImageBuilder builder({.clusterBits = 12});
    builder.compressed({0, 1}, 1000); // not really compressed
    BuiltImage built = builder.build();
    put(built.bytes, compressedAt(built, 1), deflated(ramp(1)));
    GuestReader reader = readerOf(built);
    Bytes out(kCluster);
    const auto read = reader.read(0, out);
    VERIFY_ERROR(read, ErrorKind::Invalid);
    QCOMPARE(read.error().path, std::string("image.qcow2"));
    QCOMPARE(read.error().offset.value_or(0), compressedAt(built, 0));
    QVERIFY(contents(reader, kCluster, kCluster) == ramp(1));
}

void GuestReaderTest::encryptedDataIsNotShownAsIfItWereClear()
{
    constexpr std::size_t kCryptMethod = 32; // in the header
    test::ImageBuilder builder({.clusterBits = 12});
    builder.data(1);
    BuiltImage built = builder.build();
    test::put32(built.bytes, kCryptMethod, 1);
    GuestReader reader = readerOf(built);
    Bytes out(kCluster);
    VERIFY_ERROR(reader.read(kCluster, out), ErrorKind::Unsupported);
    QVERIFY(contents(reader, 0, kCluster) == Bytes(kCluster));
}

void GuestReaderTest::readsThroughTheChain()
{
    save("base.raw", Bytes(16 * kCluster, std::byte{0xaa}));
    test::ImageBuilder middle({.clusterBits = 12, .virtualSize = 16 * kCluster});
    middle.backingFile("base.raw");
    middle.extension(kBackingFormat, test::bytesOf("raw"));
    middle.data(1, 0x11);
    middle.zero(2);
    middle.compressed({3, 4}, 800);
    BuiltImage built = middle.build();
    for (const std::uint64_t guest : {3, 4})
        put(built.bytes, compressedAt(built, guest), deflated(ramp(static_cast<std::uint8_t>(guest))));
    save("middle.qcow2", built.bytes);
    test::ImageBuilder top({.clusterBits = 13, .virtualSize = 16 * kCluster});
    top.backingFile("middle.qcow2");
    top.data(7, 0x77);
    auto chain = BackingChain::openFile(save("top.qcow2", top.build().bytes), "", Sharing::Locked, {});
    VERIFY_OK(chain);
    QCOMPARE(chain->layers(), std::size_t{3});
    GuestReader reader(std::move(*chain));
    Bytes wanted(16 * kCluster, std::byte{0xaa});
    std::fill_n(wanted.begin() + kCluster, kCluster, std::byte{0x11});
    std::fill_n(wanted.begin() + 2 * kCluster, kCluster, std::byte{0});
    put(wanted, 3 * kCluster, ramp(3));
    put(wanted, 4 * kCluster, ramp(4));
    std::fill_n(wanted.begin() + 14 * kCluster, 2 * kCluster, std::byte{0x77});
    QVERIFY(contents(reader, 0, 16 * kCluster) == wanted);
}

void GuestReaderTest::aShortBackingFileReadsAsZerosBehindItsEnd()
{
    constexpr std::size_t kShort = kCluster + 700; // ends inside a sector
    save("short.raw", Bytes(kShort, std::byte{0x22}));
    test::ImageBuilder top({.clusterBits = 12, .virtualSize = 4 * kCluster});
    top.backingFile("short.raw");
    top.data(3, 0x33);
    auto chain = BackingChain::openFile(save("long.qcow2", top.build().bytes), "qcow2", Sharing::Locked, {});
    VERIFY_OK(chain);
    GuestReader reader(std::move(*chain));
    Bytes wanted(4 * kCluster);
    std::fill_n(wanted.begin(), kShort, std::byte{0x22});
    std::fill_n(wanted.begin() + 3 * kCluster, kCluster, std::byte{0x33});
    QVERIFY(contents(reader, 0, 4 * kCluster) == wanted);
}

namespace
{

/// An image of two clusters with data in a data file, both mapped there.
BuiltImage imageWithDataFile()
{
    test::ImageBuilder builder({.clusterBits = 12, .virtualSize = 2 * kCluster, .incompatible = 4});
    builder.extension(kDataFileName, test::bytesOf("data.raw"));
    builder.data(0);
    builder.data(1);
    BuiltImage built = builder.build();
    test::put64(built.bytes, built.l2EntryAt(0), std::uint64_t{1} << 63);
    test::put64(built.bytes, built.l2EntryAt(1), std::uint64_t{1} << 63 | kCluster);
    return built;
}

} // namespace

void GuestReaderTest::readsDataFilesThatAreShorterThanTheDisk()
{
    save("data.raw", Bytes(kCluster + 100, std::byte{0xdf}));
    auto chain
        = BackingChain::openFile(save("with-data.qcow2", imageWithDataFile().bytes), "qcow2", Sharing::Locked, {});
    VERIFY_OK(chain);
    GuestReader reader(std::move(*chain));
    Bytes wanted(2 * kCluster);
    std::fill_n(wanted.begin(), kCluster + 100, std::byte{0xdf});
    QVERIFY(contents(reader, 0, 2 * kCluster) == wanted);
}

void GuestReaderTest::aDataFileThatWasNotOpenedIsRefused()
{
    const BuiltImage built = imageWithDataFile();
    const auto path = dataFilePath(*open(built), "/images/a.qcow2");
    VERIFY_OK(path);
    QCOMPARE(path->value_or(""), std::string("/images/data.raw"));
    GuestReader reader = readerOf(built);
    Bytes out(kCluster);
    VERIFY_ERROR(reader.read(0, out), ErrorKind::Refused);
}

void GuestReaderTest::aSnapshotShowsTheDiskAsItWas()
{
    save("under.raw", Bytes(4 * kCluster, std::byte{0xbb}));
    test::ImageBuilder builder({.clusterBits = 12, .virtualSize = 4 * kCluster});
    builder.backingFile("under.raw");
    builder.data(0, 0x01);
    builder.data(1, 0x02);
    builder.snapshot("1", "before");
    builder.data(0, 0x03);
    builder.data(2, 0x04);
    builder.snapshot("2", "later");
    builder.data(3, 0x05);
    const BuiltImage built = builder.build();
    const std::string path = save("snapshots.qcow2", built.bytes);
    const std::vector<std::vector<int>> wanted{{0x01, 0x02, 0xbb, 0xbb}, {0x03, 0x02, 0x04, 0xbb}};
    for (std::size_t index = 0; index < wanted.size(); ++index) {
        auto chain = BackingChain::openSnapshot(open(built), index, path, Sharing::Locked, {});
        VERIFY_OK(chain);
        GuestReader reader(std::move(*chain));
        for (std::size_t guest = 0; guest < 4; ++guest)
            QVERIFY(contents(reader, guest * kCluster, kCluster)
                == Bytes(kCluster, static_cast<std::byte>(wanted[index][guest])));
    }
}

void GuestReaderTest::aSnapshotOfASmallerDiskEndsWhereItEnded()
{
    test::ImageBuilder builder({.clusterBits = 12, .virtualSize = 4 * kCluster});
    builder.data(0, 0x01);
    builder.data(3, 0x02);
    builder.snapshot("1", "s");
    BuiltImage built = builder.build();
    const auto sizeAt = built.layout.snapshotTable + 48; // the second field of the extra data
    QCOMPARE(test::getNumber(built.bytes, sizeAt, 8), std::uint64_t{4 * kCluster});
    test::put64(built.bytes, sizeAt, kCluster + 512);
    auto chain = BackingChain::openSnapshot(open(built), 0, "image.qcow2", Sharing::Locked, {});
    VERIFY_OK(chain);
    QCOMPARE(chain->size(), kCluster + 512);
    test::put64(built.bytes, sizeAt, ~std::uint64_t{0});
    VERIFY_ERROR(BackingChain::openSnapshot(open(built), 0, "image.qcow2", Sharing::Locked, {}), ErrorKind::TooLarge);
    // A claim that the L1 table does not cover costs no time and reads as zeros.
    test::put64(built.bytes, sizeAt, std::uint64_t{1} << 62);
    auto vast = BackingChain::openSnapshot(open(built), 0, "image.qcow2", Sharing::Locked, {});
    VERIFY_OK(vast);
    const auto rest = vast->at(std::uint64_t{1} << 40, vast->size() - (std::uint64_t{1} << 40));
    VERIFY_OK(rest);
    QVERIFY(rest->zero && rest->start + rest->length == vast->size());
}

void GuestReaderTest::snapshotTablesThatCannotBeReadAreErrors_data()
{
    QTest::addColumn<int>("field");
    QTest::addColumn<quint64>("value");
    QTest::addColumn<int>("width");
    QTest::addColumn<int>("kind");
    QTest::newRow("unaligned") << 0 << quint64{0x1200} << 8 << static_cast<int>(ErrorKind::Invalid);
    QTest::newRow("behind the end") << 0 << (quint64{1} << 40) << 8 << static_cast<int>(ErrorKind::Truncated);
    QTest::newRow("too large") << 8 << quint64{0x7fffffff} << 4 << static_cast<int>(ErrorKind::TooLarge);
}

void GuestReaderTest::snapshotTablesThatCannotBeReadAreErrors()
{
    QFETCH(int, field);
    QFETCH(quint64, value);
    QFETCH(int, width);
    QFETCH(int, kind);
    test::ImageBuilder builder({.clusterBits = 12});
    builder.data(0);
    builder.snapshot("1", "s");
    BuiltImage built = builder.build();
    test::putNumber(
        built.bytes, built.layout.snapshotTable + static_cast<std::size_t>(field), value, static_cast<unsigned>(width));
    const auto chain = BackingChain::openSnapshot(open(built), 0, "image.qcow2", Sharing::Locked, {});
    VERIFY_ERROR(chain, static_cast<ErrorKind>(kind));
    QCOMPARE(chain.error().path, std::string("image.qcow2"));
}

void GuestReaderTest::openFileTakesTheFormatAskedFor()
{
    test::ImageBuilder builder({.clusterBits = 12, .virtualSize = 2 * kCluster});
    builder.data(1, 0x42);
    const BuiltImage built = builder.build();
    const std::string path = save("either.img", built.bytes);
    auto asRaw = BackingChain::openFile(path, "raw", Sharing::Locked, {});
    VERIFY_OK(asRaw);
    QCOMPARE(asRaw->size(), built.bytes.size());
    GuestReader raw(std::move(*asRaw));
    QVERIFY(contents(raw, 0, built.bytes.size()) == built.bytes);
    for (const char* format : {"", "qcow2"}) {
        auto chain = BackingChain::openFile(path, format, Sharing::Locked, {});
        VERIFY_OK(chain);
        QCOMPARE(chain->size(), 2 * kCluster);
    }
    VERIFY_ERROR(BackingChain::openFile(path, "vmdk", Sharing::Locked, {}), ErrorKind::Unsupported);
    const std::string text = save("text.img", test::bytesOf("not an image"));
    VERIFY_ERROR(BackingChain::openFile(text, "qcow2", Sharing::Locked, {}), ErrorKind::NotQcow2);
}

void GuestReaderTest::openBelowLeavesTheImageItselfOut()
{
    test::ImageBuilder base({.clusterBits = 12, .virtualSize = 2 * kCluster});
    base.data(0, 0x10);
    save("floor.qcow2", base.build().bytes);
    test::ImageBuilder top({.clusterBits = 12, .virtualSize = 4 * kCluster});
    top.backingFile("floor.qcow2");
    top.data(0, 0x20);
    const BuiltImage built = top.build();
    auto below
        = BackingChain::openBelow(*open(built), m_folder.filePath("top.qcow2").toStdString(), Sharing::Locked, {});
    VERIFY_OK(below);
    QVERIFY(*below);
    QCOMPARE((*below)->size(), 2 * kCluster);
    GuestReader reader(std::move(**below));
    QVERIFY(contents(reader, 0, kCluster) == Bytes(kCluster, std::byte{0x10}));

    const auto nothing = BackingChain::openBelow(*open(base.build()), "floor.qcow2", Sharing::Locked, {});
    VERIFY_OK(nothing);
    QVERIFY(!*nothing);
}

QTEST_GUILESS_MAIN(GuestReaderTest)
#include "guest_reader_test.moc"
