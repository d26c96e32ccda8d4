// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/compatibility.h"
#include "core/storage/memory_storage.h"
#include "tests/support/expect.h"
#include "tests/support/sample_images.h"

#include <algorithm>

using namespace cowscope;
using test::ImageOptions;

namespace
{

std::optional<CompatibilityCard> cardOf(const test::BuiltImage& built)
{
    const auto image = Image::open(std::make_shared<MemoryStorage>(built.bytes), {});
    if (!image)
        return std::nullopt;
    const auto census = takeCensus(**image, {});
    return census ? std::optional(compatibilityOf(**image, **census)) : std::nullopt;
}

std::optional<CompatibilityCard> cardOf(const ImageOptions& options)
{
    test::ImageBuilder builder(options);
    builder.data(0);
    return cardOf(builder.build());
}

Opens verdict(const CompatibilityCard& card, std::string_view reader)
{
    const auto found = std::ranges::find(card.readers, reader, &ReaderVerdict::reader);
    if (found == card.readers.end())
        qFatal("no reader of that name");
    return found->opens;
}

bool suggests(const CompatibilityCard& card, std::string_view command)
{
    return std::ranges::any_of(
        card.changes, [&](const CompatibilityChange& change) { return change.how.find(command) != std::string::npos; });
}

} // namespace

class CompatibilityTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void everyReaderOpensAPlainVersion2Image();
    void eachFeatureHasAFirstQemu_data();
    void eachFeatureHasAFirstQemu();
    void narrowCountsAskForAnAmend();
    void snapshotsAreOnlyPartlyReadable();
    void featuresAreCalledByTheNamesThatTheImageGivesThem();
    void noReaderRefusesWithoutAReason();
};

void CompatibilityTest::everyReaderOpensAPlainVersion2Image()
{
    const auto card = cardOf(ImageOptions{.version = 2});
    QVERIFY(card);
    for (const ReaderVerdict& reader : card->readers)
        QCOMPARE(reader.opens, Opens::Yes);
    QVERIFY(card->changes.empty());
    QVERIFY(std::ranges::none_of(card->demands, &Demand::special));
}

void CompatibilityTest::eachFeatureHasAFirstQemu_data()
{
    QTest::addColumn<int>("feature");
    QTest::addColumn<QString>("refuses");
    QTest::addColumn<QString>("opens");
    QTest::newRow("version 3") << 0 << "QEMU 0.10 to 1.0"
                               << "QEMU 1.1 to 2.2";
    QTest::newRow("refcount width") << 1 << "QEMU 1.1 to 2.2"
                                    << "QEMU 2.3 to 2.9";
    QTest::newRow("external data file") << 2 << "QEMU 2.10 to 3.1"
                                        << "QEMU 4.0 to 5.0";
    QTest::newRow("subclusters") << 3 << "QEMU 5.1"
                                 << "QEMU 5.2 and later";
}

void CompatibilityTest::eachFeatureHasAFirstQemu()
{
    QFETCH(int, feature);
    QFETCH(QString, refuses);
    QFETCH(QString, opens);
    ImageOptions options;
    if (feature == 1)
        options.refcountOrder = 0;
    if (feature == 2)
        options.incompatible = kIncompatibleDataFile;
    if (feature == 3) {
        options.clusterBits = 14;
        options.extendedL2 = true;
    }
    const auto card = cardOf(options);
    QVERIFY(card);
    QCOMPARE(verdict(*card, refuses.toStdString()), Opens::No);
    QCOMPARE(verdict(*card, opens.toStdString()), Opens::Yes);
}

void CompatibilityTest::narrowCountsAskForAnAmend()
{
    const auto card = cardOf(ImageOptions{.refcountOrder = 3});
    QVERIFY(card);
    QCOMPARE(verdict(*card, "Any reader of 16-bit counts only"), Opens::No);
    QVERIFY(suggests(*card, "amend -o refcount_bits=16"));
    QVERIFY(!suggests(*cardOf(ImageOptions{}), "refcount_bits"));
}

void CompatibilityTest::snapshotsAreOnlyPartlyReadable()
{
    const auto card = cardOf(test::snapshotImage(12, 4, 1));
    QVERIFY(card);
    QCOMPARE(verdict(*card, "libqcow (read-only)"), Opens::Partly);
    QVERIFY(suggests(*card, "convert -l SNAPSHOT"));
}

void CompatibilityTest::featuresAreCalledByTheNamesThatTheImageGivesThem()
{
    test::ImageBuilder builder({.compatible = 1U << 7});
    test::Bytes names(48);
    test::put64(names, 0, std::uint64_t{0x0107} << 48 | 0x776f77000000); // type 1, bit 7, "wow"
    builder.extension(0x6803f857, names);
    const auto card = cardOf(builder.build());
    QVERIFY(card);
    const auto found = std::ranges::find(card->demands, "Compatible features", &Demand::name);
    QVERIFY(found != card->demands.end());
    QCOMPARE(found->value, std::string("wow"));
}

void CompatibilityTest::noReaderRefusesWithoutAReason()
{
    for (unsigned order = 0; order <= 6; ++order) {
        const auto card = cardOf(ImageOptions{.refcountOrder = order});
        QVERIFY(card);
        for (const ReaderVerdict& reader : card->readers) {
            QCOMPARE(reader.reasons.empty(), reader.opens == Opens::Yes);
            QVERIFY(!reader.source.empty());
        }
    }
}

QTEST_GUILESS_MAIN(CompatibilityTest)
#include "compatibility_test.moc"
