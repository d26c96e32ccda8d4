// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/gui/gui_support.h"
#include "tests/support/sample_images.h"
#include "ui/common/verdict.h"
#include "ui/repair/repair_dialog.h"

#include <QCheckBox>
#include <QLabel>
#include <QListWidget>
#include <QPointer>
#include <QPushButton>
#include <QTableWidget>

using namespace cowscope;
using namespace cowscope::test;
using namespace cowscope::ui;

namespace
{

constexpr int kPatienceMilliseconds = 60'000;

} // namespace

class TestRepair : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { REQUIRE_QEMU(); }
    void init();
    void cleanup();

    void previewsWithoutWriting();
    void saysWhereTheContentsAreInDoubt();
    void repairsByClicks();
    void repairsByKeys();
    void repairsLeaksOnly();
    void doesNothingToASoundImage();
    void clearsTheDirtyBit();
    void givesNothingUpWithoutConsent();
    void blocksAnImageInUse();
    void refusesAFileThatChangedSinceThePreview();
    void cancelLeavesItNoWorse();
    void closingTheWindowCancelsAndWaits();
    void showsAnErrorOfTheStorage();

private:
    QString damaged(); ///< a leak and a count that is too low
    QString pointingNowhere(); ///< an L2 entry leads to an unaligned place
    bool openDialog(const QString& path, RepairMode mode, ImageDocument::StorageOpener opener = {});
    bool waitForTheEnd(); ///< of the repair and of the reload behind it
    QString text(const char* name) const { return shownText(*m_dialog, QString::fromLatin1(name)); }
    bool canGo() const { return m_dialog->findChild<QPushButton*>(QStringLiteral("go"))->isEnabled(); }
    QTableWidget& actions() const { return *m_dialog->findChild<QTableWidget*>(QStringLiteral("repairActions")); }

    std::unique_ptr<ImageFolder> m_folder;
    std::unique_ptr<ImageDocument> m_document;
    QPointer<RepairDialog> m_dialog;
};

void TestRepair::init()
{
    m_folder = std::make_unique<ImageFolder>();
    m_document = std::make_unique<ImageDocument>();
}

void TestRepair::cleanup()
{
    delete m_dialog;
    m_document.reset();
    QVERIFY(waitForJobs());
}

QString TestRepair::damaged()
{
    std::uint64_t leaked = 0;
    std::uint64_t low = 0;
    return m_folder->createDamaged(QStringLiteral("disk.qcow2"), leaked, low);
}

QString TestRepair::pointingNowhere()
{
    BuiltImage image = plainImage(12, 4);
    const std::uint64_t entry = image.l2EntryAt(0);
    image.bytes[entry + 6] = std::byte{0x12}; // bits 9 to 15 of the offset: not a multiple of 4 KiB
    const QString path = m_folder->path(QStringLiteral("disk.qcow2"));
    return writeFile(path, image.bytes) ? path : QString();
}

bool TestRepair::openDialog(const QString& path, RepairMode mode, ImageDocument::StorageOpener opener)
{
    if (opener)
        m_document->setStorageOpener(std::move(opener));
    if (!openAndWait(*m_document, path))
        return false;
    m_dialog = new RepairDialog(*m_document, mode);
    m_dialog->setAttribute(Qt::WA_DeleteOnClose);
    m_dialog->show();
    return QTest::qWaitForWindowActive(m_dialog) && waitForJobs();
}

bool TestRepair::waitForTheEnd()
{
    return QTest::qWaitFor([this] { return !m_dialog || !m_dialog->isWriting(); }, kPatienceMilliseconds)
        && QTest::qWaitFor([this] { return !m_document->job(); }, kPatienceMilliseconds) && waitForJobs();
}

void TestRepair::previewsWithoutWriting()
{
    const QString path = damaged();
    const Bytes before = readFile(path);
    QVERIFY(openDialog(path, RepairMode::All));
    QVERIFY(text("repairHeadline").contains(verdictLine(*m_document->census())));
    QVERIFY(actions().rowCount() >= 2);
    for (int row = 0; row < actions().rowCount(); ++row)
        QCOMPARE(actions().item(row, 3)->text(), QStringLiteral("kept"));
    QVERIFY(text("nothingWritten").startsWith(QStringLiteral("Nothing has been written")));
    QVERIFY(canGo());
    QTest::keyClick(m_dialog, Qt::Key_Escape);
    QVERIFY(QTest::qWaitFor([this] { return !m_dialog; }));
    QVERIFY(readFile(path) == before);
}

/// A guest cluster that takes the place of its L2 table holds what the table holds; its own data leaks.
void TestRepair::saysWhereTheContentsAreInDoubt()
{
    BuiltImage image = plainImage(12, 4);
    const std::uint64_t table = image.l2EntryAt(0);
    put64(image.bytes, image.l2EntryAt(1), table);
    const QString path = m_folder->path(QStringLiteral("disk.qcow2"));
    QVERIFY(writeFile(path, image.bytes));
    QVERIFY(openDialog(path, RepairMode::All));
    QStringList fates;
    for (int row = 0; row < actions().rowCount(); ++row)
        fates += actions().item(row, 3)->text();
    QVERIFY2(fates.contains(QStringLiteral("in doubt")), qPrintable(fates.join(QLatin1Char(' '))));
    QVERIFY2(text("remains").contains(QStringLiteral("L2 table")) && text("remains").contains(QStringLiteral("leaked")),
        qPrintable(text("remains")));
    QVERIFY(!text("remains").contains(QStringLiteral("cannot mend")));
}

void TestRepair::repairsByClicks()
{
    const QString path = damaged();
    const QByteArray contents = qemu::contentHash(path);
    QVERIFY(openDialog(path, RepairMode::All));
    const std::uint64_t corruptions = m_document->census()->corruptions;
    QVERIFY(clickButton(*m_dialog, QStringLiteral("go")));
    QVERIFY(waitForTheEnd());
    QCOMPARE(m_dialog->outcome()->corruptionsFixed, corruptions);
    QCOMPARE(m_dialog->outcome()->leaksFixed, std::uint64_t{1});
    QVERIFY2(text("repairHeadline").contains(QStringLiteral("%1 corruptions and 1 leak").arg(corruptions)),
        qPrintable(text("repairHeadline")));
    QVERIFY(text("repairHeadline").contains(QStringLiteral("CLEAN")));
    QVERIFY(text("nothingWritten").isEmpty());
    QVERIFY(m_dialog->outcome()->clean);
    QVERIFY(m_document->census()->isClean());
    QCOMPARE(qemu::checkExit(path), 0);
    QCOMPARE(qemu::contentHash(path), contents);
    QVERIFY(clickButton(*m_dialog, QStringLiteral("close")));
    QVERIFY(QTest::qWaitFor([this] { return !m_dialog; }));
}

void TestRepair::repairsByKeys()
{
    const QString path = damaged();
    QVERIFY(openDialog(path, RepairMode::All));
    QTest::keyClick(m_dialog, Qt::Key_Return);
    QVERIFY(waitForTheEnd());
    QVERIFY(m_dialog->outcome());
    QTest::keyClick(m_dialog, Qt::Key_Return);
    QVERIFY(QTest::qWaitFor([this] { return !m_dialog; }));
    QCOMPARE(qemu::checkExit(path), 0);
}

void TestRepair::repairsLeaksOnly()
{
    const QString path = damaged();
    QVERIFY(openDialog(path, RepairMode::Leaks));
    const std::uint64_t corruptions = m_document->census()->corruptions;
    QCOMPARE(actions().rowCount(), 1);
    QVERIFY(clickButton(*m_dialog, QStringLiteral("go")));
    QVERIFY(waitForTheEnd());
    QVERIFY2(text("repairHeadline").contains(QStringLiteral("1 leak")), qPrintable(text("repairHeadline")));
    QVERIFY(!m_dialog->outcome()->clean);
    QCOMPARE(m_document->census()->leaks, std::uint64_t{0});
    QCOMPARE(m_document->census()->corruptions, corruptions);
    QCOMPARE(qemu::checkExit(path), 2);
}

void TestRepair::doesNothingToASoundImage()
{
    const QString path = m_folder->create(QStringLiteral("disk.qcow2"));
    QVERIFY(openDialog(path, RepairMode::All));
    QVERIFY(text("repairHeadline").contains(QStringLiteral("nothing that this repair would change")));
    QVERIFY(!actions().isVisible());
    QVERIFY(!canGo());
}

void TestRepair::clearsTheDirtyBit()
{
    const QString path = m_folder->create(QStringLiteral("disk.qcow2"));
    Bytes bytes = readFile(path);
    bytes[79] |= std::byte{1};
    QVERIFY(writeFile(path, bytes));
    QVERIFY(openDialog(path, RepairMode::All));
    QVERIFY2(text("repairHeadline").contains(QStringLiteral("dirty")), qPrintable(text("repairHeadline")));
    QVERIFY(clickButton(*m_dialog, QStringLiteral("go")));
    QVERIFY(waitForTheEnd());
    QVERIFY(m_dialog->outcome());
    QVERIFY(!m_document->image()->header().isDirty());
}

void TestRepair::givesNothingUpWithoutConsent()
{
    const QString path = pointingNowhere();
    QVERIFY(openDialog(path, RepairMode::All));
    QVERIFY(text("givenUp").contains(QStringLiteral("given up")));
    auto* list = m_dialog->findChild<QListWidget*>(QStringLiteral("givenUpList"));
    QVERIFY(list->isVisible());
    QVERIFY(list->count() >= 1);
    QVERIFY(!canGo());
    auto* accept = m_dialog->findChild<QCheckBox*>(QStringLiteral("accept"));
    QTest::mouseClick(accept, Qt::LeftButton, {}, QPoint(10, accept->height() / 2));
    QVERIFY(canGo());
    QVERIFY(clickButton(*m_dialog, QStringLiteral("go")));
    QVERIFY(waitForTheEnd());
    QVERIFY2(m_dialog->outcome(), qPrintable(text("problem")));
    QVERIFY(text("givenUp").contains(QStringLiteral("was given up")));
    QCOMPARE(qemu::checkExit(path), 0);
}

void TestRepair::blocksAnImageInUse()
{
    const QString path = damaged();
    QVERIFY(openAndWait(*m_document, path));
    auto holder = std::make_unique<qemu::Holder>(path);
    QVERIFY(holder->holds());
    m_dialog = new RepairDialog(*m_document, RepairMode::All);
    m_dialog->setAttribute(Qt::WA_DeleteOnClose);
    m_dialog->show();
    QVERIFY(waitForJobs());
    QVERIFY2(text("problem").contains(QStringLiteral("qemu-io")), qPrintable(text("problem")));
    QVERIFY(actions().rowCount() >= 2); // the plan is shown all the same
    QVERIFY(!canGo());
    holder.reset();
    QVERIFY(clickButton(*m_dialog, QStringLiteral("tryAgain")));
    QVERIFY(waitForJobs());
    QVERIFY(text("problem").isEmpty());
    QVERIFY(canGo());
}

void TestRepair::refusesAFileThatChangedSinceThePreview()
{
    const QString path = damaged();
    QVERIFY(openDialog(path, RepairMode::All));
    Bytes bytes = readFile(path);
    bytes.resize(bytes.size() + 4096); // one more leak
    bytes[2 * 4096 + 2 * (bytes.size() / 4096 - 1) + 1] = std::byte{1};
    QVERIFY(writeFile(path, bytes));
    QVERIFY(clickButton(*m_dialog, QStringLiteral("go")));
    QVERIFY(waitForTheEnd());
    QVERIFY(!text("problem").isEmpty());
    QVERIFY(readFile(path) == bytes);
    QVERIFY(clickButton(*m_dialog, QStringLiteral("tryAgain")));
    QVERIFY(waitForJobs());
    QVERIFY2(text("repairHeadline").contains(QStringLiteral("2 leaks")), qPrintable(text("repairHeadline")));
    QVERIFY(clickButton(*m_dialog, QStringLiteral("go")));
    QVERIFY(waitForTheEnd());
    QCOMPARE(qemu::checkExit(path), 0);
}

void TestRepair::cancelLeavesItNoWorse()
{
    const QString path = damaged();
    Gate gate(1);
    QVERIFY(openDialog(path, RepairMode::All, faultyOpener(gate.plan)));
    const auto before = m_document->census();
    QVERIFY(clickButton(*m_dialog, QStringLiteral("go")));
    QVERIFY(QTest::qWaitFor([&] { return gate.reached.available() > 0; }, kPatienceMilliseconds));
    QVERIFY(m_dialog->isWriting());
    QVERIFY(clickButton(*m_dialog, QStringLiteral("close")));
    QVERIFY(m_dialog->isVisible());
    gate.goOn.release();
    QVERIFY(waitForTheEnd());
    QVERIFY(m_document->census()->corruptions <= before->corruptions);
    QVERIFY(m_document->census()->leaks <= before->leaks);
    if (m_dialog->outcome())
        return; // it was too late to stop
    QVERIFY(text("problem").contains(QStringLiteral("Cancelled")));
    QVERIFY(clickButton(*m_dialog, QStringLiteral("tryAgain")));
    QVERIFY(waitForJobs());
    QVERIFY(clickButton(*m_dialog, QStringLiteral("go")));
    QVERIFY(waitForTheEnd());
    QCOMPARE(qemu::checkExit(path), 0);
}

void TestRepair::closingTheWindowCancelsAndWaits()
{
    const QString path = damaged();
    Gate gate(1);
    QVERIFY(openDialog(path, RepairMode::All, faultyOpener(gate.plan)));
    QVERIFY(clickButton(*m_dialog, QStringLiteral("go")));
    QVERIFY(QTest::qWaitFor([&] { return gate.reached.available() > 0; }, kPatienceMilliseconds));
    QVERIFY(!m_dialog->close());
    QVERIFY(m_dialog->isVisible());
    gate.goOn.release();
    QVERIFY(QTest::qWaitFor([this] { return !m_dialog; }, kPatienceMilliseconds));
}

void TestRepair::showsAnErrorOfTheStorage()
{
    const QString path = damaged();
    const QByteArray contents = qemu::contentHash(path);
    auto plan = std::make_shared<FaultPlan>();
    plan->failFrom = 1;
    plan->failAllAfter = true;
    QVERIFY(openDialog(path, RepairMode::All, faultyOpener(plan)));
    const std::uint64_t corruptions = m_document->census()->corruptions;
    QCOMPARE(plan->count(StorageOp::Write), std::uint64_t{0});
    QVERIFY(clickButton(*m_dialog, QStringLiteral("go")));
    QVERIFY(waitForTheEnd());
    QVERIFY(text("problem").contains(path));
    QVERIFY(!m_dialog->outcome());
    QCOMPARE(qemu::contentHash(path), contents);
    QCOMPARE(m_document->census()->corruptions, corruptions);
}

QTEST_MAIN(TestRepair)
#include "tst_repair.moc"
