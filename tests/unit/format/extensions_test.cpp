// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/format/header_extensions.h"
#include "tests/support/expect.h"
#include "tests/support/image_builder.h"

using namespace cowscope;
using test::Bytes;

namespace
{

constexpr std::uint32_t kUnknownType = 0x0badcafe;

Bytes featureName(unsigned type, unsigned bit, std::string_view name)
{
    Bytes entry(48);
    test::put8(entry, 0, static_cast<std::uint8_t>(type));
    test::put8(entry, 1, static_cast<std::uint8_t>(bit));
    test::putText(entry, 2, name);
    return entry;
}

Bytes bitmapsData()
{
    Bytes data(24);
    test::put32(data, 0, 3);
    test::put64(data, 8, 0x60);
    test::put64(data, 16, 0x50000);
    return data;
}

Bytes cryptoData()
{
    Bytes data(16);
    test::put64(data, 0, 0x40000);
    test::put64(data, 8, 0x1f0000);
    return data;
}

/// All extensions that there are, and one that nobody knows.
test::BuiltImage everything()
{
    test::ImageBuilder builder({.clusterBits = 16});
    builder.extension(0xe2792aca, test::bytesOf("raw"));
    builder.extension(kUnknownType, test::bytesOf("keep me"));
    builder.extension(0x44415441, test::bytesOf("disk.raw"));
    builder.extension(0x23852875, bitmapsData());
    builder.extension(0x0537be77, cryptoData());
    Bytes names = featureName(0, 0, "dirty bit");
    const Bytes more = featureName(0, 40, "time travel");
    names.insert(names.end(), more.begin(), more.end());
    builder.extension(0x6803f857, names);
    return builder.build();
}

Result<HeaderExtensions> decode(const Bytes& bytes)
{
    auto header = decodeHeader(bytes);
    if (!header)
        return failed(header);
    return decodeExtensions(*header, std::span(bytes).first(std::min<std::size_t>(bytes.size(), 1 << 16)));
}

} // namespace

class ExtensionsTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void readsEveryKnownExtension();
    void keepsUnknownExtensionsInTheirPlace();
    void writesTheAreaBackByteForByte();
    void readsAnAreaThatIsEmpty();
    void readsExtensionsOfVersion2Behind72Bytes();
    void endsWhereTheBackingFileNameBegins();
    void refusesLengthsThatLie_data();
    void refusesLengthsThatLie();
    void refusesKnownExtensionsOfWrongSize_data();
    void refusesKnownExtensionsOfWrongSize();
    void refusesAFeatureNameTableThatIsTooLong();
    void prefersTheImagesOwnFeatureNames();
    void refusesUnknownFeaturesByName();
    void acceptsEveryKnownFeature();
};

void ExtensionsTest::readsEveryKnownExtension()
{
    const auto extensions = decode(everything().bytes);
    VERIFY_OK(extensions);
    QVERIFY(extensions->backingFormat == "raw");
    QVERIFY(extensions->dataFile == "disk.raw");
    QVERIFY(extensions->bitmaps.has_value());
    QCOMPARE(extensions->bitmaps->bitmapCount, 3U);
    QCOMPARE(extensions->bitmaps->directorySize, 0x60U);
    QCOMPARE(extensions->bitmaps->directoryOffset.value(), 0x50000U);
    QVERIFY(extensions->crypto.has_value());
    QCOMPARE(extensions->crypto->offset.value(), 0x40000U);
    QCOMPARE(extensions->crypto->length, 0x1f0000U);
    QCOMPARE(extensions->featureNames.size(), 2U);
    QCOMPARE(unsigned{extensions->featureNames[1].bit}, 40U);
    QCOMPARE(extensions->featureNames[1].name, std::string("time travel"));
}

void ExtensionsTest::keepsUnknownExtensionsInTheirPlace()
{
    const auto extensions = decode(everything().bytes);
    VERIFY_OK(extensions);
    QCOMPARE(extensions->raw.size(), 6U);
    QCOMPARE(extensions->raw[1].type, kUnknownType);
    QCOMPARE(extensions->raw[1].data, test::bytesOf("keep me"));
    QCOMPARE(extensions->raw[0].offset.value(), 104U);
    QCOMPARE(extensions->raw[1].offset.value(), 120U);
    QCOMPARE(extensionName(kUnknownType), std::string_view("Unknown extension"));
}

void ExtensionsTest::writesTheAreaBackByteForByte()
{
    const Bytes bytes = everything().bytes;
    const auto extensions = decode(bytes);
    VERIFY_OK(extensions);
    const Bytes area = encodeExtensions(extensions->raw);
    QCOMPARE(area, Bytes(bytes.begin() + 104, bytes.begin() + 104 + static_cast<std::ptrdiff_t>(area.size())));
    QCOMPARE(test::getNumber(area, area.size() - 8, 8), 0U);
}

void ExtensionsTest::readsAnAreaThatIsEmpty()
{
    const auto extensions = decode(test::ImageBuilder({.clusterBits = 16}).build().bytes);
    VERIFY_OK(extensions);
    QVERIFY(extensions->raw.empty());
    QCOMPARE(encodeExtensions({}), Bytes(8));
}

void ExtensionsTest::readsExtensionsOfVersion2Behind72Bytes()
{
    test::ImageBuilder builder({.version = 2, .clusterBits = 16});
    builder.extension(0xe2792aca, test::bytesOf("qcow2"));
    const auto extensions = decode(builder.build().bytes);
    VERIFY_OK(extensions);
    QVERIFY(extensions->backingFormat == "qcow2");
    QCOMPARE(extensions->raw[0].offset.value(), 72U);
}

void ExtensionsTest::endsWhereTheBackingFileNameBegins()
{
    test::ImageBuilder builder({.clusterBits = 16});
    builder.extension(kUnknownType, test::bytesOf("12345678"));
    Bytes bytes = builder.build().bytes;
    // The name stands right behind the extension, where an end marker would be.
    test::put64(bytes, 8, 120);
    test::put32(bytes, 16, 8);
    test::putText(bytes, 120, "base.img");
    const auto extensions = decode(bytes);
    VERIFY_OK(extensions);
    QCOMPARE(extensions->raw.size(), 1U);
    test::put64(bytes, 8, 119);
    VERIFY_ERROR(decode(bytes), ErrorKind::Invalid);
}

void ExtensionsTest::refusesLengthsThatLie_data()
{
    QTest::addColumn<quint64>("length");
    QTest::newRow("one byte past the cluster") << quint64{65536 - 112 + 1};
    QTest::newRow("31 bits") << quint64{0x7fffffff};
    QTest::newRow("all ones") << quint64{0xffffffff};
    QTest::newRow("rounds up to zero") << quint64{0xfffffff9};
}

void ExtensionsTest::refusesLengthsThatLie()
{
    QFETCH(quint64, length);
    test::ImageBuilder builder({.clusterBits = 16});
    builder.extension(kUnknownType, test::bytesOf("data"));
    Bytes bytes = builder.build().bytes;
    test::put32(bytes, 108, static_cast<std::uint32_t>(length));
    const auto extensions = decode(bytes);
    VERIFY_ERROR(extensions, ErrorKind::Invalid);
    QVERIFY(extensions.error().offset == 104U);
    test::put32(bytes, 108, 65536 - 112);
    VERIFY_OK(decode(bytes));
}

void ExtensionsTest::refusesKnownExtensionsOfWrongSize_data()
{
    QTest::addColumn<unsigned>("type");
    QTest::addColumn<unsigned>("length");
    QTest::newRow("bitmaps, 23") << 0x23852875U << 23U;
    QTest::newRow("bitmaps, 32") << 0x23852875U << 32U;
    QTest::newRow("bitmaps, empty") << 0x23852875U << 0U;
    QTest::newRow("crypto, 8") << 0x0537be77U << 8U;
    QTest::newRow("crypto, 24") << 0x0537be77U << 24U;
    QTest::newRow("backing format, 16") << 0xe2792acaU << 16U;
}

void ExtensionsTest::refusesKnownExtensionsOfWrongSize()
{
    QFETCH(unsigned, type);
    QFETCH(unsigned, length);
    test::ImageBuilder builder({.clusterBits = 16});
    builder.extension(type, Bytes(length, std::byte{'x'}));
    VERIFY_ERROR(decode(builder.build().bytes), ErrorKind::Invalid);
}

void ExtensionsTest::refusesAFeatureNameTableThatIsTooLong()
{
    test::ImageBuilder most({.clusterBits = 16});
    most.extension(0x6803f857, Bytes(85 * 48));
    const auto extensions = decode(most.build().bytes);
    VERIFY_OK(extensions);
    QCOMPARE(extensions->featureNames.size(), 85U);

    test::ImageBuilder tooMany({.clusterBits = 16});
    tooMany.extension(0x6803f857, Bytes(86 * 48));
    VERIFY_ERROR(decode(tooMany.build().bytes), ErrorKind::TooLarge);
}

void ExtensionsTest::prefersTheImagesOwnFeatureNames()
{
    HeaderExtensions extensions;
    extensions.featureNames = {{0, 1, "broken"}, {1, 40, "other kind"}};
    QCOMPARE(featureName(extensions, 0, 1), std::string("broken"));
    QCOMPARE(featureName(extensions, 0, 0), std::string("dirty bit"));
    QCOMPARE(featureName(extensions, 0, 40), std::string("unknown bit 40"));
    QCOMPARE(featureName(extensions, 1, 40), std::string("other kind"));
}

void ExtensionsTest::refusesUnknownFeaturesByName()
{
    Header header;
    header.incompatibleFeatures = std::uint64_t{1} << 40 | std::uint64_t{1} << 63;
    HeaderExtensions extensions;
    extensions.featureNames = {{0, 40, "time travel"}};
    const auto refused = refuseUnknownFeatures(header, extensions);
    VERIFY_ERROR(refused, ErrorKind::Unsupported);
    const QByteArray text = QByteArray::fromStdString(refused.error().what);
    QVERIFY2(text.contains("time travel"), text.constData());
    QVERIFY2(text.contains("unknown bit 63"), text.constData());
}

void ExtensionsTest::acceptsEveryKnownFeature()
{
    Header header;
    header.incompatibleFeatures = 0x1f;
    header.compatibleFeatures = UINT64_MAX;
    header.autoclearFeatures = UINT64_MAX;
    VERIFY_OK(refuseUnknownFeatures(header, {}));
}

QTEST_GUILESS_MAIN(ExtensionsTest)
#include "extensions_test.moc"
