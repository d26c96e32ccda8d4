// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/gui/gui_support.h"
#include "ui/header_editor/header_editor_dialog.h"
#include "ui/header_editor/refcount_dialog.h"

#include <QCheckBox>
#include <QComboBox>
#include <QFileDialog>
#include <QLabel>
#include <QLineEdit>
#include <QMessageBox>
#include <QPointer>
#include <QPushButton>
#include <QTextBrowser>
#include <QUndoView>

using namespace cowscope;
using namespace cowscope::test;
using namespace cowscope::ui;
using namespace Qt::Literals::StringLiterals;

namespace
{

constexpr int kPatienceMilliseconds = 60'000;

} // namespace

/// Fields of the header and single counts changed by hand, with the real widgets on real files.
class TestHeaderEditor : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { REQUIRE_QEMU(); }
    void init();
    void cleanup();

    void showsTheHeaderAndAsksForNothing();
    void explainsPreviewsAndCommits();
    void undoesAndRedoesByKeysBeforeACommit();
    void aNameThatIsTypedIsOneStep();
    void takesACommitBackAndWritesItAgain();
    void aCommitCanBeTakenBackAfterTheDialogWasClosed();
    void cannotTakeBackWhatWasChangedSince();
    void dangerNeedsASay();
    void namesWhatCannotBe();
    void choosesTheBackingFile();
    void isRefusedWhileQemuHoldsTheImage();
    void saysThatAWriteHasFailed();
    void writesOneCountAndTakesItBack();
    void refusesCountsThatCannotBe();

private:
    QString create(const QString& options = u"refcount_bits=16"_s);
    bool openDialog(const QString& path);
    bool openCounts(const QString& path, HostCluster cluster);
    bool waitForPreview();
    bool waitForWrite();
    bool confirm();
    template <typename T>
    T* child(const QString& name) const
    {
        return m_dialog->findChild<T*>(name);
    }
    void click(const QString& box) { child<QCheckBox>(box)->click(); }
    bool keys(Qt::KeyboardModifiers modifiers);
    QString consequences() const { return child<QTextBrowser>(u"consequences"_s)->toPlainText(); }
    QString text(const char* name) const { return shownText(*m_dialog, QString::fromLatin1(name)); }
    bool canGo() const { return child<QPushButton>(u"go"_s)->isEnabled(); }
    QJsonObject data(const QString& path) const;

    std::unique_ptr<ImageFolder> m_folder;
    std::unique_ptr<ImageDocument> m_document;
    std::unique_ptr<HeaderHistory> m_history;
    QPointer<TaskDialog> m_dialog;
};

void TestHeaderEditor::init()
{
    m_folder = std::make_unique<ImageFolder>();
    m_document = std::make_unique<ImageDocument>();
    m_history = std::make_unique<HeaderHistory>();
}

void TestHeaderEditor::cleanup()
{
    delete m_dialog;
    m_history.reset();
    m_document.reset();
    QVERIFY(waitForJobs());
}

QString TestHeaderEditor::create(const QString& options)
{
    const QString path = m_folder->path(u"disk.qcow2"_s);
    const bool good = qemu::img({u"create"_s, u"-q"_s, u"-f"_s, u"qcow2"_s, u"-o"_s, options, path, u"4M"_s}).exit == 0
        && qemu::io(path, {u"write -P 5 0 200k"_s}).exit == 0;
    return good ? path : QString();
}

bool TestHeaderEditor::openDialog(const QString& path)
{
    if (!openAndWait(*m_document, path))
        return false;
    m_dialog = new HeaderEditorDialog(*m_document, *m_history);
    m_dialog->setAttribute(Qt::WA_DeleteOnClose);
    m_dialog->show();
    return QTest::qWaitForWindowActive(m_dialog) && waitForJobs();
}

bool TestHeaderEditor::openCounts(const QString& path, HostCluster cluster)
{
    if (!openAndWait(*m_document, path))
        return false;
    m_dialog = new RefcountDialog(*m_document, cluster);
    m_dialog->setAttribute(Qt::WA_DeleteOnClose);
    m_dialog->show();
    return QTest::qWaitForWindowActive(m_dialog) && waitForJobs();
}

/// Until the check of what would be written has ended, well or not.
bool TestHeaderEditor::waitForPreview()
{
    return QTest::qWaitFor(
               [this] {
                   const bool header = child<QTextBrowser>(u"consequences"_s)
                       && consequences().contains(QStringLiteral("afterwards"));
                   return header || text("verdict").contains(QStringLiteral("afterwards"))
                       || !text("problem").isEmpty();
               },
               kPatienceMilliseconds)
        && waitForJobs();
}

bool TestHeaderEditor::waitForWrite()
{
    return QTest::qWaitFor([this] { return !m_dialog->isWriting(); }, kPatienceMilliseconds)
        && QTest::qWaitFor([this] { return !m_document->job(); }, kPatienceMilliseconds) && waitForJobs();
}

/// Undo and redo; a box that was closed gives the focus back first.
bool TestHeaderEditor::keys(Qt::KeyboardModifiers modifiers)
{
    m_dialog->activateWindow();
    if (!QTest::qWaitForWindowActive(m_dialog))
        return false;
    QTest::keyClick(m_dialog, Qt::Key_Z, modifiers);
    return true;
}

/// Says yes to writing again.
bool TestHeaderEditor::confirm()
{
    QMessageBox* box = nullptr;
    return QTest::qWaitFor([&] { return (box = child<QMessageBox>(u"confirmWrite"_s)) && box->isVisible(); })
        && clickButton(*box, u"confirm"_s) && waitForWrite();
}

QJsonObject TestHeaderEditor::data(const QString& path) const
{
    return qemu::img({u"info"_s, u"-U"_s, u"--output=json"_s, path})
        .json()
        .object()[u"format-specific"_s]
        .toObject()[u"data"_s]
        .toObject();
}

void TestHeaderEditor::showsTheHeaderAndAsksForNothing()
{
    const QString path = create(u"lazy_refcounts=on"_s);
    const Bytes before = readFile(path);
    QVERIFY(openDialog(path));
    QVERIFY(child<QCheckBox>(u"bit.1.0"_s)->isChecked());
    QVERIFY(!child<QCheckBox>(u"bit.0.0"_s)->isChecked());
    QVERIFY(!child<QCheckBox>(u"bit.0.4"_s)->isEnabled()); // extended L2 entries: fixed
    QVERIFY(consequences().contains(QStringLiteral("Nothing is changed")));
    QVERIFY(!canGo());
    QVERIFY(!child<QPushButton>(u"undo"_s)->isEnabled());
    child<QCheckBox>(u"bit.0.1"_s)->setFocus();
    QVERIFY2(text("fieldHelp").contains(QStringLiteral("corrupt")), qPrintable(text("fieldHelp")));
    QTest::keyClick(m_dialog, Qt::Key_Escape);
    QVERIFY(QTest::qWaitFor([this] { return !m_dialog; }));
    QVERIFY(readFile(path) == before);
}

void TestHeaderEditor::explainsPreviewsAndCommits()
{
    const QString path = create();
    const Bytes before = readFile(path);
    QVERIFY(openDialog(path));
    click(u"bit.1.0"_s);
    QVERIFY(consequences().contains(QStringLiteral("written late")));
    QVERIFY(!canGo());
    QVERIFY(waitForPreview());
    QVERIFY2(consequences().contains(QStringLiteral("compatible_features")), qPrintable(consequences()));
    QVERIFY(consequences().simplified().contains(QStringLiteral("00 00 00 00 00 00 00 01")));
    QVERIFY(consequences().contains(QStringLiteral("CLEAN"), Qt::CaseInsensitive));
    QVERIFY(readFile(path) == before);
    QVERIFY(clickButton(*m_dialog, u"go"_s));
    QVERIFY(waitForWrite());
    QVERIFY(data(path)[u"lazy-refcounts"_s].toBool());
    QVERIFY(m_document->image()->header().hasLazyRefcounts());
    QVERIFY(consequences().contains(QStringLiteral("Written")));
    QVERIFY(!canGo());
    QCOMPARE(qemu::checkExit(path), 0);
    delete m_dialog;
    QVERIFY(openDialog(path)); // again
    QVERIFY(consequences().contains(QStringLiteral("Written")));
    QVERIFY(text("nothingWritten").isEmpty());
}

void TestHeaderEditor::undoesAndRedoesByKeysBeforeACommit()
{
    const QString path = create();
    const Bytes before = readFile(path);
    QVERIFY(openDialog(path));
    click(u"bit.1.0"_s);
    click(u"bit.0.1"_s);
    QCOMPARE(m_history->stack().count(), 2);
    QVERIFY(keys(Qt::ControlModifier));
    QVERIFY(!child<QCheckBox>(u"bit.0.1"_s)->isChecked());
    QVERIFY(child<QCheckBox>(u"bit.1.0"_s)->isChecked());
    QVERIFY(keys(Qt::ControlModifier));
    QVERIFY(!child<QCheckBox>(u"bit.1.0"_s)->isChecked());
    QVERIFY(consequences().contains(QStringLiteral("Nothing is changed")));
    QVERIFY(keys(Qt::ControlModifier | Qt::ShiftModifier));
    QVERIFY(child<QCheckBox>(u"bit.1.0"_s)->isChecked());
    QVERIFY(clickButton(*m_dialog, u"redo"_s));
    QVERIFY(child<QCheckBox>(u"bit.0.1"_s)->isChecked());
    QVERIFY(!child<QPushButton>(u"redo"_s)->isEnabled());
    QVERIFY(clickButton(*m_dialog, u"undo"_s));
    QVERIFY(!child<QCheckBox>(u"bit.0.1"_s)->isChecked());
    QCOMPARE(child<QUndoView>(u"steps"_s)->model()->rowCount(), 3); // and the one before all
    QVERIFY(waitForPreview());
    QVERIFY(readFile(path) == before);
}

void TestHeaderEditor::aNameThatIsTypedIsOneStep()
{
    const QString path = create();
    QVERIFY(openDialog(path));
    auto* name = child<QLineEdit>(u"backingFile"_s);
    name->setFocus();
    QTest::keyClicks(name, u"base.raw"_s);
    QCOMPARE(m_history->stack().count(), 1);
    QVERIFY(consequences().contains(QStringLiteral("needs its format")));
    auto* format = child<QComboBox>(u"backingFormat"_s);
    format->lineEdit()->setFocus();
    QTest::keyClicks(format->lineEdit(), u"raw"_s);
    QCOMPARE(m_history->stack().count(), 2);
    QTest::keyClick(format->lineEdit(), Qt::Key_Z, Qt::ControlModifier); // in the line, as anywhere
    QCOMPARE(format->currentText(), QString());
    QCOMPARE(name->text(), u"base.raw"_s);
    QTest::keyClick(name, Qt::Key_Z, Qt::ControlModifier);
    QCOMPARE(name->text(), QString());
    QVERIFY(keys(Qt::ControlModifier | Qt::ShiftModifier));
    QVERIFY(keys(Qt::ControlModifier | Qt::ShiftModifier));
    QVERIFY(waitForPreview());
    QVERIFY(clickButton(*m_dialog, u"go"_s));
    QVERIFY(waitForWrite());
    QCOMPARE(QString::fromStdString(m_document->image()->backingFile()), u"base.raw"_s);
}

void TestHeaderEditor::takesACommitBackAndWritesItAgain()
{
    const QString path = create();
    const Bytes before = readFile(path);
    QVERIFY(openDialog(path));
    click(u"bit.1.0"_s);
    QVERIFY(waitForPreview());
    QVERIFY(clickButton(*m_dialog, u"go"_s));
    QVERIFY(waitForWrite());
    const Bytes after = readFile(path);
    QVERIFY(keys(Qt::ControlModifier));
    QVERIFY(confirm());
    QVERIFY(readFile(path) == before);
    QVERIFY(child<QCheckBox>(u"bit.1.0"_s)->isChecked()); // still asked for, as before the commit
    QVERIFY(keys(Qt::ControlModifier | Qt::ShiftModifier));
    QVERIFY(confirm());
    QVERIFY(readFile(path) == after);
    click(u"bit.0.1"_s); // and on with another change
    QVERIFY(waitForPreview());
    QVERIFY(clickButton(*m_dialog, u"go"_s));
    QVERIFY(waitForWrite());
    QVERIFY(data(path)[u"corrupt"_s].toBool());
}

void TestHeaderEditor::aCommitCanBeTakenBackAfterTheDialogWasClosed()
{
    const QString path = create();
    const Bytes before = readFile(path);
    QVERIFY(openDialog(path));
    click(u"bit.1.0"_s);
    QVERIFY(waitForPreview());
    QVERIFY(clickButton(*m_dialog, u"go"_s));
    QVERIFY(waitForWrite());
    QVERIFY(clickButton(*m_dialog, u"close"_s));
    QVERIFY(QTest::qWaitFor([this] { return !m_dialog; }));
    QVERIFY(openDialog(path));
    QVERIFY(clickButton(*m_dialog, u"undo"_s));
    QVERIFY(confirm());
    QVERIFY(readFile(path) == before);
}

void TestHeaderEditor::cannotTakeBackWhatWasChangedSince()
{
    const QString path = create();
    QVERIFY(openDialog(path));
    click(u"bit.1.0"_s);
    QVERIFY(waitForPreview());
    QVERIFY(clickButton(*m_dialog, u"go"_s));
    QVERIFY(waitForWrite());
    QCOMPARE(qemu::img({u"snapshot"_s, u"-c"_s, u"one"_s, path}).exit, 0); // the header counts snapshots
    const Bytes now = readFile(path);
    QVERIFY(clickButton(*m_dialog, u"undo"_s));
    QVERIFY(confirm());
    QVERIFY2(text("problem").contains(QStringLiteral("no longer")), qPrintable(text("problem")));
    QVERIFY(readFile(path) == now);
}

void TestHeaderEditor::dangerNeedsASay()
{
    std::uint64_t leaked = 0;
    std::uint64_t low = 0;
    const QString path = m_folder->createDamaged(u"disk.qcow2"_s, leaked, low);
    Bytes bytes = readFile(path);
    put64(bytes, 72, 2); // marked corrupt
    QVERIFY(writeFile(path, bytes));
    QVERIFY(openDialog(path));
    click(u"bit.0.1"_s);
    QVERIFY2(consequences().contains(QStringLiteral("Danger")), qPrintable(consequences()));
    QVERIFY(waitForPreview());
    QVERIFY(!canGo());
    QVERIFY(child<QCheckBox>(u"accept"_s)->isVisible());
    click(u"accept"_s);
    QVERIFY(canGo());
    QVERIFY(clickButton(*m_dialog, u"go"_s));
    QVERIFY(waitForWrite());
    put64(bytes, 72, 0);
    QVERIFY(readFile(path) == bytes); // the mark and nothing else: no repair
}

void TestHeaderEditor::namesWhatCannotBe()
{
    const QString path = create();
    QVERIFY(openDialog(path));
    child<QLineEdit>(u"backingFile"_s)->setText(QString(1024, u'x'));
    child<QComboBox>(u"backingFormat"_s)->setCurrentText(u"raw"_s);
    QVERIFY(consequences().contains(QStringLiteral("Cannot be done")));
    QVERIFY(consequences().contains(QStringLiteral("1023")));
    QTest::qWait(600); // no preview comes
    QVERIFY(!canGo());
    QVERIFY(waitForJobs());
}

void TestHeaderEditor::choosesTheBackingFile()
{
    const QString path = create();
    QVERIFY(qemu::img({u"create"_s, u"-q"_s, u"-f"_s, u"raw"_s, m_folder->path(u"base.raw"_s), u"4M"_s}).exit == 0);
    QVERIFY(openDialog(path));
    QVERIFY(clickButton(*m_dialog, u"browseBackingFile"_s));
    QFileDialog* files = nullptr;
    QVERIFY(QTest::qWaitFor([&] { return (files = child<QFileDialog>(u"backingFileDialog"_s)) != nullptr; }));
    files->selectFile(m_folder->path(u"base.raw"_s));
    QMetaObject::invokeMethod(files, "accept");
    QCOMPARE(child<QLineEdit>(u"backingFile"_s)->text(), u"base.raw"_s);
    QCOMPARE(QString::fromStdString(m_history->pending().backingFile.value_or("")), u"base.raw"_s);
}

void TestHeaderEditor::isRefusedWhileQemuHoldsTheImage()
{
    const QString path = create();
    const Bytes before = readFile(path);
    QVERIFY(openDialog(path));
    {
        const qemu::Holder holder(path);
        QVERIFY(holder.holds());
        click(u"bit.0.1"_s);
        QVERIFY(waitForPreview());
        QVERIFY2(!text("problem").isEmpty() && !canGo(), qPrintable(text("problem")));
    }
    QVERIFY(readFile(path) == before);
    QVERIFY(clickButton(*m_dialog, u"tryAgain"_s));
    QVERIFY(waitForPreview());
    QVERIFY(canGo());
    const qemu::Holder late(path); // our locks keep it out between preview and commit
    QVERIFY(!late.holds());
}

void TestHeaderEditor::saysThatAWriteHasFailed()
{
    const QString path = create();
    const Bytes before = readFile(path);
    const auto plan = std::make_shared<FaultPlan>();
    plan->failFrom = 1;
    m_document->setStorageOpener(faultyOpener(plan));
    QVERIFY(openDialog(path));
    click(u"bit.1.0"_s);
    QVERIFY(waitForPreview());
    QVERIFY(clickButton(*m_dialog, u"go"_s));
    QVERIFY(waitForWrite());
    QVERIFY(!text("problem").isEmpty());
    QVERIFY(!canGo());
    QVERIFY(readFile(path) == before);
    QVERIFY(child<QCheckBox>(u"bit.1.0"_s)->isChecked()); // still asked for
    plan->failFrom = 0;
    QVERIFY(clickButton(*m_dialog, u"tryAgain"_s));
    QVERIFY(waitForPreview());
    QVERIFY(clickButton(*m_dialog, u"go"_s));
    QVERIFY(waitForWrite());
    QVERIFY(data(path)[u"lazy-refcounts"_s].toBool());
}

void TestHeaderEditor::writesOneCountAndTakesItBack()
{
    const QString path = create(u"refcount_bits=4"_s);
    const Bytes before = readFile(path);
    QVERIFY(openAndWait(*m_document, path));
    HostCluster cluster(0);
    while (m_document->census()->map.owner(cluster) != ClusterOwner::Data)
        ++cluster;
    QVERIFY(openCounts(path, cluster));
    QVERIFY2(text("warning").contains(QStringLiteral("destroy data")), qPrintable(text("warning")));
    QVERIFY2(text("countFacts").contains(QStringLiteral("15")), qPrintable(text("countFacts")));
    auto* count = child<QLineEdit>(u"newCount"_s);
    QCOMPARE(count->text(), u"1"_s);
    count->selectAll();
    QTest::keyClicks(count, u"0"_s);
    QVERIFY2(text("forecast").contains(QStringLiteral("corruption")), qPrintable(text("forecast")));
    QVERIFY(text("forecast").contains(QStringLiteral("writes over it")));
    QVERIFY(waitForPreview());
    QVERIFY2(text("verdict").contains(QStringLiteral("corruption")), qPrintable(text("verdict")));
    QVERIFY(!canGo());
    click(u"accept"_s);
    QVERIFY(canGo());
    QVERIFY(readFile(path) == before);
    QVERIFY(clickButton(*m_dialog, u"go"_s));
    QVERIFY(waitForWrite());
    QCOMPARE(qemu::checkExit(path), 2);
    QVERIFY(m_document->census()->corruptions > 0);
    QVERIFY(!canGo());
    QVERIFY(clickButton(*m_dialog, u"undo"_s));
    QVERIFY(waitForWrite());
    QVERIFY(readFile(path) == before);
    QVERIFY(!child<QPushButton>(u"undo"_s)->isVisible());
    QCOMPARE(count->text(), u"1"_s);
}

void TestHeaderEditor::refusesCountsThatCannotBe()
{
    const QString path = create(u"refcount_bits=4"_s);
    QVERIFY(openCounts(path, HostCluster(0)));
    auto* count = child<QLineEdit>(u"newCount"_s);
    child<QCheckBox>(u"accept"_s)->click();
    for (const auto& [typed, said] :
        {std::pair("16", "more than 15"), std::pair("x", "from 0 to 15"), std::pair("1", "as it is")}) {
        count->setText(QString::fromLatin1(typed));
        QVERIFY2(text("forecast").contains(QString::fromLatin1(said)), qPrintable(text("forecast")));
        QTest::qWait(500);
        QVERIFY(!canGo());
    }
    delete m_dialog;
    QVERIFY(openCounts(path, HostCluster(1'000'000)));
    QVERIFY2(text("forecast").contains(QStringLiteral("refblock")), qPrintable(text("forecast")));
    QVERIFY(!canGo());
}

QTEST_MAIN(TestHeaderEditor)
#include "tst_header_editor.moc"
