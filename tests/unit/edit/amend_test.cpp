// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/amend/amend.h"
#include "core/storage/memory_storage.h"
#include "tests/support/amended.h"
#include "tests/support/concurrent_storage.h"
#include "tests/support/damages.h"
#include "tests/support/expect.h"
#include "tests/support/faulty_storage.h"
#include "tests/support/sample_images.h"

using namespace cowscope;
using test::BuiltImage;
using test::Bytes;
using test::StorageOp;

namespace
{

/// Whether the storages of a run may be read while they are appended to, so that the new structures are written while
/// the old image is still being proved sound.
bool g_concurrent = false;

std::shared_ptr<Storage> storageOver(std::shared_ptr<Storage> inner)
{
    return g_concurrent ? std::make_shared<test::ConcurrentStorage>(std::move(inner)) : std::move(inner);
}

/// Amends a copy of the image in memory; `task` and `faults` may interfere. Keeps the file as it is afterwards.
struct Attempt {
    Bytes after;
    Result<AmendPlan> result;
};

Attempt attempt(const Bytes& before, unsigned order, const TaskContext& task = {},
    std::shared_ptr<test::FaultPlan> faults = std::make_shared<test::FaultPlan>())
{
    const auto memory = std::make_shared<MemoryStorage>(before);
    auto faulty = std::make_shared<test::FaultyStorage>(memory, std::move(faults));
    auto result = amendStorage(storageOver(std::move(faulty)), order, nullptr, task);
    return {memory->bytes(), std::move(result)};
}

/// Large enough for several writes of 1 MiB: 64-bit counts of 150,000 clusters take 1.2 MB. An encryption header of
/// that length owns them.
BuiltImage longImage()
{
    test::ImageBuilder builder({.clusterBits = 9, .refcountOrder = 4, .virtualSize = 512});
    builder.data(0);
    Bytes crypto(16);
    test::put64(crypto, 0, builder.allocate(150'000));
    test::put64(crypto, 8, 150'000 * 512);
    builder.extension(0x0537be77, crypto);
    return builder.build();
}

bool sameBytes(const Bytes& a, const Bytes& b)
{
    return a == b;
}

} // namespace

class AmendTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void changesEveryWidthIntoEveryOther_data() { eachPair(); }
    void changesEveryWidthIntoEveryOther();
    void keepsSnapshotsAndSharedClusters_data();
    void keepsSnapshotsAndSharedClusters();
    void goesThereAndBackThroughAllWidths();
    void growsOverManyRefblocks();
    void sparseFilesKeepTheirHoles();
    void todaysWidthWritesNothing();
    void refusalLeavesEveryByte();
    void keepsBitmapsAndClearsUnknownAutoclearBits();
    void keepsWhatItDoesNotUnderstand();
    void keepsSubclusterImages();
    void leavesLeaksAsTheyAre();
    void treatsDamageTheSameWhileAppending();
    void anExceptionLeavesTheOldLength();
    void switchesTheHeaderWithOneSector();
    void cancelAtEveryStepLeavesTheOldImage_data();
    void cancelAtEveryStepLeavesTheOldImage();
    void failureAtEveryOperationLeavesTheOldImage_data();
    void failureAtEveryOperationLeavesTheOldImage();
    void failuresWhereSomethingIsWrongLoseNothing();
    void aDiskThatDiesLeavesAnImageThatIsOldOrNew();
    void progressGrowsAndEndsAtItsTotal();
    void refusesAnotherPlanThanTheOneAgreedTo();
    void refusesAFileThatChangedSinceThePlan();

private:
    static void eachPair();
};

void AmendTest::eachPair()
{
    QTest::addColumn<unsigned>("clusterBits");
    QTest::addColumn<unsigned>("from");
    QTest::addColumn<unsigned>("to");
    for (const unsigned clusterBits : {9U, 12U}) {
        for (unsigned from = 0; from <= 6; ++from) {
            for (unsigned to = 0; to <= 6; ++to)
                QTest::addRow("cluster_bits %u, %u to %u bits", clusterBits, 1U << from, 1U << to)
                    << clusterBits << from << to;
        }
    }
}

void AmendTest::changesEveryWidthIntoEveryOther()
{
    QFETCH(unsigned, clusterBits);
    QFETCH(unsigned, from);
    QFETCH(unsigned, to);
    const BuiltImage built = test::plainImage(clusterBits, from);
    const Attempt done = attempt(built.bytes, to);
    VERIFY_OK(done.result);
    QCOMPARE(done.after.size(), done.result->fileBytesAfter);
    QCOMPARE(test::faultsOfAmended(built.bytes, done.after, to), std::string());
}

void AmendTest::keepsSnapshotsAndSharedClusters_data()
{
    QTest::addColumn<unsigned>("from");
    QTest::addColumn<unsigned>("to");
    QTest::addColumn<unsigned>("snapshots");
    QTest::addColumn<bool>("shared");
    for (unsigned from = 1; from <= 6; ++from) {
        for (unsigned to = 1; to <= 6; ++to) {
            const unsigned narrow = std::min(from, to);
            const unsigned most = (1U << std::min(1U << narrow, 5U)) - 1;
            QTest::addRow("%u to %u bits", 1U << from, 1U << to)
                << from << to << (narrow == 1 ? 2U : most / 3 - 1) << (narrow > 1);
        }
    }
}

void AmendTest::keepsSnapshotsAndSharedClusters()
{
    QFETCH(unsigned, from);
    QFETCH(unsigned, to);
    QFETCH(unsigned, snapshots);
    QFETCH(bool, shared);
    const BuiltImage built = test::snapshotImage(12, from, snapshots, shared);
    const Attempt done = attempt(built.bytes, to);
    VERIFY_OK(done.result);
    QCOMPARE(test::faultsOfAmended(built.bytes, done.after, to), std::string());
}

void AmendTest::goesThereAndBackThroughAllWidths()
{
    const BuiltImage built = test::plainImage(9, 4);
    Bytes bytes = built.bytes;
    std::size_t longest = 0;
    for (int round = 0; round < 3; ++round) {
        for (const unsigned order : {6U, 0U, 5U, 1U, 3U, 2U, 4U}) {
            const Attempt done = attempt(bytes, order);
            VERIFY_OK(done.result);
            QCOMPARE(test::faultsOfAmended(bytes, done.after, order), std::string());
            bytes = done.after;
        }
        // Freed space is used again: after the first round the file has found its size.
        if (round > 0)
            QCOMPARE(bytes.size(), longest);
        longest = bytes.size();
    }
}

void AmendTest::growsOverManyRefblocks()
{
    test::ImageBuilder builder({.clusterBits = 9, .refcountOrder = 0, .virtualSize = 9000 * 512});
    for (std::uint64_t guest = 0; guest < 9000; guest += 2)
        builder.data(guest);
    const BuiltImage built = builder.build();
    const Attempt wide = attempt(built.bytes, 6);
    VERIFY_OK(wide.result);
    QVERIFY(wide.result->newRefblocks.size() > 64); // and so more than one table cluster
    QVERIFY(wide.result->newReftableClusters > 1);
    QCOMPARE(test::faultsOfAmended(built.bytes, wide.after, 6), std::string());
    const Attempt narrow = attempt(wide.after, 0);
    VERIFY_OK(narrow.result);
    QCOMPARE(test::faultsOfAmended(wide.after, narrow.after, 0), std::string());
}

void AmendTest::sparseFilesKeepTheirHoles()
{
    test::ImageBuilder builder({.clusterBits = 9, .refcountOrder = 4});
    builder.data(0);
    builder.skip(2000);
    builder.data(1);
    builder.skip(1);
    builder.data(2);
    const BuiltImage built = builder.build();
    const Attempt done = attempt(built.bytes, 6);
    VERIFY_OK(done.result);
    QCOMPARE(test::faultsOfAmended(built.bytes, done.after, 6), std::string());
    QVERIFY(done.result->newRefblocks.size() < 5); // none for the hole
}

void AmendTest::todaysWidthWritesNothing()
{
    const BuiltImage built = test::snapshotImage(12, 4, 2);
    const auto faults = std::make_shared<test::FaultPlan>();
    const Attempt done = attempt(built.bytes, 4, {}, faults);
    VERIFY_OK(done.result);
    QVERIFY(sameBytes(done.after, built.bytes));
    for (const auto op : {StorageOp::Write, StorageOp::Flush, StorageOp::Truncate})
        QCOMPARE(faults->count(op), 0U);
}

void AmendTest::refusalLeavesEveryByte()
{
    const BuiltImage built = test::snapshotImage(12, 4, 3, true);
    for (const unsigned order : {0U, 1U}) {
        const auto faults = std::make_shared<test::FaultPlan>();
        const Attempt done = attempt(built.bytes, order, {}, faults);
        VERIFY_ERROR(done.result, ErrorKind::Refused);
        QVERIFY(sameBytes(done.after, built.bytes));
        QCOMPARE(faults->count(StorageOp::Write), 0U);
    }
}

void AmendTest::keepsBitmapsAndClearsUnknownAutoclearBits()
{
    BuiltImage built = test::plainImage(12, 4);
    QCOMPARE(test::getNumber(built.bytes, 88, 8), 1U); // the bitmaps bit
    test::put64(built.bytes, 88, 0x8000000000000011);
    test::put64(built.bytes, 80, 0xf00); // unknown compatible bits: kept
    const Attempt done = attempt(built.bytes, 5);
    VERIFY_OK(done.result);
    QCOMPARE(test::getNumber(done.after, 88, 8), 1U);
    QCOMPARE(test::getNumber(done.after, 80, 8), 0xf00U);
    QCOMPARE(test::faultsOfAmended(built.bytes, done.after, 5), std::string());
    const auto image = Image::open(std::make_shared<MemoryStorage>(done.after), {});
    VERIFY_OK(image);
    QCOMPARE((*image)->bitmaps().size(), 1U);
}

void AmendTest::keepsWhatItDoesNotUnderstand()
{
    test::ImageBuilder builder({.clusterBits = 9, .headerLength = 160});
    builder.extension(0x12345678, test::bytesOf("somebody else's"));
    builder.backingFile("base.img");
    builder.data(4);
    BuiltImage built = builder.build();
    test::putText(built.bytes, 112, "a header tail of the future");
    const Attempt done = attempt(built.bytes, 3);
    VERIFY_OK(done.result);
    QCOMPARE(test::faultsOfAmended(built.bytes, done.after, 3), std::string());
}

void AmendTest::keepsSubclusterImages()
{
    test::ImageBuilder builder({.clusterBits = 14, .virtualSize = 64 << 14, .extendedL2 = true});
    for (std::uint64_t guest = 0; guest < 20; guest += 3)
        builder.data(guest);
    builder.snapshot("1", "one");
    const BuiltImage built = builder.build();
    for (const unsigned order : {1U, 6U}) {
        const Attempt done = attempt(built.bytes, order);
        VERIFY_OK(done.result);
        QCOMPARE(test::faultsOfAmended(built.bytes, done.after, order), std::string());
    }
}

void AmendTest::leavesLeaksAsTheyAre()
{
    test::ImageBuilder builder({.clusterBits = 12});
    builder.data(0);
    const std::uint64_t leaked = builder.allocate(3) / 4096;
    const BuiltImage built = builder.build();
    const Attempt done = attempt(built.bytes, 6);
    VERIFY_OK(done.result);
    const auto image = Image::open(std::make_shared<MemoryStorage>(done.after), {});
    VERIFY_OK(image);
    const auto census = takeCensus(**image, {});
    VERIFY_OK(census);
    QCOMPARE((*census)->leaks, 3U);
    QCOMPARE((*census)->corruptions, 0U);
    QCOMPARE((*census)->map.refcount(HostCluster(leaked)), 1U);
}

void AmendTest::treatsDamageTheSameWhileAppending()
{
    int refused = 0;
    for (const test::Damage& damage : test::damages()) {
        BuiltImage built = test::soundImage();
        damage.hurt(built);
        g_concurrent = !g_concurrent;
        const Attempt other = attempt(built.bytes, 6);
        g_concurrent = !g_concurrent;
        const Attempt done = attempt(built.bytes, 6);
        QCOMPARE(done.result.has_value(), other.result.has_value());
        QVERIFY2(sameBytes(done.after, other.after), damage.name);
        if (done.result)
            continue;
        ++refused;
        QCOMPARE(done.result.error().what, other.result.error().what);
        QVERIFY2(sameBytes(done.after, built.bytes), damage.name);
    }
    QVERIFY(refused > 5 && refused < static_cast<int>(test::damages().size()));
}

void AmendTest::anExceptionLeavesTheOldLength()
{
    const BuiltImage built = longImage();
    int thrown = 0;
    for (int at = 0;; at += 1 + at / 2, ++thrown) {
        const auto memory = std::make_shared<MemoryStorage>(built.bytes);
        int seen = 0;
        const TaskContext task{{}, [&](const Progress& progress) {
                                   if (progress.phase < Phase::Switch && seen++ == at)
                                       throw std::bad_alloc();
                               }};
        try {
            VERIFY_OK(amendStorage(storageOver(memory), 6, nullptr, task));
            break;
        } catch (const std::bad_alloc&) {
            QVERIFY(sameBytes(memory->bytes(), built.bytes));
        }
    }
    QVERIFY(thrown > 3);
}

void AmendTest::switchesTheHeaderWithOneSector()
{
    const BuiltImage built = test::snapshotImage(12, 4, 2);
    struct Seen {
        StorageOp op;
        bool oldHeader;
    };
    const auto memory = std::make_shared<MemoryStorage>(built.bytes);
    std::vector<Seen> seen;
    const auto faults = std::make_shared<test::FaultPlan>();
    faults->before = [&](StorageOp op, std::uint64_t) {
        const bool old = std::equal(built.bytes.begin(), built.bytes.begin() + 4096, memory->bytes().begin());
        seen.push_back({op, old});
    };
    VERIFY_OK(amendStorage(storageOver(std::make_shared<test::FaultyStorage>(memory, faults)), 5, nullptr, {}));
    // Everything but the last write and the last flush sees the old header, and a flush comes right before the switch.
    QVERIFY(seen.size() >= 4);
    const std::size_t last = seen.size() - 1;
    QVERIFY(seen[last].op == StorageOp::Flush && !seen[last].oldHeader);
    QVERIFY(seen[last - 1].op == StorageOp::Write && seen[last - 1].oldHeader);
    QVERIFY(seen[last - 2].op == StorageOp::Flush);
    for (std::size_t i = 0; i < last; ++i)
        QVERIFY(seen[i].oldHeader);
    std::vector<std::size_t> changed;
    for (std::size_t at = 0; at < 4096; ++at) {
        if (memory->bytes()[at] != built.bytes[at])
            changed.push_back(at);
    }
    QVERIFY(!changed.empty() && changed.front() >= 48 && changed.back() < 104);
}

void AmendTest::cancelAtEveryStepLeavesTheOldImage_data()
{
    QTest::addColumn<unsigned>("clusterBits");
    QTest::addColumn<unsigned>("to");
    for (const unsigned clusterBits : {9U, 12U}) {
        for (const unsigned to : {2U, 6U})
            QTest::addRow("cluster_bits %u, to %u bits", clusterBits, 1U << to) << clusterBits << to;
    }
}

void AmendTest::cancelAtEveryStepLeavesTheOldImage()
{
    QFETCH(unsigned, clusterBits);
    QFETCH(unsigned, to);
    const BuiltImage built = test::snapshotImage(clusterBits, 4, 2);
    bool finished = false;
    int cancelled = 0;
    for (int at = 0; !finished; ++at) {
        std::stop_source stop;
        int seen = 0;
        const Attempt done = attempt(built.bytes, to, {stop.get_token(), [&](const Progress&) {
                                                           if (seen++ == at)
                                                               stop.request_stop();
                                                       }});
        if (done.result) {
            // Too late: the switch was made. From here on every later stop is too late as well.
            QCOMPARE(test::faultsOfAmended(built.bytes, done.after, to), std::string());
            finished = true;
        } else {
            ++cancelled;
            VERIFY_ERROR(done.result, ErrorKind::Cancelled);
            QCOMPARE(done.after.size(), built.bytes.size());
            QCOMPARE(test::faultsOfOldImage(built.bytes, done.after), std::string());
        }
    }
    QVERIFY(cancelled > 6);
}

void AmendTest::failureAtEveryOperationLeavesTheOldImage_data()
{
    QTest::addColumn<StorageOp>("op");
    QTest::addColumn<ErrorKind>("failure");
    QTest::newRow("writes") << StorageOp::Write << ErrorKind::Io;
    QTest::newRow("writes on a full disk") << StorageOp::Write << ErrorKind::NoSpace;
    QTest::newRow("flushes") << StorageOp::Flush << ErrorKind::Io;
    QTest::newRow("truncates") << StorageOp::Truncate << ErrorKind::NoSpace;
}

void AmendTest::failureAtEveryOperationLeavesTheOldImage()
{
    QFETCH(StorageOp, op);
    QFETCH(ErrorKind, failure);
    const BuiltImage built = longImage();
    const auto counting = std::make_shared<test::FaultPlan>();
    VERIFY_OK(attempt(built.bytes, 6, {}, counting).result);
    const std::uint64_t operations = counting->count(op);
    for (std::uint64_t at = 1; at <= operations; ++at) {
        const auto faults = std::make_shared<test::FaultPlan>();
        faults->failingOp = op;
        faults->failFrom = at;
        faults->failure = failure;
        const Attempt done = attempt(built.bytes, 6, {}, faults);
        VERIFY_ERROR(done.result, failure);
        const bool lastFlush = op == StorageOp::Flush && at == operations;
        if (lastFlush)
            continue; // the new header is written and may or may not last: see tests/crash
        QCOMPARE(done.after.size(), built.bytes.size());
        QVERIFY(std::equal(built.bytes.begin(), built.bytes.end(), done.after.begin()));
    }
}

void AmendTest::failuresWhereSomethingIsWrongLoseNothing()
{
    // How much is written before that is found out differs from time to time.
    test::ImageBuilder builder({.clusterBits = 9, .refcountOrder = 4});
    builder.allocate(3); // leaked
    builder.data(0);
    const BuiltImage built = builder.build();
    int failures = 0;
    for (const auto op : {StorageOp::Write, StorageOp::Flush, StorageOp::Truncate}) {
        for (std::uint64_t at = 1; at <= 3; ++at) {
            const auto faults = std::make_shared<test::FaultPlan>();
            faults->failingOp = op;
            faults->failFrom = at;
            const Attempt done = attempt(built.bytes, 6, {}, faults);
            QVERIFY(done.result || done.result.error().kind == ErrorKind::Io);
            failures += done.result ? 0 : 1;
            const bool old = std::equal(built.bytes.begin(), built.bytes.end(), done.after.begin());
            QVERIFY(done.result || old || op == StorageOp::Flush);
        }
    }
    QVERIFY(failures >= 3);
}

void AmendTest::aDiskThatDiesLeavesAnImageThatIsOldOrNew()
{
    const BuiltImage built = test::snapshotImage(9, 4, 2);
    for (const auto op : {StorageOp::Write, StorageOp::Flush}) {
        for (std::uint64_t at = 1; at <= 4; ++at) {
            const auto faults = std::make_shared<test::FaultPlan>();
            faults->failingOp = op;
            faults->failFrom = at;
            faults->failAllAfter = true;
            const Attempt done = attempt(built.bytes, 6, {}, faults);
            if (done.result)
                continue;
            const bool old = test::faultsOfOldImage(built.bytes, done.after).empty();
            QVERIFY(old || test::faultsOfAmended(built.bytes, done.after, 6).empty());
        }
    }
}

void AmendTest::progressGrowsAndEndsAtItsTotal()
{
    const BuiltImage built = test::snapshotImage(9, 4, 2);
    std::vector<Progress> all;
    const Attempt done = attempt(built.bytes, 6, {{}, [&](const Progress& progress) { all.push_back(progress); }});
    VERIFY_OK(done.result);
    QVERIFY(all.size() > 4);
    QCOMPARE(all.back().done, all.back().total);
    QCOMPARE(all.back().phase, Phase::Switch);
    const auto share = [](const Progress& progress) {
        return progress.total == 0 ? 0 : static_cast<double>(progress.done) / static_cast<double>(progress.total);
    };
    for (std::size_t i = 1; i < all.size(); ++i) {
        QVERIFY(all[i].done >= all[i - 1].done);
        QVERIFY(all[i].phase >= all[i - 1].phase);
        QVERIFY2(share(all[i]) >= share(all[i - 1]),
            qPrintable(QString("%1 of %2 after %3 of %4")
                           .arg(all[i].done)
                           .arg(all[i].total)
                           .arg(all[i - 1].done)
                           .arg(all[i - 1].total)));
    }
    // The check that comes first is a part of the whole, which is known from its first step on.
    const auto walking = std::ranges::find(all, Phase::ReadRefcounts, &Progress::phase);
    QVERIFY(walking != all.end() && walking->total > 0);
}

void AmendTest::refusesAnotherPlanThanTheOneAgreedTo()
{
    const BuiltImage before = test::snapshotImage(12, 4, 1);
    const BuiltImage now = test::snapshotImage(12, 4, 2);
    const Attempt agreed = attempt(before.bytes, 5);
    VERIFY_OK(agreed.result);
    const auto storage = std::make_shared<MemoryStorage>(now.bytes);
    VERIFY_ERROR(amendStorage(storageOver(storage), 5, &*agreed.result, {}), ErrorKind::Refused);
    QVERIFY(sameBytes(storage->bytes(), now.bytes));
    VERIFY_OK(amendStorage(storageOver(std::make_shared<MemoryStorage>(before.bytes)), 5, &*agreed.result, {}));
}

void AmendTest::refusesAFileThatChangedSinceThePlan()
{
    const BuiltImage built = test::snapshotImage(12, 4, 1);
    const auto memory = std::make_shared<MemoryStorage>(built.bytes);
    const auto image = Image::open(memory, {});
    VERIFY_OK(image);
    const auto census = takeCensus(**image, {});
    VERIFY_OK(census);
    const auto plan = planAmend(**image, **census, 5);
    VERIFY_OK(plan);

    MemoryStorage longer(built.bytes);
    VERIFY_OK(longer.truncate(built.bytes.size() + 1));
    VERIFY_ERROR(runAmend(**image, longer, *plan, {}), ErrorKind::Refused);

    Bytes changed = built.bytes;
    test::put64(changed, 80, 2);
    MemoryStorage other(changed);
    VERIFY_ERROR(runAmend(**image, other, *plan, {}), ErrorKind::Refused);
    QCOMPARE(other.bytes().size(), changed.size());
    QCOMPARE(test::faultsOfOldImage(changed, other.bytes()), std::string());
}

int main(int argc, char** argv)
{
    int failures = 0;
    for (const bool concurrent : {false, true}) {
        g_concurrent = concurrent;
        AmendTest test;
        failures += QTest::qExec(&test, argc, argv);
    }
    return failures;
}

#include "amend_test.moc"
