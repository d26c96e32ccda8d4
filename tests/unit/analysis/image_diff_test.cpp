// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/content_diff.h"
#include "core/analysis/image_diff.h"
#include "core/storage/memory_storage.h"
#include "tests/support/expect.h"
#include "tests/support/image_builder.h"

#include <numeric>

using namespace cowscope;
using namespace cowscope::test;

namespace
{

std::shared_ptr<const Image> open(const Bytes& bytes)
{
    return Image::open(std::make_shared<MemoryStorage>(bytes), {}).value_or(nullptr);
}

std::shared_ptr<const Image> open(const ImageBuilder& builder)
{
    return open(builder.build().bytes);
}

Result<ImageDiff> diff(const std::shared_ptr<const Image>& first, const std::shared_ptr<const Image>& second)
{
    if (!first || !second)
        return fail(ErrorKind::Invalid, "A test image does not open");
    return compareMetadata(*first, *second, {});
}

GuestReader reader(const std::shared_ptr<const Image>& image)
{
    return GuestReader(BackingChain(image, "memory"));
}

std::uint64_t sum(const std::vector<std::uint64_t>& numbers)
{
    return std::accumulate(numbers.begin(), numbers.end(), std::uint64_t{0});
}

} // namespace

class ImageDiffTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void findsNothingBetweenEqualImages();
    void namesHeaderFields();
    void namesWhatOnlyOneImageHas();
    void joinsNeighboursThatChangedAlike();
    void seesFlagsAndPlaces();
    void comparesCountsByRuns();
    void comparesImagesWithDifferentClustersByWhatTheyMap();
    void comparesWidthsByTheirNumbers();
    void boundsItsLists();
    void readsZerosWhereAShorterDiskEnds();
    void listsContentsThatDiffer();
    void strictModeTellsSizesAndAllocationApart();
};

void ImageDiffTest::findsNothingBetweenEqualImages()
{
    ImageBuilder builder;
    builder.data(3);
    builder.snapshot("1", "a");
    const auto found = diff(open(builder), open(builder));
    VERIFY_OK(found);
    QVERIFY(found->isSame());
    QCOMPARE(sum(found->guest.changed) + sum(found->host.changed), std::uint64_t{0});
}

void ImageDiffTest::namesHeaderFields()
{
    const auto found = diff(open(ImageBuilder({.compatible = 1})), open(ImageBuilder({.virtualSize = 3 << 20})));
    VERIFY_OK(found);
    QStringList names;
    for (const FieldDifference& each : found->fields)
        names += QString::fromUtf8(each.field->name.data(), static_cast<qsizetype>(each.field->name.size()));
    QVERIFY2(names.contains(QStringLiteral("size")), qPrintable(names.join(u' ')));
    QVERIFY(names.contains(QStringLiteral("compatible_features")));
    QVERIFY(!names.contains(QStringLiteral("cluster_bits")));
    // A version 2 header is too short for some fields.
    const auto older = diff(open(ImageBuilder({.version = 2})), open(ImageBuilder()));
    VERIFY_OK(older);
    const auto order = std::ranges::find(
        older->fields, header_field::kRefcountOrder, [](const FieldDifference& each) { return each.field->offset; });
    QVERIFY(order != older->fields.end());
    QVERIFY(!order->first && order->second == 4U);
}

void ImageDiffTest::namesWhatOnlyOneImageHas()
{
    ImageBuilder first;
    first.snapshot("1", "a");
    first.bitmap("dirt");
    ImageBuilder second;
    second.snapshot("1", "b");
    second.backingFile("base");
    const auto found = diff(open(first), open(second));
    VERIFY_OK(found);
    const auto named = [&](const std::string& name) {
        const auto at = std::ranges::find(found->names, name, &NamedDifference::name);
        return at == found->names.end() ? NamedDifference{} : *at;
    };
    QVERIFY(named("snapshot 1").first && named("snapshot 1").second);
    QVERIFY(named("bitmap dirt").first && !named("bitmap dirt").second);
    QCOMPARE(named("backing file").second, std::optional<std::string>("base"));
}

void ImageDiffTest::joinsNeighboursThatChangedAlike()
{
    ImageBuilder first;
    first.data(1);
    ImageBuilder second = first;
    for (const std::uint64_t cluster : {10, 11, 12, 13, 40})
        second.data(cluster);
    second.zero(41);
    const auto found = diff(open(first), open(second));
    VERIFY_OK(found);
    QCOMPARE(found->mapping.size(), std::size_t{3});
    const MappingDifference& run = found->mapping.front();
    QCOMPARE(run.start.value(), std::uint64_t{10 * 4096});
    QCOMPARE(run.bytes, std::uint64_t{4 * 4096});
    QCOMPARE(run.first.kind, std::optional(MappingKind::Unallocated));
    QCOMPARE(run.second.kind, std::optional(MappingKind::Data));
    QVERIFY(run.second.copied && run.second.host);
    QCOMPARE(found->mapping.back().second.kind, std::optional(MappingKind::Zero));
    QCOMPARE(found->guestBytes, std::uint64_t{6 * 4096});
    QCOMPARE(found->guest.changed[10] + found->guest.changed[41], std::uint64_t{2});
    QCOMPARE(sum(found->guest.changed), std::uint64_t{6});
}

void ImageDiffTest::seesFlagsAndPlaces()
{
    ImageBuilder builder;
    builder.data(1);
    builder.data(2);
    const BuiltImage built = builder.build();
    Bytes bytes = built.bytes;
    put64(bytes, built.l2EntryAt(1), getNumber(bytes, built.l2EntryAt(1), 8) & ~kCopiedFlag);
    put64(bytes, built.l2EntryAt(2), getNumber(bytes, built.l2EntryAt(2), 8) + 4096);
    const auto found = diff(open(built.bytes), open(bytes));
    VERIFY_OK(found);
    QCOMPARE(found->mapping.size(), std::size_t{2});
    QVERIFY(found->mapping[0].first.copied && !found->mapping[0].second.copied);
    QVERIFY(found->mapping[0].first.host == found->mapping[0].second.host);
    QVERIFY(found->mapping[1].first.host != found->mapping[1].second.host);
    QCOMPARE(found->l1Entries, std::uint64_t{0});
}

void ImageDiffTest::comparesCountsByRuns()
{
    ImageBuilder builder;
    builder.data(1);
    const std::uint64_t hole = builder.skip(4) / builder.clusterSize();
    BuiltImage built = builder.build();
    const auto before = open(built.bytes);
    for (std::uint64_t i = 0; i < 3; ++i)
        built.setCount(hole + i, 2);
    built.setCount(hole + 3, 7);
    const auto found = diff(before, open(built.bytes));
    VERIFY_OK(found);
    QCOMPARE(found->counts.size(), std::size_t{2});
    QCOMPARE(found->counts[0].cluster.value(), hole);
    QCOMPARE(found->counts[0].clusters, std::uint64_t{3});
    QCOMPARE(found->counts[0].first, std::uint64_t{0});
    QCOMPARE(found->counts[1].second, std::uint64_t{7});
    QCOMPARE(found->clusters, std::uint64_t{4});
}

void ImageDiffTest::comparesImagesWithDifferentClustersByWhatTheyMap()
{
    ImageBuilder small;
    for (std::uint64_t i = 0; i < 4; ++i)
        small.data(i);
    ImageBuilder large({.clusterBits = 14});
    large.data(0);
    large.data(2);
    const auto found = diff(open(small), open(large));
    VERIFY_OK(found);
    QVERIFY(!found->sameClusters);
    QCOMPARE(found->mapping.size(), std::size_t{1});
    QCOMPARE(found->mapping.front().start.value(), std::uint64_t{2 << 14});
    QCOMPARE(found->guestBytes, std::uint64_t{1 << 14});
    QVERIFY(found->counts.empty() && found->l1.empty());
}

void ImageDiffTest::comparesWidthsByTheirNumbers()
{
    // The same counts in fields of another width differ in nothing but the header.
    const auto found = diff(open(ImageBuilder({.refcountOrder = 3})), open(ImageBuilder({.refcountOrder = 6})));
    VERIFY_OK(found);
    QCOMPARE(found->clusters, std::uint64_t{0});
    QCOMPARE(found->fields.size(), std::size_t{1});
}

void ImageDiffTest::boundsItsLists()
{
    const std::uint64_t clusters = 2 * ImageDiff::kMostRuns + 2048;
    ImageBuilder builder({.clusterBits = 16, .virtualSize = clusters << 16});
    builder.data(0);
    BuiltImage built = builder.build();
    Bytes bytes = built.bytes;
    const auto tables = clusters / 8192 + 1; // one table for all, with every second entry set
    for (std::uint64_t i = 0; i < tables; ++i)
        put64(bytes, built.layout.l1 + i * 8, built.l1Entry(0));
    for (std::uint64_t i = 0; i < 8192; i += 2)
        put64(bytes, built.l2EntryAt(0) + i * 8, 1);
    const auto found = diff(open(built.bytes), open(bytes));
    VERIFY_OK(found);
    QCOMPARE(found->mapping.size(), ImageDiff::kMostRuns);
    QVERIFY(found->runsDropped > 0);
    QVERIFY(found->guestBytes >= (found->mapping.size() + found->runsDropped) << 16);
    QVERIFY(found->guest.changed.size() <= ChangeStrip::kMostCells);
    QCOMPARE(sum(found->guest.changed) << 16, found->guestBytes);
}

void ImageDiffTest::readsZerosWhereAShorterDiskEnds()
{
    ImageBuilder longer({.virtualSize = 2 << 20});
    longer.data(1, 7);
    ImageBuilder shorter;
    shorter.data(1, 7);
    GuestReader a = reader(open(longer));
    GuestReader b = reader(open(shorter));
    auto same = compareContents(a, b, {}, {});
    QVERIFY(same && same->runs.empty() && same->sizesDiffer() && same->complete);
    longer.data(300, 0);
    GuestReader zeros = reader(open(longer));
    QVERIFY(compareContents(zeros, b, {}, {})->runs.empty());
    longer.data(301, 1);
    GuestReader data = reader(open(longer));
    same = compareContents(b, data, {}, {});
    QCOMPARE(same->runs.size(), std::size_t{1});
    QCOMPARE(same->runs.front().start, std::uint64_t{301 * 4096});
}

void ImageDiffTest::listsContentsThatDiffer()
{
    ImageBuilder first;
    first.data(1, 7);
    first.data(2, 7);
    ImageBuilder second;
    second.data(2, 7);
    second.data(1, 8);
    second.data(5, 9);
    GuestReader a = reader(open(first));
    GuestReader b = reader(open(second));
    const auto all = compareContents(a, b, {.mostRuns = 100}, {});
    QVERIFY(all);
    QCOMPARE(all->runs.size(), std::size_t{2});
    QCOMPARE(all->runs[0].start, std::uint64_t{4096});
    QCOMPARE(all->runs[0].length, std::uint64_t{4096});
    QCOMPARE(all->bytes, std::uint64_t{8192});
    QVERIFY(all->complete);
    const auto one = compareContents(a, b, {}, {});
    QCOMPARE(one->runs.size(), std::size_t{1});
    QVERIFY(!one->complete);
    std::stop_source stop;
    stop.request_stop();
    const auto stopped = compareContents(a, b, {}, {stop.get_token(), {}});
    QVERIFY(!stopped && stopped.error().error.kind == ErrorKind::Cancelled && !stopped.error().reading);
}

void ImageDiffTest::strictModeTellsSizesAndAllocationApart()
{
    ImageBuilder first;
    first.data(1, 0);
    GuestReader a = reader(open(first));
    GuestReader b = reader(open(ImageBuilder()));
    QVERIFY(compareContents(a, b, {}, {})->runs.empty());
    const auto strict = compareContents(a, b, {.strict = true}, {});
    QCOMPARE(strict->storedDifferently, std::optional<std::uint64_t>(0)); // the L2 table of one is not there
    GuestReader c = reader(open(ImageBuilder({.virtualSize = 2 << 20})));
    const auto sizes = compareContents(b, c, {.strict = true}, {});
    QVERIFY(sizes->sizesDiffer() && !sizes->complete);
}

QTEST_GUILESS_MAIN(ImageDiffTest)
#include "image_diff_test.moc"
