// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/gui/gui_support.h"
#include "ui/amend_wizard/amend_wizard.h"
#include "ui/repair/repair_dialog.h"
#include "ui/shell/main_window.h"
#include "ui/shell/safe_end.h"

#include <QAbstractButton>
#include <QAction>
#include <QLabel>
#include <QPointer>
#include <QProcess>
#include <QSessionManager>

#include <array>
#include <csignal>
#include <thread>

using namespace cowscope;
using namespace cowscope::test;
using namespace cowscope::ui;

namespace
{

constexpr int kPatienceMilliseconds = 60'000;

bool waitFor(const std::function<bool()>& condition)
{
    return QTest::qWaitFor(condition, kPatienceMilliseconds);
}

int widthOf(const QString& image)
{
    const auto info = qemu::img({QStringLiteral("info"), QStringLiteral("--output=json"), image}).json();
    return info[QStringLiteral("format-specific")][QStringLiteral("data")][QStringLiteral("refcount-bits")].toInt();
}

} // namespace

/// Ends of the program in the middle of an edit: the image is the old one or the new one.
class TestSafeEnd : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { REQUIRE_QEMU(); }
    void cleanup();
    void closingTheWindowStopsTheWizardFirst();
    void closingTheWindowStopsARepairFirst();
    void quittingStopsTheWizardFirst();
    void theEndOfTheSessionStopsTheWizard();
    void aSignalStopsTheProgramSafely_data();
    void aSignalStopsTheProgramSafely();

private:
    bool open(const QString& path, Gate& gate);
    bool startWizard(Gate& gate); ///< until its first write
    QString makeImage(const QString& name) const;

    ImageFolder m_folder;
    QPointer<MainWindow> m_window;
};

void TestSafeEnd::cleanup()
{
    delete m_window;
    QVERIFY(waitForJobs());
}

QString TestSafeEnd::makeImage(const QString& name) const
{
    return m_folder.create(name, QStringLiteral("cluster_size=512,preallocation=metadata"), QStringLiteral("24M"));
}

bool TestSafeEnd::open(const QString& path, Gate& gate)
{
    m_window = new MainWindow;
    m_window->document().setStorageOpener(faultyOpener(gate.plan));
    m_window->show();
    m_window->openPath(path);
    return waitFor([this] { return m_window->document().image() != nullptr; }) && waitForJobs();
}

bool TestSafeEnd::startWizard(Gate& gate)
{
    m_window->showAmendWizard();
    auto* wizard = m_window->findChild<AmendWizard*>();
    if (!wizard)
        return false;
    wizard->next();
    const auto card = [wizard] { return wizard->findChild<QAbstractButton*>(QStringLiteral("width64")); };
    if (!waitFor([&card] { return card() != nullptr; }))
        return false;
    card()->click();
    wizard->next();
    auto* commit = wizard->button(QWizard::CommitButton);
    if (!waitFor([commit] { return commit->isEnabled(); }))
        return false;
    commit->click();
    return waitFor([&gate] { return gate.reached.available() > 0; });
}

void TestSafeEnd::closingTheWindowStopsTheWizardFirst()
{
    const QString path = makeImage(QStringLiteral("close.qcow2"));
    const Bytes before = readFile(path);
    Gate gate(1);
    QVERIFY(open(path, gate));
    QVERIFY(startWizard(gate));
    QVERIFY2(!m_window->close(), "the window waits for the edit");
    QVERIFY(m_window->isVisible());
    gate.goOn.release();
    QVERIFY(waitFor([this] { return !m_window; }));
    QCOMPARE(qemu::checkExit(path), 0);
    QVERIFY(readFile(path) == before);
}

void TestSafeEnd::closingTheWindowStopsARepairFirst()
{
    std::uint64_t leaked = 0;
    std::uint64_t low = 0;
    const QString path = m_folder.createDamaged(QStringLiteral("mend.qcow2"), leaked, low);
    Gate gate(1);
    QVERIFY(open(path, gate));
    m_window->findChild<QAction*>(QStringLiteral("repairAllAction"))->trigger();
    QPointer<RepairDialog> dialog = m_window->findChild<RepairDialog*>();
    QVERIFY(dialog && waitForJobs());
    QVERIFY(clickButton(*dialog, QStringLiteral("go")));
    QVERIFY(waitFor([&gate] { return gate.reached.available() > 0; }));
    QVERIFY(!m_window->close());
    QVERIFY(m_window->isVisible());
    gate.goOn.release();
    QVERIFY(waitFor([this] { return !m_window; }));
    QVERIFY(waitForJobs());
    qemu::img({QStringLiteral("check"), QStringLiteral("-r"), QStringLiteral("all"), path}); // it can go on
    QCOMPARE(qemu::checkExit(path), 0);
}

void TestSafeEnd::quittingStopsTheWizardFirst()
{
    const QString path = makeImage(QStringLiteral("quit.qcow2"));
    const Bytes before = readFile(path);
    Gate gate(1);
    QVERIFY(open(path, gate));
    QVERIFY(startWizard(gate));
    MainWindow::closeAll();
    QVERIFY(m_window && m_window->isVisible());
    gate.goOn.release();
    QVERIFY(waitFor([this] { return !m_window; }));
    QCOMPARE(qemu::checkExit(path), 0);
    QVERIFY(readFile(path) == before);
}

void TestSafeEnd::theEndOfTheSessionStopsTheWizard()
{
    const SafeEnd safeEnd;
    const QString path = makeImage(QStringLiteral("session.qcow2"));
    const Bytes before = readFile(path);
    Gate gate(1);
    QVERIFY(open(path, gate));
    QVERIFY(startWizard(gate));
    std::thread([&gate] {
        QThread::msleep(100);
        gate.goOn.release();
    }).detach();
    // Nobody but Qt can make a session manager; the program does not look at it.
    alignas(QSessionManager) std::array<std::byte, sizeof(QSessionManager)> manager{};
    Q_EMIT qGuiApp->commitDataRequest(reinterpret_cast<QSessionManager&>(manager));
    QCOMPARE(qemu::checkExit(path), 0); // at once, without an event loop
    QVERIFY(readFile(path) == before);
    QVERIFY(waitFor([this] {
        auto* wizard = m_window->findChild<AmendWizard*>();
        const auto* phase = wizard->currentPage()->findChild<QLabel*>(QStringLiteral("phase"));
        return phase->text().contains(QStringLiteral("as it was")); // the user stayed, and is told
    }));
}

void TestSafeEnd::aSignalStopsTheProgramSafely_data()
{
    QTest::addColumn<int>("milliseconds");
    for (const int milliseconds : {0, 10, 25, 60, 150})
        QTest::addRow("%d ms after the run began", milliseconds) << milliseconds;
}

/// The program itself: its demo changes the width of a copy.
void TestSafeEnd::aSignalStopsTheProgramSafely()
{
    QFETCH(int, milliseconds);
    const QString path = m_folder.path(QStringLiteral("signal.qcow2"));
    if (!QFile::exists(path))
        m_folder.create(QStringLiteral("signal.qcow2"), QStringLiteral("cluster_size=512,preallocation=metadata"),
            QStringLiteral("96M"));
    const QString folder = m_folder.path(QStringLiteral("demo%1").arg(milliseconds));
    QProcess program;
    program.setProcessChannelMode(QProcess::MergedChannels);
    program.start(QStringLiteral(COWSCOPE_PROGRAM), {QStringLiteral("--demo"), folder, path});
    QByteArray output;
    QVERIFY(waitFor([&] {
        output += program.readAll();
        return output.contains("-preview.png") || program.state() == QProcess::NotRunning;
    }));
    QVERIFY2(program.state() != QProcess::NotRunning, output.constData());
    QThread::msleep(static_cast<unsigned long>(milliseconds));
    ::kill(static_cast<pid_t>(program.processId()), SIGTERM);
    QVERIFY(program.waitForFinished(kPatienceMilliseconds));
    QCOMPARE(program.exitStatus(), QProcess::CrashExit); // by the signal
    const QString copy = folder + QStringLiteral("/signal-copy.qcow2");
    QCOMPARE(qemu::checkExit(copy), 0);
    const int width = widthOf(copy);
    QVERIFY(width == 16 || width == 64);
    if (width == 16)
        QCOMPARE(QFileInfo(copy).size(), QFileInfo(path).size());
    QCOMPARE(qemu::contentHash(copy), qemu::contentHash(path));
    qInfo("%d ms: %d bits", milliseconds, width);
}

QTEST_MAIN(TestSafeEnd)
#include "tst_safe_end.moc"
