// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/header/header_commit.h"
#include "core/edit/image/raw_refcount.h"
#include "core/edit/session/edit_session.h"
#include "core/edit/session/edits.h"
#include "core/storage/file_storage.h"
#include "core/storage/memory_storage.h"
#include "tests/support/expect.h"
#include "tests/support/qemu_oracle.h"

#include <QJsonArray>
#include <QJsonObject>
#include <QTemporaryDir>

using namespace cowscope;
using namespace cowscope::test;

namespace
{

std::shared_ptr<Storage> writable(const QString& path)
{
    auto storage = FileStorage::open(path.toStdString(), Access::ReadWrite);
    return storage ? std::shared_ptr<Storage>(std::move(*storage)) : nullptr;
}

QJsonObject info(const QString& path)
{
    return qemu::img({"info", "-U", "--output=json", path}).json().object();
}

QJsonObject data(const QString& path)
{
    return info(path)["format-specific"].toObject()["data"].toObject();
}

QJsonObject check(const QString& path)
{
    return qemu::img({"check", "-U", "--output=json", path}).json().object();
}

} // namespace

/// Headers and counts changed by hand, as qemu-img sees them.
class HeaderEditJudgedTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { REQUIRE_QEMU(); }
    void init();
    void showsTheChangedFields();
    void aDirtyImageIsNotRepairedUnasked();
    void clearsBitmapsAndBringsThemBack();
    void aRawCountGetsTheVerdictThatWasForecast_data();
    void aRawCountGetsTheVerdictThatWasForecast();
    void previewWritesNothing();
    void isRefusedWhileQemuHoldsTheImage();

private:
    QString create(const QString& options) const;
    Result<HeaderChange> edited(const HeaderEdit& edit) const;

    std::unique_ptr<QTemporaryDir> m_folder;
    QString m_path;
};

void HeaderEditJudgedTest::init()
{
    m_folder = std::make_unique<QTemporaryDir>();
    m_path = create("compat=1.1");
    QVERIFY(!m_path.isEmpty());
}

QString HeaderEditJudgedTest::create(const QString& options) const
{
    const QString base = m_folder->filePath("base.raw");
    const QString path = m_folder->filePath("disk.qcow2");
    const bool good = qemu::img({"create", "-q", "-f", "raw", base, "4M"}).exit == 0
        && qemu::img({"create", "-q", "-f", "raw", m_folder->filePath("other.raw"), "4M"}).exit == 0
        && qemu::img({"create", "-q", "-f", "qcow2", "-o", options, "-b", "base.raw", "-F", "raw", path, "4M"}).exit
            == 0
        && qemu::io(path, {"write -P 7 0 300k"}).exit == 0;
    return good ? path : QString();
}

Result<HeaderChange> HeaderEditJudgedTest::edited(const HeaderEdit& edit) const
{
    return applyHeaderEdit(writable(m_path), edit, {}, {});
}

void HeaderEditJudgedTest::showsTheChangedFields()
{
    const QByteArray contents = qemu::contentHash(m_path);
    HeaderEdit edit;
    edit.features = {{kLazyRefcountsBit, true}, {kCorruptBit, true}};
    edit.backingFile.emplace("other.raw");
    const auto change = edited(edit);
    VERIFY_OK(change);
    QVERIFY(data(m_path)["lazy-refcounts"].toBool());
    QVERIFY(data(m_path)["corrupt"].toBool());
    QCOMPARE(info(m_path)["backing-filename"].toString(), QString("other.raw"));
    QCOMPARE(info(m_path)["backing-filename-format"].toString(), QString("raw"));
    VERIFY_OK(undoHeaderEdit(writable(m_path), *change, {}));
    QVERIFY(!data(m_path)["lazy-refcounts"].toBool());
    QVERIFY(!data(m_path)["corrupt"].toBool());
    QCOMPARE(info(m_path)["backing-filename"].toString(), QString("base.raw"));
    QCOMPARE(qemu::checkExit(m_path), 0);
    QCOMPARE(qemu::contentHash(m_path), contents);
}

void HeaderEditJudgedTest::aDirtyImageIsNotRepairedUnasked()
{
    HeaderEdit mark;
    mark.features = {{kDirtyBit, true}};
    VERIFY_OK(edited(mark));
    QVERIFY(info(m_path)["dirty-flag"].toBool());
    const Bytes marked = readFile(m_path);
    HeaderEdit edit;
    edit.features = {{kLazyRefcountsBit, true}};
    VERIFY_OK(edited(edit));
    Bytes wanted = marked;
    put64(wanted, 80, 1);
    QVERIFY(readFile(m_path) == wanted);
    QVERIFY(info(m_path)["dirty-flag"].toBool());
    mark.features = {{kDirtyBit, false}};
    VERIFY_OK(edited(mark));
    QVERIFY(!info(m_path)["dirty-flag"].toBool());
    QCOMPARE(qemu::checkExit(m_path), 0);
}

void HeaderEditJudgedTest::clearsBitmapsAndBringsThemBack()
{
    QCOMPARE(qemu::img({"bitmap", "--add", m_path, "b0"}).exit, 0);
    QCOMPARE(data(m_path)["bitmaps"].toArray().size(), 1);
    HeaderEdit edit;
    edit.features = {{kBitmapsBit, false}};
    const auto change = edited(edit);
    VERIFY_OK(change);
    QCOMPARE(data(m_path)["bitmaps"].toArray().size(), 0);
    QCOMPARE(qemu::checkExit(m_path), 3); // leaks, as the note says
    VERIFY_OK(undoHeaderEdit(writable(m_path), *change, {}));
    QCOMPARE(data(m_path)["bitmaps"].toArray().size(), 1);
    QCOMPARE(qemu::checkExit(m_path), 0);
}

void HeaderEditJudgedTest::aRawCountGetsTheVerdictThatWasForecast_data()
{
    QTest::addColumn<unsigned>("bits");
    for (unsigned order = 0; order <= 6; ++order)
        QTest::addRow("%u bits", 1U << order) << (1U << order);
}

void HeaderEditJudgedTest::aRawCountGetsTheVerdictThatWasForecast()
{
    QFETCH(unsigned, bits);
    m_path = create(QString("refcount_bits=%1").arg(bits));
    QVERIFY(!m_path.isEmpty());
    // A snapshot that comes and goes leaves free clusters in the file.
    QVERIFY(bits == 1 || qemu::img({"snapshot", "-c", "one", m_path}).exit == 0);
    QVERIFY(bits == 1 || qemu::img({"snapshot", "-d", "one", m_path}).exit == 0);
    const auto image = Image::open(std::make_shared<MemoryStorage>(readFile(m_path)), {}); // holds no lock
    VERIFY_OK(image);
    const auto census = takeCensus(**image, {});
    VERIFY_OK(census);
    HostCluster used(0);
    while ((*census)->map.owner(used) != ClusterOwner::Data)
        ++used;
    HostCluster free = used;
    while (free.value() < (*census)->map.clusters() && (*census)->map.refcount(free) != 0)
        ++free;
    QCOMPARE(free.value() < (*census)->map.clusters(), bits > 1); // at 1 bit behind the end of the file
    const RawRefcountChange lost{used, 1, 0};
    const RawRefcountChange leaked{free, 0, 1};
    for (const RawRefcountChange& change : {lost, leaked}) {
        const auto said = forecastRawRefcount(**image, census->get(), change);
        VERIFY_OK(said);
        VERIFY_OK(writeRawRefcount(writable(m_path), change, {}));
        const QJsonObject found = check(m_path);
        QCOMPARE(found["corruptions"].toInt() > 0, said->verdict == CountForecast::TooLow);
        QCOMPARE(found["leaks"].toInt() > 0, said->verdict == CountForecast::Leak);
        VERIFY_OK(writeRawRefcount(writable(m_path), {change.cluster, change.after, change.before}, {}));
        QCOMPARE(qemu::checkExit(m_path), 0);
    }
}

void HeaderEditJudgedTest::previewWritesNothing()
{
    const Bytes before = readFile(m_path);
    EditSession session(writable(m_path));
    HeaderEdit edit;
    edit.features = {{kLazyRefcountsBit, true}};
    const auto preview = session.preview(headerEdit(edit, {}), {});
    VERIFY_OK(preview);
    QVERIFY(readFile(m_path) == before);
    QVERIFY(preview->isSound());
    QVERIFY(preview->after.image->header().hasLazyRefcounts());
    QCOMPARE(preview->bytesWritten(), 512U);
    VERIFY_OK(session.commit(*preview, {}));
    QVERIFY(data(m_path)["lazy-refcounts"].toBool());
}

void HeaderEditJudgedTest::isRefusedWhileQemuHoldsTheImage()
{
    const qemu::Holder holder(m_path);
    QVERIFY(holder.holds());
    VERIFY_ERROR(FileStorage::open(m_path.toStdString(), Access::ReadWrite), ErrorKind::InUse);
}

QTEST_GUILESS_MAIN(HeaderEditJudgedTest)
#include "header_edit_test.moc"
