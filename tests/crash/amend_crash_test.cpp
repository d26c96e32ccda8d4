// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/amend/amend.h"
#include "tests/support/amended.h"
#include "tests/support/concurrent_storage.h"
#include "tests/support/expect.h"
#include "tests/support/naive_reader.h"
#include "tests/support/qemu_oracle.h"
#include "tests/support/sample_images.h"
#include "tests/support/trace_storage.h"

#include <QTemporaryDir>

using namespace cowscope;
using test::BuiltImage;
using test::Bytes;

namespace
{

constexpr int kCutsPerStep = 24; ///< power cuts tried behind each step
constexpr int kJudgedCutsPerStep = 2; ///< how many of them the reference tool judges, too

/// One change of width.
struct Change {
    const char* name;
    BuiltImage (*make)();
    unsigned to;
};

template <unsigned ClusterBits, unsigned From>
BuiltImage plain()
{
    return test::plainImage(ClusterBits, From);
}

template <unsigned ClusterBits, unsigned From, unsigned Snapshots>
BuiltImage shared()
{
    return test::snapshotImage(ClusterBits, From, Snapshots, true);
}

/// New structures larger than one write of the engine, so that there are steps between them.
BuiltImage manyRefblocks()
{
    test::ImageBuilder builder({.clusterBits = 9, .refcountOrder = 4, .virtualSize = 64 * 512});
    builder.data(0);
    Bytes crypto(16); // 150,000 clusters, all owned: by an encryption header of that length
    test::put64(crypto, 0, builder.allocate(150'000));
    test::put64(crypto, 8, 150'000 * 512);
    builder.extension(0x0537be77, crypto);
    builder.data(1);
    return builder.build();
}

const std::vector<Change>& changes()
{
    static const std::vector<Change> all{
        {"512 bytes, 16 to 64 bits", plain<9, 4>, 6},
        {"512 bytes, 64 to 1 bits", plain<9, 6>, 0},
        {"512 bytes, 1 to 64 bits", plain<9, 0>, 6},
        {"512 bytes, 2 to 32 bits", plain<9, 1>, 5},
        {"4 KiB, 16 to 1 bits", plain<12, 4>, 0},
        {"4 KiB, 16 to 64 bits", plain<12, 4>, 6},
        {"4 KiB, 32 to 4 bits", plain<12, 5>, 2},
        {"64 KiB, 8 to 16 bits", plain<16, 3>, 4},
        {"512 bytes, snapshots, 16 to 8 bits", shared<9, 4, 5>, 3},
        {"512 bytes, snapshots, 16 to 64 bits", shared<9, 4, 5>, 6},
        {"4 KiB, snapshots, 64 to 4 bits", shared<12, 6, 3>, 2},
        {"4 KiB, snapshots, 4 to 16 bits", shared<12, 2, 3>, 4},
    };
    return all;
}

/// The trace as a file that may be read while it is appended to: what is written is written in the same order, while
/// the image is still being proved sound.
std::shared_ptr<Storage> concurrently(const std::shared_ptr<test::TraceStorage>& trace)
{
    return std::make_shared<test::ConcurrentStorage>(trace);
}

/// What our own census and, if asked, the second reader find wrong with a state of the file that has to be the old
/// image or the new one.
std::string faultsOf(const Bytes& before, const Bytes& state, unsigned to, bool naive = true)
{
    const auto image = Image::open(std::make_shared<MemoryStorage>(state), {});
    if (!image)
        return "cannot be opened: " + image.error().text();
    const auto census = takeCensus(**image, {});
    if (!census)
        return "cannot be checked: " + census.error().text();
    if (!(*census)->isClean())
        return describe((*census)->findings.front(), (*image)->geometry().clusterBits());
    if (!naive)
        return {};
    const bool switched = (*image)->header().refcountOrder == to;
    return switched ? test::faultsOfAmended(before, state, to) : test::faultsOfOldImage(before, state);
}

} // namespace

/// Cuts the power at every step of a change of width: every state that a disk may be left in has to be the old image
/// or the new one, without an error and without a leak.
class AmendCrashTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void everyPowerCutLeavesTheOldImageOrTheNew_data() { eachChange(); }
    void everyPowerCutLeavesTheOldImageOrTheNew();
    void powerCutsBetweenManyWritesDoNotMatter();
    void powerCutsWhileCancellingLeaveTheOldImage_data() { eachChange(); }
    void powerCutsWhileCancellingLeaveTheOldImage();
    void theSwitchIsSeenByHalvesNever();
    void qemuFindsEveryStateSound_data() { eachChange(); }
    void qemuFindsEveryStateSound();

private:
    static void eachChange();

    QTemporaryDir m_folder;
};

void AmendCrashTest::eachChange()
{
    QTest::addColumn<int>("index");
    for (std::size_t i = 0; i < changes().size(); ++i)
        QTest::newRow(changes()[i].name) << static_cast<int>(i);
}

void AmendCrashTest::everyPowerCutLeavesTheOldImageOrTheNew()
{
    QFETCH(int, index);
    const Change& change = changes()[static_cast<std::size_t>(index)];
    const BuiltImage built = change.make();
    const auto trace = std::make_shared<test::TraceStorage>(built.bytes);
    VERIFY_OK(amendStorage(concurrently(trace), change.to, nullptr, {}));
    std::mt19937_64 random(static_cast<std::uint64_t>(index));
    for (std::size_t step = 0; step <= trace->steps().size(); ++step) {
        QCOMPARE(faultsOf(built.bytes, trace->stateAfter(step), change.to), std::string());
        for (int cut = 0; cut < kCutsPerStep; ++cut)
            QCOMPARE(faultsOf(built.bytes, trace->stateAfterPowerCut(step, random), change.to), std::string());
    }
    QCOMPARE(test::NaiveReader(trace->bytes()).refcountOrder(), change.to);
}

void AmendCrashTest::powerCutsBetweenManyWritesDoNotMatter()
{
    const BuiltImage built = manyRefblocks();
    const auto trace = std::make_shared<test::TraceStorage>(built.bytes);
    VERIFY_OK(amendStorage(concurrently(trace), 6, nullptr, {}));
    QVERIFY(trace->steps().size() >= 5);
    std::mt19937_64 random(6);
    for (std::size_t step = 0; step <= trace->steps().size(); ++step) {
        for (int cut = 0; cut < 4; ++cut)
            QCOMPARE(faultsOf(built.bytes, trace->stateAfterPowerCut(step, random), 6, false), std::string());
    }
    QCOMPARE(test::faultsOfAmended(built.bytes, trace->bytes(), 6), std::string());
}

void AmendCrashTest::powerCutsWhileCancellingLeaveTheOldImage()
{
    QFETCH(int, index);
    const Change& change = changes()[static_cast<std::size_t>(index)];
    const BuiltImage built = change.make();
    std::mt19937_64 random(static_cast<std::uint64_t>(index));
    for (int at = 0;; ++at) {
        const auto trace = std::make_shared<test::TraceStorage>(built.bytes);
        std::stop_source stop;
        int seen = 0;
        const auto result
            = amendStorage(concurrently(trace), change.to, nullptr, {stop.get_token(), [&](const Progress&) {
                                                                         if (seen++ == at)
                                                                             stop.request_stop();
                                                                     }});
        if (result)
            break; // the stop came after the switch
        QCOMPARE(trace->bytes().size(), built.bytes.size());
        for (std::size_t step = 1; step <= trace->steps().size(); ++step) {
            const Bytes state = trace->stateAfterPowerCut(step, random);
            QCOMPARE(faultsOf(built.bytes, state, change.to), std::string());
            QCOMPARE(test::NaiveReader(state).refcountOrder(), built.options.refcountOrder);
        }
    }
}

void AmendCrashTest::theSwitchIsSeenByHalvesNever()
{
    const BuiltImage built = test::plainImage(9, 4);
    const auto trace = std::make_shared<test::TraceStorage>(built.bytes);
    VERIFY_OK(amendStorage(concurrently(trace), 6, nullptr, {}));
    std::size_t headerWrites = 0;
    for (const auto& step : trace->steps()) {
        const auto* write = std::get_if<test::TraceStorage::Write>(&step);
        if (write == nullptr || write->offset >= 512)
            continue;
        ++headerWrites;
        QCOMPARE(write->offset, 0U);
        QVERIFY(write->bytes.size() <= 512); // one sector: a disk writes it whole or not at all
    }
    QCOMPARE(headerWrites, 1U);
}

void AmendCrashTest::qemuFindsEveryStateSound()
{
    REQUIRE_QEMU();
    QFETCH(int, index);
    const Change& change = changes()[static_cast<std::size_t>(index)];
    const BuiltImage built = change.make();
    const auto trace = std::make_shared<test::TraceStorage>(built.bytes);
    VERIFY_OK(amendStorage(concurrently(trace), change.to, nullptr, {}));
    std::mt19937_64 random(1000 + static_cast<std::uint64_t>(index));
    const QString path = m_folder.filePath("state.qcow2");
    for (std::size_t step = 0; step <= trace->steps().size(); ++step) {
        for (int cut = 0; cut <= kJudgedCutsPerStep; ++cut) {
            const Bytes state = cut == 0 ? trace->stateAfter(step) : trace->stateAfterPowerCut(step, random);
            QVERIFY(test::writeFile(path, state));
            const auto check = test::qemu::img({"check", "--output=json", path});
            QVERIFY2(check.exit == 0, check.out + check.err);
        }
    }
}

QTEST_GUILESS_MAIN(AmendCrashTest)
#include "amend_crash_test.moc"
