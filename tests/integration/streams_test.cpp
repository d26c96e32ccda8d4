// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/integration/cli.h"

#include <QTemporaryDir>
#include <QtTest/QtTest>

using namespace cowscope::test;

/// The command with standard streams that are closed or cannot be written: no message gets into an image, none that is
/// lost changes what is done or the exit code.
class StreamsTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void closedStreamsLeaveTheImageAlone_data();
    void closedStreamsLeaveTheImageAlone();
    void aLostMessageKeepsTheExitCode_data();
    void aLostMessageKeepsTheExitCode();

private:
    int shell(const QString& arguments) const
    {
        return runProgram("/bin/sh", {"-c", QStringLiteral(COWSCOPE_CLI) + ' ' + arguments}, m_folder.path()).exit;
    }

    QTemporaryDir m_folder;
    QString m_image;
};

void StreamsTest::init()
{
    REQUIRE_QEMU();
    m_image = m_folder.filePath("disk.qcow2");
    QFile::remove(m_image);
    QCOMPARE(qemu::img({"create", "-q", "-f", "qcow2", m_image, "4M"}).exit, 0);
    QCOMPARE(qemu::io(m_image, {"write -P 5 0 1M"}).exit, 0);
}

void StreamsTest::closedStreamsLeaveTheImageAlone_data()
{
    QTest::addColumn<QString>("arguments");
    for (const char* command : {"snapshot -p -c new disk.qcow2", "amend -p -o refcount_bits=64 disk.qcow2",
             "io -c 'write 0 64k' -c 'frob' disk.qcow2", "check -r all -p disk.qcow2", "resize disk.qcow2 8M"})
        for (const char* closed : {">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"}) {
            const QString line = QStringLiteral("%1 %2").arg(command, closed);
            QTest::newRow(qPrintable(line)) << line;
        }
}

void StreamsTest::closedStreamsLeaveTheImageAlone()
{
    QFETCH(QString, arguments);
    const int exit = shell(arguments);
    QVERIFY2(exit == 0 || exit == 1, qPrintable(QString::number(exit)));
    QCOMPARE(qemu::checkExit(m_image), 0);
    const ProgramRun described = qemu::img({"info", m_image});
    QCOMPARE(described.exit, 0);
    QVERIFY(!readFile(m_image).empty());
}

void StreamsTest::aLostMessageKeepsTheExitCode_data()
{
    QTest::addColumn<QString>("arguments");
    QTest::addColumn<int>("exit");
    QTest::newRow("no file, full") << "info nofile 2>/dev/full" << 1;
    QTest::newRow("no file, closed") << "info nofile 2>&-" << 1;
    QTest::newRow("misuse") << "info 2>/dev/full" << 1;
    QTest::newRow("a wrong io command") << "io -c frob disk.qcow2 2>/dev/full" << 1;
    QTest::newRow("a repair") << "check -r all disk.qcow2 2>/dev/full" << 0;
    QTest::newRow("results that cannot be written") << "info disk.qcow2 >/dev/full" << 1;
    QTest::newRow("results and messages") << "info disk.qcow2 >/dev/full 2>/dev/full" << 1;
}

void StreamsTest::aLostMessageKeepsTheExitCode()
{
    QFETCH(QString, arguments);
    QFETCH(int, exit);
    QCOMPARE(shell(arguments), exit);
}

QTEST_GUILESS_MAIN(StreamsTest)
#include "streams_test.moc"
