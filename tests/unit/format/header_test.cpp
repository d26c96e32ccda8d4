// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/format/header.h"
#include "core/format/limits.h"
#include "tests/support/expect.h"
#include "tests/support/image_builder.h"

using namespace cowscope;
using test::Bytes;

namespace
{

/// A version 3 header in which every field has a value of its own.
Bytes distinctHeader()
{
    Bytes bytes(1 << 16);
    test::put32(bytes, 0, 0x514649fb);
    test::put32(bytes, 4, 3);
    test::put64(bytes, 8, 0x200);
    test::put32(bytes, 16, 11);
    test::put32(bytes, 20, 16);
    test::put64(bytes, 24, 0x12345600);
    test::put32(bytes, 32, 2);
    test::put32(bytes, 36, 77);
    test::put64(bytes, 40, 0x30000);
    test::put64(bytes, 48, 0x50000);
    test::put32(bytes, 56, 6);
    test::put32(bytes, 60, 9);
    test::put64(bytes, 64, 0x70000);
    test::put64(bytes, 72, 0x08);
    test::put64(bytes, 80, 0xf000000000000001);
    test::put64(bytes, 88, 0x8000000000000003);
    test::put32(bytes, 96, 5);
    test::put32(bytes, 100, 128);
    test::put8(bytes, 104, 1);
    test::putText(bytes, 105, "pad....unknown tail....");
    return bytes;
}

Bytes plainHeader(std::uint32_t version = 3)
{
    return test::ImageBuilder({.version = version, .clusterBits = 16}).build().bytes;
}

} // namespace

class HeaderTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void readsEveryFieldOfVersion3();
    void readsVersion2WithItsFixedValues();
    void writesVersion3BackByteForByte();
    void writesVersion2BackByteForByte();
    void writesHeadersOfEveryLengthBack_data();
    void writesHeadersOfEveryLengthBack();
    void keepsAnUnknownTail();
    void answersWhatTheFeatureBitsMean();
    void leavesUnknownFeaturesToTheirOwnCheck();
    void acceptsTheEdgesOfWhatIsLegal_data();
    void acceptsTheEdgesOfWhatIsLegal();
    void refusesWhatIsNotLegal_data();
    void refusesWhatIsNotLegal();
    void refusesFilesThatEndInsideTheHeader_data();
    void refusesFilesThatEndInsideTheHeader();
};

void HeaderTest::readsEveryFieldOfVersion3()
{
    const auto header = decodeHeader(distinctHeader());
    VERIFY_OK(header);
    QCOMPARE(header->version, 3U);
    QCOMPARE(header->backingFileOffset.value(), 0x200U);
    QCOMPARE(header->backingFileSize, 11U);
    QCOMPARE(header->clusterBits, 16U);
    QCOMPARE(header->size, 0x12345600U);
    QCOMPARE(header->cryptMethod, CryptMethod::Luks);
    QCOMPARE(header->l1Size, 77U);
    QCOMPARE(header->l1TableOffset.value(), 0x30000U);
    QCOMPARE(header->refcountTableOffset.value(), 0x50000U);
    QCOMPARE(header->refcountTableClusters, 6U);
    QCOMPARE(header->snapshotCount, 9U);
    QCOMPARE(header->snapshotsOffset.value(), 0x70000U);
    QCOMPARE(header->incompatibleFeatures, 8U);
    QCOMPARE(header->compatibleFeatures, 0xf000000000000001U);
    QCOMPARE(header->autoclearFeatures, 0x8000000000000003U);
    QCOMPARE(header->refcountOrder, 5U);
    QCOMPARE(header->refcountBits(), 32U);
    QCOMPARE(header->headerLength, 128U);
    QCOMPARE(header->compressionType, CompressionType::Zstd);
}

void HeaderTest::readsVersion2WithItsFixedValues()
{
    Bytes bytes = plainHeader(2);
    // Version 2 ends at byte 72: what stands there belongs to somebody else.
    for (std::size_t at = 72; at < 112; ++at)
        bytes[at] = std::byte{0xff};
    const auto header = decodeHeader(bytes);
    VERIFY_OK(header);
    QCOMPARE(header->version, 2U);
    QCOMPARE(header->refcountBits(), 16U);
    QCOMPARE(header->headerLength, 72U);
    QCOMPARE(header->incompatibleFeatures, 0U);
    QCOMPARE(header->compatibleFeatures, 0U);
    QCOMPARE(header->autoclearFeatures, 0U);
    QCOMPARE(header->compressionType, CompressionType::Zlib);
}

void HeaderTest::writesVersion3BackByteForByte()
{
    Bytes bytes = distinctHeader();
    const auto header = decodeHeader(bytes);
    VERIFY_OK(header);
    bytes.resize(128);
    QCOMPARE(encodeHeader(*header), bytes);
}

void HeaderTest::writesVersion2BackByteForByte()
{
    Bytes bytes = plainHeader(2);
    const auto header = decodeHeader(bytes);
    VERIFY_OK(header);
    bytes.resize(72);
    QCOMPARE(encodeHeader(*header), bytes);
}

void HeaderTest::writesHeadersOfEveryLengthBack_data()
{
    QTest::addColumn<unsigned>("length");
    for (const unsigned length : {104U, 105U, 106U, 112U, 113U, 160U, 4096U, 65536U})
        QTest::addRow("%u bytes", length) << length;
}

void HeaderTest::writesHeadersOfEveryLengthBack()
{
    QFETCH(unsigned, length);
    Bytes bytes = plainHeader();
    test::put32(bytes, 100, length);
    for (std::size_t at = 105; at < length; ++at)
        bytes[at] = static_cast<std::byte>(at * 7);
    const auto header = decodeHeader(bytes);
    VERIFY_OK(header);
    bytes.resize(length);
    QCOMPARE(encodeHeader(*header), bytes);
}

void HeaderTest::keepsAnUnknownTail()
{
    const auto header = decodeHeader(distinctHeader());
    VERIFY_OK(header);
    QCOMPARE(header->unknownTail, test::bytesOf("pad....unknown tail...."));
}

void HeaderTest::answersWhatTheFeatureBitsMean()
{
    Header header;
    QVERIFY(!header.isDirty() && !header.isCorrupt() && !header.hasDataFile() && !header.hasExtendedL2());
    header.incompatibleFeatures = 1;
    QVERIFY(header.isDirty());
    header.incompatibleFeatures = 2;
    QVERIFY(header.isCorrupt());
    header.incompatibleFeatures = 4;
    QVERIFY(header.hasDataFile());
    header.incompatibleFeatures = 16;
    QVERIFY(header.hasExtendedL2());
    QVERIFY(!header.hasLazyRefcounts());
    header.compatibleFeatures = 1;
    QVERIFY(header.hasLazyRefcounts());
}

void HeaderTest::leavesUnknownFeaturesToTheirOwnCheck()
{
    Bytes bytes = plainHeader();
    test::put64(bytes, 72, 0x4000000000000020);
    const auto header = decodeHeader(bytes);
    VERIFY_OK(header);
    QCOMPARE(header->incompatibleFeatures, 0x4000000000000020U);
}

void HeaderTest::acceptsTheEdgesOfWhatIsLegal_data()
{
    QTest::addColumn<unsigned>("at");
    QTest::addColumn<unsigned>("width");
    QTest::addColumn<quint64>("value");
    QTest::newRow("refcounts of 1 bit") << 96U << 4U << quint64{0};
    QTest::newRow("refcounts of 64 bits") << 96U << 4U << quint64{6};
    QTest::newRow("reftable of 8 MiB") << 56U << 4U << quint64{128};
    QTest::newRow("L1 table of 32 MiB") << 36U << 4U << quint64{kMaxL1Bytes / 8};
    QTest::newRow("most snapshots, no table") << 60U << 4U << quint64{0};
    QTest::newRow("unaligned snapshot table without snapshots") << 64U << 8U << quint64{3};
    QTest::newRow("size of nothing") << 24U << 8U << quint64{0};
    QTest::newRow("AES") << 32U << 4U << quint64{1};
    QTest::newRow("name size without a name") << 16U << 4U << quint64{5000};
}

void HeaderTest::acceptsTheEdgesOfWhatIsLegal()
{
    QFETCH(unsigned, at);
    QFETCH(unsigned, width);
    QFETCH(quint64, value);
    Bytes bytes = plainHeader();
    test::putNumber(bytes, at, value, width);
    VERIFY_OK(decodeHeader(bytes));
}

void HeaderTest::refusesWhatIsNotLegal_data()
{
    QTest::addColumn<unsigned>("at");
    QTest::addColumn<unsigned>("width");
    QTest::addColumn<quint64>("value");
    QTest::addColumn<ErrorKind>("kind");
    const auto row = [](const char* name, unsigned at, unsigned width, quint64 value, ErrorKind kind) {
        QTest::newRow(name) << at << width << value << kind;
    };
    constexpr auto kTop = quint64{1} << 63;
    row("magic", 0, 4, 0x514649fa, ErrorKind::NotQcow2);
    row("version 0", 4, 4, 0, ErrorKind::Unsupported);
    row("version 1", 4, 4, 1, ErrorKind::Unsupported);
    row("version 4", 4, 4, 4, ErrorKind::Unsupported);
    row("version all ones", 4, 4, 0xffffffff, ErrorKind::Unsupported);
    row("backing name behind the first cluster", 8, 8, 0x10001, ErrorKind::Invalid);
    row("backing name nowhere", 8, 8, UINT64_MAX, ErrorKind::Invalid);
    row("cluster_bits 0", 20, 4, 0, ErrorKind::Invalid);
    row("cluster_bits 8", 20, 4, 8, ErrorKind::Invalid);
    row("cluster_bits 22", 20, 4, 22, ErrorKind::Invalid);
    row("cluster_bits 63", 20, 4, 63, ErrorKind::Invalid);
    row("cluster_bits all ones", 20, 4, 0xffffffff, ErrorKind::Invalid);
    row("size past 63 bits", 24, 8, kTop, ErrorKind::TooLarge);
    row("size all ones", 24, 8, UINT64_MAX, ErrorKind::TooLarge);
    row("size that the L1 table cannot map", 24, 8, quint64{1} << 40, ErrorKind::Invalid);
    row("crypt_method 3", 32, 4, 3, ErrorKind::Unsupported);
    row("L1 table too short", 36, 4, 0, ErrorKind::Invalid);
    row("L1 table above 32 MiB", 36, 4, kMaxL1Bytes / 8 + 1, ErrorKind::TooLarge);
    row("L1 table all ones", 36, 4, 0xffffffff, ErrorKind::TooLarge);
    row("L1 table unaligned", 40, 8, 0x10200, ErrorKind::Invalid);
    row("L1 table past any file", 40, 8, UINT64_MAX & ~quint64{0xffff}, ErrorKind::Invalid);
    row("reftable unaligned", 48, 8, 0x10200, ErrorKind::Invalid);
    row("reftable past any file", 48, 8, kTop, ErrorKind::Invalid);
    row("reftable above 8 MiB", 56, 4, 129, ErrorKind::TooLarge);
    row("reftable all ones", 56, 4, 0xffffffff, ErrorKind::TooLarge);
    row("too many snapshots", 60, 4, 65537, ErrorKind::TooLarge);
    row("refcount_order 7", 96, 4, 7, ErrorKind::Invalid);
    row("refcount_order all ones", 96, 4, 0xffffffff, ErrorKind::Invalid);
    row("header_length 0", 100, 4, 0, ErrorKind::Invalid);
    row("header_length 72", 100, 4, 72, ErrorKind::Invalid);
    row("header_length 103", 100, 4, 103, ErrorKind::Invalid);
    row("header_length above the cluster", 100, 4, 65537, ErrorKind::TooLarge);
    row("compression bit without a type", 72, 8, 8, ErrorKind::Invalid);
}

void HeaderTest::refusesWhatIsNotLegal()
{
    QFETCH(unsigned, at);
    QFETCH(unsigned, width);
    QFETCH(quint64, value);
    QFETCH(ErrorKind, kind);
    Bytes bytes = plainHeader();
    test::putNumber(bytes, at, value, width);
    const auto header = decodeHeader(bytes);
    VERIFY_ERROR(header, kind);
    QVERIFY(!header.error().what.empty());
    QVERIFY2(header.error().offset.has_value(), "an error of the header says where");
}

void HeaderTest::refusesFilesThatEndInsideTheHeader_data()
{
    QTest::addColumn<unsigned>("version");
    QTest::addColumn<unsigned>("length");
    QTest::addColumn<ErrorKind>("kind");
    QTest::newRow("empty") << 3U << 0U << ErrorKind::NotQcow2;
    QTest::newRow("magic only") << 3U << 4U << ErrorKind::NotQcow2;
    QTest::newRow("7 bytes") << 3U << 7U << ErrorKind::NotQcow2;
    QTest::newRow("8 bytes") << 3U << 8U << ErrorKind::Truncated;
    QTest::newRow("version 2, 71 bytes") << 2U << 71U << ErrorKind::Truncated;
    QTest::newRow("version 3, 72 bytes") << 3U << 72U << ErrorKind::Truncated;
    QTest::newRow("version 3, 103 bytes") << 3U << 103U << ErrorKind::Truncated;
}

void HeaderTest::refusesFilesThatEndInsideTheHeader()
{
    QFETCH(unsigned, version);
    QFETCH(unsigned, length);
    QFETCH(ErrorKind, kind);
    Bytes bytes = plainHeader(version);
    bytes.resize(length);
    VERIFY_ERROR(decodeHeader(bytes), kind);
}

QTEST_GUILESS_MAIN(HeaderTest)
#include "header_test.moc"
