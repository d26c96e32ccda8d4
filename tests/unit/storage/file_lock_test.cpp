// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/storage/file_storage.h"
#include "tests/support/expect.h"
#include "tests/support/qemu_oracle.h"

#include <QTemporaryDir>

using namespace cowscope;

class FileLockTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void readersShareAnImage();
    void writersExcludeEachOther();
    void aReaderIsRefusedWhileAWriterHolds();
    void aWriterIsRefusedWhileAReaderHolds();
    void refusalNamesTheFileAndSaysWhatToDo();
    void closingGivesTheLockBack();
    void unlockingGivesTheLockBackEarly();
    void unlockedReadingAsksNobody();
    void anImageThatQemuWritesIsRefused();
    void qemuRefusesAnImageThatIsHeldForWriting();
    void qemuReadsAnImageThatIsHeldForReading();

private:
    auto open(Access access, Sharing sharing = Sharing::Locked)
    {
        return FileStorage::open(m_path.toStdString(), access, sharing);
    }

    QTemporaryDir m_folder;
    QString m_path;
    int m_number = 0;
};

void FileLockTest::init()
{
    m_path = m_folder.filePath(QString::number(++m_number));
    QVERIFY(test::writeFile(m_path, test::bytesOf("an image")));
}

void FileLockTest::readersShareAnImage()
{
    const auto first = open(Access::ReadOnly);
    const auto second = open(Access::ReadOnly);
    VERIFY_OK(first);
    VERIFY_OK(second);
}

void FileLockTest::writersExcludeEachOther()
{
    const auto first = open(Access::ReadWrite);
    VERIFY_OK(first);
    VERIFY_ERROR(open(Access::ReadWrite), ErrorKind::InUse);
}

void FileLockTest::aReaderIsRefusedWhileAWriterHolds()
{
    const auto writer = open(Access::ReadWrite);
    VERIFY_OK(writer);
    VERIFY_ERROR(open(Access::ReadOnly), ErrorKind::InUse);
}

void FileLockTest::aWriterIsRefusedWhileAReaderHolds()
{
    const auto reader = open(Access::ReadOnly);
    VERIFY_OK(reader);
    VERIFY_ERROR(open(Access::ReadWrite), ErrorKind::InUse);
}

void FileLockTest::refusalNamesTheFileAndSaysWhatToDo()
{
    const auto first = open(Access::ReadWrite);
    const auto second = open(Access::ReadWrite);
    VERIFY_ERROR(second, ErrorKind::InUse);
    QCOMPARE(second.error().path, m_path.toStdString());
    QVERIFY(!second.error().next.empty());
}

void FileLockTest::closingGivesTheLockBack()
{
    VERIFY_OK(open(Access::ReadWrite));
    VERIFY_OK(open(Access::ReadWrite));
}

void FileLockTest::unlockingGivesTheLockBackEarly()
{
    const auto reader = open(Access::ReadOnly);
    VERIFY_OK(reader);
    (*reader)->unlock();
    VERIFY_OK(open(Access::ReadWrite));
}

void FileLockTest::unlockedReadingAsksNobody()
{
    const auto writer = open(Access::ReadWrite);
    VERIFY_OK(writer);
    VERIFY_OK(open(Access::ReadOnly, Sharing::Unlocked));
}

void FileLockTest::anImageThatQemuWritesIsRefused()
{
    REQUIRE_QEMU();
    QCOMPARE(test::qemu::img({"create", "-q", "-f", "qcow2", m_path, "1M"}).exit, 0);
    {
        const test::qemu::Holder holder(m_path);
        QVERIFY(holder.holds());
        const auto writer = open(Access::ReadWrite);
        VERIFY_ERROR(writer, ErrorKind::InUse);
        QVERIFY2(QByteArray::fromStdString(writer.error().what).contains("qemu-io"), test::why(writer).constData());
        VERIFY_ERROR(open(Access::ReadOnly), ErrorKind::InUse);
    }
    VERIFY_OK(open(Access::ReadWrite));
}

void FileLockTest::qemuRefusesAnImageThatIsHeldForWriting()
{
    REQUIRE_QEMU();
    QCOMPARE(test::qemu::img({"create", "-q", "-f", "qcow2", m_path, "1M"}).exit, 0);
    auto writer = open(Access::ReadWrite);
    VERIFY_OK(writer);
    const auto info = test::qemu::img({"info", m_path});
    QCOMPARE(info.exit, 1);
    QVERIFY2(info.err.contains("lock"), info.err.constData());
    writer->reset();
    QCOMPARE(test::qemu::img({"info", m_path}).exit, 0);
}

void FileLockTest::qemuReadsAnImageThatIsHeldForReading()
{
    REQUIRE_QEMU();
    QCOMPARE(test::qemu::img({"create", "-q", "-f", "qcow2", m_path, "1M"}).exit, 0);
    const auto reader = open(Access::ReadOnly);
    VERIFY_OK(reader);
    QCOMPARE(test::qemu::img({"info", m_path}).exit, 0);
    QVERIFY(test::qemu::io(m_path, {"write 0 64k"}).exit != 0);
}

QTEST_GUILESS_MAIN(FileLockTest)
#include "file_lock_test.moc"
