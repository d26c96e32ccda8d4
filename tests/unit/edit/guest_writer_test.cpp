// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/census.h"
#include "core/edit/guest/guest_writer.h"
#include "core/storage/memory_storage.h"
#include "tests/support/expect.h"
#include "tests/support/image_builder.h"
#include "tests/support/naive_reader.h"
#include "tests/support/sample_images.h"

#include <random>

using namespace cowscope;
using test::BuiltImage;
using test::Bytes;

namespace
{

Bytes pattern(std::uint64_t length, unsigned value)
{
    return Bytes(length, static_cast<std::byte>(value));
}

/// Bytes that no compressor makes smaller.
Bytes noise(std::uint64_t length, std::mt19937_64& random)
{
    Bytes bytes(length);
    for (std::byte& byte : bytes)
        byte = static_cast<std::byte>(random());
    return bytes;
}

std::unique_ptr<ImageEditor> open(std::shared_ptr<Storage> storage)
{
    auto editor = ImageEditor::open(std::move(storage), {}, {});
    return editor ? std::move(*editor) : nullptr;
}

/// What a check of the bytes finds; empty when it is sound.
QByteArray complaints(const Bytes& bytes)
{
    auto image = Image::open(std::make_shared<MemoryStorage>(bytes), {});
    if (!image)
        return test::why(image);
    auto census = takeCensus(**image, {});
    if (!census)
        return test::why(census);
    QByteArray text;
    for (const Finding& finding : (*census)->findings)
        text += QByteArray::fromStdString(describe(finding, (*image)->geometry().clusterBits())) + "\n";
    return text;
}

/// An image in memory beside a plain vector of what its disk should hold.
class Twin
{
public:
    explicit Twin(const BuiltImage& built)
        : m_storage(std::make_shared<MemoryStorage>(built.bytes))
        , m_editor(open(m_storage))
        , m_writer(*m_editor)
        , m_disk(m_writer.size())
    {
    }

    const Bytes& bytes() const { return m_storage->bytes(); }
    std::uint64_t clusterSize() const { return m_editor->geometry().clusterSize(); }
    ImageEditor& editor() { return *m_editor; }

    Result<void> write(std::uint64_t start, const Bytes& data)
    {
        return keep(m_writer.write(start, data, {}), start, data);
    }
    Result<void> writeCompressed(std::uint64_t start, const Bytes& data)
    {
        return keep(m_writer.writeCompressed(start, data, {}), start, data);
    }
    Result<void> zero(std::uint64_t start, std::uint64_t length, ZeroMode mode)
    {
        return keep(m_writer.zero(start, length, mode, {}), start, pattern(length, 0));
    }
    Result<void> discard(std::uint64_t start, std::uint64_t length)
    {
        auto done = m_writer.discard(start, length, {});
        const std::uint64_t first = (start + clusterSize() - 1) / clusterSize() * clusterSize();
        const std::uint64_t end
            = start + length == m_disk.size() ? m_disk.size() : (start + length) / clusterSize() * clusterSize();
        return first < end ? keep(std::move(done), first, pattern(end - first, 0)) : done;
    }

    bool readsAsItShould()
    {
        Bytes now(m_disk.size());
        return m_writer.read(0, now) && now == m_disk;
    }

private:
    Result<void> keep(Result<void> done, std::uint64_t start, const Bytes& data)
    {
        if (done)
            std::ranges::copy(data, m_disk.begin() + static_cast<std::ptrdiff_t>(start));
        return done;
    }

    std::shared_ptr<MemoryStorage> m_storage;
    std::unique_ptr<ImageEditor> m_editor;
    GuestWriter m_writer;
    Bytes m_disk;
};

test::ImageOptions options(unsigned clusterBits, unsigned order, bool extended, std::uint64_t size)
{
    test::ImageOptions made;
    made.clusterBits = clusterBits;
    made.refcountOrder = order;
    made.extendedL2 = extended;
    made.virtualSize = size;
    return made;
}

} // namespace

class GuestWriterTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void anyMixOfWritesReadsBackAndChecksClean_data();
    void anyMixOfWritesReadsBackAndChecksClean();
    void placesTableAndDataInTheOrderOfTheirNeed();
    void reusesWhatWasFreed();
    void sharedClustersAreCopiedBeforeTheyChange();
    void compressedClustersShareUpToTheWidthsMaximum_data();
    void compressedClustersShareUpToTheWidthsMaximum();
    void refusesToWriteOverMetadata();
    void refusesWhatReachesPastTheEnd();
    void growsTheReftable();
};

void GuestWriterTest::anyMixOfWritesReadsBackAndChecksClean_data()
{
    QTest::addColumn<unsigned>("clusterBits");
    QTest::addColumn<unsigned>("order");
    QTest::addColumn<bool>("extended");
    for (unsigned order = 0; order <= 6; ++order) {
        QTest::addRow("512, %u bits", 1U << order) << 9U << order << false;
        QTest::addRow("4096, %u bits", 1U << order) << 12U << order << false;
    }
    QTest::newRow("16384, subclusters") << 14U << 4U << true;
    QTest::newRow("16384, subclusters, 1 bit") << 14U << 0U << true;
}

void GuestWriterTest::anyMixOfWritesReadsBackAndChecksClean()
{
    QFETCH(unsigned, clusterBits);
    QFETCH(unsigned, order);
    QFETCH(bool, extended);
    std::mt19937_64 random(clusterBits * 100 + order);
    const std::uint64_t size = (std::uint64_t{200} << clusterBits) + 512;
    Twin twin(test::ImageBuilder(options(clusterBits, order, extended, size)).build());
    const std::uint64_t clusterSize = twin.clusterSize();
    for (int step = 0; step < 120; ++step) {
        const std::uint64_t start = random() % size;
        const std::uint64_t length = 1 + random() % std::min(size - start, 6 * clusterSize);
        const std::uint64_t cluster = start / clusterSize * clusterSize;
        const std::uint64_t whole = std::min(size - cluster, (1 + random() % 3) * clusterSize);
        Result<void> done;
        switch (random() % 7) {
        case 0:
            done = twin.write(start, noise(length, random));
            break;
        case 1:
        case 2:
            done = twin.write(start, pattern(length, 1 + random() % 255));
            break;
        case 3:
            done = twin.writeCompressed(cluster, pattern(whole, 1 + random() % 255));
            break;
        case 4:
            done = twin.zero(start, length, ZeroMode::KeepClusters);
            break;
        case 5:
            done = twin.zero(start, length, ZeroMode::Unmap);
            break;
        default:
            done = twin.discard(start, length);
            break;
        }
        QVERIFY2(done, test::why(done));
        QVERIFY2(
            complaints(twin.bytes()).isEmpty(), qPrintable(QString("step %1: ").arg(step) + complaints(twin.bytes())));
        QVERIFY2(twin.readsAsItShould(), qPrintable(QString("step %1").arg(step)));
    }
    const test::NaiveReader reader(twin.bytes());
    QCOMPARE(reader.counts(), reader.references());
}

void GuestWriterTest::placesTableAndDataInTheOrderOfTheirNeed()
{
    Twin twin(test::ImageBuilder(options(12, 4, false, 1 << 20)).build());
    const std::uint64_t end = twin.bytes().size();
    QVERIFY(twin.write(0, pattern(4096, 7)));
    QCOMPARE(twin.editor().l1Entry(0).l2Offset().value(), end);
    QCOMPARE(L2Entry{*twin.editor().l2Word(HostOffset(end), 0)}.hostOffset().value(), end + 4096);
}

void GuestWriterTest::reusesWhatWasFreed()
{
    Twin twin(test::ImageBuilder(options(12, 4, false, 1 << 20)).build());
    QVERIFY(twin.write(0, pattern(16 * 4096, 7)));
    const std::uint64_t size = twin.bytes().size();
    QVERIFY(twin.discard(0, 8 * 4096));
    QVERIFY(twin.write(64 * 4096, pattern(8 * 4096, 9)));
    QCOMPARE(twin.bytes().size(), size);
    QVERIFY(twin.readsAsItShould());
}

void GuestWriterTest::sharedClustersAreCopiedBeforeTheyChange()
{
    const BuiltImage built = test::snapshotImage(12, 4, 2);
    auto storage = std::make_shared<MemoryStorage>(built.bytes);
    const auto editor = open(storage);
    QVERIFY(editor);
    GuestWriter writer(*editor);
    Bytes before(30 * 4096); // the builder's compressed clusters, further on, cannot be read
    QVERIFY(writer.read(0, before));
    QVERIFY(writer.write(100, pattern(9000, 0x11), {}));
    QVERIFY2(complaints(storage->bytes()).isEmpty(), complaints(storage->bytes()));
    // The snapshots' tables still lead to what was there: only clusters without a count have been written to.
    const Bytes& after = storage->bytes();
    for (const std::uint64_t l1 : built.layout.snapshotL1) {
        for (std::uint64_t i = 0; i < built.layout.l1Entries; ++i) {
            const std::uint64_t table = test::getNumber(built.bytes, l1 + i * 8, 8) & kTableOffsetMask;
            for (std::uint64_t entry = 0; table != 0 && entry < 512; ++entry) {
                const L2Entry data{test::getNumber(built.bytes, table + entry * 8, 8)};
                QCOMPARE(test::getNumber(after, table + entry * 8, 8) & ~kCopiedFlag, data.raw & ~kCopiedFlag);
                const std::uint64_t host = data.compressed() ? 0 : data.hostOffset().value();
                for (std::uint64_t at = host; host != 0 && at < host + 4096; ++at)
                    QVERIFY(after[at] == built.bytes[at]);
            }
        }
    }
    std::ranges::fill(std::span(before).subspan(100, 9000), std::byte{0x11});
    Bytes now(before.size());
    QVERIFY(writer.read(0, now));
    QVERIFY(now == before);
}

void GuestWriterTest::compressedClustersShareUpToTheWidthsMaximum_data()
{
    QTest::addColumn<unsigned>("order");
    for (unsigned order = 0; order <= 6; ++order)
        QTest::addRow("%u bits", 1U << order) << order;
}

void GuestWriterTest::compressedClustersShareUpToTheWidthsMaximum()
{
    QFETCH(unsigned, order);
    Twin twin(test::ImageBuilder(options(16, order, false, 1 << 24)).build());
    constexpr unsigned kClusters = 40;
    for (unsigned i = 0; i < kClusters; ++i)
        QVERIFY(twin.writeCompressed(i * 65536, pattern(65536, i + 1)));
    std::map<std::uint64_t, std::uint64_t> sharers;
    const HostOffset table = twin.editor().l1Entry(0).l2Offset();
    for (unsigned i = 0; i < kClusters; ++i) {
        const L2Entry entry{*twin.editor().l2Word(table, i)};
        QVERIFY(entry.compressed());
        ++sharers[entry.compressedDescriptor(16).offset.value() >> 16];
    }
    const std::uint64_t maximum = std::min<std::uint64_t>(RefcountCodec(order).maximum(), kClusters);
    QCOMPARE(sharers.begin()->second, maximum);
    QCOMPARE(sharers.size(), (kClusters + maximum - 1) / maximum);
    QVERIFY2(complaints(twin.bytes()).isEmpty(), complaints(twin.bytes()));
    QVERIFY(twin.readsAsItShould());
}

void GuestWriterTest::refusesToWriteOverMetadata()
{
    test::ImageBuilder builder(options(12, 4, false, 1 << 20));
    builder.data(0);
    BuiltImage built = builder.build();
    for (const std::uint64_t target :
        {built.layout.reftable, built.layout.refblocks.begin()->second, built.layout.l1}) {
        Bytes bytes = built.bytes;
        test::put64(bytes, built.l2EntryAt(0), target | kCopiedFlag);
        auto storage = std::make_shared<MemoryStorage>(bytes);
        const auto editor = open(storage);
        QVERIFY(editor);
        const auto done = GuestWriter(*editor).write(0, pattern(512, 1), {});
        QVERIFY2(test::failedWith(done, ErrorKind::Invalid), test::why(done));
        QVERIFY(storage->bytes() == bytes);
    }
}

void GuestWriterTest::refusesWhatReachesPastTheEnd()
{
    Twin twin(test::ImageBuilder(options(12, 4, false, 1 << 20)).build());
    const Bytes before = twin.bytes();
    QVERIFY(test::failedWith(
        twin.editor().backing() ? Result<void>{} : GuestWriter(twin.editor()).write((1 << 20) - 1, pattern(2, 1), {}),
        ErrorKind::Refused));
    QVERIFY(twin.bytes() == before);
}

/// 64-bit counts in clusters of 512 bytes: a reftable of one cluster counts 64 * 64 clusters, 2 MiB.
void GuestWriterTest::growsTheReftable()
{
    Twin twin(test::ImageBuilder(options(9, 6, false, 8 << 20)).build());
    const HostOffset before = twin.editor().header().refcountTableOffset;
    for (std::uint64_t at = 0; at < (8 << 20); at += 1 << 20)
        QVERIFY(twin.write(at, pattern(1 << 20, 1 + at / (1 << 20))));
    QVERIFY(twin.editor().header().refcountTableOffset != before);
    QVERIFY2(complaints(twin.bytes()).isEmpty(), complaints(twin.bytes()));
    QVERIFY(twin.readsAsItShould());
    const test::NaiveReader reader(twin.bytes());
    QCOMPARE(reader.counts(), reader.references());
}

QTEST_GUILESS_MAIN(GuestWriterTest)
#include "guest_writer_test.moc"
