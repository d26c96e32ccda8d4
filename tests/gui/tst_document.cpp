// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/gui/gui_support.h"
#include "ui/common/format.h"
#include "ui/document/image_document.h"
#include "ui/document/selected_clusters.h"

#include <QSemaphore>

using namespace cowscope;
using namespace cowscope::test;
using namespace cowscope::ui;

class TestDocument : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { REQUIRE_QEMU(); }
    void opensAnImageAndItsCensus();
    void saysWhatIsWrongWithAFileThatIsNoImage();
    void keepsTheOldImageWhenAnotherCannotBeOpened();
    void keepsTheOldImageWhenAnOpenIsCancelled();
    void openingAnotherImageDropsTheFirstJob();
    void refusesAnImageInUseUnlessToldOtherwise();
    void holdsNoLockOnceItIsOpen();
    void neverWritesToTheFile();
    void reloadKeepsTheSelectionAndSeesTheNewState();
    void noticesThatTheFileChanged();
    void editsOfOurOwnAreNoNews();
    void callsBackWhenIdle();
    void closeForgetsEverything();
    void selectionHasAHistory();
    void selectionStaysQuietWhenNothingChanges();
    void nudgesFillNoHistory();
    void findsTheClustersOfWhatIsSelected();
    void findsTheBytesOfWhatIsSelected();
    void printsNumbersForPeople();

private:
    ImageFolder m_folder;
};

void TestDocument::opensAnImageAndItsCensus()
{
    ImageDocument document;
    QVERIFY(!document.image());
    QVERIFY(!document.census());
    const QString path = m_folder.createWithSnapshots(
        QStringLiteral("open.qcow2"), 3, QStringLiteral("cluster_size=4096,refcount_bits=8"));
    QVERIFY(openAndWait(document, path));
    QCOMPARE(document.path(), path);
    QCOMPARE(document.image()->header().refcountBits(), 8U);
    QCOMPARE(document.image()->snapshots().size(), std::size_t{3});
    QVERIFY(document.census()->isClean());
    QCOMPARE(document.census()->largest.count, std::uint64_t{4});
    QVERIFY(!document.job());
    QVERIFY(!document.isShared());
}

void TestDocument::saysWhatIsWrongWithAFileThatIsNoImage()
{
    const QString path = m_folder.path(QStringLiteral("text.qcow2"));
    QVERIFY(writeFile(path, Bytes(4096, std::byte{'x'})));
    ImageDocument document;
    QSignalSpy failed(&document, &ImageDocument::failed);
    document.open(path);
    QVERIFY(failed.wait());
    const auto error = failed.first().first().value<Error>();
    QCOMPARE(error.kind, ErrorKind::NotQcow2);
    QVERIFY(errorText(error).contains(path));
    QVERIFY(!document.image());
}

void TestDocument::keepsTheOldImageWhenAnotherCannotBeOpened()
{
    ImageDocument document;
    const QString path = m_folder.create(QStringLiteral("kept.qcow2"));
    QVERIFY(openAndWait(document, path));
    const auto image = document.image();
    QVERIFY(!openAndWait(document, m_folder.path(QStringLiteral("missing.qcow2"))));
    QCOMPARE(document.image(), image);
    QCOMPARE(document.path(), path);
}

void TestDocument::keepsTheOldImageWhenAnOpenIsCancelled()
{
    ImageDocument document;
    const QString path = m_folder.create(QStringLiteral("before.qcow2"));
    QVERIFY(openAndWait(document, path));
    QSemaphore entered;
    QSemaphore goOn;
    document.setStorageOpener([&](const std::string& file, Access access, Sharing sharing) {
        entered.release();
        goOn.acquire();
        return ImageDocument::openFile(file, access, sharing);
    });
    QSignalSpy cancelled(&document, &ImageDocument::cancelled);
    QSignalSpy opened(&document, &ImageDocument::opened);
    QSignalSpy failed(&document, &ImageDocument::failed);
    document.open(m_folder.create(QStringLiteral("after.qcow2")));
    entered.acquire();
    QVERIFY(document.job());
    document.job()->cancel();
    goOn.release();
    QVERIFY(cancelled.wait());
    QCOMPARE(opened.count() + failed.count(), 0);
    QCOMPARE(document.path(), path);
    QVERIFY(document.image());
    QVERIFY(!document.job());
}

void TestDocument::openingAnotherImageDropsTheFirstJob()
{
    ImageDocument document;
    const QString first = m_folder.create(QStringLiteral("first.qcow2"));
    const QString second = m_folder.create(QStringLiteral("second.qcow2"));
    QSignalSpy opened(&document, &ImageDocument::opened);
    document.open(first);
    document.open(second);
    QVERIFY(opened.wait());
    QVERIFY(waitForJobs());
    QCOMPARE(opened.count(), 1);
    QCOMPARE(document.path(), second);
}

void TestDocument::refusesAnImageInUseUnlessToldOtherwise()
{
    const QString path = m_folder.create(QStringLiteral("busy.qcow2"));
    const qemu::Holder holder(path);
    QVERIFY(holder.holds());
    ImageDocument document;
    QSignalSpy failed(&document, &ImageDocument::failed);
    document.open(path);
    QVERIFY(failed.wait());
    QCOMPARE(failed.first().first().value<Error>().kind, ErrorKind::InUse);
    QVERIFY(openAndWait(document, path, Sharing::Unlocked));
    QVERIFY(document.isShared());
}

void TestDocument::holdsNoLockOnceItIsOpen()
{
    ImageDocument document;
    const QString path = m_folder.create(QStringLiteral("unlocked.qcow2"));
    QVERIFY(openAndWait(document, path));
    QCOMPARE(qemu::io(path, {QStringLiteral("write 0 4k")}).exit, 0);
}

void TestDocument::neverWritesToTheFile()
{
    const QString path
        = m_folder.createWithSnapshots(QStringLiteral("same.qcow2"), 2, QStringLiteral("cluster_size=4096"));
    const Bytes before = readFile(path);
    ImageDocument document;
    QVERIFY(openAndWait(document, path));
    document.reload();
    QVERIFY(waitForJobs());
    QVERIFY(readFile(path) == before);
}

void TestDocument::reloadKeepsTheSelectionAndSeesTheNewState()
{
    ImageDocument document;
    const QString path = m_folder.create(QStringLiteral("reload.qcow2"));
    QVERIFY(openAndWait(document, path));
    document.selection().select(ClusterRange{HostCluster(1), 1});
    const auto clusters = document.census()->map.clusters();
    QCOMPARE(qemu::io(path, {QStringLiteral("write 0 64k")}).exit, 0);
    QSignalSpy opened(&document, &ImageDocument::opened);
    document.reload();
    QVERIFY(opened.wait());
    QVERIFY(document.census()->map.clusters() > clusters);
    QVERIFY(document.selection().as<ClusterRange>());
}

void TestDocument::noticesThatTheFileChanged()
{
    ImageDocument document;
    const QString path = m_folder.create(QStringLiteral("watched.qcow2"));
    QVERIFY(openAndWait(document, path));
    QSignalSpy changed(&document, &ImageDocument::changedOnDisk);
    QCOMPARE(qemu::io(path, {QStringLiteral("write 0 64k")}).exit, 0);
    QVERIFY(changed.wait());
    document.reload();
    QVERIFY(waitForJobs());
    changed.clear();
    QVERIFY(!changed.wait(1200)); // what it has reloaded is not news
}

void TestDocument::editsOfOurOwnAreNoNews()
{
    ImageDocument document;
    const QString path = m_folder.create(QStringLiteral("edited.qcow2"));
    QVERIFY(openAndWait(document, path));
    QSignalSpy changed(&document, &ImageDocument::changedOnDisk);
    QSignalSpy opened(&document, &ImageDocument::opened);
    document.setEditing(true);
    QCOMPARE(qemu::io(path, {QStringLiteral("write 0 64k")}).exit, 0);
    QVERIFY(!changed.wait(1200));
    const std::uint64_t before = document.census()->map.clusters();
    document.setEditing(false);
    QVERIFY(opened.count() == 1 || opened.wait());
    QVERIFY(document.census()->map.clusters() > before);
    QVERIFY(!changed.wait(1200));
}

void TestDocument::callsBackWhenIdle()
{
    ImageDocument document;
    int calls = 0;
    document.whenIdle(&document, [&calls] { ++calls; });
    QCOMPARE(calls, 1); // nothing runs
    QVERIFY(openAndWait(document, m_folder.create(QStringLiteral("idle.qcow2"))));
    auto gone = std::make_unique<QObject>();
    document.reload();
    document.whenIdle(&document, [&] { calls += document.job() ? 100 : 1; });
    document.whenIdle(this, [&] { calls += document.job() ? 100 : 1; });
    document.whenIdle(gone.get(), [&calls] { calls += 100; });
    gone.reset();
    document.reload(); // in place of the first
    document.reload();
    QCOMPARE(calls, 1);
    QTRY_COMPARE(calls, 3);
}

void TestDocument::closeForgetsEverything()
{
    ImageDocument document;
    QVERIFY(openAndWait(document, m_folder.create(QStringLiteral("closed.qcow2"))));
    document.selection().select(RefblockSelection{0});
    QSignalSpy closed(&document, &ImageDocument::closed);
    document.close();
    QCOMPARE(closed.count(), 1);
    QVERIFY(!document.image());
    QVERIFY(document.path().isEmpty());
    QVERIFY(std::holds_alternative<std::monostate>(document.selection().current()));
    QVERIFY(!document.selection().canGoBack());
}

void TestDocument::selectionHasAHistory()
{
    Selection selection;
    selection.select(RefblockSelection{1});
    selection.select(RefblockSelection{2});
    selection.select(ClusterRange{HostCluster(3), 1});
    selection.back();
    QCOMPARE(selection.as<RefblockSelection>()->reftableIndex, std::uint64_t{2});
    selection.back();
    QCOMPARE(selection.as<RefblockSelection>()->reftableIndex, std::uint64_t{1});
    selection.forward();
    QCOMPARE(selection.as<RefblockSelection>()->reftableIndex, std::uint64_t{2});
    selection.select(RefblockSelection{9});
    QVERIFY(!selection.canGoForward());
    selection.back();
    QCOMPARE(selection.as<RefblockSelection>()->reftableIndex, std::uint64_t{2});
}

void TestDocument::selectionStaysQuietWhenNothingChanges()
{
    Selection selection;
    QSignalSpy changed(&selection, &Selection::changed);
    selection.select(ClusterRange{HostCluster(3), 2});
    selection.select(ClusterRange{HostCluster(3), 2});
    QCOMPARE(changed.count(), 1);
    selection.forward();
    QCOMPARE(changed.count(), 1);
}

void TestDocument::nudgesFillNoHistory()
{
    Selection selection;
    selection.select(RefblockSelection{1});
    for (std::uint64_t i = 0; i < 10; ++i)
        selection.select(ClusterRange{HostCluster(i), 1}, Selection::Step::Nudge);
    selection.back();
    QVERIFY(selection.as<RefblockSelection>());
}

void TestDocument::findsTheClustersOfWhatIsSelected()
{
    ImageDocument document;
    QVERIFY(openAndWait(
        document, m_folder.createWithSnapshots(QStringLiteral("where.qcow2"), 2, QStringLiteral("cluster_size=4096"))));
    const Image& image = *document.image();
    const auto owner = [&](const Selection::Value& value) {
        const auto clusters = selectedClusters(value, image);
        return clusters ? std::optional(document.census()->map.owner(clusters->first)) : std::nullopt;
    };
    QCOMPARE(owner(RefblockSelection{0}), ClusterOwner::Refblock);
    QCOMPARE(owner(SnapshotSelection{1}), ClusterOwner::SnapshotL1);
    QCOMPARE(owner(FieldSelection{Structure::Header, 0, HostOffset(0), 3}), ClusterOwner::Header);
    QCOMPARE(owner(RefblockSelection{1U << 30}), std::nullopt);
    QCOMPARE(owner(SnapshotSelection{2}), std::nullopt);
    QCOMPARE(owner(GuestRange{GuestOffset(0), 4096, {}}), ClusterOwner::Data);
    QCOMPARE(owner(GuestRange{GuestOffset(0), 4096, 1}), ClusterOwner::Data);
    QCOMPARE(owner(GuestRange{GuestOffset(512 << 10), 4096, {}}), ClusterOwner::CompressedData);
    QCOMPARE(owner(GuestRange{GuestOffset(1 << 20), 4096, {}}), std::nullopt);
    QCOMPARE(owner(GuestRange{GuestOffset(0), 4096, 2}), std::nullopt);
    // Neighbours in the file are one range of clusters; what the snapshots share is in one place.
    QCOMPARE(selectedClusters(GuestRange{GuestOffset(32 << 10), 16 << 10, {}}, image)->count, std::uint64_t{4});
    QVERIFY(selectedClusters(GuestRange{GuestOffset(32 << 10), 4096, {}}, image)
        == selectedClusters(GuestRange{GuestOffset(32 << 10), 4096, 0}, image));
    QVERIFY(selectedClusters(GuestRange{GuestOffset(0), 4096, {}}, image)
        != selectedClusters(GuestRange{GuestOffset(0), 4096, 0}, image));
    QCOMPARE(owner(std::monostate()), std::nullopt);
    QCOMPARE(selectedClusters(ByteRange{HostOffset(4095), 2}, image), (ClusterRange{HostCluster(0), 2}));
}

void TestDocument::findsTheBytesOfWhatIsSelected()
{
    ImageDocument document;
    QVERIFY(openAndWait(document, m_folder.create(QStringLiteral("bytes.qcow2"))));
    const Image& image = *document.image();
    const auto bytes = [&](const Selection::Value& value) { return selectedBytes(value, image).value(); };
    QCOMPARE(bytes(ByteRange{HostOffset(1), 3}), (ByteRange{HostOffset(1), 3}));
    QCOMPARE(bytes(ClusterRange{HostCluster(2), 3}), (ByteRange{HostOffset(8192), 12288}));
    QCOMPARE(bytes(FieldSelection{Structure::Header, 0, HostOffset(0), 1}), (ByteRange{HostOffset(4), 4}));
    QCOMPARE(bytes(RefblockSelection{0}), (ByteRange{*image.usableRefblock(0), 4096}));
    // A place that 64 bits do not hold is cut, not wrapped.
    const ByteRange far = bytes(ClusterRange{HostCluster(UINT64_MAX), UINT64_MAX});
    QVERIFY(far.count >= 1 && far.first.value() + far.count > far.first.value());
    QVERIFY(!selectedBytes(BitmapSelection{0}, image));
}

void TestDocument::printsNumbersForPeople()
{
    QCOMPARE(formatCount(1234567), QStringLiteral("1,234,567"));
    QCOMPARE(formatBytes(0), QStringLiteral("0 B"));
    QCOMPARE(formatBytes(1023), QStringLiteral("1,023 B").remove(u','));
    QCOMPARE(formatBytes(65536), QStringLiteral("64 KiB"));
    QCOMPARE(formatBytes(1536), QStringLiteral("1.5 KiB"));
    QCOMPARE(formatBytes(100ULL << 30), QStringLiteral("100 GiB"));
    QCOMPARE(formatBytes(~0ULL), QStringLiteral("16 EiB"));
    QCOMPARE(formatOffset(HostOffset(0x4d20000)), QStringLiteral("0x4d20000"));
    QCOMPARE(formatPercent(0, 7), QStringLiteral("0 %"));
    QCOMPARE(formatPercent(1, 1000), QStringLiteral("< 1 %"));
    QCOMPARE(formatPercent(999, 1000), QStringLiteral("> 99 %"));
    QCOMPARE(formatPercent(7, 7), QStringLiteral("100 %"));
}

QTEST_MAIN(TestDocument)
#include "tst_document.moc"
