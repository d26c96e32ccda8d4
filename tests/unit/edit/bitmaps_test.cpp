// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/guest/guest_writer.h"
#include "core/edit/image/bitmaps.h"
#include "core/edit/image/create.h"
#include "core/edit/image/resize.h"
#include "tests/support/bitmap_states.h"
#include "tests/support/expect.h"
#include "tests/support/snapshot_edits.h"
#include "tests/support/trace_storage.h"

using namespace cowscope;
using test::BitmapState;
using test::Bytes;
using States = std::map<std::string, BitmapState>;

namespace
{

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr unsigned kInUse = 1;
constexpr unsigned kAuto = 2;

/// An empty image in memory and an editor on it.
struct Fresh {
    std::shared_ptr<MemoryStorage> file = std::make_shared<MemoryStorage>();
    std::unique_ptr<ImageEditor> editor;

    explicit Fresh(std::uint64_t size, std::uint64_t clusterSize = 65536, std::uint64_t width = 16)
    {
        CreateOptions options;
        options.size = size;
        options.clusterSize = clusterSize;
        options.refcountBits = width;
        if (createImage(options, file, nullptr, {}))
            reopen();
    }

    void reopen() { editor = std::move(*ImageEditor::open(file, {}, {})); }
    States states() const { return test::bitmapStates(file->bytes()); }
    std::string faults() const { return test::faultsOf(file->bytes()); }
    Result<void> write(std::uint64_t at, std::uint64_t length)
    {
        return GuestWriter(*editor).write(at, Bytes(length, std::byte{0x5a}), {});
    }

    /// Sets a flag in the directory that stands for the first bitmap, as a program that died leaves it.
    void setInUse()
    {
        Bytes bytes = file->bytes();
        const std::uint64_t directory = editor->extensions().bitmaps->directoryOffset.value();
        test::put32(
            bytes, directory + 12, static_cast<std::uint32_t>(test::getNumber(bytes, directory + 12, 4)) | kInUse);
        file = std::make_shared<MemoryStorage>(bytes);
        reopen();
    }
};

/// Where the table of the first bitmap is.
std::uint64_t firstTable(const Fresh& fresh)
{
    const std::uint64_t directory = fresh.editor->extensions().bitmaps->directoryOffset.value();
    return test::getNumber(fresh.file->bytes(), directory, 8);
}

} // namespace

/// Persistent bitmaps: the list, what they record, what becomes of them when the disk changes its size.
class BitmapsTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void addingAndRemovingLeavesTheImageAsItWas_data() { eachLayout(); }
    void addingAndRemovingLeavesTheImageAsItWas();
    void theDefaultGranularityFollowsTheClusterSize_data();
    void theDefaultGranularityFollowsTheClusterSize();
    void refusesBitmapsThatCannotBe();
    void recordsWhatIsWritten_data() { eachLayout(); }
    void recordsWhatIsWritten();
    void aClusterFullOfOnesNeedsNoCluster();
    void recordingTwiceWritesNothing();
    void aDisabledBitmapRecordsNothing();
    void clearingFreesTheBits();
    void whatGrowsIsNotMarked();
    void bitsBehindTheEndAreDropped();
    void allOnesStayWithinTheOldDisk();
    void aBitmapInUseIsNeverTouched();
    void aBitmapInUseCanBeRemoved();
    void refusesToOutgrowTheLimit();
    void refusesTablesThatCannotBeFollowed();
    void countsWhatIsMarked();
    void failuresLeaveTheOldList();
    void powerCutsMarkTooMuchAtWorst();
    void powerCutsLeaveTheOldListOrTheNew_data();
    void powerCutsLeaveTheOldListOrTheNew();

private:
    static void eachLayout();
};

void BitmapsTest::eachLayout()
{
    QTest::addColumn<unsigned>("clusterBits");
    QTest::addColumn<unsigned>("order");
    for (const unsigned clusterBits : {9U, 12U, 16U}) {
        for (unsigned order = 0; order <= 6; ++order)
            QTest::addRow("%u byte clusters, %u bits", 1U << clusterBits, 1U << order) << clusterBits << order;
    }
}

void BitmapsTest::addingAndRemovingLeavesTheImageAsItWas()
{
    QFETCH(unsigned, clusterBits);
    QFETCH(unsigned, order);
    Fresh fresh(8 * kMiB, std::uint64_t{1} << clusterBits, std::uint64_t{1} << order);
    QVERIFY(fresh.editor);
    VERIFY_OK(fresh.write(0, 100'000));
    const auto counts = test::NaiveReader(fresh.file->bytes()).counts();
    for (const char* name : {"one", "two", "three"}) {
        VERIFY_OK(addBitmap(*fresh.editor, {name, 512, true}, {}));
        VERIFY_OK(fresh.write(5 * kMiB, 100'000));
        QCOMPARE(fresh.faults(), std::string());
    }
    QCOMPARE(fresh.states().size(), std::size_t{3});
    VERIFY_OK(GuestWriter(*fresh.editor).discard(5 * kMiB, 3 * kMiB, {}));
    for (const char* name : {"two", "one", "three"}) {
        VERIFY_OK(removeBitmap(*fresh.editor, name, {}));
        QCOMPARE(fresh.faults(), std::string());
        QVERIFY(!fresh.states().contains(name));
    }
    QCOMPARE(test::getNumber(fresh.file->bytes(), 88, 8), 0U); // autoclear features
    for (const auto& [cluster, count] : counts)
        QCOMPARE(test::NaiveReader(fresh.file->bytes()).counts().at(cluster), count);
}

void BitmapsTest::theDefaultGranularityFollowsTheClusterSize_data()
{
    QTest::addColumn<unsigned>("clusterBits");
    QTest::addColumn<unsigned>("granularityBits");
    QTest::newRow("512") << 9U << 12U;
    QTest::newRow("8192") << 13U << 13U;
    QTest::newRow("64 KiB") << 16U << 16U;
    QTest::newRow("2 MiB") << 21U << 16U;
}

void BitmapsTest::theDefaultGranularityFollowsTheClusterSize()
{
    QFETCH(unsigned, clusterBits);
    QFETCH(unsigned, granularityBits);
    Fresh fresh(kMiB, std::uint64_t{1} << clusterBits);
    VERIFY_OK(addBitmap(*fresh.editor, {"b"}, {}));
    QCOMPARE(fresh.states().at("b"), (BitmapState{kAuto, granularityBits, {}}));
}

void BitmapsTest::refusesBitmapsThatCannotBe()
{
    Fresh fresh(kMiB);
    VERIFY_OK(addBitmap(*fresh.editor, {"b"}, {}));
    const Bytes before = fresh.file->bytes();
    for (const std::uint64_t granularity : {std::uint64_t{256}, std::uint64_t{1000}, std::uint64_t{1} << 32})
        VERIFY_ERROR(addBitmap(*fresh.editor, {"c", granularity}, {}), ErrorKind::Refused);
    VERIFY_ERROR(addBitmap(*fresh.editor, {"b"}, {}), ErrorKind::Refused);
    VERIFY_ERROR(addBitmap(*fresh.editor, {""}, {}), ErrorKind::Refused);
    VERIFY_ERROR(addBitmap(*fresh.editor, {std::string(1024, 'n')}, {}), ErrorKind::Refused);
    VERIFY_ERROR(removeBitmap(*fresh.editor, "c", {}), ErrorKind::NotFound);
    VERIFY_ERROR(clearBitmap(*fresh.editor, "c", {}), ErrorKind::NotFound);
    VERIFY_ERROR(enableBitmap(*fresh.editor, "c", true, {}), ErrorKind::NotFound);
    QVERIFY(fresh.file->bytes() == before);
    VERIFY_OK(addBitmap(*fresh.editor, {std::string(1023, 'n'), std::uint64_t{1} << 31}, {}));
    QCOMPARE(fresh.faults(), std::string());

    Fresh large(std::uint64_t{1} << 42); // 1 GiB of bits at 512 bytes
    VERIFY_ERROR(addBitmap(*large.editor, {"b", 512}, {}), ErrorKind::Refused);
    Fresh none(0);
    VERIFY_ERROR(addBitmap(*none.editor, {"b"}, {}), ErrorKind::Refused);

    CreateOptions options;
    options.size = kMiB;
    options.version = 2;
    const auto file = std::make_shared<MemoryStorage>();
    VERIFY_OK(createImage(options, file, nullptr, {}));
    VERIFY_ERROR(addBitmap(**ImageEditor::open(file, {}, {}), {"b"}, {}), ErrorKind::Refused);
}

void BitmapsTest::recordsWhatIsWritten()
{
    QFETCH(unsigned, clusterBits);
    QFETCH(unsigned, order);
    const std::uint64_t size = 6 * kMiB + 1536;
    Fresh fresh(size, std::uint64_t{1} << clusterBits, std::uint64_t{1} << order);
    States wanted;
    for (const unsigned bits : {9U, 12U, 20U}) {
        const std::string name = std::to_string(bits);
        VERIFY_OK(addBitmap(*fresh.editor, {name, std::uint64_t{1} << bits}, {}));
        wanted[name] = {kAuto, bits, {}};
    }
    const auto mark = [&](std::uint64_t at, std::uint64_t length) {
        for (auto& [name, state] : wanted)
            state.mark(at, length);
    };
    for (const auto& [at, length] : std::vector<std::pair<std::uint64_t, std::uint64_t>>{
             {0, 512}, {511, 2}, {4096 * 7, 4096}, {kMiB - 1, 2}, {2 * kMiB, 3 * kMiB + 7}, {size - 512, 512}}) {
        VERIFY_OK(fresh.write(at, length));
        mark(at, length);
        QCOMPARE(fresh.states(), wanted);
    }
    VERIFY_OK(GuestWriter(*fresh.editor).zero(kMiB / 2, 70'000, ZeroMode::Unmap, {}));
    mark(kMiB / 2, 70'000);
    VERIFY_OK(GuestWriter(*fresh.editor).discard(kMiB, 131'072, {}));
    mark(kMiB, 131'072);
    QCOMPARE(fresh.states(), wanted);
    VERIFY_OK(GuestWriter(*fresh.editor).preallocate(0, size, {})); // no guest can tell
    QCOMPARE(fresh.states(), wanted);
    QCOMPARE(fresh.faults(), std::string());
    fresh.reopen();
    QCOMPARE(fresh.editor->bitmaps().size(), std::size_t{3});
}

void BitmapsTest::aClusterFullOfOnesNeedsNoCluster()
{
    Fresh fresh(8 * kMiB, 512);
    VERIFY_OK(addBitmap(*fresh.editor, {"b", 512}, {})); // a cluster of bits stands for 2 MiB
    VERIFY_OK(GuestWriter(*fresh.editor).zero(kMiB, 5 * kMiB, ZeroMode::Unmap, {}));
    const std::uint64_t table = firstTable(fresh);
    QCOMPARE(test::getNumber(fresh.file->bytes(), table + 8, 8), 1U);
    QCOMPARE(test::getNumber(fresh.file->bytes(), table + 16, 8), 1U);
    BitmapState wanted{kAuto, 9, {}};
    wanted.mark(kMiB, 5 * kMiB);
    QCOMPARE(fresh.states().at("b"), wanted);
    VERIFY_OK(fresh.write(3 * kMiB, 512));
    QCOMPARE(fresh.states().at("b"), wanted);
    QCOMPARE(fresh.faults(), std::string());
}

void BitmapsTest::recordingTwiceWritesNothing()
{
    Fresh fresh(kMiB);
    VERIFY_OK(addBitmap(*fresh.editor, {"b"}, {}));
    VERIFY_OK(recordWrite(*fresh.editor, GuestOffset(0), 100'000, {}));
    const auto trace = std::make_shared<test::TraceStorage>(fresh.file->bytes());
    auto editor = ImageEditor::open(trace, {}, {});
    VERIFY_OK(editor);
    VERIFY_OK(recordWrite(**editor, GuestOffset(70'000), 10'000, {}));
    QVERIFY(trace->steps().empty());
    VERIFY_OK(recordWrite(**editor, GuestOffset(700'000), 1, {}));
    QVERIFY(!trace->steps().empty());
    QVERIFY(std::holds_alternative<test::TraceStorage::Flush>(trace->steps().back()));
}

void BitmapsTest::aDisabledBitmapRecordsNothing()
{
    Fresh fresh(kMiB);
    VERIFY_OK(addBitmap(*fresh.editor, {"b", 4096, false}, {}));
    VERIFY_OK(fresh.write(0, 4096));
    QCOMPARE(fresh.states().at("b"), (BitmapState{0, 12, {}}));
    VERIFY_OK(enableBitmap(*fresh.editor, "b", true, {}));
    VERIFY_OK(fresh.write(4096, 4096));
    VERIFY_OK(enableBitmap(*fresh.editor, "b", false, {}));
    VERIFY_OK(enableBitmap(*fresh.editor, "b", false, {}));
    VERIFY_OK(fresh.write(8192, 4096));
    QCOMPARE(fresh.states().at("b"), (BitmapState{0, 12, {1}}));
    QCOMPARE(fresh.faults(), std::string());
}

void BitmapsTest::clearingFreesTheBits()
{
    Fresh fresh(8 * kMiB, 512);
    VERIFY_OK(addBitmap(*fresh.editor, {"b", 512}, {}));
    const auto counts = test::NaiveReader(fresh.file->bytes()).counts().size();
    VERIFY_OK(recordWrite(*fresh.editor, GuestOffset(100), 7 * kMiB, {}));
    QVERIFY(test::NaiveReader(fresh.file->bytes()).counts().size() > counts);
    VERIFY_OK(clearBitmap(*fresh.editor, "b", {}));
    QCOMPARE(test::NaiveReader(fresh.file->bytes()).counts().size(), counts);
    QCOMPARE(fresh.states().at("b"), (BitmapState{kAuto, 9, {}}));
    QCOMPARE(fresh.faults(), std::string());
}

void BitmapsTest::whatGrowsIsNotMarked()
{
    Fresh fresh(3 * kMiB + 512, 512);
    VERIFY_OK(addBitmap(*fresh.editor, {"b", 512}, {}));
    VERIFY_OK(fresh.write(3 * kMiB, 512));
    BitmapState wanted{kAuto, 9, {}};
    wanted.mark(3 * kMiB, 512);
    for (const std::uint64_t size : {3 * kMiB + 1024, 4 * kMiB, 40 * kMiB}) {
        VERIFY_OK(resizeDisk(*fresh.editor, size, false, {}));
        QCOMPARE(fresh.states().at("b"), wanted);
        VERIFY_OK(fresh.write(size - 512, 512));
        wanted.mark(size - 512, 512);
        QCOMPARE(fresh.states().at("b"), wanted);
        QCOMPARE(fresh.faults(), std::string());
    }
}

void BitmapsTest::bitsBehindTheEndAreDropped()
{
    Fresh fresh(40 * kMiB, 512);
    VERIFY_OK(addBitmap(*fresh.editor, {"b", 512}, {}));
    VERIFY_OK(addBitmap(*fresh.editor, {"coarse", 4 * kMiB}, {}));
    VERIFY_OK(GuestWriter(*fresh.editor).zero(0, 40 * kMiB, ZeroMode::Unmap, {}));
    VERIFY_OK(fresh.write(kMiB, 30 * kMiB));
    States wanted{{"b", {kAuto, 9, {}}}, {"coarse", {kAuto, 22, {}}}};
    for (auto& [name, state] : wanted)
        state.mark(0, 40 * kMiB);
    for (const std::uint64_t size : {31 * kMiB + 512, 2 * kMiB, 2 * kMiB - 512, std::uint64_t{512}}) {
        VERIFY_OK(resizeDisk(*fresh.editor, size, true, {}));
        for (auto& [name, state] : wanted)
            state.cut(size);
        QCOMPARE(fresh.states(), wanted);
        QCOMPARE(fresh.faults(), std::string());
    }
    VERIFY_OK(resizeDisk(*fresh.editor, 40 * kMiB, false, {}));
    QCOMPARE(fresh.states(), wanted);
}

void BitmapsTest::allOnesStayWithinTheOldDisk()
{
    // An entry for all bits of a cluster says nothing of those that the disk grows by.
    Fresh fresh(kMiB, 512);
    VERIFY_OK(addBitmap(*fresh.editor, {"b", 512}, {}));
    Bytes bytes = fresh.file->bytes();
    test::put64(bytes, firstTable(fresh), 1);
    fresh.file = std::make_shared<MemoryStorage>(bytes);
    fresh.reopen();
    BitmapState wanted{kAuto, 9, {}};
    wanted.mark(0, kMiB);
    QCOMPARE(fresh.states().at("b"), wanted);
    VERIFY_OK(resizeDisk(*fresh.editor, 2 * kMiB, false, {}));
    QCOMPARE(fresh.states().at("b"), wanted);
    QCOMPARE(fresh.faults(), std::string());
}

void BitmapsTest::aBitmapInUseIsNeverTouched()
{
    Fresh fresh(kMiB);
    VERIFY_OK(addBitmap(*fresh.editor, {"b"}, {}));
    VERIFY_OK(addBitmap(*fresh.editor, {"c"}, {}));
    fresh.setInUse();
    VERIFY_ERROR(clearBitmap(*fresh.editor, "b", {}), ErrorKind::Refused);
    VERIFY_ERROR(enableBitmap(*fresh.editor, "b", true, {}), ErrorKind::Refused);
    VERIFY_ERROR(enableBitmap(*fresh.editor, "b", false, {}), ErrorKind::Refused);
    VERIFY_ERROR(resizeDisk(*fresh.editor, 2 * kMiB, false, {}), ErrorKind::Refused);
    VERIFY_ERROR(resizeDisk(*fresh.editor, 512, true, {}), ErrorKind::Refused);
    VERIFY_OK(fresh.write(0, 512));
    VERIFY_OK(addBitmap(*fresh.editor, {"d"}, {}));
    const States states = fresh.states();
    QCOMPARE(states.at("b"), (BitmapState{kInUse | kAuto, 16, {}}));
    QCOMPARE(states.at("c"), (BitmapState{kAuto, 16, {0}}));
    QCOMPARE(fresh.faults(), std::string());
}

void BitmapsTest::aBitmapInUseCanBeRemoved()
{
    Fresh fresh(kMiB);
    VERIFY_OK(addBitmap(*fresh.editor, {"b"}, {}));
    fresh.setInUse();
    VERIFY_OK(removeBitmap(*fresh.editor, "b", {}));
    QVERIFY(fresh.states().empty());
    QCOMPARE(fresh.faults(), std::string());
}

void BitmapsTest::refusesToOutgrowTheLimit()
{
    Fresh fresh(std::uint64_t{1} << 41);
    VERIFY_OK(addBitmap(*fresh.editor, {"b", 512}, {}));
    const Bytes before = fresh.file->bytes();
    const auto grown = resizeDisk(*fresh.editor, (std::uint64_t{1} << 41) + 8192, false, {});
    VERIFY_ERROR(grown, ErrorKind::Refused);
    QVERIFY(grown.error().what.find("'b'") != std::string::npos);
    QVERIFY(fresh.file->bytes() == before);
}

void BitmapsTest::refusesTablesThatCannotBeFollowed()
{
    Fresh fresh(kMiB);
    VERIFY_OK(addBitmap(*fresh.editor, {"b"}, {}));
    for (const std::uint64_t entry : {std::uint64_t{0x10200}, std::uint64_t{0x10001}, std::uint64_t{1} << 60}) {
        Bytes bytes = fresh.file->bytes();
        test::put64(bytes, firstTable(fresh), entry);
        const auto file = std::make_shared<MemoryStorage>(bytes);
        auto editor = ImageEditor::open(file, {}, {});
        VERIFY_OK(editor);
        VERIFY_ERROR(GuestWriter(**editor).write(0, Bytes(512, std::byte{1}), {}), ErrorKind::Invalid);
        QVERIFY(file->bytes() == bytes);
    }
    // One that leads to metadata is not written through.
    Bytes bytes = fresh.file->bytes();
    test::put64(bytes, firstTable(fresh), 0x10000);
    const auto file = std::make_shared<MemoryStorage>(bytes);
    auto editor = ImageEditor::open(file, {}, {});
    VERIFY_OK(editor);
    VERIFY_ERROR(GuestWriter(**editor).write(kMiB / 2, Bytes(512, std::byte{1}), {}), ErrorKind::Invalid);
    QVERIFY(file->bytes() == bytes);
}

void BitmapsTest::countsWhatIsMarked()
{
    Fresh fresh(7 * kMiB, 512);
    VERIFY_OK(addBitmap(*fresh.editor, {"b", 512}, {}));
    VERIFY_OK(recordWrite(*fresh.editor, GuestOffset(kMiB), 6 * kMiB, {}));
    const auto image = Image::open(fresh.file, {});
    VERIFY_OK(image);
    const auto bits = markedBits(**image, (*image)->bitmaps()[0]);
    VERIFY_OK(bits);
    QCOMPARE(*bits, 6 * kMiB / 512);
}

void BitmapsTest::failuresLeaveTheOldList()
{
    Fresh fresh(8 * kMiB, 512);
    VERIFY_OK(addBitmap(*fresh.editor, {"old", 512}, {}));
    VERIFY_OK(recordWrite(*fresh.editor, GuestOffset(0), kMiB, {}));
    const States before = fresh.states();
    const auto attempt = [&](std::uint64_t failFrom, const test::Edit& edit) {
        test::Edited edited(fresh.file->bytes());
        edited.plan->failFrom = failFrom;
        const auto done = edit(*edited.editor, {});
        const std::string found = test::findingsOf(edited.file->bytes(), false);
        const bool kept = done || test::bitmapStates(edited.file->bytes()).at("old") == before.at("old");
        return std::tuple(done.has_value(), found, kept);
    };
    const std::vector<test::Edit> edits{
        [](ImageEditor& editor, const TaskContext& task) {
            return addBitmap(editor, {"new", 512, true}, task);
        },
        [](ImageEditor& editor, const TaskContext& task) {
            return addBitmap(editor, {"a", 512, false}, task);
        },
        [](ImageEditor& editor, const TaskContext& task) { return enableBitmap(editor, "old", false, task); },
    };
    for (const test::Edit& edit : edits) {
        bool finished = false;
        for (std::uint64_t number = 1; !finished; ++number) {
            const auto [done, found, kept] = attempt(number, edit);
            QVERIFY2(found.empty(), found.c_str());
            finished = done;
            QVERIFY(kept || number > 3);
        }
    }
}

void BitmapsTest::powerCutsMarkTooMuchAtWorst()
{
    Fresh fresh(8 * kMiB, 512);
    VERIFY_OK(addBitmap(*fresh.editor, {"b", 512}, {}));
    VERIFY_OK(fresh.write(0, 4 * kMiB));
    VERIFY_OK(clearBitmap(*fresh.editor, "b", {}));
    const auto trace = std::make_shared<test::TraceStorage>(fresh.file->bytes());
    auto editor = ImageEditor::open(trace, {}, {});
    VERIFY_OK(editor);
    GuestWriter guest(**editor);
    VERIFY_OK(guest.write(kMiB, Bytes(3 * kMiB, std::byte{0x11}), {}));
    VERIFY_OK(guest.write(512, Bytes(1024, std::byte{0x22}), {}));
    const auto contentsOf = [](const Bytes& bytes) {
        auto opened = ImageEditor::open(std::make_shared<MemoryStorage>(bytes), {}, {});
        Bytes disk(8 * kMiB);
        return opened && GuestWriter(**opened).read(0, disk) ? disk : Bytes{};
    };
    const Bytes before = contentsOf(fresh.file->bytes());
    std::mt19937_64 random(3);
    const std::size_t stride = std::max<std::size_t>(1, trace->steps().size() / 40);
    for (std::size_t step = 0; step <= trace->steps().size(); step += stride) {
        const Bytes state = trace->stateAfterPowerCut(step, random);
        QCOMPARE(test::findingsOf(state, false), std::string());
        const auto bits = test::bitmapStates(state).at("b").bits;
        const Bytes disk = contentsOf(state);
        QCOMPARE(disk.size(), before.size());
        for (std::uint64_t bit = 0; bit < 8 * kMiB / 512; ++bit) {
            const auto at = static_cast<std::ptrdiff_t>(bit * 512);
            const bool changed = !std::equal(disk.begin() + at, disk.begin() + at + 512, before.begin() + at);
            QVERIFY(!changed || bits.contains(bit));
        }
    }
}

void BitmapsTest::powerCutsLeaveTheOldListOrTheNew_data()
{
    QTest::addColumn<unsigned>("clusterBits");
    QTest::addColumn<int>("edit");
    QTest::addColumn<bool>("backing");
    for (const unsigned clusterBits : {9U, 13U, 16U}) {
        for (int edit = 0; edit < 5; ++edit) {
            for (const bool backing : {false, true})
                QTest::addRow("%u byte clusters, edit %d, backing %d", 1U << clusterBits, edit, backing)
                    << clusterBits << edit << backing;
        }
    }
}

void BitmapsTest::powerCutsLeaveTheOldListOrTheNew()
{
    QFETCH(unsigned, clusterBits);
    QFETCH(int, edit);
    QFETCH(bool, backing);
    CreateOptions options;
    options.size = 8 * kMiB;
    options.clusterSize = std::uint64_t{1} << clusterBits;
    if (backing) {
        options.backingFile = std::string(100, 'b');
        options.backingFormat = "raw";
    }
    const auto file = std::make_shared<MemoryStorage>();
    VERIFY_OK(createImage(options, file, nullptr, {}));
    auto editor = ImageEditor::open(file, {}, {});
    VERIFY_OK(editor);
    if (edit > 0) {
        VERIFY_OK(addBitmap(**editor, {"b", 512}, {}));
        VERIFY_OK(recordWrite(**editor, GuestOffset(0), kMiB, {}));
    }
    const auto trace = std::make_shared<test::TraceStorage>(file->bytes());
    editor = ImageEditor::open(trace, {}, {});
    VERIFY_OK(editor);
    switch (edit) {
    case 0:
        VERIFY_OK(addBitmap(**editor, {"b", 512}, {}));
        break;
    case 1:
        VERIFY_OK(addBitmap(**editor, {"c", 512}, {}));
        break;
    case 2:
        VERIFY_OK(removeBitmap(**editor, "b", {}));
        break;
    case 3:
        VERIFY_OK(clearBitmap(**editor, "b", {}));
        break;
    default:
        VERIFY_OK(enableBitmap(**editor, "b", false, {}));
        break;
    }
    const States before = test::bitmapStates(trace->initial());
    const States after = test::bitmapStates(trace->bytes());
    QVERIFY(before != after);
    std::mt19937_64 random(clusterBits);
    for (std::size_t step = 0; step <= trace->steps().size(); ++step) {
        for (int cut = 0; cut < 12; ++cut) {
            const Bytes state = trace->stateAfterPowerCut(step, random);
            QCOMPARE(test::findingsOf(state, false), std::string());
            const States now = test::bitmapStates(state);
            QVERIFY(now == before || now == after);
            const auto image = Image::open(std::make_shared<MemoryStorage>(state), {});
            QCOMPARE((*image)->backingFile(), options.backingFile);
        }
    }
}

QTEST_GUILESS_MAIN(BitmapsTest)
#include "bitmaps_test.moc"
