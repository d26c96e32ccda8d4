// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/census.h"
#include "core/edit/guest/guest_writer.h"
#include "core/storage/memory_storage.h"
#include "tests/support/expect.h"
#include "tests/support/faulty_storage.h"
#include "tests/support/sample_images.h"
#include "tests/support/trace_storage.h"

#include <functional>

using namespace cowscope;
using test::BuiltImage;
using test::Bytes;

namespace
{

constexpr int kCutsPerStep = 12;
constexpr std::uint64_t kLooked = 30; ///< guest clusters whose contents are compared: all data, none compressed

using Operation = std::function<Result<void>(GuestWriter&, std::uint64_t clusterSize)>;

struct Case {
    const char* name;
    Operation run;
};

Bytes filled(std::uint64_t length, unsigned value)
{
    return Bytes(length, static_cast<std::byte>(value));
}

const std::vector<Case>& cases()
{
    static const std::vector<Case> all{
        {"a new cluster in a new table",
            [](GuestWriter& writer, std::uint64_t size) { return writer.write(300 * size, filled(size, 0xa1), {}); }},
        {"many new clusters",
            [](GuestWriter& writer, std::uint64_t size) {
                return writer.write(40 * size, filled(300 * size, 0xa2), {});
            }},
        {"part of clusters in use",
            [](GuestWriter& writer, std::uint64_t size) { return writer.write(size / 2, filled(3 * size, 0xa3), {}); }},
        {"compressed clusters",
            [](GuestWriter& writer, std::uint64_t size) {
                return writer.writeCompressed(2 * size, filled(6 * size, 0xa4), {});
            }},
        {"zeros that keep their clusters",
            [](GuestWriter& writer, std::uint64_t size) {
                return writer.zero(size + 7, 5 * size, ZeroMode::KeepClusters, {});
            }},
        {"a discard", [](GuestWriter& writer, std::uint64_t size) { return writer.discard(0, 12 * size, {}); }},
        {"preallocation",
            [](GuestWriter& writer, std::uint64_t size) { return writer.preallocate(25 * size, 200 * size, {}); }},
    };
    return all;
}

std::unique_ptr<ImageEditor> open(std::shared_ptr<Storage> storage)
{
    auto editor = ImageEditor::open(std::move(storage), {}, {});
    return editor ? std::move(*editor) : nullptr;
}

/// What a check of a state finds wrong besides leaks.
std::string corruptionsOf(const Bytes& state)
{
    const auto image = Image::open(std::make_shared<MemoryStorage>(state), {});
    if (!image)
        return "cannot be opened: " + image.error().text();
    const auto census = takeCensus(**image, {});
    if (!census)
        return "cannot be checked: " + census.error().text();
    if ((*census)->corruptions + (*census)->checkErrors == 0)
        return {};
    return describe((*census)->findings.front(), (*image)->geometry().clusterBits());
}

Bytes contentsOf(const Bytes& state, std::uint64_t clusterSize)
{
    Bytes contents(kLooked * clusterSize);
    const auto editor = open(std::make_shared<MemoryStorage>(state));
    if (!editor || !GuestWriter(*editor).read(0, contents))
        contents.clear();
    return contents;
}

/// Whether each sector of `state` is the one before the operation or the one after it.
bool eachSectorIsOldOrNew(const Bytes& before, const Bytes& state, const Bytes& after)
{
    if (state.size() != before.size())
        return false;
    for (std::size_t at = 0; at < state.size(); at += 512) {
        const auto sector = [at](const Bytes& bytes) { return std::span(bytes).subspan(at, 512); };
        if (!std::ranges::equal(sector(state), sector(before)) && !std::ranges::equal(sector(state), sector(after)))
            return false;
    }
    return true;
}

} // namespace

/// Cuts the power at every step of writes to the guest's disk: every state that a disk may be left in is free of
/// corruption, and each sector of the guest holds what it held before or what was written.
class GuestWriteCrashTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void powerCutsLeaveLeaksAtWorst_data() { eachCase(); }
    void powerCutsLeaveLeaksAtWorst();
    void failuresTakeEverythingBackButLeaks_data() { eachCase(); }
    void failuresTakeEverythingBackButLeaks();

private:
    static void eachCase();
};

void GuestWriteCrashTest::eachCase()
{
    QTest::addColumn<int>("index");
    QTest::addColumn<unsigned>("clusterBits");
    QTest::addColumn<unsigned>("order");
    QTest::addColumn<unsigned>("snapshots");
    for (std::size_t i = 0; i < cases().size(); ++i) {
        for (const auto& [clusterBits, order, snapshots] :
            {std::tuple{9U, 4U, 0U}, std::tuple{9U, 6U, 0U}, std::tuple{9U, 0U, 0U}, std::tuple{12U, 4U, 2U}})
            QTest::addRow(
                "%s, cluster_bits %u, %u bits, %u snapshots", cases()[i].name, clusterBits, 1U << order, snapshots)
                << static_cast<int>(i) << clusterBits << order << snapshots;
    }
}

void GuestWriteCrashTest::powerCutsLeaveLeaksAtWorst()
{
    QFETCH(int, index);
    QFETCH(unsigned, clusterBits);
    QFETCH(unsigned, order);
    QFETCH(unsigned, snapshots);
    const BuiltImage built = test::snapshotImage(clusterBits, order, snapshots);
    const auto trace = std::make_shared<test::TraceStorage>(built.bytes);
    const auto editor = open(trace);
    QVERIFY(editor);
    GuestWriter writer(*editor);
    VERIFY_OK(cases()[static_cast<std::size_t>(index)].run(writer, built.clusterSize()));
    const Bytes before = contentsOf(built.bytes, built.clusterSize());
    const Bytes after = contentsOf(trace->bytes(), built.clusterSize());
    QVERIFY(!before.empty() && !after.empty());

    std::mt19937_64 random(static_cast<std::uint64_t>(index));
    for (std::size_t step = 0; step <= trace->steps().size(); ++step) {
        for (int cut = 0; cut <= kCutsPerStep; ++cut) {
            const Bytes state = cut == 0 ? trace->stateAfter(step) : trace->stateAfterPowerCut(step, random);
            QVERIFY2(corruptionsOf(state).empty(), corruptionsOf(state).c_str());
            QVERIFY2(eachSectorIsOldOrNew(before, contentsOf(state, built.clusterSize()), after),
                qPrintable(QString("after step %1 of %2").arg(step).arg(trace->steps().size())));
        }
    }
    QVERIFY2(corruptionsOf(trace->bytes()).empty(), corruptionsOf(trace->bytes()).c_str());
}

void GuestWriteCrashTest::failuresTakeEverythingBackButLeaks()
{
    QFETCH(int, index);
    QFETCH(unsigned, clusterBits);
    QFETCH(unsigned, order);
    QFETCH(unsigned, snapshots);
    const BuiltImage built = test::snapshotImage(clusterBits, order, snapshots);
    for (const auto op : {test::StorageOp::Write, test::StorageOp::Flush}) {
        for (std::uint64_t number = 1;; ++number) {
            const auto memory = std::make_shared<MemoryStorage>(built.bytes);
            const auto faults = std::make_shared<test::FaultPlan>();
            faults->failingOp = op;
            faults->failFrom = number;
            const auto editor = open(std::make_shared<test::FaultyStorage>(memory, faults));
            QVERIFY(editor);
            GuestWriter writer(*editor);
            const auto done = cases()[static_cast<std::size_t>(index)].run(writer, built.clusterSize());
            QVERIFY2(corruptionsOf(memory->bytes()).empty(), corruptionsOf(memory->bytes()).c_str());
            if (done)
                break; // there is no operation of that number any more
            // The editor is of use again: the same once more succeeds.
            VERIFY_OK(cases()[static_cast<std::size_t>(index)].run(writer, built.clusterSize()));
            QVERIFY2(corruptionsOf(memory->bytes()).empty(), corruptionsOf(memory->bytes()).c_str());
        }
    }
}

QTEST_GUILESS_MAIN(GuestWriteCrashTest)
#include "guest_write_crash_test.moc"
