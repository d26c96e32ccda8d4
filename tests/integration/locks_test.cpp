// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/amend/amend.h"
#include "core/storage/file_storage.h"
#include "tests/integration/cli.h"
#include "tests/support/expect.h"
#include "tests/support/faulty_storage.h"

#include <QProcess>
#include <QRegularExpression>
#include <QTemporaryDir>

using namespace cowscope;
using namespace cowscope::test;

namespace
{

/// qemu-nbd with the image open for writing, until the object goes.
class NbdServer
{
public:
    NbdServer(const QString& image, const QString& folder)
    {
        const QString ready = folder + "/nbd.pid"; // written when it has opened the image and listens
        QFile::remove(ready);
        m_process.start("qemu-nbd", {"-t", "-k", folder + "/nbd", "--pid-file=" + ready, "-f", "qcow2", image});
        m_serves = m_process.waitForStarted() && QTest::qWaitFor([&] { return QFile::exists(ready); }, 20'000);
    }
    ~NbdServer()
    {
        m_process.terminate();
        if (!m_process.waitForFinished(20'000)) {
            m_process.kill();
            m_process.waitForFinished();
        }
    }
    bool serves() const { return m_serves; }

private:
    QProcess m_process;
    bool m_serves = false;
};

} // namespace

/// The image locks against the real thing, in both directions, for everything that changes an image.
class LocksTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void everyVerbThatChangesIsRefusedWhileQemuIoHoldsTheImage_data();
    void everyVerbThatChangesIsRefusedWhileQemuIoHoldsTheImage();
    void everyVerbThatChangesIsRefusedWhileQemuNbdServesTheImage_data();
    void everyVerbThatChangesIsRefusedWhileQemuNbdServesTheImage();
    void looksAreRefusedWithoutAndWarnedWithForceShare_data();
    void looksAreRefusedWithoutAndWarnedWithForceShare();
    void forceShareDoesNotWarnOfAnImageThatNobodyUses();
    void qemuIsRefusedInTheMiddleOfOurEdit();
    void ourCommandIsRefusedInTheMiddleOfOurEdit();

private:
    static void everyVerbThatChanges();
    void isRefused(QStringList arguments, const QByteArray& holder);

    /// Runs `inTheMiddle` when a change of width makes its first write.
    void amendAnd(const std::function<void()>& inTheMiddle);

    QTemporaryDir m_folder;
    QString m_image;
};

void LocksTest::init()
{
    REQUIRE_QEMU();
    m_image = m_folder.filePath("disk.qcow2");
    QFile::remove(m_image);
    QCOMPARE(qemu::img({"create", "-q", "-f", "qcow2", m_image, "4M"}).exit, 0);
    QCOMPARE(qemu::io(m_image, {"write -P 5 0 1M"}).exit, 0);
    QCOMPARE(qemu::img({"snapshot", "-c", "s", m_image}).exit, 0);
    QCOMPARE(qemu::img({"bitmap", "--add", m_image, "b"}).exit, 0);
}

void LocksTest::everyVerbThatChanges()
{
    QTest::addColumn<QStringList>("arguments");
    const auto add = [](const QStringList& arguments) { QTest::newRow(qPrintable(arguments.join(' '))) << arguments; };
    add({"amend", "-o", "refcount_bits=64", "IMAGE"});
    add({"amend", "-o", "compat=0.10", "IMAGE"});
    add({"amend", "--split-shared", "-o", "refcount_bits=1", "IMAGE"});
    add({"amend", "--undo", "IMAGE"});
    add({"check", "-r", "all", "IMAGE"});
    add({"check", "-r", "leaks", "IMAGE"});
    add({"snapshot", "-c", "new", "IMAGE"});
    add({"snapshot", "-a", "s", "IMAGE"});
    add({"snapshot", "-d", "s", "IMAGE"});
    add({"resize", "IMAGE", "8M"});
    add({"resize", "--shrink", "IMAGE", "1M"});
    add({"bitmap", "--add", "IMAGE", "c"});
    add({"bitmap", "--remove", "IMAGE", "b"});
    add({"io", "-c", "write 0 512", "IMAGE"});
    add({"io", "-c", "discard 0 64k", "IMAGE"});
    add({"create", "-f", "qcow2", "IMAGE", "1M"});
    add({"convert", "-O", "qcow2", "SOURCE", "IMAGE"});
}

void LocksTest::isRefused(QStringList arguments, const QByteArray& holder)
{
    const QString source = m_folder.filePath("source.raw");
    QVERIFY(writeFile(source, Bytes(65'536)));
    arguments.replaceInStrings("IMAGE", m_image).replaceInStrings("SOURCE", source);
    const Bytes before = readFile(m_image);
    const ProgramRun refused = cli(arguments);
    QCOMPARE(refused.exit, 1);
    QVERIFY2(refused.err.contains("in use by " + holder + " (process "), refused.err);
    QVERIFY2(refused.err.contains("permission"), refused.err);
    QVERIFY(readFile(m_image) == before);
}

void LocksTest::everyVerbThatChangesIsRefusedWhileQemuIoHoldsTheImage_data()
{
    everyVerbThatChanges();
}

void LocksTest::everyVerbThatChangesIsRefusedWhileQemuIoHoldsTheImage()
{
    QFETCH(QStringList, arguments);
    const qemu::Holder holder(m_image);
    QVERIFY(holder.holds());
    isRefused(arguments, "qemu-io");
}

void LocksTest::everyVerbThatChangesIsRefusedWhileQemuNbdServesTheImage_data()
{
    everyVerbThatChanges();
}

void LocksTest::everyVerbThatChangesIsRefusedWhileQemuNbdServesTheImage()
{
    QFETCH(QStringList, arguments);
    const NbdServer server(m_image, m_folder.path());
    QVERIFY(server.serves());
    isRefused(arguments, "qemu-nbd");
}

void LocksTest::looksAreRefusedWithoutAndWarnedWithForceShare_data()
{
    QTest::addColumn<QStringList>("verb");
    QTest::newRow("info") << QStringList{"info"};
    QTest::newRow("check") << QStringList{"check"};
    QTest::newRow("map") << QStringList{"map"};
    QTest::newRow("snapshot -l") << QStringList{"snapshot", "-l"};
    QTest::newRow("io, reading") << QStringList{"io", "-r", "-c", "read 0 512"};
}

void LocksTest::looksAreRefusedWithoutAndWarnedWithForceShare()
{
    QFETCH(QStringList, verb);
    const qemu::Holder holder(m_image);
    QVERIFY(holder.holds());
    const ProgramRun refused = cli(verb + QStringList{m_image});
    QCOMPARE(refused.exit, 1);
    QVERIFY2(refused.err.contains("in use by qemu-io (process "), refused.err);
    const ProgramRun looked = cli(verb + QStringList{"-U", m_image});
    QVERIFY2(looked.exit == 0 || looked.exit == 3, looked.err); // leaks, as the holder's writes may be under way
    const QRegularExpression warning("warning: .* in use by qemu-io \\(process \\d+\\).*may be changing");
    QVERIFY2(warning.match(QString::fromUtf8(looked.err)).hasMatch(), looked.err);
}

void LocksTest::forceShareDoesNotWarnOfAnImageThatNobodyUses()
{
    const ProgramRun looked = cli({"info", "-U", m_image});
    QCOMPARE(looked.exit, 0);
    QCOMPARE(looked.err, QByteArray());
}

void LocksTest::amendAnd(const std::function<void()>& inTheMiddle)
{
    auto file = FileStorage::open(m_image.toStdString(), Access::ReadWrite);
    VERIFY_OK(file);
    const auto plan = std::make_shared<FaultPlan>();
    plan->before = [&](StorageOp op, std::uint64_t number) {
        if (op == StorageOp::Write && number == 1)
            inTheMiddle();
    };
    VERIFY_OK(amendStorage(std::make_shared<FaultyStorage>(std::move(*file), plan), 6, nullptr, {}));
    QVERIFY(plan->count(StorageOp::Write) > 0);
    QCOMPARE(qemu::checkExit(m_image), 0);
}

void LocksTest::qemuIsRefusedInTheMiddleOfOurEdit()
{
    amendAnd([this] {
        for (const QStringList& arguments : {QStringList{"amend", "-o", "refcount_bits=8", m_image},
                 QStringList{"snapshot", "-c", "x", m_image}, QStringList{"resize", m_image, "8M"},
                 QStringList{"check", "-r", "all", m_image}, QStringList{"info", m_image}}) {
            const ProgramRun refused = qemu::img(arguments);
            QCOMPARE(refused.exit, 1);
            QVERIFY2(refused.err.contains("lock"), refused.err);
        }
        const ProgramRun written = qemu::io(m_image, {"write 0 512"});
        QVERIFY2(written.exit != 0 && written.err.contains("lock"), written.err);
    });
}

void LocksTest::ourCommandIsRefusedInTheMiddleOfOurEdit()
{
    amendAnd([this] {
        const ProgramRun refused = cli({"snapshot", "-c", "x", m_image});
        QCOMPARE(refused.exit, 1);
        QVERIFY2(refused.err.contains("in use by "), refused.err);
        QVERIFY2(refused.err.contains(QByteArray::number(QCoreApplication::applicationPid())), refused.err);
    });
}

QTEST_GUILESS_MAIN(LocksTest)
#include "locks_test.moc"
