// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/gui/amend_wizard/wizard_driver.h"
#include "tests/gui/gui_support.h"
#include "ui/amend_wizard/wizard_page.h"

#include <QCheckBox>
#include <QFile>
#include <QLabel>
#include <QListWidget>
#include <QProgressBar>
#include <QPushButton>
#include <QSignalSpy>
#include <QTableWidget>
#include <QTemporaryDir>
#include <QtTest/QtTest>

using namespace cowscope;
using namespace cowscope::test;

namespace
{

constexpr int kPreview = static_cast<int>(ui::PageId::Preview);
constexpr int kRun = static_cast<int>(ui::PageId::Run);
constexpr int kResult = static_cast<int>(ui::PageId::Result);

int widthOf(const QString& image)
{
    const auto info = qemu::img({QStringLiteral("info"), QStringLiteral("--output=json"), image}).json();
    return info[QStringLiteral("format-specific")][QStringLiteral("data")][QStringLiteral("refcount-bits")].toInt();
}

} // namespace

class TestAmendWizard : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { REQUIRE_QEMU(); }
    void init();

    void changesTheWidthByClicks_data();
    void changesTheWidthByClicks();
    void changesTheWidthByKeys_data();
    void changesTheWidthByKeys();
    void saysWhatTheImageIs();
    void saysFirstThatTheImageIsDirty();
    void refusesAWidthThatACountDoesNotFit();
    void refusesOtherWidthsForCompat010();
    void splitsSharedClusters();
    void bringsCompatTo11();
    void goingBackUnlocksTheImage();
    void saysThatNothingWasWrittenUntilTheRun();
    void cancelsInTheMiddle_data();
    void cancelsInTheMiddle();
    void closingTheWindowCancelsAndWaits();
    void destroyingTheWizardCancels();
    void runsAgainAfterACancel();
    void showsAnErrorOfTheStorage_data();
    void showsAnErrorOfTheStorage();
    void saysSoWhenTheSwitchWasNotConfirmed();
    void blocksAnImageInUse();
    void refusesAFileThatChangedSinceThePreview();
    void reloadsTheDocumentAfterTheChange();
    void undoesTheChange();
    void undoesNothingOnceCountsHaveChanged();
    void explainsTheTermsOfEveryPage();

private:
    /// A new image; `virtualSize` as qemu-img takes it. Guest data, and a snapshot under it if asked for.
    QString makeImage(
        const QString& options, const QString& virtualSize = QStringLiteral("16M"), bool snapshot = false);

    /// A copy of an image whose new refblocks at 64 bits take two writes, the header's being the third.
    QString makeLargeImage();

    void verifyOld(const QString& image, const Bytes& before) const;

    std::unique_ptr<QTemporaryDir> m_folder; ///< of one test
    QTemporaryDir m_large; ///< of all
};

void TestAmendWizard::init()
{
    m_folder = std::make_unique<QTemporaryDir>();
    QVERIFY(m_folder->isValid());
}

QString TestAmendWizard::makeImage(const QString& options, const QString& virtualSize, bool snapshot)
{
    const QString image = m_folder->filePath(QStringLiteral("disk.qcow2"));
    qemu::img({QStringLiteral("create"), QStringLiteral("-q"), QStringLiteral("-f"), QStringLiteral("qcow2"),
        QStringLiteral("-o"), options, image, virtualSize});
    qemu::io(image, {QStringLiteral("write -P 0x5a 0 1M"), QStringLiteral("write -P 0xa5 3M 70k")});
    if (snapshot) {
        qemu::img({QStringLiteral("snapshot"), QStringLiteral("-c"), QStringLiteral("first"), image});
        qemu::io(image, {QStringLiteral("write -P 0x11 512k 64k")});
    }
    return image;
}

QString TestAmendWizard::makeLargeImage()
{
    if (!m_large.isValid())
        return {};
    const QString original = m_large.filePath(QStringLiteral("large.qcow2"));
    if (!QFile::exists(original))
        QFile::rename(
            makeImage(QStringLiteral("cluster_size=512,preallocation=metadata"), QStringLiteral("72M")), original);
    const QString image = m_folder->filePath(QStringLiteral("disk.qcow2"));
    return QFile::copy(original, image) ? image : QString();
}

void TestAmendWizard::verifyOld(const QString& image, const Bytes& before) const
{
    QCOMPARE(qemu::checkExit(image), 0);
    QCOMPARE(widthOf(image), 16);
    const Bytes after = readFile(image);
    QCOMPARE(after.size(), before.size());
    QVERIFY2(after == before, "the file differs from what it was");
}

void TestAmendWizard::changesTheWidthByClicks_data()
{
    QTest::addColumn<QString>("options");
    QTest::addColumn<unsigned>("bits");
    QTest::newRow("16 to 64") << QStringLiteral("refcount_bits=16") << 64U;
    QTest::newRow("16 to 8") << QStringLiteral("refcount_bits=16") << 8U;
    QTest::newRow("16 to 1, small clusters") << QStringLiteral("refcount_bits=16,cluster_size=512") << 1U;
    QTest::newRow("1 to 32") << QStringLiteral("refcount_bits=1,cluster_size=2M") << 32U;
}

void TestAmendWizard::changesTheWidthByClicks()
{
    QFETCH(QString, options);
    QFETCH(unsigned, bits);
    const QString image = makeImage(options);
    const QByteArray contents = qemu::contentHash(image);
    WizardDriver driver(image);
    QVERIFY(driver.isReady());

    QVERIFY(driver.clickToRun(bits));
    QVERIFY(driver.waitForward());
    QVERIFY(driver.click(driver.forward()));
    QCOMPARE(driver.page(), kResult);
    QVERIFY(driver.waitForward());
    QVERIFY2(driver.text(QStringLiteral("verdict")).contains(QStringLiteral("complete")),
        qPrintable(driver.text(QStringLiteral("verdict"))));
    QVERIFY(driver.click(driver.forward()));
    QVERIFY(!driver.wizard().isVisible());

    QCOMPARE(qemu::checkExit(image), 0);
    QCOMPARE(widthOf(image), static_cast<int>(bits));
    QCOMPARE(qemu::contentHash(image), contents);
}

void TestAmendWizard::changesTheWidthByKeys_data()
{
    QTest::addColumn<Qt::Key>("arrow");
    QTest::addColumn<int>("presses");
    QTest::addColumn<int>("bits");
    QTest::newRow("16 to 64") << Qt::Key_Right << 2 << 64;
    QTest::newRow("16 to 8") << Qt::Key_Left << 1 << 8;
    QTest::newRow("16 to 1") << Qt::Key_Up << 1 << 1;
}

void TestAmendWizard::changesTheWidthByKeys()
{
    QFETCH(Qt::Key, arrow);
    QFETCH(int, presses);
    QFETCH(int, bits);
    const QString image = makeImage(QStringLiteral("refcount_bits=16"));
    WizardDriver driver(image);
    QVERIFY(driver.isReady());

    driver.press(Qt::Key_Return);
    QVERIFY(driver.waitForCards());
    QVERIFY(driver.card(16)->hasFocus());
    for (int i = 0; i < presses; ++i)
        driver.press(arrow);
    QVERIFY(driver.card(static_cast<unsigned>(bits))->isChecked());
    driver.press(Qt::Key_Return);
    QCOMPARE(driver.page(), kPreview);
    QVERIFY(driver.waitForward());
    driver.press(Qt::Key_Return);
    QCOMPARE(driver.page(), kRun);
    QVERIFY(driver.waitForward());
    driver.press(Qt::Key_Return);
    QCOMPARE(driver.page(), kResult);
    QVERIFY(driver.waitForward());
    driver.press(Qt::Key_Return);
    QVERIFY(!driver.wizard().isVisible());

    QCOMPARE(qemu::checkExit(image), 0);
    QCOMPARE(widthOf(image), bits);
}

void TestAmendWizard::saysWhatTheImageIs()
{
    const QString image = makeImage(QStringLiteral("refcount_bits=16"), QStringLiteral("16M"), true);
    WizardDriver driver(image);
    QVERIFY(driver.isReady());
    QCOMPARE(driver.text(QStringLiteral("presentWidth")), QStringLiteral("16 bits: counts up to 65,535"));
    QVERIFY(driver.text(QStringLiteral("largestCount")).startsWith(QStringLiteral("2 of 65,535, first at cluster ")));
    QVERIFY(driver.text(QStringLiteral("snapshots")).startsWith(QStringLiteral("1 taken")));
    QVERIFY(driver.text(QStringLiteral("compat")).startsWith(QStringLiteral("1.1")));
    QVERIFY(driver.text(QStringLiteral("verdict")).startsWith(QStringLiteral("clean")));
}

void TestAmendWizard::saysFirstThatTheImageIsDirty()
{
    const QString image = makeImage(QStringLiteral("lazy_refcounts=on"));
    {
        WizardDriver driver(image);
        QVERIFY(driver.isReady());
        QVERIFY(!driver.wizard().findChild<QWidget*>(QStringLiteral("markedDirty")));
    }
    Bytes bytes = readFile(image);
    putNumber(bytes, 72, 1, 8); // the dirty bit
    QVERIFY(writeFile(image, bytes));
    WizardDriver driver(image);
    QVERIFY(driver.isReady());
    QVERIFY2(shownText(driver.wizard(), QStringLiteral("markedDirty")).contains(QStringLiteral("marked dirty")),
        qPrintable(shownText(driver.wizard(), QStringLiteral("markedDirty"))));
}

void TestAmendWizard::refusesAWidthThatACountDoesNotFit()
{
    const QString image = makeImage(QStringLiteral("refcount_bits=16"), QStringLiteral("16M"), true);
    const Bytes before = readFile(image);
    WizardDriver driver(image);
    QVERIFY(driver.isReady());
    QVERIFY(driver.click(driver.forward()));
    QVERIFY(driver.waitForCards());

    QVERIFY(!driver.card(1)->isCheckable());
    driver.click(driver.card(1));
    QVERIFY(!driver.card(1)->isChecked());
    QVERIFY(!driver.forward()->isEnabled());
    driver.press(Qt::Key_Space);
    driver.press(Qt::Key_Return);
    QVERIFY(!driver.forward()->isEnabled());

    const CountedCluster first = driver.document().census()->obstacles[0].first.front();
    const QString reason = driver.text(QStringLiteral("widthDetails"));
    QVERIFY2(reason.contains(QStringLiteral("cluster %1 ").arg(first.cluster.value())), qPrintable(reason));
    QVERIFY2(reason.contains(QStringLiteral("count %1").arg(first.count)), qPrintable(reason));

    auto* offenders = driver.find<QListWidget>(QStringLiteral("offenders"));
    QVERIFY(offenders->isVisible());
    QVERIFY(driver.click(driver.find<QPushButton>(QStringLiteral("showInMap"))));
    const auto* shown = driver.document().selection().as<ui::ClusterRange>();
    QVERIFY(shown);
    QCOMPARE(shown->first.value(), first.cluster.value());

    driver.press(Qt::Key_Escape);
    QVERIFY(!driver.wizard().isVisible());
    verifyOld(image, before);
}

void TestAmendWizard::refusesOtherWidthsForCompat010()
{
    const QString image = makeImage(QStringLiteral("compat=0.10"));
    const Bytes before = readFile(image);
    WizardDriver driver(image);
    QVERIFY(driver.isReady());
    QVERIFY(driver.click(driver.forward()));
    QVERIFY(driver.waitForCards());
    for (const unsigned bits : {1U, 2U, 4U, 8U, 16U, 32U, 64U}) {
        driver.click(driver.card(bits));
        QVERIFY(!driver.card(bits)->isChecked());
        QVERIFY(!driver.forward()->isEnabled());
        if (bits == 16)
            continue;
        QVERIFY(driver.card(bits)->accessibleDescription().contains(QStringLiteral("needs compat 1.1")));
        QVERIFY(driver.text(QStringLiteral("widthDetails")).contains(QStringLiteral("0.10")));
    }
    QVERIFY(readFile(image) == before);
}

void TestAmendWizard::splitsSharedClusters()
{
    const QString image = makeImage(QStringLiteral("refcount_bits=16"), QStringLiteral("16M"), true);
    const QByteArray contents = qemu::contentHash(image);
    const Bytes before = readFile(image);
    WizardDriver driver(image);
    QVERIFY(driver.isReady());
    QVERIFY(driver.click(driver.forward()));
    QVERIFY(driver.waitForCards());
    auto* split = driver.find<QCheckBox>(QStringLiteral("splitShared"));
    QVERIFY(!driver.find<QCheckBox>(QStringLiteral("upgradeCompat"))->isVisible());
    QVERIFY(!driver.card(1)->isCheckable());
    QVERIFY(driver.click(split));
    QVERIFY(driver.click(driver.card(1)));
    QVERIFY(driver.card(1)->isChecked());
    QVERIFY(
        driver.waitFor([&] { return driver.text(QStringLiteral("splitCost")).contains(QStringLiteral("Copies ")); }));
    QVERIFY(driver.click(split)); // not any more
    QVERIFY(!driver.card(1)->isChecked());
    QVERIFY(!driver.forward()->isEnabled());
    QVERIFY(driver.click(split));
    QVERIFY(driver.click(driver.card(1)));
    QVERIFY(driver.click(driver.forward()));
    QCOMPARE(driver.page(), kPreview);
    QVERIFY(driver.waitForward());
    QVERIFY(driver.text(QStringLiteral("copied")).contains(QStringLiteral("clusters")));
    QVERIFY(driver.text(QStringLiteral("previewSummary")).contains(QStringLiteral("CLEAN")));
    QVERIFY(readFile(image) == before);
    QVERIFY(driver.click(driver.forward()));
    QVERIFY(driver.waitForward());
    QVERIFY(driver.click(driver.forward()));
    QCOMPARE(driver.page(), kResult);
    QVERIFY(driver.waitForward());
    QVERIFY(driver.text(QStringLiteral("verdict")).contains(QStringLiteral("complete")));
    QVERIFY(driver.wizard().report()->summary->split.clusters > 0);
    QCOMPARE(qemu::checkExit(image), 0);
    QCOMPARE(widthOf(image), 1);
    QCOMPARE(qemu::contentHash(image), contents);
}

void TestAmendWizard::bringsCompatTo11()
{
    const QString image = makeImage(QStringLiteral("compat=0.10"));
    const QByteArray contents = qemu::contentHash(image);
    WizardDriver driver(image);
    QVERIFY(driver.isReady());
    QVERIFY(driver.click(driver.forward()));
    QVERIFY(driver.waitForCards());
    QVERIFY(!driver.card(64)->isCheckable());
    QVERIFY(driver.click(driver.find<QCheckBox>(QStringLiteral("upgradeCompat"))));
    QVERIFY(driver.click(driver.card(64)));
    QVERIFY(driver.card(64)->isChecked());
    QVERIFY(driver.click(driver.forward()));
    QVERIFY(driver.waitForward());
    QVERIFY(driver.text(QStringLiteral("compatChange")).contains(QStringLiteral("1.1")));
    QVERIFY(driver.click(driver.forward()));
    QVERIFY(driver.waitForward());
    QVERIFY(driver.click(driver.forward()));
    QVERIFY(driver.waitForward());
    QVERIFY(driver.text(QStringLiteral("verdict")).contains(QStringLiteral("complete")));
    QCOMPARE(driver.document().image()->header().version, 3U);
    QCOMPARE(qemu::checkExit(image), 0);
    QCOMPARE(widthOf(image), 64);
    QCOMPARE(qemu::contentHash(image), contents);
}

void TestAmendWizard::goingBackUnlocksTheImage()
{
    const QString image = makeImage(QStringLiteral("refcount_bits=16"));
    WizardDriver driver(image);
    QVERIFY(driver.isReady());
    QVERIFY(driver.clickToPreview(64));
    QVERIFY(driver.waitForward());
    const QStringList snapshot{QStringLiteral("snapshot"), QStringLiteral("-c"), QStringLiteral("one"), image};
    QVERIFY(qemu::img(snapshot).exit != 0);
    QVERIFY(driver.click(driver.wizard().button(QWizard::BackButton)));
    QCOMPARE(qemu::img(snapshot).exit, 0);
}

void TestAmendWizard::saysThatNothingWasWrittenUntilTheRun()
{
    const QString image = makeImage(QStringLiteral("refcount_bits=16"));
    const Bytes before = readFile(image);
    WizardDriver driver(image);
    QVERIFY(driver.isReady());
    QVERIFY(driver.text(QStringLiteral("nothingWritten")).startsWith(QStringLiteral("Nothing has been written")));
    QVERIFY(driver.click(driver.forward()));
    QVERIFY(driver.text(QStringLiteral("nothingWritten")).startsWith(QStringLiteral("Nothing has been written")));
    QVERIFY(driver.waitForCards());
    QVERIFY(driver.click(driver.card(64)));
    QVERIFY(driver.click(driver.forward()));
    QVERIFY(driver.waitForward());
    QVERIFY(driver.text(QStringLiteral("nothingWritten")).startsWith(QStringLiteral("Nothing has been written")));
    QVERIFY(driver.text(QStringLiteral("widthChange")).contains(QStringLiteral("64 bits")));
    driver.press(Qt::Key_Escape);
    QVERIFY(!driver.wizard().isVisible());
    verifyOld(image, before);
}

void TestAmendWizard::cancelsInTheMiddle_data()
{
    QTest::addColumn<std::uint64_t>("atWrite");
    QTest::addColumn<bool>("byKey");
    QTest::newRow("before the first write, button") << std::uint64_t{1} << false;
    QTest::newRow("before the second write, button") << std::uint64_t{2} << false;
    QTest::newRow("before the second write, Esc") << std::uint64_t{2} << true;
}

void TestAmendWizard::cancelsInTheMiddle()
{
    QFETCH(std::uint64_t, atWrite);
    QFETCH(bool, byKey);
    const QString image = makeLargeImage();
    const Bytes before = readFile(image);
    Gate gate(atWrite);
    WizardDriver driver(image, faultyOpener(gate.plan));
    QVERIFY(driver.isReady());
    QSignalSpy changed(&driver.document(), &ui::ImageDocument::changedOnDisk);
    QVERIFY(driver.clickToRun(64));
    QVERIFY(driver.waitFor([&] { return gate.reached.available() > 0; }));

    if (byKey)
        driver.press(Qt::Key_Escape);
    else
        QVERIFY(driver.click(driver.wizard().button(QWizard::CancelButton)));
    QVERIFY(driver.wizard().isVisible());
    gate.goOn.release();
    QVERIFY(driver.waitFor([&] { return driver.text(QStringLiteral("phase")).contains(QStringLiteral("as it was")); }));
    QVERIFY(driver.text(QStringLiteral("phase")).contains(QStringLiteral("Cancelled.")));
    QVERIFY(!driver.forward()->isEnabled());
    verifyOld(image, before);
    QVERIFY(!changed.wait(1200)); // our own edit is no news
    QSignalSpy opened(&driver.document(), &ui::ImageDocument::opened);
    QVERIFY(driver.click(driver.wizard().button(QWizard::CancelButton)));
    QVERIFY(!driver.wizard().isVisible());
    QVERIFY(opened.wait());
    QVERIFY(!changed.wait(1200));
}

void TestAmendWizard::closingTheWindowCancelsAndWaits()
{
    const QString image = makeLargeImage();
    const Bytes before = readFile(image);
    Gate gate(2);
    WizardDriver driver(image, faultyOpener(gate.plan));
    QVERIFY(driver.isReady());
    QVERIFY(driver.clickToRun(64));
    QVERIFY(driver.waitFor([&] { return gate.reached.available() > 0; }));
    QVERIFY(!driver.wizard().close());
    QVERIFY(driver.wizard().isVisible());
    gate.goOn.release();
    QVERIFY(driver.waitFor([&] { return !driver.wizard().isVisible(); }));
    verifyOld(image, before);
}

void TestAmendWizard::destroyingTheWizardCancels()
{
    const QString image = makeLargeImage();
    const Bytes before = readFile(image);
    Gate gate(2);
    auto driver = std::make_unique<WizardDriver>(image, faultyOpener(gate.plan));
    QVERIFY(driver->isReady());
    QVERIFY(driver->clickToRun(64));
    QVERIFY(driver->waitFor([&] { return gate.reached.available() > 0; }));
    driver.reset();
    gate.goOn.release();
    ui::Job::waitForAll();
    verifyOld(image, before);
}

void TestAmendWizard::runsAgainAfterACancel()
{
    const QString image = makeLargeImage();
    Gate gate(1);
    WizardDriver driver(image, faultyOpener(gate.plan));
    QVERIFY(driver.isReady());
    QVERIFY(driver.clickToRun(64));
    QVERIFY(driver.waitFor([&] { return gate.reached.available() > 0; }));
    driver.press(Qt::Key_Escape);
    gate.goOn.release();
    auto* again = driver.find<QPushButton>(QStringLiteral("runAgain"));
    QVERIFY(driver.waitFor([&] { return again->isVisible(); }));
    QVERIFY(driver.click(again));
    QVERIFY(driver.waitForward());
    QCOMPARE(driver.find<QProgressBar>(QStringLiteral("progress"))->value(), 1000);
    QCOMPARE(qemu::checkExit(image), 0);
    QCOMPARE(widthOf(image), 64);
}

void TestAmendWizard::showsAnErrorOfTheStorage_data()
{
    QTest::addColumn<int>("op");
    QTest::addColumn<std::uint64_t>("number");
    QTest::addColumn<int>("kind");
    const auto row = [](const char* name, StorageOp op, std::uint64_t number, ErrorKind kind) {
        QTest::newRow(name) << static_cast<int>(op) << number << static_cast<int>(kind);
    };
    row("first write, disk full", StorageOp::Write, 1, ErrorKind::NoSpace);
    row("second write, input/output error", StorageOp::Write, 2, ErrorKind::Io);
    row("flush before the switch", StorageOp::Flush, 1, ErrorKind::Io);
    row("write of the header", StorageOp::Write, 3, ErrorKind::Io);
}

void TestAmendWizard::showsAnErrorOfTheStorage()
{
    QFETCH(int, op);
    QFETCH(std::uint64_t, number);
    QFETCH(int, kind);
    const QString image = makeLargeImage();
    const Bytes before = readFile(image);
    const auto plan = std::make_shared<FaultPlan>();
    plan->failingOp = static_cast<StorageOp>(op);
    plan->failFrom = number;
    plan->failure = static_cast<ErrorKind>(kind);
    WizardDriver driver(image, faultyOpener(plan));
    QVERIFY(driver.isReady());
    QVERIFY(driver.clickToRun(64));
    QVERIFY(driver.waitFor([&] { return driver.text(QStringLiteral("phase")).contains(QStringLiteral("as it was")); }));
    QVERIFY(driver.text(QStringLiteral("phase")).contains(QStringLiteral("The test made this operation fail")));
    QVERIFY(plan->count(static_cast<StorageOp>(op)) >= number);
    QVERIFY(!driver.forward()->isEnabled());
    verifyOld(image, before);
}

void TestAmendWizard::saysSoWhenTheSwitchWasNotConfirmed()
{
    const QString image = makeImage(QStringLiteral("refcount_bits=16"));
    const auto plan = std::make_shared<FaultPlan>();
    plan->failingOp = StorageOp::Flush;
    plan->failFrom = 2;
    plan->failAllAfter = true; // not even that the old header is back
    WizardDriver driver(image, faultyOpener(plan));
    QVERIFY(driver.isReady());
    QVERIFY(driver.clickToRun(64));
    QVERIFY(
        driver.waitFor([&] { return driver.text(QStringLiteral("phase")).contains(QStringLiteral("Check it now")); }));
    QVERIFY(!driver.text(QStringLiteral("phase")).contains(QStringLiteral("as it was")));
    QCOMPARE(qemu::checkExit(image), 0);
}

void TestAmendWizard::blocksAnImageInUse()
{
    const QString image = makeImage(QStringLiteral("refcount_bits=16"));
    WizardDriver driver(image);
    QVERIFY(driver.isReady());
    const Bytes before = readFile(image);
    auto holder = std::make_unique<qemu::Holder>(image);
    QVERIFY(holder->holds());
    QVERIFY(driver.clickToPreview(64));
    auto* again = driver.find<QPushButton>(QStringLiteral("tryAgain"));
    QVERIFY(
        driver.waitFor([&] { return driver.text(QStringLiteral("lockState")).contains(QStringLiteral("in use")); }));
    QVERIFY(!driver.forward()->isEnabled());
    QVERIFY(driver.click(again));
    QVERIFY(
        driver.waitFor([&] { return driver.text(QStringLiteral("lockState")).contains(QStringLiteral("in use")); }));
    QVERIFY(!driver.forward()->isEnabled());

    holder.reset();
    QVERIFY(driver.click(again));
    QVERIFY(driver.waitForward());
    QVERIFY(!again->isVisible());
    driver.press(Qt::Key_Escape);
    verifyOld(image, before);
}

void TestAmendWizard::refusesAFileThatChangedSinceThePreview()
{
    const QString image = makeImage(QStringLiteral("refcount_bits=16"));
    WizardDriver driver(image);
    QVERIFY(driver.isReady());
    QVERIFY(driver.clickToPreview(64));
    QVERIFY(driver.waitForward());
    // The locks are held since the preview: no program that heeds them can come between.
    QVERIFY(qemu::img({QStringLiteral("snapshot"), QStringLiteral("-c"), QStringLiteral("one"), image}).exit != 0);
    QTest::qWait(20); // longer than a tick of the clock of files
    QFile careless(image);
    QVERIFY(careless.open(QFile::ReadWrite) && careless.seek(512 * 1024) && careless.write("x") == 1);
    careless.close();
    const Bytes before = readFile(image);
    QVERIFY(driver.click(driver.forward()));
    QVERIFY(driver.waitFor(
        [&] { return driver.text(QStringLiteral("phase")).contains(QStringLiteral("was changed since")); }));
    verifyOld(image, before);
}

void TestAmendWizard::reloadsTheDocumentAfterTheChange()
{
    const QString image = makeImage(QStringLiteral("refcount_bits=16"));
    WizardDriver driver(image);
    QVERIFY(driver.isReady());
    QSignalSpy opened(&driver.document(), &ui::ImageDocument::opened);
    QVERIFY(driver.clickToRun(8));
    QVERIFY(driver.waitFor([&] { return opened.count() == 1; }));
    QCOMPARE(driver.document().image()->header().refcountBits(), 8U);
    QVERIFY(driver.wizard().report());
    QVERIFY(driver.wizard().report()->after.isClean());

    QVERIFY(driver.click(driver.forward()));
    const auto* table = driver.find<QTableWidget>(QStringLiteral("comparison"));
    QCOMPARE(table->item(0, 0)->text(), QStringLiteral("16 bits"));
    QCOMPARE(table->item(0, 1)->text(), QStringLiteral("8 bits"));
    QVERIFY(driver.find<QPushButton>(QStringLiteral("saveReport"))->isEnabled());
    QSignalSpy shown(&driver.wizard(), &ui::AmendWizard::mapRequested);
    QVERIFY(driver.click(driver.find<QPushButton>(QStringLiteral("showInMap"))));
    QCOMPARE(shown.count(), 1);
    const ui::ImageDocument& document = driver.document();
    const auto* selected = driver.document().selection().as<ui::ClusterRange>();
    QVERIFY(selected);
    QCOMPARE(selected->first, document.image()->geometry().cluster(document.image()->header().refcountTableOffset));
    QCOMPARE(opened.count(), 1);
}

void TestAmendWizard::undoesTheChange()
{
    const QString image = makeImage(QStringLiteral("refcount_bits=16"));
    const Bytes before = readFile(image);
    WizardDriver driver(image);
    QVERIFY(driver.isReady());
    QVERIFY(driver.clickToRun(64));
    QVERIFY(driver.waitForward());
    QVERIFY(driver.click(driver.forward()));
    auto* undo = driver.find<QPushButton>(QStringLiteral("undo"));
    QVERIFY(undo);
    QVERIFY(driver.waitFor([&] { return undo->isEnabled(); }));
    QVERIFY(driver.click(undo));
    QVERIFY(
        driver.waitFor([&] { return driver.text(QStringLiteral("verdict")).contains(QStringLiteral("old width")); }));
    QCOMPARE(driver.document().image()->header().refcountBits(), 16U);
    QVERIFY(driver.document().census()->isClean());
    QVERIFY(readFile(image) == before);
    QVERIFY(!undo->isEnabled());
}

void TestAmendWizard::undoesNothingOnceCountsHaveChanged()
{
    const QString image = makeImage(QStringLiteral("refcount_bits=16"));
    WizardDriver driver(image);
    QVERIFY(driver.isReady());
    QVERIFY(driver.clickToRun(64));
    QVERIFY(driver.waitForward());
    QVERIFY(driver.click(driver.forward()));
    auto* undo = driver.find<QPushButton>(QStringLiteral("undo"));
    QVERIFY(driver.waitFor([&] { return undo->isEnabled(); }));
    const QStringList snapshot{QStringLiteral("snapshot"), QStringLiteral("-c"), QStringLiteral("one"), image};
    QCOMPARE(qemu::img(snapshot).exit, 0); // counts change behind its back
    QVERIFY(driver.click(undo));
    QVERIFY(
        driver.waitFor([&] { return driver.text(QStringLiteral("verdict")).contains(QStringLiteral("not undone")); }));
    QCOMPARE(qemu::checkExit(image), 0);
}

void TestAmendWizard::explainsTheTermsOfEveryPage()
{
    WizardDriver driver(makeImage(QStringLiteral("refcount_bits=16")));
    QVERIFY(driver.isReady());
    const QList<int> ids = driver.wizard().pageIds();
    QCOMPARE(ids.size(), 5);
    for (const int id : ids) {
        const auto* page = qobject_cast<ui::WizardPage*>(driver.wizard().page(id));
        QVERIFY(page);
        QVERIFY(!page->title().isEmpty() && !page->subTitle().isEmpty());
        QVERIFY(page->help().contains(QStringLiteral("<b>")));
    }
    driver.press(Qt::Key_F1);
    auto* help = driver.wizard().findChild<QDialog*>(QStringLiteral("amendHelp"));
    QVERIFY(help && help->isVisible());
    QTest::keyClick(help, Qt::Key_Escape);
    QVERIFY(!help->isVisible());
    QVERIFY(driver.wizard().isVisible());
}

QTEST_MAIN(TestAmendWizard)
#include "tst_amend_wizard.moc"
