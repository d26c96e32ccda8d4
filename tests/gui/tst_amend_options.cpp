// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/gui/gui_support.h"
#include "ui/amend_options/amend_options_dialog.h"

#include <QCheckBox>
#include <QComboBox>
#include <QLineEdit>
#include <QPointer>
#include <QPushButton>

using namespace cowscope;
using namespace cowscope::test;
using namespace cowscope::ui;
using namespace Qt::Literals::StringLiterals;

namespace
{

constexpr int kPatienceMilliseconds = 60'000;

} // namespace

/// The dialog for everything that an amend changes, on real files.
class TestAmendOptions : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { REQUIRE_QEMU(); }
    void init();
    void cleanup();

    void showsTheImageAndAsksForNothing();
    void downgradesAndComesBack();
    void saysEverythingThatStandsInTheWay();
    void advisesActionsOfThisProgram();
    void copiesWhatOneBitCannotShare();
    void changesTheBackingFileByKeys();
    void blocksAnImageInUse();

private:
    QString create(const QString& options, const QStringList& writes = {}, bool snapshot = false);
    bool openDialog(const QString& path);
    bool waitForPreview();
    bool waitForTheEnd();
    void pick(const char* box, const QVariant& data);
    QString text(const char* name) const { return shownText(*m_dialog, QString::fromLatin1(name)); }
    bool canGo() const { return m_dialog->findChild<QPushButton*>(QStringLiteral("go"))->isEnabled(); }
    QJsonObject facts(const QString& path) const;

    std::unique_ptr<ImageFolder> m_folder;
    std::unique_ptr<ImageDocument> m_document;
    QPointer<AmendOptionsDialog> m_dialog;
};

void TestAmendOptions::init()
{
    m_folder = std::make_unique<ImageFolder>();
    m_document = std::make_unique<ImageDocument>();
}

void TestAmendOptions::cleanup()
{
    delete m_dialog;
    m_document.reset();
    QVERIFY(waitForJobs());
}

QString TestAmendOptions::create(const QString& options, const QStringList& writes, bool snapshot)
{
    const QString path = m_folder->path(QStringLiteral("disk.qcow2"));
    bool good = qemu::img({u"create"_s, u"-q"_s, u"-f"_s, u"qcow2"_s, u"-o"_s, options, path, u"4M"_s}).exit == 0;
    good = good && (writes.isEmpty() || qemu::io(path, writes).exit == 0);
    good = good && (!snapshot || qemu::img({u"snapshot"_s, u"-c"_s, u"one"_s, path}).exit == 0);
    return good ? path : QString();
}

bool TestAmendOptions::openDialog(const QString& path)
{
    if (!openAndWait(*m_document, path))
        return false;
    m_dialog = new AmendOptionsDialog(*m_document);
    m_dialog->setAttribute(Qt::WA_DeleteOnClose);
    m_dialog->show();
    return QTest::qWaitForWindowActive(m_dialog) && waitForJobs();
}

bool TestAmendOptions::waitForPreview()
{
    return QTest::qWaitFor([this] { return canGo() || !text("problem").isEmpty(); }, kPatienceMilliseconds)
        && waitForJobs();
}

bool TestAmendOptions::waitForTheEnd()
{
    return QTest::qWaitFor([this] { return !m_dialog; }, kPatienceMilliseconds)
        && QTest::qWaitFor([this] { return !m_document->job(); }, kPatienceMilliseconds) && waitForJobs();
}

void TestAmendOptions::pick(const char* name, const QVariant& data)
{
    auto* box = m_dialog->findChild<QComboBox*>(QString::fromLatin1(name));
    box->setCurrentIndex(box->findData(data));
}

QJsonObject TestAmendOptions::facts(const QString& path) const
{
    return qemu::img({u"info"_s, u"--output=json"_s, path})
        .json()
        .object()[u"format-specific"_s]
        .toObject()[u"data"_s]
        .toObject();
}

void TestAmendOptions::showsTheImageAndAsksForNothing()
{
    const QString path = create(u"refcount_bits=8,lazy_refcounts=on"_s);
    const Bytes before = readFile(path);
    QVERIFY(openDialog(path));
    QCOMPARE(m_dialog->findChild<QComboBox*>(u"compat"_s)->currentData().toUInt(), 3U);
    QCOMPARE(m_dialog->findChild<QComboBox*>(u"width"_s)->currentData().toUInt(), 3U);
    QVERIFY(m_dialog->findChild<QCheckBox*>(u"lazyRefcounts"_s)->isChecked());
    QVERIFY(text("amendPreview").contains(QStringLiteral("Nothing is changed")));
    QVERIFY(!canGo());
    QTest::keyClick(m_dialog, Qt::Key_Escape);
    QVERIFY(QTest::qWaitFor([this] { return !m_dialog; }));
    QVERIFY(readFile(path) == before);
}

void TestAmendOptions::downgradesAndComesBack()
{
    const QString path = create(u"refcount_bits=64"_s, {u"write -P 5 0 200k"_s, u"write -z 1M 64k"_s}, true);
    const QByteArray contents = qemu::contentHash(path);
    QVERIFY(openDialog(path));
    pick("compat", 2U);
    pick("width", 4U);
    QVERIFY(waitForPreview());
    QVERIFY2(text("amendPreview").contains(QStringLiteral("Will expand")), qPrintable(text("amendPreview")));
    QVERIFY(clickButton(*m_dialog, QStringLiteral("go")));
    QVERIFY(waitForTheEnd());
    QCOMPARE(facts(path)[u"compat"_s].toString(), QStringLiteral("0.10"));
    QCOMPARE(qemu::checkExit(path), 0);
    QCOMPARE(qemu::contentHash(path), contents);
    QCOMPARE(qemu::contentHash(path, u"one"_s), contents);
    QVERIFY(openDialog(path));
    pick("compat", 3U);
    pick("width", 2U);
    QVERIFY(waitForPreview());
    QVERIFY(clickButton(*m_dialog, QStringLiteral("go")));
    QVERIFY(waitForTheEnd());
    QCOMPARE(facts(path)[u"refcount-bits"_s].toInt(), 4);
    QCOMPARE(qemu::checkExit(path), 0);
    QCOMPARE(qemu::contentHash(path, u"one"_s), contents);
}

void TestAmendOptions::saysEverythingThatStandsInTheWay()
{
    const QString path = create(u"extended_l2=on"_s);
    const Bytes before = readFile(path);
    QVERIFY(openDialog(path));
    pick("compat", 2U);
    pick("width", 6U);
    m_dialog->findChild<QCheckBox*>(u"lazyRefcounts"_s)->click();
    QVERIFY(waitForPreview());
    for (const char* part : {"extended L2", "refcount_bits=16", "Lazy refcounts"})
        QVERIFY2(text("problem").contains(QString::fromLatin1(part)), qPrintable(text("problem")));
    QVERIFY(text("amendPreview").isEmpty()); // nothing is being found out any more
    QVERIFY(!canGo());
    QVERIFY(readFile(path) == before);
}

void TestAmendOptions::advisesActionsOfThisProgram()
{
    const QString path = create(u"refcount_bits=16"_s, {u"write -P 5 0 200k"_s}, true);
    QCOMPARE(qemu::img({u"bitmap"_s, u"--add"_s, path, u"b"_s}).exit, 0);
    QVERIFY(openDialog(path));
    QVERIFY(m_dialog->findChild<QComboBox*>(u"compat"_s)->hasFocus());
    pick("compat", 2U);
    QVERIFY(waitForPreview());
    QVERIFY2(text("problem").contains(u"cowscope-cli bitmap --remove"_s), qPrintable(text("problem")));
    pick("compat", 3U);
    pick("width", 0U);
    QVERIFY(waitForPreview());
    QVERIFY2(!text("problem").contains(u"--split"_s), qPrintable(text("problem")));
    QVERIFY2(text("problem").contains(u"copy what the width cannot share"_s), qPrintable(text("problem")));
}

void TestAmendOptions::copiesWhatOneBitCannotShare()
{
    const QString path = create(u"refcount_bits=16"_s, {u"write -P 5 0 200k"_s}, true);
    const QByteArray contents = qemu::contentHash(path);
    QVERIFY(openDialog(path));
    pick("width", 0U);
    QVERIFY(waitForPreview());
    QVERIFY(!canGo());
    m_dialog->findChild<QCheckBox*>(u"splitShared"_s)->click();
    QVERIFY(waitForPreview());
    QVERIFY2(text("amendPreview").contains(QStringLiteral("Will copy")), qPrintable(text("amendPreview")));
    QVERIFY2(text("amendPreview").contains(QRegularExpression(u"File size: \\d+,\\d{3}(,\\d{3})* bytes before"_s)),
        qPrintable(text("amendPreview")));
    QVERIFY(clickButton(*m_dialog, QStringLiteral("go")));
    QVERIFY(waitForTheEnd());
    QCOMPARE(facts(path)[u"refcount-bits"_s].toInt(), 1);
    QCOMPARE(qemu::checkExit(path), 0);
    QCOMPARE(qemu::contentHash(path), contents);
    QCOMPARE(qemu::contentHash(path, u"one"_s), contents);
}

void TestAmendOptions::changesTheBackingFileByKeys()
{
    const QString path = create(u"refcount_bits=16"_s);
    QVERIFY(openDialog(path));
    auto* name = m_dialog->findChild<QLineEdit*>(u"backingFile"_s);
    name->setFocus();
    QTest::keyClicks(name, u"base.raw"_s);
    QVERIFY(waitForPreview());
    QVERIFY2(text("problem").contains(QStringLiteral("backing_fmt")), qPrintable(text("problem")));
    pick("backingFormat", QStringLiteral("raw"));
    QVERIFY(waitForPreview());
    QVERIFY(canGo());
    QTest::keyClick(name, Qt::Key_Return);
    QVERIFY(waitForTheEnd());
    QCOMPARE(QString::fromStdString(m_document->image()->backingFile()), QStringLiteral("base.raw"));
}

void TestAmendOptions::blocksAnImageInUse()
{
    const QString path = create(u"refcount_bits=16"_s);
    QVERIFY(openDialog(path));
    const qemu::Holder holder(path);
    QVERIFY(holder.holds());
    pick("width", 6U);
    QVERIFY(waitForPreview());
    QVERIFY(!canGo());
    QVERIFY2(text("problem").contains(QStringLiteral("another")) || text("problem").contains(QStringLiteral("qemu-io")),
        qPrintable(text("problem")));
}

QTEST_MAIN(TestAmendOptions)
#include "tst_amend_options.moc"
