// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/format/field_catalog.h"
#include "core/format/header.h"
#include "tests/support/bytes.h"
#include "tests/support/expect.h"

#include <bitset>
#include <map>
#include <set>

using namespace cowscope;
using test::Bytes;

namespace
{

constexpr std::array kAll{Structure::Header, Structure::HeaderExtension, Structure::FeatureName,
    Structure::BitmapsExtension, Structure::CryptoExtension, Structure::ReftableEntry, Structure::L1Entry,
    Structure::L2Entry, Structure::CompressedL2Entry, Structure::SubclusterBitmap, Structure::SnapshotEntry,
    Structure::SnapshotExtra, Structure::BitmapDirectoryEntry, Structure::BitmapTableEntry};

/// Bytes of a structure as the specification has it.
std::size_t sizeOf(Structure structure)
{
    static const std::map<Structure, std::size_t> sizes{{Structure::Header, 105}, {Structure::HeaderExtension, 8},
        {Structure::FeatureName, 48}, {Structure::BitmapsExtension, 24}, {Structure::CryptoExtension, 16},
        {Structure::ReftableEntry, 8}, {Structure::L1Entry, 8}, {Structure::L2Entry, 8},
        {Structure::CompressedL2Entry, 8}, {Structure::SubclusterBitmap, 8}, {Structure::SnapshotEntry, 40},
        {Structure::SnapshotExtra, 24}, {Structure::BitmapDirectoryEntry, 24}, {Structure::BitmapTableEntry, 8}};
    return sizes.at(structure);
}

/// How many fields claim each bit of a structure; bit 0 of a byte is its least significant one.
std::vector<int> claims(Structure structure)
{
    std::vector<int> bits(sizeOf(structure) * 8);
    for (const Field& field : fieldsOf(structure)) {
        const unsigned width = field.bits != 0 ? field.bits : field.bytes * 8U;
        for (unsigned i = field.firstBit; i < field.firstBit + width; ++i) {
            const std::size_t byte = field.offset + field.bytes - 1U - i / 8;
            bits.at(byte * 8 + i % 8) += 1;
        }
    }
    return bits;
}

std::uint64_t readHeaderField(std::string_view name, const Bytes& bytes)
{
    for (const Field& field : fieldsOf(Structure::Header)) {
        if (field.name == name)
            return readField(field, bytes).number;
    }
    qFatal("no such field");
}

} // namespace

class FieldCatalogTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void everyBitBelongsToExactlyOneField_data();
    void everyBitBelongsToExactlyOneField();
    void everyFieldIsDescribed();
    void headerOffsetsAreThoseOfTheCatalogue();
    void headerFieldsAgreeWithTheDecoder();
    void fieldsOutsideTheBytesAreAbsent();
    void bitFieldsAreCutOut();
    void everyFeatureBitIsDescribedOnce();
};

void FieldCatalogTest::everyBitBelongsToExactlyOneField_data()
{
    QTest::addColumn<Structure>("structure");
    for (const Structure structure : kAll)
        QTest::newRow(std::string(structureName(structure)).c_str()) << structure;
}

void FieldCatalogTest::everyBitBelongsToExactlyOneField()
{
    QFETCH(Structure, structure);
    const auto bits = claims(structure);
    for (std::size_t i = 0; i < bits.size(); ++i)
        QVERIFY2(
            bits[i] == 1, qPrintable(QStringLiteral("byte %1 bit %2: %3 fields").arg(i / 8).arg(i % 8).arg(bits[i])));
}

void FieldCatalogTest::everyFieldIsDescribed()
{
    for (const Structure structure : kAll) {
        QVERIFY(!structureName(structure).empty());
        QVERIFY(!fieldsOf(structure).empty());
        for (const Field& field : fieldsOf(structure)) {
            const std::string where = std::string(structureName(structure)) + ": " + std::string(field.name);
            QVERIFY2(!field.name.empty() && !field.legal.empty() && !field.section.empty(), where.c_str());
            QVERIFY2(field.meaning.ends_with('.'), where.c_str());
        }
    }
}

void FieldCatalogTest::headerOffsetsAreThoseOfTheCatalogue()
{
    const std::map<std::string_view, std::size_t> offsets{{"magic", 0}, {"version", 4}, {"backing_file_offset", 8},
        {"backing_file_size", 16}, {"cluster_bits", 20}, {"size", 24}, {"crypt_method", 32}, {"l1_size", 36},
        {"l1_table_offset", 40}, {"refcount_table_offset", 48}, {"refcount_table_clusters", 56}, {"nb_snapshots", 60},
        {"snapshots_offset", 64}, {"incompatible_features", 72}, {"compatible_features", 80},
        {"autoclear_features", 88}, {"refcount_order", 96}, {"header_length", 100}, {"compression_type", 104}};
    QCOMPARE(fieldsOf(Structure::Header).size(), offsets.size());
    for (const Field& field : fieldsOf(Structure::Header))
        QCOMPARE(std::size_t{field.offset}, offsets.at(field.name));
}

void FieldCatalogTest::headerFieldsAgreeWithTheDecoder()
{
    Bytes bytes(65536);
    test::put32(bytes, 0, 0x514649fb);
    test::put32(bytes, 4, 3);
    test::put64(bytes, 8, 0x300);
    test::put32(bytes, 16, 12);
    test::put32(bytes, 20, 16);
    test::put64(bytes, 24, 0x4567800);
    test::put32(bytes, 32, 1);
    test::put32(bytes, 36, 90);
    test::put64(bytes, 40, 0x110000);
    test::put64(bytes, 48, 0x220000);
    test::put32(bytes, 56, 7);
    test::put32(bytes, 60, 8);
    test::put64(bytes, 64, 0x330000);
    test::put64(bytes, 72, 0x0b);
    test::put64(bytes, 80, 0xc01);
    test::put64(bytes, 88, 0xd03);
    test::put32(bytes, 96, 6);
    test::put32(bytes, 100, 112);
    test::put8(bytes, 104, 1);
    const auto header = decodeHeader(bytes);
    VERIFY_OK(header);
    const auto is = [&](std::string_view name, std::uint64_t value) { return readHeaderField(name, bytes) == value; };
    QVERIFY(is("magic", kMagic));
    QVERIFY(is("version", header->version));
    QVERIFY(is("backing_file_offset", header->backingFileOffset.value()));
    QVERIFY(is("backing_file_size", header->backingFileSize));
    QVERIFY(is("cluster_bits", header->clusterBits));
    QVERIFY(is("size", header->size));
    QVERIFY(is("crypt_method", static_cast<std::uint64_t>(header->cryptMethod)));
    QVERIFY(is("l1_size", header->l1Size));
    QVERIFY(is("l1_table_offset", header->l1TableOffset.value()));
    QVERIFY(is("refcount_table_offset", header->refcountTableOffset.value()));
    QVERIFY(is("refcount_table_clusters", header->refcountTableClusters));
    QVERIFY(is("nb_snapshots", header->snapshotCount));
    QVERIFY(is("snapshots_offset", header->snapshotsOffset.value()));
    QVERIFY(is("incompatible_features", header->incompatibleFeatures));
    QVERIFY(is("compatible_features", header->compatibleFeatures));
    QVERIFY(is("autoclear_features", header->autoclearFeatures));
    QVERIFY(is("refcount_order", header->refcountOrder));
    QVERIFY(is("header_length", header->headerLength));
    QVERIFY(is("compression_type", static_cast<std::uint64_t>(header->compressionType)));
}

void FieldCatalogTest::fieldsOutsideTheBytesAreAbsent()
{
    const Bytes version2(72);
    for (const Field& field : fieldsOf(Structure::Header))
        QCOMPARE(readField(field, version2).present, field.offset + field.bytes <= 72);
    const Field& name = fieldsOf(Structure::FeatureName).back();
    QVERIFY(!readField(name, Bytes(48)).present); // text, not a number
}

void FieldCatalogTest::bitFieldsAreCutOut()
{
    Bytes entry(8);
    test::put64(entry, 0, 0x8000000000050001);
    const auto fields = fieldsOf(Structure::L2Entry);
    const auto value = [&](std::string_view name) {
        for (const Field& field : fields) {
            if (field.name == name)
                return readField(field, entry).number;
        }
        return UINT64_MAX;
    };
    QCOMPARE(value("copied"), 1U);
    QCOMPARE(value("compressed"), 0U);
    QCOMPARE(value("host_offset"), 0x50000U);
    QCOMPARE(value("zero"), 1U);
}

void FieldCatalogTest::everyFeatureBitIsDescribedOnce()
{
    std::set<std::pair<unsigned, unsigned>> seen;
    std::uint64_t incompatible = 0;
    for (const FeatureBit& bit : knownFeatureBits()) {
        QVERIFY(seen.insert({bit.type, bit.bit}).second);
        QVERIFY(!bit.name.empty() && !bit.meaning.empty());
        if (bit.type == 0)
            incompatible |= std::uint64_t{1} << bit.bit;
    }
    QCOMPARE(incompatible, kIncompatibleKnown);
}

QTEST_GUILESS_MAIN(FieldCatalogTest)
#include "field_catalog_test.moc"
