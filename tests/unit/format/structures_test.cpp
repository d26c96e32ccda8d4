// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/format/bitmap_directory.h"
#include "core/format/luks_header.h"
#include "core/format/snapshot_table.h"
#include "core/format/table_entries.h"
#include "tests/support/expect.h"
#include "tests/support/image_builder.h"
#include "tests/support/qemu_oracle.h"

#include <QTemporaryDir>

using namespace cowscope;
using test::Bytes;

namespace
{

constexpr std::uint64_t kBit63 = std::uint64_t{1} << 63;

/// An entry with `extra` bytes of extra data, id "7" and name "before".
Bytes snapshotEntry(unsigned extra)
{
    Bytes entry(40 + extra);
    test::put64(entry, 0, 0x30000);
    test::put32(entry, 8, 5);
    test::put16(entry, 12, 1);
    test::put16(entry, 14, 6);
    test::put32(entry, 16, 1700000000);
    test::put32(entry, 20, 999);
    test::put64(entry, 24, 0x123456789a);
    test::put32(entry, 32, 0x1000);
    test::put32(entry, 36, extra);
    for (unsigned i = 0; i + 8 <= extra; i += 8)
        test::put64(entry, 40 + i, 0x1122334400 + i);
    test::putText(entry, 40 + extra, "7before");
    entry.resize((entry.size() + 7) / 8 * 8);
    return entry;
}

/// Two bitmaps, "one" and "second".
Bytes bitmapDirectory()
{
    Bytes out;
    const auto add = [&out](std::string_view name, std::uint64_t table, unsigned flags) {
        const std::size_t at = out.size();
        test::put64(out, at, table);
        test::put32(out, at + 8, 4);
        test::put32(out, at + 12, flags);
        test::put8(out, at + 16, 1);
        test::put8(out, at + 17, 16);
        test::put16(out, at + 18, static_cast<std::uint16_t>(name.size()));
        test::put32(out, at + 20, 0);
        test::putText(out, at + 24, name);
        out.resize((out.size() + 7) / 8 * 8);
    };
    add("one", 0x40000, 0);
    add("second", 0x50000, 3);
    return out;
}

} // namespace

class StructuresTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void l1EntryShowsItsParts();
    void l2EntryShowsItsParts();
    void reftableEntryUsesAllBitsAboveNine();
    void compressedDescriptorSplitsByClusterSize_data();
    void compressedDescriptorSplitsByClusterSize();
    void subclusterBitmapShowsContradictions();
    void bitmapTableEntryShowsItsParts();

    void snapshotShowsEveryField();
    void snapshotOfOldEntriesHasNoDiskSize();
    void snapshotWritesBackByteForByte_data();
    void snapshotWritesBackByteForByte();
    void snapshotRefusesEntriesThatAreCut();
    void snapshotRefusesAbsurdExtraData();

    void bitmapDirectoryShowsEveryField();
    void bitmapDirectoryWritesBackByteForByte();
    void bitmapDirectoryRefusesWhatIsNotLegal_data();
    void bitmapDirectoryRefusesWhatIsNotLegal();
    void bitmapDirectoryMustFillItsSize();

    void luksHeaderShowsWhatQemuWrote();
    void luksHeaderRefusesOtherBytes();
};

void StructuresTest::l1EntryShowsItsParts()
{
    const L1Entry entry{kBit63 | 0x50000};
    QVERIFY(entry.copied() && !entry.hasReservedBits());
    QCOMPARE(entry.l2Offset().value(), 0x50000U);
    for (const unsigned bit : {0U, 8U, 56U, 62U}) {
        const L1Entry reserved{std::uint64_t{1} << bit};
        QVERIFY(reserved.hasReservedBits());
        QCOMPARE(reserved.l2Offset().value(), 0U);
    }
    QCOMPARE(L1Entry{UINT64_MAX}.l2Offset().value(), 0x00fffffffffffe00U);
}

void StructuresTest::l2EntryShowsItsParts()
{
    const L2Entry data{kBit63 | 0x70000};
    QVERIFY(data.copied() && !data.compressed() && !data.zeroFlag() && !data.hasReservedBits());
    QCOMPARE(data.hostOffset().value(), 0x70000U);
    const L2Entry zero{0x70001};
    QVERIFY(zero.zeroFlag() && !zero.copied() && !zero.hasReservedBits());
    QCOMPARE(zero.hostOffset().value(), 0x70000U);
    const L2Entry compressed{kCompressedFlag | 0x70001};
    QVERIFY(compressed.compressed() && !compressed.zeroFlag() && !compressed.hasReservedBits());
    for (const unsigned bit : {1U, 8U, 56U, 61U})
        QVERIFY(L2Entry{std::uint64_t{1} << bit}.hasReservedBits());
}

void StructuresTest::reftableEntryUsesAllBitsAboveNine()
{
    QCOMPARE(ReftableEntry{UINT64_MAX}.refblockOffset().value(), ~std::uint64_t{511});
    QVERIFY(ReftableEntry{511}.hasReservedBits());
    QVERIFY(!ReftableEntry{~std::uint64_t{511}}.hasReservedBits());
}

void StructuresTest::compressedDescriptorSplitsByClusterSize_data()
{
    QTest::addColumn<unsigned>("clusterBits");
    for (unsigned bits = 9; bits <= 21; ++bits)
        QTest::addRow("cluster_bits %u", bits) << bits;
}

void StructuresTest::compressedDescriptorSplitsByClusterSize()
{
    QFETCH(unsigned, clusterBits);
    // Bits of the specification's table, counted by hand: x = 62 - (cluster_bits - 8).
    const unsigned x = 62 - (clusterBits - 8);
    const std::uint64_t mostSectors = std::uint64_t{1} << (clusterBits - 8);
    for (const std::uint64_t sectors : {std::uint64_t{1}, std::uint64_t{2}, mostSectors}) {
        for (const std::uint64_t offset : {std::uint64_t{0x10000}, std::uint64_t{0x1ff}, (std::uint64_t{1} << x) - 1}) {
            const std::uint64_t raw = kBit63 >> 1 | (sectors - 1) << x | offset;
            const auto descriptor = L2Entry{raw}.compressedDescriptor(clusterBits);
            QCOMPARE(descriptor.offset.value(), offset);
            QCOMPARE(descriptor.sectors, sectors);
            QCOMPARE(descriptor.maxBytes(), sectors * 512 - offset % 512);
            QCOMPARE(encodeCompressed(descriptor, clusterBits), raw);
        }
    }
}

void StructuresTest::subclusterBitmapShowsContradictions()
{
    const SubclusterBitmap bitmap{0x0000000f'000000f0};
    QCOMPARE(bitmap.allocated(), 0xf0U);
    QCOMPARE(bitmap.zero(), 0x0fU);
    QVERIFY(!bitmap.contradicts());
    QVERIFY(SubclusterBitmap{0x80000000'80000000}.contradicts());
}

void StructuresTest::bitmapTableEntryShowsItsParts()
{
    QCOMPARE(BitmapTableEntry{0x50000}.dataOffset().value(), 0x50000U);
    QVERIFY(!BitmapTableEntry{0x50000}.hasReservedBits());
    QVERIFY(BitmapTableEntry{1}.allOnes() && !BitmapTableEntry{1}.hasReservedBits());
    QVERIFY(BitmapTableEntry{0x50001}.hasReservedBits());
    QVERIFY(BitmapTableEntry{2}.hasReservedBits());
    QVERIFY(BitmapTableEntry{kBit63}.hasReservedBits());
}

void StructuresTest::snapshotShowsEveryField()
{
    const auto snapshot = decodeSnapshot(snapshotEntry(24), HostOffset(0x20000));
    VERIFY_OK(snapshot);
    QCOMPARE(snapshot->entryOffset.value(), 0x20000U);
    QCOMPARE(snapshot->l1TableOffset.value(), 0x30000U);
    QCOMPARE(snapshot->l1Size, 5U);
    QCOMPARE(snapshot->id, std::string("7"));
    QCOMPARE(snapshot->name, std::string("before"));
    QCOMPARE(snapshot->dateSeconds, 1700000000U);
    QCOMPARE(snapshot->dateNanoseconds, 999U);
    QCOMPARE(snapshot->vmClockNanoseconds, 0x123456789aU);
    QCOMPARE(snapshot->vmStateSize, 0x1122334400U); // the 64-bit field wins
    QVERIFY(snapshot->diskSize == 0x1122334408U);
    QVERIFY(snapshot->icount == 0x1122334410U);
    QCOMPARE(snapshot->entryBytes, 72U);
}

void StructuresTest::snapshotOfOldEntriesHasNoDiskSize()
{
    const auto bare = decodeSnapshot(snapshotEntry(0), HostOffset(0));
    VERIFY_OK(bare);
    QCOMPARE(bare->vmStateSize, 0x1000U);
    QVERIFY(!bare->diskSize && !bare->icount);
    const auto sizeOnly = decodeSnapshot(snapshotEntry(8), HostOffset(0));
    VERIFY_OK(sizeOnly);
    QCOMPARE(sizeOnly->vmStateSize, 0x1122334400U);
    QVERIFY(!sizeOnly->diskSize);
}

void StructuresTest::snapshotWritesBackByteForByte_data()
{
    QTest::addColumn<unsigned>("extra");
    for (const unsigned extra : {0U, 8U, 16U, 24U, 31U, 1024U})
        QTest::addRow("%u bytes of extra data", extra) << extra;
}

void StructuresTest::snapshotWritesBackByteForByte()
{
    QFETCH(unsigned, extra);
    const Bytes entry = snapshotEntry(extra);
    Bytes longer = entry;
    longer.resize(longer.size() + 100, std::byte{0xee});
    const auto snapshot = decodeSnapshot(longer, HostOffset(0));
    VERIFY_OK(snapshot);
    QCOMPARE(snapshot->entryBytes, entry.size());
    Bytes written = encodeSnapshot(*snapshot);
    // The 32-bit field repeats the low half of the 64-bit one, where there is one.
    if (extra >= 8)
        test::put32(written, 32, 0x1000);
    QCOMPARE(written, entry);
}

void StructuresTest::snapshotRefusesEntriesThatAreCut()
{
    const Bytes entry = snapshotEntry(16); // 40 + 16 + 7, and 1 of padding
    for (std::size_t length = 0; length < 63; ++length) {
        const auto cut = decodeSnapshot(std::span(entry).first(length), HostOffset(0));
        VERIFY_ERROR(cut, ErrorKind::Truncated);
    }
    VERIFY_OK(decodeSnapshot(std::span(entry).first(63), HostOffset(0)));
}

void StructuresTest::snapshotRefusesAbsurdExtraData()
{
    Bytes entry = snapshotEntry(0);
    for (const std::uint32_t extra : {1025U, 0x7fffffffU, 0xffffffffU}) {
        test::put32(entry, 36, extra);
        VERIFY_ERROR(decodeSnapshot(entry, HostOffset(0)), ErrorKind::TooLarge);
    }
}

void StructuresTest::bitmapDirectoryShowsEveryField()
{
    const auto bitmaps = decodeBitmapDirectory(bitmapDirectory(), HostOffset(0x60000), 2);
    VERIFY_OK(bitmaps);
    QCOMPARE(bitmaps->size(), 2U);
    const Bitmap& second = bitmaps->back();
    QCOMPARE(second.entryOffset.value(), 0x60020U);
    QCOMPARE(second.tableOffset.value(), 0x50000U);
    QCOMPARE(second.tableSize, 4U);
    QCOMPARE(second.flags, kBitmapInUse | kBitmapAuto);
    QCOMPARE(unsigned{second.granularityBits}, 16U);
    QCOMPARE(second.name, std::string("second"));
}

void StructuresTest::bitmapDirectoryWritesBackByteForByte()
{
    const auto bitmaps = decodeBitmapDirectory(bitmapDirectory(), HostOffset(0), 2);
    VERIFY_OK(bitmaps);
    QCOMPARE(encodeBitmapDirectory(*bitmaps), bitmapDirectory());
}

void StructuresTest::bitmapDirectoryRefusesWhatIsNotLegal_data()
{
    QTest::addColumn<unsigned>("at");
    QTest::addColumn<unsigned>("width");
    QTest::addColumn<quint64>("value");
    QTest::newRow("empty table") << 8U << 4U << quint64{0};
    QTest::newRow("huge table") << 8U << 4U << quint64{0x8000001};
    QTest::newRow("unknown flag") << 12U << 4U << quint64{8};
    QTest::newRow("unknown type") << 16U << 1U << quint64{2};
    QTest::newRow("granularity below 512") << 17U << 1U << quint64{8};
    QTest::newRow("granularity above 2 GiB") << 17U << 1U << quint64{32};
    QTest::newRow("no name") << 18U << 2U << quint64{0};
    QTest::newRow("name past the end") << 18U << 2U << quint64{0xffff};
    QTest::newRow("extra data past the end") << 20U << 4U << quint64{0xffffffff};
}

void StructuresTest::bitmapDirectoryRefusesWhatIsNotLegal()
{
    QFETCH(unsigned, at);
    QFETCH(unsigned, width);
    QFETCH(quint64, value);
    Bytes directory = bitmapDirectory();
    test::putNumber(directory, at, value, width);
    const auto bitmaps = decodeBitmapDirectory(directory, HostOffset(0x60000), 2);
    QVERIFY2(!bitmaps, "accepted");
    QVERIFY(bitmaps.error().offset == 0x60000U);
}

void StructuresTest::bitmapDirectoryMustFillItsSize()
{
    Bytes directory = bitmapDirectory();
    VERIFY_ERROR(decodeBitmapDirectory(directory, HostOffset(0), 1), ErrorKind::Invalid);
    VERIFY_ERROR(decodeBitmapDirectory(directory, HostOffset(0), 3), ErrorKind::Truncated);
    directory.resize(directory.size() + 8);
    VERIFY_ERROR(decodeBitmapDirectory(directory, HostOffset(0), 2), ErrorKind::Invalid);
}

void StructuresTest::luksHeaderShowsWhatQemuWrote()
{
    REQUIRE_QEMU();
    const QTemporaryDir folder;
    const QString image = folder.filePath("luks");
    // qemu-img times its key derivation, and gives up when a busy machine makes that impossible.
    test::ProgramRun made;
    for (int attempt = 0; attempt < 30 && made.exit != 0; ++attempt)
        made = test::qemu::img({"create", "-q", "-f", "qcow2", "--object", "secret,id=s,data=cowscope", "-o",
            "encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10", image, "1M"});
    if (made.err.contains("Unable to get accurate CPU usage"))
        QSKIP("qemu-img cannot measure CPU time here, and so cannot make a LUKS image");
    QVERIFY2(made.exit == 0, made.err.constData());
    const Bytes bytes = test::readFile(image);
    // The crypto extension comes first in what qemu-img writes without a backing file: offset, then length.
    QCOMPARE(test::getNumber(bytes, 112, 4), 0x0537be77U);
    const std::uint64_t at = test::getNumber(bytes, 120, 8);
    const auto luks = decodeLuksHeader(std::span(bytes).subspan(at), HostOffset(at));
    VERIFY_OK(luks);

    const auto info = test::qemu::img({"info", "--output=json", image}).json();
    const auto expected = info["format-specific"]["data"]["encrypt"];
    const auto described = expected["slots"];
    QCOMPARE(luks->cipher, expected["cipher-alg"].toString().toStdString());
    QCOMPARE(luks->cipherMode, expected["cipher-mode"].toString().toStdString());
    QCOMPARE(luks->ivGenerator, expected["ivgen-alg"].toString().toStdString());
    QCOMPARE(luks->hash, expected["hash-alg"].toString().toStdString());
    QCOMPARE(luks->uuid, expected["uuid"].toString().toStdString());
    QCOMPARE(qint64(luks->masterKeyIterations), expected["master-key-iters"].toInteger());
    QCOMPARE(qint64(luks->payloadOffset), expected["payload-offset"].toInteger());
    for (int i = 0; i < 8; ++i) {
        const auto& slot = luks->slots[static_cast<std::size_t>(i)];
        QCOMPARE(slot.active, described[i]["active"].toBool());
        QCOMPARE(qint64(slot.keyOffset), described[i]["key-offset"].toInteger());
        if (slot.active) {
            QCOMPARE(qint64(slot.iterations), described[i]["iters"].toInteger());
            QCOMPARE(qint64(slot.stripes), described[i]["stripes"].toInteger());
        }
    }
}

void StructuresTest::luksHeaderRefusesOtherBytes()
{
    Bytes bytes(592);
    VERIFY_ERROR(decodeLuksHeader(bytes, HostOffset(0x40000)), ErrorKind::Invalid);
    test::putText(bytes, 0, "LUKS\xba\xbe");
    test::put16(bytes, 6, 2);
    VERIFY_ERROR(decodeLuksHeader(bytes, HostOffset(0)), ErrorKind::Unsupported);
    test::put16(bytes, 6, 1);
    VERIFY_OK(decodeLuksHeader(bytes, HostOffset(0)));
    VERIFY_ERROR(decodeLuksHeader(std::span(bytes).first(591), HostOffset(0)), ErrorKind::Truncated);
}

QTEST_GUILESS_MAIN(StructuresTest)
#include "structures_test.moc"
