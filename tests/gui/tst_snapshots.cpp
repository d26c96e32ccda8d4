// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/gui/gui_support.h"
#include "ui/snapshots/snapshot_dialog.h"
#include "ui/snapshots/snapshots_panel.h"

#include <QCheckBox>
#include <QJsonArray>
#include <QJsonObject>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QTableView>

using namespace cowscope;
using namespace cowscope::test;
using namespace cowscope::ui;

namespace
{

constexpr int kPatienceMilliseconds = 60'000;

QJsonArray snapshotsOf(const QString& image)
{
    return qemu::img({QStringLiteral("info"), QStringLiteral("--output=json"), image})
        .json()[QStringLiteral("snapshots")]
        .toArray();
}

QStringList namesOf(const QString& image)
{
    QStringList names;
    for (const QJsonValue each : snapshotsOf(image))
        names += each[QStringLiteral("name")].toString();
    return names;
}

} // namespace

/// The panel in a window of its own, and the dialogs that it opens.
class TestSnapshots : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { REQUIRE_QEMU(); }
    void init();
    void cleanup();

    void saysSoWithoutAnImageOrSnapshots();
    void listsWhatTheReferenceToolLists();
    void selectsInStepWithTheOtherViews();
    void createsASnapshotByClicks();
    void createsASnapshotByKeys();
    void showsTheCostBeforeAnythingIsWritten();
    void asksForAUsableName();
    void refusesASnapshotThatTheWidthCannotCount();
    void copiesWhatWouldOverflow();
    void appliesASnapshot();
    void deletesASnapshot();
    void deletesTheChosenOneWhateverItsNeighboursAreCalled();
    void blocksAnImageInUse();
    void sendsADirtyImageToTheRepair();
    void cancelLeavesTheImageAsItWas();
    void closingTheWindowCancelsAndWaits();
    void showsAnErrorOfTheStorage();
    void refusesASnapshotThatIsGone();

private:
    bool open(const QString& path, ImageDocument::StorageOpener opener = {});
    SnapshotDialog* dialog() const { return m_panel->findChild<SnapshotDialog*>(); }
    bool openDialog(const QString& button) const; ///< and waits until the cost is there, or an error
    bool waitForTheEnd() const; ///< until the dialog has closed and the image is open again
    QTableView& table() const { return *m_panel->findChild<QTableView*>(QStringLiteral("snapshotTable")); }
    void selectRow(int row) const;
    QString fact(const char* name) const { return shownText(*dialog(), QString::fromLatin1(name)); }
    QString image(int snapshots, const char* options = "cluster_size=4096") const;

    std::unique_ptr<ImageFolder> m_folder;
    std::unique_ptr<ImageDocument> m_document;
    std::unique_ptr<SnapshotsPanel> m_panel;
};

void TestSnapshots::init()
{
    m_folder = std::make_unique<ImageFolder>();
    m_document = std::make_unique<ImageDocument>();
    m_panel = std::make_unique<SnapshotsPanel>(*m_document);
    m_panel->resize(800, 400);
    m_panel->show();
    QVERIFY(QTest::qWaitForWindowActive(m_panel.get()));
}

void TestSnapshots::cleanup()
{
    m_panel.reset();
    m_document.reset();
    QVERIFY(waitForJobs());
}

QString TestSnapshots::image(int snapshots, const char* options) const
{
    return m_folder->createWithSnapshots(QStringLiteral("disk.qcow2"), snapshots, QString::fromLatin1(options));
}

bool TestSnapshots::open(const QString& path, ImageDocument::StorageOpener opener)
{
    if (opener)
        m_document->setStorageOpener(std::move(opener));
    return openAndWait(*m_document, path);
}

bool TestSnapshots::openDialog(const QString& button) const
{
    return clickButton(*m_panel, button) && dialog() && QTest::qWaitForWindowActive(dialog()) && waitForJobs();
}

bool TestSnapshots::waitForTheEnd() const
{
    return QTest::qWaitFor([this] { return !dialog(); }, kPatienceMilliseconds)
        && QTest::qWaitFor([this] { return !m_document->job(); }, kPatienceMilliseconds) && waitForJobs();
}

void TestSnapshots::selectRow(int row) const
{
    QTest::mouseClick(
        table().viewport(), Qt::LeftButton, {}, table().visualRect(table().model()->index(row, 0)).center());
}

void TestSnapshots::saysSoWithoutAnImageOrSnapshots()
{
    QVERIFY(m_panel->isEmpty());
    QVERIFY(open(image(0)));
    QVERIFY(!m_panel->isEmpty());
    QVERIFY(!table().isVisible());
    QVERIFY(m_panel->findChild<QPushButton*>(QStringLiteral("createSnapshot"))->isEnabled());
    QVERIFY(!m_panel->findChild<QPushButton*>(QStringLiteral("applySnapshot"))->isEnabled());
    QVERIFY(!m_panel->findChild<QPushButton*>(QStringLiteral("deleteSnapshot"))->isEnabled());
}

void TestSnapshots::listsWhatTheReferenceToolLists()
{
    const QString path = image(3);
    QVERIFY(open(path));
    const QJsonArray expected = snapshotsOf(path);
    QCOMPARE(table().model()->rowCount(), static_cast<int>(expected.size()));
    for (int row = 0; row < expected.size(); ++row) {
        const QJsonValue each = expected[row];
        const auto cell = [&](int column) { return table().model()->index(row, column).data().toString(); };
        QCOMPARE(cell(0), each[QStringLiteral("id")].toString());
        QCOMPARE(cell(1), each[QStringLiteral("name")].toString());
        QCOMPARE(cell(2),
            QDateTime::fromSecsSinceEpoch(each[QStringLiteral("date-sec")].toInteger())
                .toString(QStringLiteral("yyyy-MM-dd HH:mm:ss")));
    }
    QVERIFY(shownText(*m_panel, QStringLiteral("snapshotSummary")).startsWith(QStringLiteral("3 snapshots")));
}

void TestSnapshots::selectsInStepWithTheOtherViews()
{
    QVERIFY(open(image(3)));
    selectRow(1);
    QCOMPARE(m_document->selection().as<SnapshotSelection>()->index, std::size_t{1});
    m_document->selection().select(SnapshotSelection{2});
    QCOMPARE(table().currentIndex().row(), 2);
}

void TestSnapshots::createsASnapshotByClicks()
{
    const QString path = image(1);
    const QByteArray contents = qemu::contentHash(path);
    QVERIFY(open(path));
    QVERIFY(openDialog(QStringLiteral("createSnapshot")));
    QTest::keyClicks(dialog()->findChild<QLineEdit*>(QStringLiteral("snapshotName")), QStringLiteral("before"));
    QVERIFY(clickButton(*dialog(), QStringLiteral("go")));
    QVERIFY(waitForTheEnd());
    QCOMPARE(table().model()->rowCount(), 2);
    QVERIFY(shownText(*m_panel, QStringLiteral("snapshotResult")).contains(QStringLiteral("'before'")));
    QVERIFY(m_document->census()->isClean());
    QCOMPARE(namesOf(path), (QStringList{QStringLiteral("s0"), QStringLiteral("before")}));
    QCOMPARE(qemu::checkExit(path), 0);
    QCOMPARE(qemu::contentHash(path), contents);
    QCOMPARE(qemu::contentHash(path, QStringLiteral("before")), contents);
}

void TestSnapshots::createsASnapshotByKeys()
{
    const QString path = image(0);
    QVERIFY(open(path));
    auto* create = m_panel->findChild<QPushButton*>(QStringLiteral("createSnapshot"));
    create->setFocus();
    QTest::keyClick(create, Qt::Key_Space);
    QVERIFY(dialog() && QTest::qWaitForWindowActive(dialog()) && waitForJobs());
    QVERIFY(dialog()->findChild<QLineEdit*>(QStringLiteral("snapshotName"))->hasFocus());
    QTest::keyClicks(QApplication::focusWidget(), QStringLiteral("typed"));
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_Return);
    QVERIFY(waitForTheEnd());
    QCOMPARE(namesOf(path), QStringList{QStringLiteral("typed")});
}

void TestSnapshots::showsTheCostBeforeAnythingIsWritten()
{
    const QString path = image(1);
    const Bytes before = readFile(path);
    QVERIFY(open(path));
    QSignalSpy changed(m_document.get(), &ImageDocument::changedOnDisk);
    QVERIFY(openDialog(QStringLiteral("createSnapshot")));
    QVERIFY(shownText(*dialog(), QStringLiteral("nothingWritten")).startsWith(QStringLiteral("Nothing has been")));
    const QString raised = fact("raised");
    const QString grown = fact("newClusters");
    QVERIFY(readFile(path) == before);

    const auto old = m_document->census();
    QTest::keyClicks(dialog()->findChild<QLineEdit*>(QStringLiteral("snapshotName")), QStringLiteral("x"));
    QVERIFY(clickButton(*dialog(), QStringLiteral("go")));
    QVERIFY(waitForTheEnd());
    const ClusterMap& now = m_document->census()->map;
    int more = 0;
    int fresh = 0;
    for (std::uint64_t i = 0; i < now.clusters(); ++i) {
        const std::uint64_t had = i < old->map.clusters() ? old->map.refcount(HostCluster(i)) : 0;
        const std::uint64_t has = now.refcount(HostCluster(i));
        more += had > 0 && has > had;
        fresh += had == 0 && has > 0;
    }
    QVERIFY2(raised.contains(QStringLiteral(" %1 cluster").arg(more)), qPrintable(raised));
    QVERIFY2(grown.startsWith(QStringLiteral("%1 cluster").arg(fresh)), qPrintable(grown));
    QCOMPARE(changed.count(), 0);
}

void TestSnapshots::asksForAUsableName()
{
    QVERIFY(open(image(1)));
    QVERIFY(openDialog(QStringLiteral("createSnapshot")));
    auto* name = dialog()->findChild<QLineEdit*>(QStringLiteral("snapshotName"));
    auto* go = dialog()->findChild<QPushButton*>(QStringLiteral("go"));
    QVERIFY(!go->isEnabled());
    name->setText(QStringLiteral("  "));
    QVERIFY(!go->isEnabled());
    name->setText(QString(300, u'x'));
    QVERIFY(!go->isEnabled());
    QVERIFY(shownText(*dialog(), QStringLiteral("nameHint")).contains(QStringLiteral("too long")));
    name->setText(QStringLiteral("s0"));
    QVERIFY(go->isEnabled());
    QVERIFY(shownText(*dialog(), QStringLiteral("nameHint")).contains(QStringLiteral("has this name too")));
}

void TestSnapshots::refusesASnapshotThatTheWidthCannotCount()
{
    const QString path = image(0, "cluster_size=4096,refcount_bits=1");
    const Bytes before = readFile(path);
    QVERIFY(open(path));
    QVERIFY(openDialog(QStringLiteral("createSnapshot")));
    dialog()->findChild<QLineEdit*>(QStringLiteral("snapshotName"))->setText(QStringLiteral("x"));
    QVERIFY(!dialog()->findChild<QPushButton*>(QStringLiteral("go"))->isEnabled());
    QVERIFY(shownText(*dialog(), QStringLiteral("problem")).contains(QStringLiteral("2 bits")));
    QSignalSpy amend(m_panel.get(), &SnapshotsPanel::amendRequested);
    QVERIFY(clickButton(*dialog(), QStringLiteral("changeWidth")));
    QCOMPARE(amend.count(), 1);
    QVERIFY(waitForTheEnd());
    QVERIFY(readFile(path) == before);
}

void TestSnapshots::copiesWhatWouldOverflow()
{
    const QString path = image(0, "cluster_size=4096,refcount_bits=1");
    const QByteArray contents = qemu::contentHash(path);
    QVERIFY(open(path));
    QVERIFY(openDialog(QStringLiteral("createSnapshot")));
    dialog()->findChild<QLineEdit*>(QStringLiteral("snapshotName"))->setText(QStringLiteral("copied"));
    auto* copy = dialog()->findChild<QCheckBox*>(QStringLiteral("copyOnOverflow"));
    QTest::mouseClick(copy, Qt::LeftButton, {}, QPoint(10, copy->height() / 2));
    QVERIFY(copy->isChecked());
    QVERIFY(waitForJobs());
    QVERIFY(shownText(*dialog(), QStringLiteral("problem")).isEmpty());
    QVERIFY2(fact("copied") != QStringLiteral("none"), qPrintable(fact("copied")));
    QVERIFY(clickButton(*dialog(), QStringLiteral("go")));
    QVERIFY(waitForTheEnd());
    QCOMPARE(qemu::checkExit(path), 0);
    QCOMPARE(qemu::contentHash(path), contents);
    QCOMPARE(qemu::contentHash(path, QStringLiteral("copied")), contents);
}

void TestSnapshots::appliesASnapshot()
{
    const QString path = image(3);
    const QByteArray wanted = qemu::contentHash(path, QStringLiteral("s1"));
    QVERIFY(wanted != qemu::contentHash(path));
    QVERIFY(open(path));
    selectRow(1);
    QVERIFY(openDialog(QStringLiteral("applySnapshot")));
    QVERIFY(shownText(*dialog(), QStringLiteral("introduction")).contains(QStringLiteral("'s1'")));
    QVERIFY(shownText(*dialog(), QStringLiteral("danger")).contains(QStringLiteral("lost")));
    QVERIFY(clickButton(*dialog(), QStringLiteral("go")));
    QVERIFY(waitForTheEnd());
    QCOMPARE(qemu::contentHash(path), wanted);
    QCOMPARE(qemu::checkExit(path), 0);
    QCOMPARE(namesOf(path).size(), 3);
}

void TestSnapshots::deletesASnapshot()
{
    const QString path = image(3);
    const QByteArray contents = qemu::contentHash(path);
    QVERIFY(open(path));
    selectRow(0);
    QVERIFY(openDialog(QStringLiteral("deleteSnapshot")));
    QVERIFY2(fact("lowered").contains(QStringLiteral("cluster")), qPrintable(fact("lowered")));
    QVERIFY(clickButton(*dialog(), QStringLiteral("go")));
    QVERIFY(waitForTheEnd());
    QCOMPARE(namesOf(path), (QStringList{QStringLiteral("s1"), QStringLiteral("s2")}));
    QCOMPARE(qemu::checkExit(path), 0);
    QCOMPARE(qemu::contentHash(path), contents);
}

void TestSnapshots::deletesTheChosenOneWhateverItsNeighboursAreCalled()
{
    const QString path = image(1);
    for (const char* name : {"1", "same", "same"})
        QCOMPARE(
            qemu::img({QStringLiteral("snapshot"), QStringLiteral("-c"), QString::fromLatin1(name), path}).exit, 0);
    QVERIFY(open(path)); // IDs 1 to 4: s0, 1, same, same
    const auto removeRow = [this](int row) {
        selectRow(row);
        return openDialog(QStringLiteral("deleteSnapshot")) && clickButton(*dialog(), QStringLiteral("go"))
            && waitForTheEnd();
    };
    const auto ids = [&path] {
        QString text;
        for (const QJsonValue each : snapshotsOf(path))
            text += each[QStringLiteral("id")].toString();
        return text;
    };
    QVERIFY(removeRow(3));
    QCOMPARE(ids(), QStringLiteral("123"));
    QVERIFY(removeRow(0));
    QCOMPARE(ids(), QStringLiteral("23"));
    QVERIFY(removeRow(0));
    QCOMPARE(ids(), QStringLiteral("3"));
    QCOMPARE(qemu::checkExit(path), 0);
}

void TestSnapshots::blocksAnImageInUse()
{
    const QString path = image(1);
    QVERIFY(open(path));
    auto holder = std::make_unique<qemu::Holder>(path);
    QVERIFY(holder->holds());
    QVERIFY(openDialog(QStringLiteral("createSnapshot")));
    dialog()->findChild<QLineEdit*>(QStringLiteral("snapshotName"))->setText(QStringLiteral("x"));
    QVERIFY(!dialog()->findChild<QPushButton*>(QStringLiteral("go"))->isEnabled());
    const QString problem = shownText(*dialog(), QStringLiteral("problem"));
    QVERIFY2(problem.contains(QStringLiteral("qemu-io")), qPrintable(problem));
    holder.reset();
    QVERIFY(clickButton(*dialog(), QStringLiteral("tryAgain")));
    QVERIFY(waitForJobs());
    QVERIFY(shownText(*dialog(), QStringLiteral("problem")).isEmpty());
    QVERIFY(dialog()->findChild<QPushButton*>(QStringLiteral("go"))->isEnabled());
}

void TestSnapshots::sendsADirtyImageToTheRepair()
{
    const QString path = image(1);
    Bytes bytes = readFile(path);
    bytes[79] |= std::byte{1}; // incompatible feature: dirty
    QVERIFY(writeFile(path, bytes));
    QVERIFY(open(path));
    QVERIFY(openDialog(QStringLiteral("createSnapshot")));
    QVERIFY(shownText(*dialog(), QStringLiteral("problem")).contains(QStringLiteral("dirty")));
    QSignalSpy repair(m_panel.get(), &SnapshotsPanel::repairRequested);
    QVERIFY(clickButton(*dialog(), QStringLiteral("repairFirst")));
    QCOMPARE(repair.count(), 1);
    QVERIFY(waitForTheEnd());
    QVERIFY(readFile(path) == bytes);
}

void TestSnapshots::cancelLeavesTheImageAsItWas()
{
    const QString path = image(1);
    const QByteArray contents = qemu::contentHash(path);
    Gate gate(1);
    QVERIFY(open(path, faultyOpener(gate.plan)));
    QVERIFY(openDialog(QStringLiteral("createSnapshot")));
    dialog()->findChild<QLineEdit*>(QStringLiteral("snapshotName"))->setText(QStringLiteral("x"));
    QVERIFY(clickButton(*dialog(), QStringLiteral("go")));
    QVERIFY(QTest::qWaitFor([&] { return gate.reached.available() > 0; }, kPatienceMilliseconds));
    QVERIFY(clickButton(*dialog(), QStringLiteral("close")));
    QVERIFY(dialog()->isVisible());
    gate.goOn.release();
    QVERIFY(QTest::qWaitFor([&] { return !dialog() || !dialog()->isWriting(); }, kPatienceMilliseconds));
    QVERIFY(waitForJobs());
    QCOMPARE(qemu::checkExit(path), 0);
    QCOMPARE(qemu::contentHash(path), contents);
    if (dialog()) { // the engine came to a point where it could stop
        QVERIFY(shownText(*dialog(), QStringLiteral("problem")).contains(QStringLiteral("Cancelled")));
        QCOMPARE(namesOf(path), QStringList{QStringLiteral("s0")});
    }
}

void TestSnapshots::closingTheWindowCancelsAndWaits()
{
    const QString path = image(1);
    Gate gate(1);
    QVERIFY(open(path, faultyOpener(gate.plan)));
    QVERIFY(openDialog(QStringLiteral("createSnapshot")));
    dialog()->findChild<QLineEdit*>(QStringLiteral("snapshotName"))->setText(QStringLiteral("x"));
    QVERIFY(clickButton(*dialog(), QStringLiteral("go")));
    QVERIFY(QTest::qWaitFor([&] { return gate.reached.available() > 0; }, kPatienceMilliseconds));
    QVERIFY(!dialog()->close());
    QVERIFY(dialog()->isVisible());
    gate.goOn.release();
    QVERIFY(waitForTheEnd());
    QCOMPARE(qemu::checkExit(path), 0);
}

void TestSnapshots::showsAnErrorOfTheStorage()
{
    const QString path = image(1);
    const QByteArray contents = qemu::contentHash(path);
    auto plan = std::make_shared<FaultPlan>();
    plan->failFrom = 1;
    plan->failAllAfter = true;
    plan->failure = ErrorKind::NoSpace;
    QVERIFY(open(path, faultyOpener(plan)));
    QVERIFY(openDialog(QStringLiteral("createSnapshot")));
    QVERIFY(shownText(*dialog(), QStringLiteral("problem")).isEmpty()); // finding out the cost wrote nothing
    QCOMPARE(plan->count(StorageOp::Write), std::uint64_t{0});
    dialog()->findChild<QLineEdit*>(QStringLiteral("snapshotName"))->setText(QStringLiteral("x"));
    QVERIFY(clickButton(*dialog(), QStringLiteral("go")));
    QVERIFY(QTest::qWaitFor([&] { return !dialog()->isWriting(); }, kPatienceMilliseconds));
    QVERIFY(shownText(*dialog(), QStringLiteral("problem")).contains(path));
    QVERIFY(QTest::qWaitFor([&] { return !m_document->job(); }, kPatienceMilliseconds));
    QVERIFY(waitForJobs());
    QCOMPARE(namesOf(path), QStringList{QStringLiteral("s0")});
    QCOMPARE(qemu::checkExit(path), 0);
    QCOMPARE(qemu::contentHash(path), contents);

    plan->failFrom = 0;
    plan->failAllAfter = false;
    QVERIFY(clickButton(*dialog(), QStringLiteral("tryAgain")));
    QVERIFY(waitForJobs());
    QVERIFY(clickButton(*dialog(), QStringLiteral("go")));
    QVERIFY(waitForTheEnd());
    QCOMPARE(namesOf(path).size(), 2);
}

void TestSnapshots::refusesASnapshotThatIsGone()
{
    const QString path = image(2);
    QVERIFY(open(path));
    QCOMPARE(qemu::img({QStringLiteral("snapshot"), QStringLiteral("-d"), QStringLiteral("s1"), path}).exit, 0);
    selectRow(1);
    QVERIFY(openDialog(QStringLiteral("deleteSnapshot")));
    QVERIFY(shownText(*dialog(), QStringLiteral("problem")).contains(QStringLiteral("not in the image any more")));
    QVERIFY(!dialog()->findChild<QPushButton*>(QStringLiteral("go"))->isEnabled());
}

QTEST_MAIN(TestSnapshots)
#include "tst_snapshots.moc"
