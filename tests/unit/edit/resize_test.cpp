// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/guest/guest_writer.h"
#include "core/edit/image/create.h"
#include "core/edit/image/resize.h"
#include "core/format/snapshot_table.h"
#include "tests/support/expect.h"
#include "tests/support/sample_images.h"
#include "tests/support/snapshot_edits.h"
#include "tests/support/trace_storage.h"

using namespace cowscope;
using test::BuiltImage;
using test::Bytes;

namespace
{

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

std::unique_ptr<ImageEditor> open(std::shared_ptr<Storage> storage, GuestFiles files = {})
{
    auto editor = ImageEditor::open(std::move(storage), std::move(files), {});
    if (!editor)
        qWarning("%s", editor.error().text().c_str());
    return editor ? std::move(*editor) : nullptr;
}

/// Below an image there is a raw file, or an image: here an image in memory, full of one byte.
std::unique_ptr<GuestReader> backingOf(std::uint64_t size, std::uint8_t fill)
{
    CreateOptions options;
    options.size = size;
    const auto file = std::make_shared<MemoryStorage>();
    if (!createImage(options, file, nullptr, {}))
        return nullptr;
    const auto editor = open(file);
    if (!GuestWriter(*editor).write(0, Bytes(size, static_cast<std::byte>(fill)), {}))
        return nullptr;
    return std::make_unique<GuestReader>(BackingChain(*Image::open(file, {}), "base"));
}

Bytes contentsOf(ImageEditor& editor)
{
    GuestWriter guest(editor);
    Bytes disk(guest.size());
    if (!guest.read(0, disk))
        disk.clear();
    return disk;
}

/// The contents of a disk whose size changed: cut, or with zeros behind them.
Bytes resized(Bytes disk, std::uint64_t size)
{
    disk.resize(size);
    return disk;
}

/// An image of `options` in memory, with a few stretches of data up to its end.
std::shared_ptr<MemoryStorage> imageWithData(const CreateOptions& options)
{
    const auto file = std::make_shared<MemoryStorage>();
    if (const auto created = createImage(options, file, nullptr, {}); !created)
        qWarning("%s", created.error().text().c_str());
    const auto editor = open(file);
    GuestWriter guest(*editor);
    for (const std::uint64_t at : {std::uint64_t{0}, options.size / 2, options.size - 1536}) {
        if (const auto written = guest.write(at, Bytes(1536, std::byte{0x77}), {}); !written)
            qWarning("%s", written.error().text().c_str());
    }
    return file;
}

} // namespace

/// Disks that grow and shrink: what they show, what they cost, what they refuse.
class ResizeTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void keepsContentsAndShowsZeros_data();
    void keepsContentsAndShowsZeros();
    void shrinkingAndGrowingBringsNothingBack();
    void shrinkingGivesClustersAndTheFilesTailBack();
    void shrinkingNeverCopiesTheTablesOfASnapshot();
    void whatSnapshotsHoldStays_data();
    void whatSnapshotsHoldStays();
    void oldSnapshotsAreToldTheirSize();
    void aLargerBackingFileDoesNotShow_data();
    void aLargerBackingFileDoesNotShow();
    void refusesToGrowOverAClosedBackingFile();
    void hidesWhatAForeignWriterLeftBehindTheEnd();
    void theDataFileFollows_data();
    void theDataFileFollows();
    void refusesWhatCannotBe();
    void todaysSizeWritesNothing();
    void progressOfAShrinkMovesToItsEnd();
    void failuresLeaveTheOldImage_data();
    void failuresLeaveTheOldImage();
    void powerCutsLeaveNoCorruption_data();
    void powerCutsLeaveNoCorruption();
};

void ResizeTest::keepsContentsAndShowsZeros_data()
{
    QTest::addColumn<unsigned>("clusterBits");
    QTest::addColumn<unsigned>("order");
    QTest::addColumn<unsigned>("version");
    QTest::addColumn<bool>("extended");
    for (const unsigned clusterBits : {9U, 12U, 16U}) {
        for (unsigned order = 0; order <= 6; ++order)
            QTest::addRow("%u byte clusters, %u bits", 1U << clusterBits, 1U << order)
                << clusterBits << order << 3U << false;
    }
    QTest::newRow("version 2") << 12U << 4U << 2U << false;
    QTest::newRow("extended L2") << 14U << 0U << 3U << true;
}

void ResizeTest::keepsContentsAndShowsZeros()
{
    QFETCH(unsigned, clusterBits);
    QFETCH(unsigned, order);
    QFETCH(unsigned, version);
    QFETCH(bool, extended);
    CreateOptions options;
    options.size = 100'352; // ends inside a cluster
    options.clusterSize = std::uint64_t{1} << clusterBits;
    options.refcountBits = std::uint64_t{1} << order;
    options.version = version;
    options.extendedL2 = extended;
    const auto file = imageWithData(options);
    const auto editor = open(file);
    QVERIFY(editor);
    Bytes disk = contentsOf(*editor);
    for (const std::uint64_t size : {100'864, 300'032, 8'388'608, 300'032, 100'352, 512, 70'144, 200'192}) {
        VERIFY_OK(resizeDisk(*editor, size, true, {}));
        disk = resized(disk, size);
        QCOMPARE(test::getNumber(file->bytes(), 24, 8), size);
        QCOMPARE(contentsOf(*editor), disk);
        QCOMPARE(contentsOf(*open(file)), disk);
        QCOMPARE(test::faultsOf(file->bytes()), std::string());
        // So that something is behind the next end.
        VERIFY_OK(GuestWriter(*editor).write(size - 512, Bytes(512, std::byte{0x44}), {}));
        std::fill(disk.end() - 512, disk.end(), std::byte{0x44});
    }
}

void ResizeTest::shrinkingAndGrowingBringsNothingBack()
{
    CreateOptions options;
    options.size = kMiB;
    const auto file = imageWithData(options);
    const auto editor = open(file);
    VERIFY_OK(resizeDisk(*editor, 512, true, {}));
    VERIFY_OK(resizeDisk(*editor, kMiB, false, {}));
    Bytes wanted(512, std::byte{0x77});
    QCOMPARE(contentsOf(*editor), resized(wanted, kMiB));
}

void ResizeTest::shrinkingGivesClustersAndTheFilesTailBack()
{
    CreateOptions options;
    options.size = 40 * kMiB; // 20 L2 tables
    options.clusterSize = 4096;
    const auto file = std::make_shared<MemoryStorage>();
    VERIFY_OK(createImage(options, file, nullptr, {}));
    const auto editor = open(file);
    const auto before = test::NaiveReader(file->bytes()).counts();
    const std::size_t length = file->bytes().size();
    VERIFY_OK(GuestWriter(*editor).write(2 * kMiB, Bytes(38 * kMiB, std::byte{1}), {}));
    VERIFY_OK(resizeDisk(*editor, 2 * kMiB, true, {}));
    QCOMPARE(test::NaiveReader(file->bytes()).counts(), before);
    QVERIFY(file->bytes().size() <= length);
    QCOMPARE(test::faultsOf(file->bytes()), std::string());
}

void ResizeTest::shrinkingNeverCopiesTheTablesOfASnapshot()
{
    // Whole tables behind the end, shared with a snapshot: taking references away needs no cluster.
    test::ImageBuilder builder({.clusterBits = 9, .virtualSize = std::uint64_t{640} << 9});
    for (std::uint64_t guest = 0; guest < 640; guest += 10)
        builder.data(guest);
    builder.snapshot("1", "one");
    const BuiltImage built = builder.build();
    const auto file = std::make_shared<MemoryStorage>(built.bytes);
    const auto clusters = test::NaiveReader(file->bytes()).counts().size();
    const auto editor = open(file);
    VERIFY_OK(resizeDisk(*editor, std::uint64_t{64} << 9, true, {}));
    const auto counts = test::NaiveReader(file->bytes()).counts();
    QVERIFY(counts.size() <= clusters);
    QCOMPARE(test::faultsOf(file->bytes()), std::string());
}

void ResizeTest::whatSnapshotsHoldStays_data()
{
    QTest::addColumn<unsigned>("clusterBits");
    QTest::addColumn<unsigned>("order");
    for (const unsigned clusterBits : {9U, 12U}) {
        for (const unsigned order : {2U, 4U, 6U})
            QTest::addRow("%u byte clusters, %u bits", 1U << clusterBits, 1U << order) << clusterBits << order;
    }
}

void ResizeTest::whatSnapshotsHoldStays()
{
    QFETCH(unsigned, clusterBits);
    QFETCH(unsigned, order);
    const BuiltImage built = test::mixed(clusterBits, order, 2, false);
    const auto file = std::make_shared<MemoryStorage>(built.bytes);
    const auto before = test::guestStates(file->bytes());
    const auto editor = open(file);
    const std::uint64_t clusterSize = std::uint64_t{1} << clusterBits;
    for (const std::uint64_t size : {700 * clusterSize, 10 * clusterSize + 512, 601 * clusterSize, 512UL}) {
        VERIFY_OK(resizeDisk(*editor, size, true, {}));
        const auto now = test::guestStates(file->bytes());
        for (const char* id : {"1", "2"}) {
            QCOMPARE(now.at(id).size, before.at(id).size);
            QVERIFY(now.at(id).clusters == before.at(id).clusters);
        }
        QCOMPARE(test::faultsOf(file->bytes()), std::string());
    }
}

void ResizeTest::oldSnapshotsAreToldTheirSize()
{
    BuiltImage built = test::mixed(12, 4, 1);
    auto image = Image::open(std::make_shared<MemoryStorage>(built.bytes), {});
    VERIFY_OK(image);
    Snapshot old = (*image)->snapshots()[0];
    const std::uint64_t size = (*image)->geometry().virtualSize();
    old.extraData.clear();
    old.diskSize.reset();
    const auto entry = encodeSnapshot(old);
    std::ranges::copy(entry, built.bytes.begin() + static_cast<std::ptrdiff_t>(built.layout.snapshotTable));

    const auto file = std::make_shared<MemoryStorage>(built.bytes);
    const auto editor = open(file);
    QVERIFY(editor && !editor->snapshots()[0].diskSize);
    VERIFY_OK(resizeDisk(*editor, 2 * size / 512 * 512, false, {}));
    image = Image::open(file, {});
    VERIFY_OK(image);
    QCOMPARE((*image)->snapshots()[0].diskSize.value_or(0), size);
    QCOMPARE((*image)->snapshots()[0].name, old.name);
}

void ResizeTest::aLargerBackingFileDoesNotShow_data()
{
    QTest::addColumn<unsigned>("version");
    QTest::addColumn<bool>("extended");
    QTest::newRow("version 3") << 3U << false;
    QTest::newRow("version 2") << 2U << false;
    QTest::newRow("extended L2") << 3U << true;
}

void ResizeTest::aLargerBackingFileDoesNotShow()
{
    QFETCH(unsigned, version);
    QFETCH(bool, extended);
    CreateOptions options;
    options.size = 100'352;
    options.clusterSize = 16384;
    options.version = version;
    options.extendedL2 = extended;
    options.backingFile = "base";
    options.backingFormat = "qcow2";
    const auto file = std::make_shared<MemoryStorage>();
    VERIFY_OK(createImage(options, file, nullptr, {}));
    const auto editor = open(file, GuestFiles{backingOf(kMiB, 0xbb), nullptr});
    Bytes disk = contentsOf(*editor);
    QVERIFY(disk == Bytes(100'352, std::byte{0xbb}));
    for (const std::uint64_t size : {std::uint64_t{200'192}, 3 * kMiB, std::uint64_t{50'176}, kMiB / 2}) {
        VERIFY_OK(resizeDisk(*editor, size, true, {}));
        disk = resized(disk, size);
        QCOMPARE(contentsOf(*editor), disk);
        QCOMPARE(test::findingsOf(file->bytes()), std::string());
    }
}

void ResizeTest::refusesToGrowOverAClosedBackingFile()
{
    CreateOptions options;
    options.size = kMiB;
    options.backingFile = "base";
    options.backingFormat = "qcow2";
    const auto file = std::make_shared<MemoryStorage>();
    VERIFY_OK(createImage(options, file, nullptr, {}));
    const Bytes before = file->bytes();
    const auto editor = open(file);
    VERIFY_ERROR(resizeDisk(*editor, 2 * kMiB, false, {}), ErrorKind::Refused);
    QVERIFY(file->bytes() == before);
}

void ResizeTest::hidesWhatAForeignWriterLeftBehindTheEnd()
{
    // A header that says less than the tables hold.
    test::ImageBuilder builder({.clusterBits = 12, .virtualSize = std::uint64_t{64} << 12});
    for (std::uint64_t guest = 0; guest < 64; ++guest)
        builder.data(guest, 0x99);
    BuiltImage built = builder.build();
    test::put64(built.bytes, 24, std::uint64_t{10} << 12);
    const auto file = std::make_shared<MemoryStorage>(built.bytes);
    const auto editor = open(file);
    VERIFY_OK(resizeDisk(*editor, std::uint64_t{64} << 12, false, {}));
    Bytes wanted(std::uint64_t{10} << 12, std::byte{0x99});
    QCOMPARE(contentsOf(*editor), resized(wanted, std::uint64_t{64} << 12));
    QCOMPARE(test::faultsOf(file->bytes()), std::string());
}

void ResizeTest::theDataFileFollows_data()
{
    QTest::addColumn<bool>("raw");
    QTest::newRow("of the image's own") << false;
    QTest::newRow("raw") << true;
}

void ResizeTest::theDataFileFollows()
{
    QFETCH(bool, raw);
    CreateOptions options;
    options.size = 100'352;
    options.dataFile = "data";
    options.dataFileRaw = raw;
    const auto file = std::make_shared<MemoryStorage>();
    const auto data = std::make_shared<MemoryStorage>();
    VERIFY_OK(createImage(options, file, data, {}));
    VERIFY_OK(data->write(100'352, Bytes(1000, std::byte{0xdd}))); // behind the end of the disk
    const auto editor = open(file, GuestFiles{nullptr, data});
    VERIFY_OK(GuestWriter(*editor).write(99'840, Bytes(512, std::byte{0x33}), {}));
    Bytes disk = contentsOf(*editor);
    for (const std::uint64_t size : {std::uint64_t{kMiB}, std::uint64_t{100'352}, std::uint64_t{65'536}, 3 * kMiB}) {
        VERIFY_OK(resizeDisk(*editor, size, true, {}));
        disk = resized(disk, size);
        QCOMPARE(contentsOf(*editor), disk);
        QCOMPARE(data->bytes().size(), std::size_t{size});
        QVERIFY(!raw || data->bytes() == disk);
        QCOMPARE(test::findingsOf(file->bytes()), std::string());
        if (raw)
            QCOMPARE(GuestWriter(*editor).mapping(GuestOffset(0), size)->length, size);
    }
}

void ResizeTest::refusesWhatCannotBe()
{
    const auto file = std::make_shared<MemoryStorage>(test::plainImage(12, 4).bytes);
    const Bytes before = file->bytes();
    const auto editor = open(file);
    const std::uint64_t size = editor->geometry().virtualSize();
    VERIFY_ERROR(resizeDisk(*editor, size - 512, false, {}), ErrorKind::Refused);
    VERIFY_ERROR(resizeDisk(*editor, size + 1, false, {}), ErrorKind::Refused);
    VERIFY_ERROR(resizeDisk(*editor, std::uint64_t{1} << 62, false, {}), ErrorKind::Refused);
    QVERIFY(file->bytes() == before);
    QCOMPARE(editor->geometry().virtualSize(), size);

    test::ImageBuilder builder({.version = 2, .clusterBits = 12});
    builder.data(0);
    builder.snapshot("1", "one");
    const auto old = open(std::make_shared<MemoryStorage>(builder.build().bytes));
    VERIFY_ERROR(resizeDisk(*old, 2 * kMiB, false, {}), ErrorKind::Refused);
    VERIFY_ERROR(resizeDisk(*old, 4096, true, {}), ErrorKind::Refused);
}

void ResizeTest::todaysSizeWritesNothing()
{
    const auto trace = std::make_shared<test::TraceStorage>(test::plainImage(12, 4).bytes);
    const auto editor = open(trace);
    VERIFY_OK(resizeDisk(*editor, editor->geometry().virtualSize(), false, {}));
    QVERIFY(trace->steps().empty());
}

void ResizeTest::progressOfAShrinkMovesToItsEnd()
{
    CreateOptions options;
    options.size = 1 << 20;
    options.clusterSize = 512;
    const auto file = imageWithData(options);
    const auto editor = open(file);
    std::vector<Progress> all;
    VERIFY_OK(resizeDisk(*editor, 512, true, {{}, [&all](const Progress& each) { all.push_back(each); }}));
    QVERIFY(all.size() > 10);
    for (std::size_t i = 1; i < all.size(); ++i) {
        QVERIFY(all[i - 1].done <= all[i].done);
        QCOMPARE(all[i].total, all[0].total);
    }
    QVERIFY(all[all.size() / 2].done > 0 && all[all.size() / 2].done < all[0].total);
    QCOMPARE(all.back().done, all.back().total);
}

void ResizeTest::failuresLeaveTheOldImage_data()
{
    QTest::addColumn<std::uint64_t>("size");
    QTest::newRow("grow") << 40 * kMiB;
    QTest::newRow("shrink") << std::uint64_t{512};
}

void ResizeTest::failuresLeaveTheOldImage()
{
    QFETCH(std::uint64_t, size);
    const BuiltImage built = test::mixed(9, 4, 1);
    for (std::uint64_t number = 1;; ++number) {
        test::Edited edited(built.bytes);
        edited.plan->failFrom = number;
        const auto done = resizeDisk(*edited.editor, size, true, {});
        const std::string found = test::findingsOf(edited.file->bytes(), false);
        QVERIFY2(found.empty(), found.c_str());
        if (done) {
            QVERIFY(number > 3);
            return;
        }
        QVERIFY(test::guestStates(edited.file->bytes()).at("1") == test::guestStates(built.bytes).at("1"));
    }
}

void ResizeTest::powerCutsLeaveNoCorruption_data()
{
    failuresLeaveTheOldImage_data();
}

void ResizeTest::powerCutsLeaveNoCorruption()
{
    QFETCH(std::uint64_t, size);
    const BuiltImage built = test::mixed(9, 4, 1);
    const auto trace = std::make_shared<test::TraceStorage>(built.bytes);
    VERIFY_OK(resizeDisk(*open(trace), size, true, {}));
    std::mt19937_64 random(7);
    const auto snapshot = test::guestStates(built.bytes).at("1");
    for (std::size_t step = 0; step <= trace->steps().size(); ++step) {
        for (int cut = 0; cut < 6; ++cut) {
            const Bytes state = trace->stateAfterPowerCut(step, random);
            const std::string found = test::findingsOf(state, false);
            QVERIFY2(found.empty(), found.c_str());
            QVERIFY(test::guestStates(state).at("1") == snapshot);
            const std::uint64_t says = test::getNumber(state, 24, 8);
            QVERIFY(says == size || says == built.options.virtualSize);
        }
    }
}

QTEST_GUILESS_MAIN(ResizeTest)
#include "resize_test.moc"
