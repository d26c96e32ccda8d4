// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/integration/cli.h"
#include "tests/integration/corpus.h"

#include <QJsonArray>
#include <QTemporaryDir>

using namespace cowscope;
using test::ProgramRun;

namespace
{

void copyFolder(const QString& from, const QString& to)
{
    for (const QString& name : QDir(from).entryList(QDir::Files))
        QFile::copy(from + '/' + name, to + '/' + name);
    for (const QString& name : QDir(to).entryList(QDir::Files))
        QFile::setPermissions(to + '/' + name, QFile::ReadOwner | QFile::WriteOwner);
}

} // namespace

/// Amends of compat level, width and the rest on every sound image of the corpus, judged by qemu-img.
class AmendOptionsTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void init() { m_folder = std::make_unique<QTemporaryDir>(); }
    void downAndUpKeepsEveryDisk_data() { rows(); }
    void downAndUpKeepsEveryDisk();
    void splitsToOneBitAndUndoes_data() { rows(); }
    void splitsToOneBitAndUndoes();
    void changesTheBackingFileAsRebaseDoes();
    void listsItsOptions();
    void refusesWhatItCannotDo_data();
    void refusesWhatItCannotDo();

private:
    void rows();
    bool fetch(const QString& folder);
    ProgramRun ours(const QStringList& arguments) const { return test::cli(arguments, m_folder->path()); }
    QJsonObject info() const;
    QList<QByteArray> disks() const;
    void isSound(const QList<QByteArray>& wanted) const;

    test::Corpus m_corpus;
    std::unique_ptr<QTemporaryDir> m_folder;
    QString m_image;
};

void AmendOptionsTest::initTestCase()
{
    REQUIRE_QEMU();
    REQUIRE_CORPUS(m_corpus);
}

void AmendOptionsTest::rows()
{
    QTest::addColumn<QString>("folder");
    m_corpus.addRows("clean");
}

/// A copy of the case; false for what cannot be asked for contents: encrypted images, and those of large disks.
bool AmendOptionsTest::fetch(const QString& folder)
{
    const QJsonObject expected = m_corpus.expected(folder);
    m_image = expected["image"].toString();
    if (!m_image.endsWith(".qcow2") || expected.contains("secret"))
        return false;
    copyFolder(folder, m_folder->path());
    return info()["virtual-size"].toDouble() <= 64.0 * 1024 * 1024;
}

QJsonObject AmendOptionsTest::info() const
{
    return test::qemu::img({"info", "-U", "--output=json", m_image}, m_folder->path()).json().object();
}

/// Hashes of the active disk and of every snapshot, as the reference tool reads them.
QList<QByteArray> AmendOptionsTest::disks() const
{
    const QString path = m_folder->filePath(m_image);
    QList<QByteArray> hashes{test::qemu::contentHash(path)};
    for (const auto& snapshot : info()["snapshots"].toArray())
        hashes << test::qemu::contentHash(path, snapshot.toObject()["name"].toString());
    return hashes;
}

void AmendOptionsTest::isSound(const QList<QByteArray>& wanted) const
{
    const ProgramRun theirs = test::qemu::img({"check", m_image}, m_folder->path());
    QVERIFY2(theirs.exit == 0, theirs.out + theirs.err);
    const ProgramRun check = ours({"check", m_image});
    QVERIFY2(check.exit == 0, check.out + check.err);
    QVERIFY2(disks() == wanted, "a disk or a snapshot holds something else");
}

void AmendOptionsTest::downAndUpKeepsEveryDisk()
{
    QFETCH(QString, folder);
    if (!fetch(folder))
        QSKIP("contents cannot be compared");
    const QList<QByteArray> before = disks();
    const QJsonObject data = info()["format-specific"].toObject()["data"].toObject();
    const ProgramRun plan = ours({"amend", "-o", "compat=0.10", "--plan", m_image});
    const ProgramRun down = ours({"amend", "-o", "compat=0.10", m_image});
    QCOMPARE(plan.exit, down.exit);
    if (down.exit != 0) {
        QVERIFY2(down.err.contains("Cannot amend the image") || down.err.contains("marked"), down.err);
        // Refused only for what version 2 cannot say.
        const bool reason = data["extended-l2"].toBool() || data.contains("data-file")
            || data["compression-type"].toString() == "zstd" || data.contains("bitmaps")
            || down.err.contains("Snapshot") || down.err.contains("dirty") || down.err.contains("compatible features")
            || down.err.contains("do not fit 16") || down.err.contains("fields that are not known");
        QVERIFY2(reason, down.err);
        isSound(before);
        return;
    }
    QCOMPARE(info()["format-specific"].toObject()["data"].toObject()["compat"].toString(), QString("0.10"));
    isSound(before);
    const ProgramRun up = ours({"amend", "-o", "compat=1.1,refcount_bits=64,lazy_refcounts=on", m_image});
    QVERIFY2(up.exit == 0, up.err);
    const QJsonObject after = info()["format-specific"].toObject()["data"].toObject();
    QCOMPARE(after["compat"].toString(), QString("1.1"));
    QCOMPARE(after["refcount-bits"].toInt(), 64);
    QVERIFY(after["lazy-refcounts"].toBool());
    isSound(before);
}

void AmendOptionsTest::splitsToOneBitAndUndoes()
{
    QFETCH(QString, folder);
    if (!fetch(folder) || info()["format-specific"].toObject()["data"].toObject()["compat"].toString() == "0.10")
        QSKIP("contents cannot be compared, or version 2");
    const int bits = info()["format-specific"].toObject()["data"].toObject()["refcount-bits"].toInt();
    if (bits == 1)
        QSKIP("has 1 bit counts");
    const QList<QByteArray> before = disks();
    const ProgramRun split = ours({"amend", "-o", "refcount_bits=1", "--split-shared", "--output=json", m_image});
    if (split.exit != 0) {
        QVERIFY2(
            split.err.contains("dirty") || split.err.contains("Repair") || split.err.contains("data file"), split.err);
        return;
    }
    isSound(before);
    QCOMPARE(info()["format-specific"].toObject()["data"].toObject()["refcount-bits"].toInt(), 1);
    if (split.json()["clusters-copied"].toInt() > 0)
        return;
    const ProgramRun undone = ours({"amend", "--undo", "-o", QStringLiteral("refcount_bits=%1").arg(bits), m_image});
    QVERIFY2(undone.exit == 0, undone.err);
    QCOMPARE(info()["format-specific"].toObject()["data"].toObject()["refcount-bits"].toInt(), bits);
    isSound(before);
}

void AmendOptionsTest::changesTheBackingFileAsRebaseDoes()
{
    m_image = "top.qcow2";
    const auto theirs = [this](const QStringList& arguments) { return test::qemu::img(arguments, m_folder->path()); };
    QCOMPARE(theirs({"create", "-q", "-f", "raw", "one.raw", "1M"}).exit, 0);
    QCOMPARE(theirs({"create", "-q", "-f", "qcow2", "two.qcow2", "1M"}).exit, 0);
    QCOMPARE(theirs({"create", "-q", "-f", "qcow2", "-b", "one.raw", "-F", "raw", m_image}).exit, 0);
    const ProgramRun changed = ours({"amend", "-o", "backing_file=two.qcow2,backing_fmt=qcow2", m_image});
    QVERIFY2(changed.exit == 0, changed.err);
    QCOMPARE(info()["backing-filename"].toString(), QString("two.qcow2"));
    QCOMPARE(info()["backing-filename-format"].toString(), QString("qcow2"));
    QCOMPARE(test::qemu::checkExit(m_folder->filePath(m_image)), 0);
    QCOMPARE(ours({"amend", "-o", "backing_file=", m_image}).exit, 0);
    QVERIFY(!info().contains("backing-filename"));
    QCOMPARE(test::qemu::checkExit(m_folder->filePath(m_image)), 0);
    QCOMPARE(ours({"amend", "-o", "size=5M", m_image}).exit, 0);
    QCOMPARE(info()["virtual-size"].toInt(), 5 << 20);
    QCOMPARE(test::qemu::checkExit(m_folder->filePath(m_image)), 0);
}

void AmendOptionsTest::listsItsOptions()
{
    const ProgramRun help = ours({"amend", "-o", "help"});
    QCOMPARE(help.exit, 0);
    for (const char* name : {"backing_file", "compat", "lazy_refcounts", "refcount_bits", "size"})
        QVERIFY2(help.out.contains(name), name);
}

void AmendOptionsTest::refusesWhatItCannotDo_data()
{
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<QByteArray>("part");
    QTest::newRow("unknown") << QStringList{"-o", "colour=red"} << QByteArray("Cannot amend 'colour'");
    QTest::newRow("nothing") << QStringList{} << QByteArray("Nothing to amend");
    QTest::newRow("compat") << QStringList{"-o", "compat=2.0"} << QByteArray("0.10 (v2) or 1.1 (v3)");
    QTest::newRow("width for version 2") << QStringList{"-o", "compat=0.10,refcount_bits=8"}
                                         << QByteArray("refcount_bits=16");
    QTest::newRow("smaller") << QStringList{"-o", "size=1M"} << QByteArray("resize --shrink");
    QTest::newRow("format without a file")
        << QStringList{"-o", "backing_fmt=raw"} << QByteArray("needs a backing file");
    QTest::newRow("nothing to undo") << QStringList{"--undo"} << QByteArray("no intact refcount structures");
}

void AmendOptionsTest::refusesWhatItCannotDo()
{
    QFETCH(QStringList, arguments);
    QFETCH(QByteArray, part);
    QCOMPARE(ours({"create", "image.qcow2", "4M"}).exit, 0);
    const auto before = test::readFile(m_folder->filePath("image.qcow2"));
    const ProgramRun refused = ours(QStringList{"amend"} + arguments + QStringList{"image.qcow2"});
    QCOMPARE(refused.exit, 1);
    QVERIFY2(refused.err.contains(part), refused.err);
    QVERIFY(test::readFile(m_folder->filePath("image.qcow2")) == before);
}

QTEST_GUILESS_MAIN(AmendOptionsTest)
#include "amend_options_test.moc"
