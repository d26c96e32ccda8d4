// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/expect.h"
#include "tests/support/snapshot_edits.h"

using namespace cowscope;
using namespace cowscope::test;

/// Failing disks, cancelling, and images that are not what they should be.
class SnapshotsDamageTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void aFailureLeavesTheOldStateOrTheNew_data();
    void aFailureLeavesTheOldStateOrTheNew();
    void cancellingBeforeTheCommitChangesNothing();
    void damagedEntriesAreRefused_data();
    void damagedEntriesAreRefused();
    void damagedSnapshotsAreRefused_data();
    void damagedSnapshotsAreRefused();
    void aTableNamedByManyEntriesIsReadOnce();
    void dataFilesHaveNoSnapshots();
};

void SnapshotsDamageTest::aFailureLeavesTheOldStateOrTheNew_data()
{
    QTest::addColumn<int>("operation");
    QTest::addColumn<unsigned>("order");
    QTest::addRow("create") << 0 << 4U;
    QTest::addRow("create, copying") << 1 << 1U;
    QTest::addRow("apply") << 2 << 4U;
    QTest::addRow("apply, copying") << 3 << 1U;
    QTest::addRow("delete") << 4 << 4U;
}

void SnapshotsDamageTest::aFailureLeavesTheOldStateOrTheNew()
{
    QFETCH(int, operation);
    QFETCH(unsigned, order);
    const BuiltImage image = mixed(9, order, 2);
    const States before = guestStates(image.bytes);
    const std::array<Edit, 5> edits{
        creating(), creating(OnOverflow::Copy), applying("1"), applying("1", OnOverflow::Copy), deleting("1")};
    const std::array<States, 5> results{
        withNew(before, "3"), withNew(before, "3"), applied(before, "1"), applied(before, "1"), without(before, "1")};
    const auto index = static_cast<std::size_t>(operation);
    for (const StorageOp op : {StorageOp::Write, StorageOp::Flush, StorageOp::Truncate}) {
        for (const bool allAfter : {false, true}) {
            std::uint64_t number = 1;
            for (;; ++number) {
                Edited edited(image.bytes);
                edited.plan->failingOp = op;
                edited.plan->failFrom = number;
                edited.plan->failAllAfter = allAfter;
                const auto done = edits[index](*edited.editor, {});
                if (edited.plan->count(op) < number) {
                    VERIFY_OK(done);
                    break;
                }
                VERIFY_ERROR(done, ErrorKind::Io);
                const Bytes& bytes = edited.file->bytes();
                QCOMPARE(findingsOf(bytes), std::string());
                const States after = guestStates(bytes);
                QVERIFY(after == before || after == results[index]);
            }
            QVERIFY(op == StorageOp::Truncate || number > 2); // there was something to fail
        }
    }
}

void SnapshotsDamageTest::cancellingBeforeTheCommitChangesNothing()
{
    const BuiltImage image = mixed(9, 4, 2);
    for (const Edit& edit : {creating(), applying("1"), deleting("1")}) {
        int steps = 0;
        for (int at = 0;; ++at) {
            Edited edited(image.bytes);
            std::stop_source stop;
            int seen = 0;
            const auto done = edit(*edited.editor, {stop.get_token(), [&](const Progress&) {
                                                        if (seen++ == at)
                                                            stop.request_stop();
                                                    }});
            if (done)
                break;
            VERIFY_ERROR(done, ErrorKind::Cancelled);
            ++steps;
            QCOMPARE(faultsOf(edited.file->bytes()), std::string());
            QVERIFY(guestStates(edited.file->bytes()) == guestStates(image.bytes));
            QCOMPARE(edited.file->bytes().size(), image.bytes.size());
            VERIFY_OK(edit(*edited.editor, {})); // the editor is of use still
        }
        QVERIFY(steps >= 2);
    }
}

void SnapshotsDamageTest::damagedEntriesAreRefused_data()
{
    QTest::addColumn<int>("where"); // 0: L1 entry, 1: L2 entry
    QTest::addColumn<std::uint64_t>("value");
    const std::uint64_t far = std::uint64_t{1} << 50;
    QTest::addRow("L2 table unaligned") << 0 << std::uint64_t{0x1200};
    QTest::addRow("L2 table outside the file") << 0 << far;
    QTest::addRow("L2 table is the active L1 table") << 0 << std::uint64_t{0x1000};
    QTest::addRow("data unaligned") << 1 << std::uint64_t{0x3200};
    QTest::addRow("data outside the file") << 1 << far;
    QTest::addRow("data is the header, compressed") << 1 << (kCompressedFlag | 8);
    QTest::addRow("data is the active L1 table") << 1 << std::uint64_t{0x1000};
    QTest::addRow("compressed outside the file") << 1 << (kCompressedFlag | far);
}

void SnapshotsDamageTest::damagedEntriesAreRefused()
{
    QFETCH(int, where);
    QFETCH(std::uint64_t, value);
    for (const bool inSnapshot : {false, true}) {
        BuiltImage image = mixed(12, 4, 1);
        if (inSnapshot) {
            const std::uint64_t l1 = image.layout.snapshotL1[0];
            const std::uint64_t table = getNumber(image.bytes, l1, 8) & 0x00fffffffffffe00;
            put64(image.bytes, where == 0 ? l1 : table, value);
        } else {
            put64(image.bytes, where == 0 ? image.layout.l1 : image.l2EntryAt(0), value);
        }
        for (const OnOverflow onOverflow : {OnOverflow::Refuse, OnOverflow::Copy}) {
            for (const Edit& edit : {inSnapshot ? deleting("1") : creating(onOverflow), applying("1", onOverflow)}) {
                Edited edited(image.bytes);
                VERIFY_ERROR(edit(*edited.editor, {}), ErrorKind::Invalid);
                QVERIFY(edited.file->bytes() == image.bytes);
            }
        }
    }
    // The refblocks and the reftable are no guest data either.
    BuiltImage image = mixed(12, 4, 1);
    for (const std::uint64_t at : {image.layout.reftable, image.layout.refblocks.begin()->second}) {
        put64(image.bytes, where == 0 ? image.layout.l1 : image.l2EntryAt(0), at);
        Edited edited(image.bytes);
        VERIFY_ERROR(creating()(*edited.editor, {}), ErrorKind::Invalid);
        QVERIFY(edited.file->bytes() == image.bytes);
    }
}

void SnapshotsDamageTest::damagedSnapshotsAreRefused_data()
{
    QTest::addColumn<std::uint64_t>("offset");
    QTest::addColumn<std::uint32_t>("entries");
    QTest::addColumn<std::uint64_t>("diskSize");
    QTest::addRow("unaligned") << std::uint64_t{0x2008} << 1U << std::uint64_t{512};
    QTest::addRow("outside the file") << (std::uint64_t{1} << 40) << 1U << std::uint64_t{512};
    QTest::addRow("at the end of all") << ~std::uint64_t{0xfff} << 0x1000U << std::uint64_t{512};
    QTest::addRow("too long") << std::uint64_t{0x2000} << 0xffffffffU << std::uint64_t{512};
    QTest::addRow("a disk that is too large") << std::uint64_t{0} << 0U << (std::uint64_t{1} << 63);
    QTest::addRow("a disk too large for an L1 table") << std::uint64_t{0} << 0U << (std::uint64_t{1} << 60);
    QTest::addRow("a disk of half a sector") << std::uint64_t{0} << 0U << std::uint64_t{256};
}

void SnapshotsDamageTest::damagedSnapshotsAreRefused()
{
    QFETCH(std::uint64_t, offset);
    QFETCH(std::uint32_t, entries);
    QFETCH(std::uint64_t, diskSize);
    BuiltImage image = mixed(12, 4, 1);
    const std::uint64_t at = image.layout.snapshotTable;
    if (entries > 0) {
        put64(image.bytes, at, offset);
        put32(image.bytes, at + 8, entries);
    } else {
        put64(image.bytes, at + 48, diskSize);
    }
    for (const Edit& edit : {applying("1"), deleting("1")}) {
        Edited edited(image.bytes);
        if (edited.editor == nullptr)
            continue; // refused before that
        const auto done = edit(*edited.editor, {});
        if (done && entries == 0)
            continue; // to delete it its size does not matter
        VERIFY_ERROR(done, ErrorKind::Invalid);
        QVERIFY(edited.file->bytes() == image.bytes);
    }
}

/// A million L1 entries that lead to the same table must not mean a million walks.
void SnapshotsDamageTest::aTableNamedByManyEntriesIsReadOnce()
{
    ImageBuilder builder({.clusterBits = 9, .refcountOrder = 6, .virtualSize = std::uint64_t{1} << 34});
    builder.data(0, 1);
    BuiltImage image = builder.build();
    const std::uint64_t table = image.l1Entry(0) & 0x00fffffffffffe00;
    for (std::uint64_t i = 0; i < image.layout.l1Entries; ++i)
        put64(image.bytes, image.layout.l1 + i * 8, table);
    QVERIFY(image.layout.l1Entries > 500'000);
    image.setCount(table / 512, image.layout.l1Entries);
    const std::uint64_t data = getNumber(image.bytes, table, 8) & 0x00fffffffffffe00;
    put64(image.bytes, table, data);
    image.setCount(data / 512, image.layout.l1Entries);
    Edited edited(image.bytes);
    std::size_t reports = 0;
    VERIFY_OK(creating()(*edited.editor, {{}, [&](const Progress&) { ++reports; }}));
    QVERIFY(reports < 10);
    QCOMPARE(NaiveReader(edited.file->bytes()).counts()[data / 512], 2 * image.layout.l1Entries);
    VERIFY_OK(deleting("1")(*edited.editor, {}));
    QCOMPARE(NaiveReader(edited.file->bytes()).counts()[data / 512], image.layout.l1Entries);
}

void SnapshotsDamageTest::dataFilesHaveNoSnapshots()
{
    const BuiltImage image = ImageBuilder({.incompatible = kIncompatibleDataFile}).build();
    Edited edited(image.bytes);
    QVERIFY(edited.editor != nullptr);
    VERIFY_ERROR(creating()(*edited.editor, {}), ErrorKind::Refused);
    QVERIFY(edited.file->bytes() == image.bytes);
}

QTEST_GUILESS_MAIN(SnapshotsDamageTest)
#include "snapshots_damage_test.moc"
