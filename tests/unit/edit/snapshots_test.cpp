// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/expect.h"
#include "tests/support/snapshot_edits.h"

using namespace cowscope;
using namespace cowscope::test;

/// Creating, applying and deleting snapshots: what every disk holds afterwards, by a reader of its own.
class SnapshotsTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void creatingKeepsWhatTheDiskHolds_data() { eachLayout(); }
    void creatingKeepsWhatTheDiskHolds();
    void applyingBringsTheDiskBack_data() { eachLayout(); }
    void applyingBringsTheDiskBack();
    void deletingGivesBackWhatTheSnapshotHeld_data() { eachLayout(); }
    void deletingGivesBackWhatTheSnapshotHeld();
    void deletingUndoesCreatingToTheLastCluster();
    void extendedEntriesAreSharedAsWell();
    void version2ImagesHaveSnapshots();
    void aDiskWithoutClustersHasSnapshots();
    void writesAboutTheSnapshotWhatQemuWrites();
    void idsGoOnBehindTheLargest();
    void appliesByIdFirstAndDeletesByNameFirst();
    void whatIsNotThereIsNotFound();
    void oldSnapshotsGetTheirSizes();
    void applyingRestoresTheSizeOfTheDisk();
    void progressRisesToItsEnd();
    void costsAreWhatTheEditThenDoes_data();
    void costsAreWhatTheEditThenDoes();
    void namesHaveALimit();

private:
    static void eachLayout();
};

void SnapshotsTest::eachLayout()
{
    QTest::addColumn<unsigned>("clusterBits");
    QTest::addColumn<unsigned>("order");
    for (const unsigned clusterBits : {9U, 12U, 16U}) {
        for (unsigned order = 2; order <= 6; ++order)
            QTest::addRow("%u byte clusters, %u bits", 1U << clusterBits, 1U << order) << clusterBits << order;
    }
}

void SnapshotsTest::creatingKeepsWhatTheDiskHolds()
{
    QFETCH(unsigned, clusterBits);
    QFETCH(unsigned, order);
    const BuiltImage image = mixed(clusterBits, order, 2, true);
    Edited edited(image.bytes);
    States states = withNew(guestStates(image.bytes), "3");
    QCOMPARE(states.size(), 4U);
    SUCCEEDS(edited, creating(), states);
}

void SnapshotsTest::applyingBringsTheDiskBack()
{
    QFETCH(unsigned, clusterBits);
    QFETCH(unsigned, order);
    const BuiltImage image = mixed(clusterBits, order, 2, true);
    Edited edited(image.bytes);
    States states = guestStates(image.bytes);
    QVERIFY(states["1"] != states["2"] && states["1"] != states[""] && states["2"] != states[""]);
    for (const char* id : {"1", "2", "2", "1"}) {
        states = applied(states, id);
        SUCCEEDS(edited, applying(id), states);
    }
}

void SnapshotsTest::deletingGivesBackWhatTheSnapshotHeld()
{
    QFETCH(unsigned, clusterBits);
    QFETCH(unsigned, order);
    const BuiltImage image = mixed(clusterBits, order, 2, true);
    Edited edited(image.bytes);
    States states = without(guestStates(image.bytes), "1");
    SUCCEEDS(edited, deleting("1"), states);
    states = without(states, "2");
    SUCCEEDS(edited, deleting("2"), states);
    for (const auto& [cluster, count] : NaiveReader(edited.file->bytes()).counts())
        QVERIFY2(count <= 2, qPrintable(QStringLiteral("cluster %1").arg(cluster))); // compressed clusters share theirs
}

void SnapshotsTest::deletingUndoesCreatingToTheLastCluster()
{
    for (const unsigned snapshots : {0U, 2U}) {
        const BuiltImage image = mixed(12, 4, snapshots, true);
        const NaiveReader before(image.bytes);
        Edited edited(image.bytes);
        VERIFY_OK(creating()(*edited.editor, {}));
        VERIFY_OK(deleting("new")(*edited.editor, {}));
        QCOMPARE(faultsOf(edited.file->bytes()), std::string());
        const NaiveReader after(edited.file->bytes()); // tables have moved, but there are no more and no less
        QCOMPARE(after.counts().size(), before.counts().size());
        QCOMPARE(after.counts(), after.references());
    }
}

void SnapshotsTest::extendedEntriesAreSharedAsWell()
{
    const BuiltImage image = extended(4, 1);
    Edited edited(image.bytes);
    States states = withNew(guestStates(image.bytes), "2");
    SUCCEEDS(edited, creating(), states);
    states = applied(states, "1");
    SUCCEEDS(edited, applying("1"), states);
    states = without(states, "1");
    SUCCEEDS(edited, deleting("1"), states);
    states = applied(states, "2");
    SUCCEEDS(edited, applying("2"), states);
}

void SnapshotsTest::version2ImagesHaveSnapshots()
{
    ImageBuilder builder({.version = 2, .clusterBits = 12});
    builder.data(0, 1);
    builder.data(7, 2);
    const BuiltImage image = builder.build();
    Edited edited(image.bytes);
    States states = withNew(guestStates(image.bytes), "1");
    SUCCEEDS(edited, creating(), states);
    SUCCEEDS(edited, applying("1"), states);
    SUCCEEDS(edited, deleting("1"), without(states, "1"));
}

void SnapshotsTest::aDiskWithoutClustersHasSnapshots()
{
    const BuiltImage image = ImageBuilder({.virtualSize = std::uint64_t{1} << 30}).build();
    Edited edited(image.bytes);
    const States states = withNew(guestStates(image.bytes), "1");
    SUCCEEDS(edited, creating(), states);
    SUCCEEDS(edited, applying("1"), states);
    SUCCEEDS(edited, deleting("1"), without(states, "1"));
}

void SnapshotsTest::writesAboutTheSnapshotWhatQemuWrites()
{
    Edited edited(mixed(12, 4, 0).bytes);
    const auto made = createSnapshot(*edited.editor, {"name of it", 1'700'000'001, 77, OnOverflow::Refuse}, {});
    VERIFY_OK(made);
    const auto image = Image::open(edited.file, {});
    VERIFY_OK(image);
    QCOMPARE((*image)->snapshots().size(), 1U);
    const Snapshot& snapshot = (*image)->snapshots().front();
    QVERIFY(snapshot == *made);
    QCOMPARE(snapshot.id, std::string("1"));
    QCOMPARE(snapshot.name, std::string("name of it"));
    QCOMPARE(snapshot.dateSeconds, 1'700'000'001U);
    QCOMPARE(snapshot.dateNanoseconds, 77U);
    QCOMPARE(snapshot.vmClockNanoseconds, 0U);
    QCOMPARE(snapshot.vmStateSize, 0U);
    QCOMPARE(snapshot.diskSize, std::optional<std::uint64_t>((std::uint64_t{600} << 12) + 512));
    QCOMPARE(snapshot.icount, std::optional<std::uint64_t>(~std::uint64_t{0}));
    QCOMPARE(snapshot.extraData.size(), 24U);
}

void SnapshotsTest::idsGoOnBehindTheLargest()
{
    ImageBuilder builder;
    for (const char* id : {"7", "abc", "12x", "3"})
        builder.snapshot(id, "n");
    Edited edited(builder.build().bytes);
    for (const char* id : {"13", "14"}) {
        const auto made = createSnapshot(*edited.editor, {"n", 0, 0, OnOverflow::Refuse}, {});
        VERIFY_OK(made);
        QCOMPARE(made->id, std::string(id));
    }

    ImageBuilder last;
    last.snapshot("18446744073709551615", "n");
    last.snapshot("1", "n");
    Edited wrapped(last.build().bytes);
    const auto made = createSnapshot(*wrapped.editor, {"n", 0, 0, OnOverflow::Refuse}, {});
    VERIFY_OK(made);
    QCOMPARE(made->id, std::string("2"));
}

void SnapshotsTest::appliesByIdFirstAndDeletesByNameFirst()
{
    ImageBuilder builder;
    builder.data(0, 1);
    builder.snapshot("1", "2");
    builder.data(0, 2);
    builder.snapshot("2", "1");
    builder.data(0, 3);
    const BuiltImage image = builder.build();
    States states = guestStates(image.bytes);
    Edited edited(image.bytes);
    states = applied(states, "1");
    SUCCEEDS(edited, applying("1"), states);
    states = without(states, "2");
    SUCCEEDS(edited, deleting("1"), states);
    states = without(states, "1");
    SUCCEEDS(edited, deleting("1"), states); // no name any more, but an id
}

void SnapshotsTest::whatIsNotThereIsNotFound()
{
    Edited edited(mixed(12, 4).bytes);
    const Bytes before = edited.file->bytes();
    VERIFY_ERROR(applying("nine")(*edited.editor, {}), ErrorKind::NotFound);
    VERIFY_ERROR(deleting("nine")(*edited.editor, {}), ErrorKind::NotFound);
    VERIFY_ERROR(costOfApply(*edited.editor, "nine", OnOverflow::Copy, {}), ErrorKind::NotFound);
    VERIFY_ERROR(costOfDelete(*edited.editor, "nine", {}), ErrorKind::NotFound);
    QVERIFY(edited.file->bytes() == before);
}

/// Snapshots of old images say nothing about the size of the disk: it is the present one.
void SnapshotsTest::oldSnapshotsGetTheirSizes()
{
    BuiltImage image = mixed(12, 4, 1);
    const std::uint64_t entry = image.layout.snapshotTable;
    put32(image.bytes, entry + 36, 0); // no extra data
    put16(image.bytes, entry + 12, 1);
    putText(image.bytes, entry + 40, "1s1");
    Edited edited(image.bytes);
    VERIFY_OK(creating()(*edited.editor, {}));
    QCOMPARE(faultsOf(edited.file->bytes()), std::string());
    const auto opened = Image::open(edited.file, {});
    VERIFY_OK(opened);
    const auto snapshots = (*opened)->snapshots();
    QCOMPARE(snapshots.size(), 2U);
    QCOMPARE(snapshots[0].id + snapshots[0].name, std::string("1s1"));
    QCOMPARE(snapshots[0].diskSize, std::optional<std::uint64_t>((std::uint64_t{600} << 12) + 512));
    QCOMPARE(snapshots[0].l1TableOffset.value(), image.layout.snapshotL1[0]);
}

void SnapshotsTest::applyingRestoresTheSizeOfTheDisk()
{
    for (const std::uint64_t size : {std::uint64_t{100} << 12, std::uint64_t{5000} << 12}) {
        BuiltImage image = mixed(12, 4, 2);
        put64(image.bytes, image.layout.snapshotTable + 48, size); // of snapshot 1
        States states = guestStates(image.bytes);
        QCOMPARE(states["1"].size, size);
        Edited edited(image.bytes);
        states = applied(states, "1");
        SUCCEEDS(edited, applying("1"), states);
        states = applied(states, "2");
        SUCCEEDS(edited, applying("2"), states);
    }
}

void SnapshotsTest::progressRisesToItsEnd()
{
    const BuiltImage image = mixed(9, 4, 2);
    for (const Edit& edit : {creating(), applying("1"), deleting("1")}) {
        Edited edited(image.bytes);
        std::vector<Progress> reports;
        VERIFY_OK(edit(*edited.editor, {{}, [&](const Progress& progress) { reports.push_back(progress); }}));
        QVERIFY(reports.size() > 2);
        for (std::size_t i = 0; i < reports.size(); ++i) {
            QCOMPARE(reports[i].total, reports.back().total);
            QVERIFY(i == 0 || reports[i].done >= reports[i - 1].done);
        }
        QVERIFY(reports.back().total > 0);
        QCOMPARE(reports.back().done, reports.back().total);
    }
}

void SnapshotsTest::costsAreWhatTheEditThenDoes_data()
{
    QTest::addColumn<int>("operation");
    QTest::addColumn<unsigned>("order");
    for (int operation = 0; operation < 3; ++operation) {
        QTest::addRow("operation %d, 16 bits", operation) << operation << 4U;
        QTest::addRow("operation %d, 2 bits", operation) << operation << 1U;
    }
}

void SnapshotsTest::costsAreWhatTheEditThenDoes()
{
    QFETCH(int, operation);
    QFETCH(unsigned, order);
    const BuiltImage image = mixed(9, order, 2);
    Edited edited(image.bytes);
    const auto cost = operation == 0 ? costOfCreate(*edited.editor, OnOverflow::Copy, {})
        : operation == 1             ? costOfApply(*edited.editor, "1", OnOverflow::Copy, {})
                                     : costOfDelete(*edited.editor, "1", {});
    VERIFY_OK(cost);
    QCOMPARE(edited.plan->count(StorageOp::Write), 0U);
    QVERIFY(edited.file->bytes() == image.bytes);

    const Edit edit = operation == 0 ? [](ImageEditor& editor, const TaskContext& task) -> Result<void> {
        auto made = createSnapshot(editor, {"", 0, 0, OnOverflow::Copy}, task);
        return made ? Result<void>{} : failed(made);
    }
    : operation == 1 ? applying("1", OnOverflow::Copy)
                     : deleting("1");
    VERIFY_OK(edit(*edited.editor, {}));
    auto before = NaiveReader(image.bytes).counts();
    auto after = NaiveReader(edited.file->bytes()).counts();
    SnapshotCost seen;
    for (std::uint64_t cluster = 0; cluster < edited.file->bytes().size() / 512; ++cluster) {
        const std::uint64_t old = before[cluster];
        const std::uint64_t now = after[cluster];
        seen.raised += old > 0 && now > old;
        seen.lowered += now < old;
        seen.freed += old > 0 && now == 0;
        seen.newClusters += old == 0 && now > 0;
    }
    QCOMPARE(cost->raised, seen.raised);
    QCOMPARE(cost->lowered, seen.lowered);
    QCOMPARE(cost->freed, seen.freed);
    QCOMPARE(cost->newClusters, seen.newClusters);
    QCOMPARE(cost->copied > 0, order == 1 && operation == 0);
}

void SnapshotsTest::namesHaveALimit()
{
    Edited edited(mixed(12, 4, 0).bytes);
    VERIFY_OK(createSnapshot(*edited.editor, {std::string(255, 'n'), 0, 0, OnOverflow::Refuse}, {}));
    VERIFY_ERROR(
        createSnapshot(*edited.editor, {std::string(256, 'n'), 0, 0, OnOverflow::Refuse}, {}), ErrorKind::Refused);
    VERIFY_OK(createSnapshot(*edited.editor, {"", 0, 0, OnOverflow::Refuse}, {}));
}

QTEST_GUILESS_MAIN(SnapshotsTest)
#include "snapshots_test.moc"
