// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/session/edit_session.h"

#include "core/edit/amend/amend_image.h"
#include "core/edit/image/resize.h"
#include "core/edit/session/edits.h"
#include "core/storage/file_storage.h"
#include "core/storage/memory_storage.h"
#include "tests/support/damages.h"
#include "tests/support/expect.h"
#include "tests/support/snapshot_edits.h"

#include <QTemporaryDir>
#include <QtTest/QtTest>

using namespace cowscope;
using namespace cowscope::test;

namespace
{

struct Case {
    const char* name;
    Bytes image;
    cowscope::Edit edit;
    bool copiesContents = false; ///< which a preview leaves out
};

cowscope::Edit byEditor(const char* name, test::Edit work)
{
    return editorEdit(name, [work = std::move(work)](ImageEditor& editor, const TaskContext& task) -> Result<std::any> {
        auto done = work(editor, task);
        return done ? Result<std::any>(std::any()) : failed(done);
    });
}

AmendRequest toWidth(unsigned order, bool split)
{
    AmendRequest request;
    request.order = order;
    request.splitShared = split;
    return request;
}

AmendRequest toVersion(std::uint32_t version)
{
    AmendRequest request;
    request.version = version;
    return request;
}

Bytes damaged()
{
    BuiltImage image = mixed(12, 4);
    image.setCount(clusterOf(image, 3), 9); // leaks
    image.setCount(clusterOf(image, 5), 0); // and something worse
    return image.bytes;
}

Result<void> makeLazy(ImageEditor& editor, const TaskContext& task)
{
    Header header = editor.header();
    header.compatibleFeatures |= kCompatibleLazyRefcounts;
    editor.setHeader(header);
    return editor.commit(task);
}

std::vector<Case> cases()
{
    const auto resizedTo = [](std::uint64_t size) {
        return byEditor("resize",
            [size](ImageEditor& editor, const TaskContext& task) { return resizeDisk(editor, size, true, task); });
    };
    const Bytes image = mixed(12, 4).bytes;
    return {
        {"wider", image, widthEdit(6)},
        {"narrower", image, widthEdit(2)},
        {"split", mixed(12, 4, 2, true).bytes, amendEdit(toWidth(0, true)), true},
        {"compat 0.10", image, amendEdit(toVersion(2))},
        {"repair", damaged(), repairEdit(RepairMode::All)},
        {"repair leaks", damaged(), repairEdit(RepairMode::Leaks)},
        {"create a snapshot", image, byEditor("snapshot", creating())},
        {"create with copies", mixed(12, 1, 2).bytes, byEditor("snapshot", creating(OnOverflow::Copy))},
        {"apply a snapshot", image, byEditor("snapshot", applying("1"))},
        {"delete a snapshot", image, byEditor("snapshot", deleting("2"))},
        {"larger disk", image, resizedTo(std::uint64_t{1} << 30)},
        {"smaller disk", mixed(12, 4, 0).bytes, resizedTo(std::uint64_t{8} << 12)},
        {"header", image, byEditor("lazy refcounts", makeLazy)},
    };
}

Bytes contents(const Storage& storage)
{
    Bytes bytes(storage.size().value_or(0));
    return storage.read(0, bytes) ? bytes : Bytes();
}

} // namespace

class EditSessionTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void aCommitDoesWhatThePreviewSaid_data() { eachCase(); }
    void aCommitDoesWhatThePreviewSaid();
    void aDroppedPreviewLeavesTheFile_data() { eachCase(); }
    void aDroppedPreviewLeavesTheFile();
    void aPreviewCanBeCancelledAnywhere_data() { eachCase(); }
    void aPreviewCanBeCancelledAnywhere();
    void aCancelledCommitLeavesTheFile();
    void progressNeverRunsBackwards_data() { eachCase(); }
    void progressNeverRunsBackwards();
    void aFileThatChangedIsRefused();
    void holdsTheLocksUntilTheCommit();
    void severalPreviewsOneCommit();
    void tellsWhatIsWritten();
    void tellsOfHarm();

private:
    void eachCase();
    QString file(const Bytes& bytes);
    Bytes bytesOf(const QString& path);

    QTemporaryDir m_folder;
    int m_files = 0;
};

void EditSessionTest::eachCase()
{
    QTest::addColumn<std::size_t>("index");
    const std::vector<Case> all = cases();
    for (std::size_t i = 0; i < all.size(); ++i)
        QTest::newRow(all[i].name) << i;
}

QString EditSessionTest::file(const Bytes& bytes)
{
    const QString path = m_folder.filePath(QString::number(++m_files));
    QFile out(path);
    if (!out.open(QFile::WriteOnly) || out.write(reinterpret_cast<const char*>(bytes.data()), qint64(bytes.size())) < 0)
        qWarning("no file");
    return path;
}

Bytes EditSessionTest::bytesOf(const QString& path)
{
    auto storage = FileStorage::open(path.toStdString(), Access::ReadOnly, Sharing::Unlocked);
    return storage ? contents(**storage) : Bytes();
}

void EditSessionTest::aCommitDoesWhatThePreviewSaid()
{
    QFETCH(std::size_t, index);
    const Case tried = cases()[index];
    const auto memory = std::make_shared<MemoryStorage>(tried.image);
    EditSession session(memory);
    auto preview = session.preview(tried.edit, {});
    VERIFY_OK(preview);
    QVERIFY2(memory->bytes() == tried.image, "the preview wrote");
    QVERIFY(!preview->diff.isSame());
    QVERIFY(!preview->changesNothing());
    QVERIFY(preview->isSound());
    QCOMPARE(preview->fileBytesBefore(), std::uint64_t{tried.image.size()});
    const Bytes foretold = contents(preview->after.image->storage());

    VERIFY_OK(session.commit(*preview, {}));
    const Bytes& now = memory->bytes();
    QCOMPARE(preview->fileBytesAfter(), std::uint64_t{now.size()});
    if (!tried.copiesContents)
        QVERIFY2(foretold == now, "the file is not what the preview said");
    const auto image = Image::open(memory, {});
    VERIFY_OK(image);
    const auto wanted = Image::open(std::make_shared<MemoryStorage>(foretold), {});
    VERIFY_OK(wanted);
    const auto difference = compareMetadata(**wanted, **image, {});
    VERIFY_OK(difference);
    QVERIFY(difference->isSame());
    const auto census = takeCensus(**image, {});
    VERIFY_OK(census);
    QCOMPARE((*census)->corruptions, preview->after.census->corruptions);
    QCOMPARE((*census)->leaks, preview->after.census->leaks);
    for (std::uint64_t sector = 0; sector < now.size(); sector += 512) { // what changed is told
        const std::size_t length = std::min<std::size_t>(512, now.size() - sector);
        const bool same = sector + length <= tried.image.size()
            && std::equal(now.begin() + qint64(sector), now.begin() + qint64(sector + length),
                tried.image.begin() + qint64(sector));
        const bool told = std::ranges::any_of(preview->written, [sector](const StorageExtent& extent) {
            return sector >= extent.offset && sector < extent.offset + extent.length;
        });
        const bool zeros = std::all_of(now.begin() + qint64(sector), now.begin() + qint64(sector + length),
            [](std::byte each) { return each == std::byte{0}; });
        QVERIFY2(same || told || zeros, qPrintable(QStringLiteral("changed at %1").arg(sector)));
    }
}

void EditSessionTest::aDroppedPreviewLeavesTheFile()
{
    QFETCH(std::size_t, index);
    const Case tried = cases()[index];
    const QString path = file(tried.image);
    {
        auto storage = FileStorage::open(path.toStdString(), Access::ReadWrite);
        VERIFY_OK(storage);
        const EditSession session(std::move(*storage));
        VERIFY_OK(session.preview(tried.edit, {}));
    }
    QVERIFY(bytesOf(path) == tried.image);
    VERIFY_OK(FileStorage::open(path.toStdString(), Access::ReadWrite)); // nothing holds it any more
}

void EditSessionTest::aPreviewCanBeCancelledAnywhere()
{
    QFETCH(std::size_t, index);
    const Case tried = cases()[index];
    const auto memory = std::make_shared<MemoryStorage>(tried.image);
    const EditSession session(memory);
    for (int stopAt = 1;; ++stopAt) {
        std::stop_source stop;
        int reports = 0;
        const TaskContext task{stop.get_token(), [&](const Progress&) {
                                   if (++reports == stopAt)
                                       stop.request_stop();
                               }};
        const auto preview = session.preview(tried.edit, task);
        QVERIFY(memory->bytes() == tried.image);
        if (reports < stopAt) {
            VERIFY_OK(preview);
            QVERIFY(stopAt > 3);
            return;
        }
        if (!preview)
            VERIFY_ERROR(preview, ErrorKind::Cancelled);
    }
}

void EditSessionTest::aCancelledCommitLeavesTheFile()
{
    const BuiltImage image = mixed(12, 4);
    const auto memory = std::make_shared<MemoryStorage>(image.bytes);
    EditSession session(memory);
    const auto preview = session.preview(widthEdit(6), {});
    VERIFY_OK(preview);
    std::stop_source stop;
    const TaskContext task{stop.get_token(), [&](const Progress& progress) {
                               if (progress.phase == Phase::WriteRefblocks)
                                   stop.request_stop();
                           }};
    VERIFY_ERROR(session.commit(*preview, task), ErrorKind::Cancelled);
    QVERIFY(memory->bytes() == image.bytes);
    VERIFY_ERROR(session.commit(*preview, {}), ErrorKind::Refused); // its locks are gone
}

void EditSessionTest::progressNeverRunsBackwards()
{
    QFETCH(std::size_t, index);
    const Case tried = cases()[index];
    const EditSession session(std::make_shared<MemoryStorage>(tried.image));
    double share = 0;
    std::uint64_t done = 0;
    bool forwards = true;
    const TaskContext task{{}, [&](const Progress& progress) {
                               const double now
                                   = progress.total == 0 ? 0 : double(progress.done) / double(progress.total);
                               forwards = forwards && progress.done >= done && now >= share - 1e-9;
                               done = progress.done;
                               share = now;
                           }};
    VERIFY_OK(session.preview(tried.edit, task));
    QVERIFY(forwards);
}

void EditSessionTest::aFileThatChangedIsRefused()
{
    const BuiltImage image = mixed(12, 4);
    const QString path = file(image.bytes);
    auto storage = FileStorage::open(path.toStdString(), Access::ReadWrite);
    VERIFY_OK(storage);
    EditSession session(std::move(*storage));
    const auto preview = session.preview(widthEdit(6), {});
    VERIFY_OK(preview);
    QTest::qWait(20); // longer than a tick of the clock of files
    { // by a program that heeds no locks; the length stays
        auto other = FileStorage::open(path.toStdString(), Access::ReadWrite, Sharing::Unlocked);
        VERIFY_OK(other);
        VERIFY_OK((*other)->write(image.bytes.size() - 1, Bytes(1, image.bytes.back())));
    }
    const auto commit = session.commit(*preview, {});
    VERIFY_ERROR(commit, ErrorKind::Refused);
    QVERIFY(commit.error().text().find("changed") != std::string::npos);
    QVERIFY(bytesOf(path) == image.bytes);
}

void EditSessionTest::holdsTheLocksUntilTheCommit()
{
    const QString path = file(mixed(12, 4).bytes);
    const std::string name = path.toStdString();
    auto storage = FileStorage::open(name, Access::ReadWrite);
    VERIFY_OK(storage);
    EditSession session(std::move(*storage));
    const auto preview = session.preview(widthEdit(6), {});
    VERIFY_OK(preview);
    VERIFY_ERROR(FileStorage::open(name, Access::ReadWrite), ErrorKind::InUse);
    VERIFY_OK(session.commit(*preview, {}));
    VERIFY_OK(FileStorage::open(name, Access::ReadWrite)); // though the images of the preview still read the file
}

void EditSessionTest::severalPreviewsOneCommit()
{
    const auto memory = std::make_shared<MemoryStorage>(mixed(12, 4).bytes);
    EditSession session(memory);
    const auto dropped = session.preview(byEditor("snapshot", deleting("1")), {});
    VERIFY_OK(dropped);
    const auto taken = session.preview(byEditor("snapshot", creating()), {});
    VERIFY_OK(taken);
    QCOMPARE(taken->after.image->snapshots().size(), std::size_t{3});
    QVERIFY(taken->before.image == dropped->before.image); // looked at once
    VERIFY_OK(session.commit(*taken, {}));
    const auto image = Image::open(memory, {});
    VERIFY_OK(image);
    QCOMPARE((*image)->snapshots().size(), std::size_t{3});
}

void EditSessionTest::tellsWhatIsWritten()
{
    const EditSession session(std::make_shared<MemoryStorage>(mixed(12, 4).bytes));
    const auto preview = session.preview(widthEdit(6), {});
    VERIFY_OK(preview);
    const auto* plan = std::any_cast<AmendPlan>(&preview->outcome);
    QVERIFY(plan != nullptr);
    QCOMPARE(preview->clustersWritten(), plan->newClusters() + 1); // and the header
    QCOMPARE(preview->bytesWritten(), plan->newClusters() * 4096 + 512);
    QCOMPARE(preview->fileBytesAfter(), plan->fileBytesAfter);

    // Copies of contents are told, though a preview does not make them.
    const EditSession other(std::make_shared<MemoryStorage>(mixed(12, 4, 2, true).bytes));
    const auto split = other.preview(amendEdit(toWidth(0, true)), {});
    VERIFY_OK(split);
    QVERIFY(split->bytesWritten() >= std::any_cast<const AmendSummary&>(split->outcome).split.bytes);
}

void EditSessionTest::tellsOfHarm()
{
    const EditSession session(std::make_shared<MemoryStorage>(mixed(12, 4).bytes));
    const cowscope::Edit vandal{"vandalism", [](std::shared_ptr<Storage> storage, EditRun, const TaskContext&) {
                                    auto image = Image::open(storage, {});
                                    const Bytes zeros(4096);
                                    auto done = storage->write((*image)->usableRefblock(0)->value(), zeros);
                                    return done ? Result<std::any>(std::any()) : failed(done);
                                }};
    const auto preview = session.preview(vandal, {});
    VERIFY_OK(preview);
    QVERIFY(!preview->isSound());
    QVERIFY(preview->after.census->corruptions > 0);
}

QTEST_GUILESS_MAIN(EditSessionTest)
#include "edit_session_test.moc"
