// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/integration/cli.h"
#include "tests/support/expect.h"

#include <QTemporaryDir>

using namespace cowscope;
using namespace cowscope::test;

/// The command on a file system that is full, and under a limit on the size of files: an edit that finds no room ends
/// in the old image and its length.
class FullDiskTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void aFullFileSystemLeavesTheOldImage_data() { eachEdit(); }
    void aFullFileSystemLeavesTheOldImage();
    void aLimitOnTheSizeOfFilesLeavesTheOldImage_data() { eachEdit(); }
    void aLimitOnTheSizeOfFilesLeavesTheOldImage();

private:
    static void eachEdit();
    void judge(const ProgramRun& run, const QString& result);

    QTemporaryDir m_folder;
    QString m_image; ///< without free clusters
    QByteArray m_contents;
    QByteArray m_snapshot;
};

void FullDiskTest::initTestCase()
{
    REQUIRE_QEMU();
    m_image = m_folder.filePath("image.qcow2");
    QCOMPARE(qemu::img({"create", "-q", "-f", "qcow2", "-o", "cluster_size=512", m_image, "512k"}).exit, 0);
    QCOMPARE(qemu::io(m_image, {"write -P 5 0 200k"}).exit, 0);
    QCOMPARE(qemu::img({"snapshot", "-c", "s", m_image}).exit, 0);
    QCOMPARE(qemu::io(m_image, {"write -P 6 0 20k"}).exit, 0);
    m_contents = qemu::contentHash(m_image);
    m_snapshot = qemu::contentHash(m_image, "s");
    QVERIFY(!m_contents.isEmpty() && !m_snapshot.isEmpty());
}

void FullDiskTest::eachEdit()
{
    QTest::addColumn<QStringList>("arguments");
    const auto add = [](const QStringList& arguments) { QTest::newRow(qPrintable(arguments.join(' '))) << arguments; };
    add({"amend", "-o", "refcount_bits=64", "IMAGE"});
    add({"snapshot", "-c", "new", "IMAGE"});
    add({"snapshot", "-a", "s", "IMAGE"});
    add({"resize", "IMAGE", "1G"});
    add({"io", "-c", "write -P 7 300k 200k", "IMAGE"});
}

void FullDiskTest::judge(const ProgramRun& run, const QString& result)
{
    QCOMPARE(run.exit, 1);
    const QByteArray said = run.out + run.err; // of io the failure of a command goes where its results go
    QVERIFY2(said.contains("No space left") || said.contains("too large"), said);
    QCOMPARE(QFileInfo(result).size(), QFileInfo(m_image).size());
    QCOMPARE(qemu::checkExit(result), qemu::checkExit(m_image));
    QCOMPARE(qemu::contentHash(result), m_contents);
    QCOMPARE(qemu::contentHash(result, "s"), m_snapshot);
}

/// The file system lives in a namespace of its own; a second file fills what the image leaves.
void FullDiskTest::aFullFileSystemLeavesTheOldImage()
{
    QFETCH(QStringList, arguments);
    const QString mount = m_folder.filePath("small");
    const QString result = m_folder.filePath("result.qcow2");
    QVERIFY(QDir().mkpath(mount));
    QFile::remove(result);
    arguments.replaceInStrings("IMAGE", "image.qcow2");
    const auto bytes = (QFileInfo(m_image).size() + 4095) / 4096 * 4096 + 8192;
    const QString script = QStringLiteral(
        "mount -t tmpfs -o size=%1 tmpfs \"$1\" || exit 77; cp --sparse=never \"$2\" \"$1\" && cd \"$1\""
        " || exit 77; cat /dev/zero > filler 2>&-; out=$3; shift 3; \"$@\"; code=$?; cp image.qcow2 \"$out\"; exit "
        "$code")
                               .arg(bytes);
    const ProgramRun run = runProgram(
        "unshare", QStringList{"-r", "-m", "sh", "-c", script, "sh", mount, m_image, result, COWSCOPE_CLI} + arguments);
    if (run.exit == 77 || run.exit == -1 || !QFile::exists(result))
        QSKIP("A small file system cannot be mounted here");
    judge(run, result);
}

void FullDiskTest::aLimitOnTheSizeOfFilesLeavesTheOldImage()
{
    QFETCH(QStringList, arguments);
    const QString result = m_folder.filePath("limited.qcow2");
    QFile::remove(result);
    QVERIFY(QFile::copy(m_image, result));
    arguments.replaceInStrings("IMAGE", result);
    const QString limit = QStringLiteral("--fsize=%1").arg(QFileInfo(m_image).size());
    const ProgramRun run = runProgram("prlimit", QStringList{limit, COWSCOPE_CLI} + arguments);
    if (run.exit == -1 && run.err.isEmpty())
        QSKIP("prlimit is not installed");
    judge(run, result);
}

QTEST_GUILESS_MAIN(FullDiskTest)
#include "full_disk_test.moc"
