// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/census.h"
#include "core/edit/image/image_editor.h"
#include "core/storage/memory_storage.h"
#include "tests/support/expect.h"
#include "tests/support/naive_reader.h"
#include "tests/support/sample_images.h"
#include "tests/support/trace_storage.h"

#include <random>

using namespace cowscope;
using test::BuiltImage;
using test::Bytes;

namespace
{

constexpr std::size_t kIncompatibleAt = 72;

std::unique_ptr<ImageEditor> open(std::shared_ptr<Storage> storage)
{
    auto editor = ImageEditor::open(std::move(storage), {}, {});
    return editor ? std::move(*editor) : nullptr;
}

std::string faultsOf(const Bytes& bytes)
{
    const auto image = Image::open(std::make_shared<MemoryStorage>(bytes), {});
    if (!image)
        return image.error().text();
    const auto census = takeCensus(**image, {});
    if (!census)
        return census.error().text();
    return (*census)->isClean() ? "" : describe((*census)->findings.front(), (*image)->geometry().clusterBits());
}

std::vector<std::uint64_t> l1Of(const ImageEditor& editor)
{
    return {editor.l1Table().begin(), editor.l1Table().end()};
}

} // namespace

class ImageEditorTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void openingAndRollingBackWritesNothing();
    void commitOfNothingWritesNothing();
    void refusesDirtyAndCorruptImages();
    void everyWidthEndsAtItsMaximum_data();
    void everyWidthEndsAtItsMaximum();
    void rollbackTakesBackClustersAndLength();
    void freedClustersAreNotReusedBeforeTheCommit();
    void aSwitchLeavesTheOldImageOrTheNewAtEveryPowerCut_data();
    void aSwitchLeavesTheOldImageOrTheNewAtEveryPowerCut();
    void trimsTheFileBehindTheLastClusterInUse();
    void refusesAllocationOverMetadata();
    void leavesClustersAloneThatNoRefblockCounts_data();
    void leavesClustersAloneThatNoRefblockCounts();
    void clearsUnknownAutoclearBitsWhenItChangesSomething();
};

void ImageEditorTest::openingAndRollingBackWritesNothing()
{
    const BuiltImage built = test::plainImage(12, 4);
    const auto trace = std::make_shared<test::TraceStorage>(built.bytes);
    const auto editor = open(trace);
    QVERIFY(editor);
    QVERIFY(editor->allocate(5));
    VERIFY_OK(editor->rollback());
    QVERIFY(trace->steps().empty());
}

void ImageEditorTest::commitOfNothingWritesNothing()
{
    const auto trace = std::make_shared<test::TraceStorage>(test::plainImage(12, 4).bytes);
    const auto editor = open(trace);
    QVERIFY(editor);
    VERIFY_OK(editor->commit({}));
    QVERIFY(trace->steps().empty());
}

void ImageEditorTest::refusesDirtyAndCorruptImages()
{
    for (const std::uint8_t bit : {1, 2}) {
        BuiltImage built = test::plainImage(12, 4);
        test::put8(built.bytes, kIncompatibleAt + 7, bit);
        const auto editor = ImageEditor::open(std::make_shared<MemoryStorage>(built.bytes), {}, {});
        QVERIFY2(test::failedWith(editor, ErrorKind::Refused), test::why(editor));
    }
}

void ImageEditorTest::everyWidthEndsAtItsMaximum_data()
{
    QTest::addColumn<unsigned>("order");
    for (unsigned order = 0; order <= 6; ++order)
        QTest::addRow("%u bits", 1U << order) << order;
}

void ImageEditorTest::everyWidthEndsAtItsMaximum()
{
    QFETCH(unsigned, order);
    const BuiltImage built = test::plainImage(12, order);
    const auto memory = std::make_shared<MemoryStorage>(built.bytes);
    const auto editor = open(memory);
    QVERIFY(editor);
    RefcountStore& counts = editor->refcounts();
    const HostCluster cluster(editor->header().l1TableOffset.value() >> 12);
    const std::uint64_t maximum = counts.codec().maximum();
    while (*counts.count(cluster) < maximum) { // in few steps, however far it is
        const std::uint64_t left = maximum - *counts.count(cluster);
        VERIFY_OK(counts.change(cluster, static_cast<std::int64_t>(std::min<std::uint64_t>(left, INT64_MAX))));
    }
    const auto over = counts.change(cluster, 1);
    QVERIFY2(test::failedWith(over, ErrorKind::Refused), test::why(over));
    QVERIFY(order == 6 || over.error().next.find(std::to_string(2U << order)) != std::string::npos);
    QCOMPARE(*counts.count(cluster), maximum);
    VERIFY_OK(editor->rollback());
    QVERIFY(memory->bytes() == built.bytes);
}

void ImageEditorTest::rollbackTakesBackClustersAndLength()
{
    const BuiltImage built = test::plainImage(12, 4);
    const auto memory = std::make_shared<MemoryStorage>(built.bytes);
    const auto editor = open(memory);
    QVERIFY(editor);
    const auto run = editor->allocate(200);
    QVERIFY(run);
    VERIFY_OK(editor->writeNew(editor->geometry().offset(*run + 199), Bytes(4096, std::byte{1})));
    QVERIFY(memory->bytes().size() > built.bytes.size());
    VERIFY_OK(editor->rollback());
    QCOMPARE(memory->bytes().size(), built.bytes.size());
    QCOMPARE(faultsOf(memory->bytes()), std::string());
}

void ImageEditorTest::freedClustersAreNotReusedBeforeTheCommit()
{
    const BuiltImage built = test::plainImage(12, 4);
    const auto editor = open(std::make_shared<MemoryStorage>(built.bytes));
    QVERIFY(editor);
    const HostOffset data = L2Entry{test::getNumber(built.bytes, built.l2EntryAt(0), 8)}.hostOffset();
    VERIFY_OK(editor->setL2Word(editor->l1Entry(0).l2Offset(), 0, 0));
    VERIFY_OK(editor->release(data, 4096));
    const HostCluster freed = editor->geometry().cluster(data);
    for (int i = 0; i < 20; ++i)
        QVERIFY(*editor->allocate(1) != freed);
    VERIFY_OK(editor->commit({}));
    QCOMPARE(editor->allocate(1)->value(), freed.value());
}

void ImageEditorTest::aSwitchLeavesTheOldImageOrTheNewAtEveryPowerCut_data()
{
    QTest::addColumn<unsigned>("clusterBits");
    QTest::addColumn<unsigned>("order");
    for (const unsigned order : {0U, 4U, 6U}) {
        QTest::addRow("512, %u bits", 1U << order) << 9U << order;
        QTest::addRow("4096, %u bits", 1U << order) << 12U << order;
    }
}

void ImageEditorTest::aSwitchLeavesTheOldImageOrTheNewAtEveryPowerCut()
{
    QFETCH(unsigned, clusterBits);
    QFETCH(unsigned, order);
    const BuiltImage built = test::plainImage(clusterBits, order);
    const auto trace = std::make_shared<test::TraceStorage>(built.bytes);
    const auto editor = open(trace);
    QVERIFY(editor);
    const HostOffset before = editor->header().l1TableOffset;
    VERIFY_OK(editor->replaceL1(l1Of(*editor)));
    VERIFY_OK(editor->commit({}, CommitOrder::Switch));
    std::mt19937_64 random(order);
    for (std::size_t step = 0; step <= trace->steps().size(); ++step) {
        for (int cut = 0; cut < 24; ++cut)
            QCOMPARE(faultsOf(trace->stateAfterPowerCut(step, random)), std::string());
    }
    const auto image = Image::open(std::make_shared<MemoryStorage>(trace->bytes()), {});
    QVERIFY(image);
    QVERIFY((*image)->header().l1TableOffset != before);
    const test::NaiveReader reader(trace->bytes());
    QCOMPARE(reader.counts(), reader.references());
}

void ImageEditorTest::trimsTheFileBehindTheLastClusterInUse()
{
    const BuiltImage built = test::plainImage(12, 4);
    const auto memory = std::make_shared<MemoryStorage>(built.bytes);
    const auto editor = open(memory);
    QVERIFY(editor);
    const auto run = editor->allocate(50);
    QVERIFY(run);
    VERIFY_OK(editor->commit({}));
    QVERIFY(memory->bytes().size() >= built.bytes.size() + 40 * 4096); // some may fit holes
    VERIFY_OK(editor->release(editor->geometry().offset(*run), std::uint64_t{50} * 4096));
    VERIFY_OK(editor->commit({}));
    VERIFY_OK(editor->trimFile());
    QVERIFY(memory->bytes().size() <= built.bytes.size());
    QCOMPARE(faultsOf(memory->bytes()), std::string());
}

void ImageEditorTest::refusesAllocationOverMetadata()
{
    BuiltImage built = test::plainImage(12, 4);
    built.setCount(built.layout.l1 >> 12, 0); // the allocator would hand out the L1 table
    const auto memory = std::make_shared<MemoryStorage>(built.bytes);
    const auto editor = open(memory);
    QVERIFY(editor);
    const auto run = editor->allocate(1);
    QVERIFY2(test::failedWith(run, ErrorKind::Invalid), test::why(run));
    QVERIFY(memory->bytes() == built.bytes);
}

void ImageEditorTest::leavesClustersAloneThatNoRefblockCounts_data()
{
    QTest::addColumn<unsigned>("clusterBits");
    QTest::addColumn<int>("lost");
    for (const unsigned clusterBits : {9U, 12U}) {
        for (int lost = 0; lost < (clusterBits == 9 ? 8 : 1); ++lost)
            QTest::addRow("cluster_bits %u, refblock %d", clusterBits, lost) << clusterBits << lost;
    }
}

void ImageEditorTest::leavesClustersAloneThatNoRefblockCounts()
{
    QFETCH(unsigned, clusterBits);
    QFETCH(int, lost);
    BuiltImage built = test::plainImage(clusterBits, 6);
    QVERIFY(built.layout.refblocks.contains(static_cast<std::uint64_t>(lost)) || lost > 0);
    test::put64(built.bytes, built.layout.reftable + static_cast<std::uint64_t>(lost) * 8, 0);
    const auto memory = std::make_shared<MemoryStorage>(built.bytes);
    const auto editor = open(memory);
    QVERIFY(editor);
    for (int i = 0; i < 300; ++i) {
        const auto cluster = editor->allocate(1);
        if (!cluster) {
            QVERIFY2(test::failedWith(cluster, ErrorKind::Invalid), test::why(cluster));
            break;
        }
        const bool behind = cluster->value() >= built.layout.clusters;
        QVERIFY(behind || *editor->refcounts().isFreeOnDisk(*cluster));
        QVERIFY(behind || cluster->value() / editor->geometry().refblockEntries() != static_cast<std::uint64_t>(lost));
    }
    VERIFY_OK(editor->rollback());
    QVERIFY(memory->bytes() == built.bytes);
}

void ImageEditorTest::clearsUnknownAutoclearBitsWhenItChangesSomething()
{
    BuiltImage built = test::plainImage(12, 4);
    test::put8(built.bytes, 88, 0x80);
    const auto memory = std::make_shared<MemoryStorage>(built.bytes);
    const auto editor = open(memory);
    QVERIFY(editor);
    VERIFY_OK(editor->commit({}));
    QVERIFY(memory->bytes() == built.bytes);
    VERIFY_OK(editor->replaceL1(l1Of(*editor)));
    VERIFY_OK(editor->commit({}));
    QCOMPARE(test::getNumber(memory->bytes(), 88, 8), std::uint64_t{kAutoclearBitmaps});
}

QTEST_GUILESS_MAIN(ImageEditorTest)
#include "image_editor_test.moc"
