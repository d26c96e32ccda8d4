// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/gui/gui_support.h"
#include "ui/amend_wizard/amend_wizard.h"
#include "ui/create/create_dialog.h"
#include "ui/document/selected_clusters.h"
#include "ui/hex/hex_view.h"
#include "ui/jobs/task_dialog.h"
#include "ui/navigator/command_palette.h"
#include "ui/refblock/heatmap_view.h"
#include "ui/repair/repair_dialog.h"
#include "ui/shell/main_window.h"
#include "ui/snapshots/snapshot_dialog.h"

#include <QAction>
#include <QApplication>
#include <QComboBox>
#include <QDockWidget>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QMessageBox>
#include <QMimeData>
#include <QPointer>
#include <QPushButton>
#include <QSemaphore>
#include <QStatusBar>
#include <QTableView>
#include <QTextBrowser>
#include <QToolButton>
#include <QTreeView>

using namespace cowscope;
using namespace cowscope::test;
using namespace cowscope::ui;

namespace
{

void clickRow(QAbstractItemView& view, const QModelIndex& index)
{
    QCoreApplication::processEvents(); // the view may just have been brought up: it gets its size now
    view.scrollTo(index);
    QTest::mouseClick(view.viewport(), Qt::LeftButton, {}, view.visualRect(index).center());
}

QStringList windows()
{
    QStringList titles;
    const QWidgetList all = QApplication::topLevelWidgets();
    for (const QWidget* widget : all)
        if (qobject_cast<const MainWindow*>(widget) && widget->isVisible())
            titles += widget->windowTitle();
    return titles;
}

} // namespace

class TestMainWindow : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup();

    void showsTheStartPageFirst();
    void opensWhatIsDropped();
    void ignoresADropThatIsNoFile();
    void opensASampleAsACopy();
    void opensARecentImage();
    void opensASecondImageInANewWindow();
    void saysWhyAnImageCannotBeOpened();
    void saysThatPartsOfAnImageCannotBeRead();
    void opensAnImageInUseOnlyAfterAsking();
    void cancelsAnOpen();
    void statesTheFactsAndTheVerdict();
    void followsAClickInTheHeatmap();
    void selectsARangeByDragging();
    void movesThroughTheHeatmapByKeys();
    void followsAClickInTheClusterTable();
    void followsAClickInTheTree();
    void followsAClickInTheHeader();
    void followsALinkInTheDetails();
    void showsSelectedBytesInEveryView();
    void theGuestAndTheFileSelectEachOther();
    void opensALayerOfTheChainInANewWindow();
    void goesToAFinding();
    void goesToAPlace();
    void givesTheFocusToThePlace();
    void saysWhyAPlaceIsNone();
    void forgetsWhyAPlaceIsNone();
    void showsAGuestPlaceInEveryView();
    void searchesInTheHexViewByAKey();
    void findsActionsInThePalette();
    void goesBackAndForward();
    void staysWhereNoWayLeadsBack();
    void leavesArrowsOfTheProgramAlone_data();
    void leavesArrowsOfTheProgramAlone();
    void keepsTheSelectionWhenAViewIsShown();
    void hasNoMnemonicsInItsViews();
    void filtersClusters();
    void offersAReloadWhenTheFileChanges();
    void saysThatTheFileIsGone();
    void reloadsWithF5();
    void closesTheImageThenTheWindow();
    void bringsEveryViewUpByKeys();
    void resetsItsLayout();
    void remembersItsLayout();
    void keepsItsLayoutWhenNothingWasOpened();
    void fitsASmallScreen();
    void opensTheWizard();
    void opensTheHeaderEditorByAKey();
    void editsTheCountOfTheSelectedCluster();
    void createsAnImageAndOpensIt();
    void createsASnapshotByAKey();
    void goesFromARefusedSnapshotToTheWizard();
    void repairsFromTheFindings();
    void offersNoEditsWithoutAnImage();
    void namesWhatCanBeOperated();

private:
    template <typename T>
    T& child(const QString& name) const
    {
        T* found = m_window->findChild<T*>(name);
        if (!found)
            qFatal("no widget of the name %s", qPrintable(name));
        return *found;
    }

    void open(const QString& path);
    HostCluster selectedCluster() const { return m_window->document().selection().as<ClusterRange>()->first; }
    QString clusterRow() const; ///< the cluster of the current row of the cluster table
    QString text(const QString& label) const { return child<QLabel>(label).text(); }

    ImageFolder m_folder;
    QString m_image; ///< with snapshots
    QString m_damaged;
    std::uint64_t m_leaked = 0;
    std::uint64_t m_low = 0;
    QPointer<MainWindow> m_window;
};

void TestMainWindow::initTestCase()
{
    REQUIRE_QEMU();
    m_image = m_folder.createWithSnapshots(QStringLiteral("image.qcow2"), 3, QStringLiteral("cluster_size=4096"));
    m_damaged = m_folder.createDamaged(QStringLiteral("damaged.qcow2"), m_leaked, m_low);
    QVERIFY(!m_image.isEmpty() && !m_damaged.isEmpty());
}

void TestMainWindow::init()
{
    m_window = new MainWindow;
    m_window->resize(1200, 800);
    m_window->show();
    QVERIFY(QTest::qWaitForWindowActive(m_window));
}

void TestMainWindow::cleanup()
{
    const QWidgetList all = QApplication::topLevelWidgets();
    for (QWidget* widget : all)
        if (qobject_cast<MainWindow*>(widget))
            widget->close();
    QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
    QVERIFY(!m_window);
    QVERIFY(waitForJobs());
}

void TestMainWindow::open(const QString& path)
{
    QSignalSpy opened(&m_window->document(), &ImageDocument::opened);
    m_window->openPath(path);
    QVERIFY(opened.wait());
    QVERIFY(waitForJobs());
    QTRY_VERIFY(m_window->views().isVisible());
}

QString TestMainWindow::clusterRow() const
{
    const auto& table = child<QTableView>(QStringLiteral("clusterTable"));
    return table.selectionModel()->hasSelection() ? table.currentIndex().siblingAtColumn(0).data().toString()
                                                  : QString();
}

void TestMainWindow::showsTheStartPageFirst()
{
    QVERIFY(child<QWidget>(QStringLiteral("startPage")).isVisible());
    QVERIFY(text(QStringLiteral("startTitle")).contains(QStringLiteral("Drop a qcow2 image here")));
    QVERIFY(!child<QAction>(QStringLiteral("amendAction")).isEnabled());
}

void TestMainWindow::opensWhatIsDropped()
{
    QMimeData data;
    data.setUrls({QUrl::fromLocalFile(m_image)});
    QDragEnterEvent enter(QPoint(50, 50), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(m_window, &enter);
    QVERIFY(enter.isAccepted());
    QSignalSpy opened(&m_window->document(), &ImageDocument::opened);
    QDropEvent drop(QPointF(50, 50), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(m_window, &drop);
    QVERIFY(opened.wait());
    QCOMPARE(m_window->document().path(), m_image);
    QVERIFY(m_window->windowTitle().contains(QStringLiteral("image.qcow2 (read-only)")));
}

void TestMainWindow::ignoresADropThatIsNoFile()
{
    QMimeData data;
    data.setText(QStringLiteral("hello"));
    QDragEnterEvent enter(QPoint(50, 50), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    enter.setAccepted(false);
    QApplication::sendEvent(m_window, &enter);
    QVERIFY(!enter.isAccepted());
}

void TestMainWindow::opensASampleAsACopy()
{
    auto& samples = child<QListWidget>(QStringLiteral("sampleList"));
    QVERIFY(samples.count() >= 3);
    QSignalSpy opened(&m_window->document(), &ImageDocument::opened);
    const QPoint first = samples.visualItemRect(samples.item(0)).center();
    QTest::mouseClick(samples.viewport(), Qt::LeftButton, {}, first);
    QTest::mouseDClick(samples.viewport(), Qt::LeftButton, {}, first); // as some are used to
    QVERIFY(QTest::qWaitFor([&] { return opened.count() == 1; }));
    QCOMPARE(windows().size(), 1);
    const QFileInfo copy(m_window->document().path());
    QVERIFY(copy.isWritable());
    QVERIFY(!copy.filePath().startsWith(u':'));
}

void TestMainWindow::opensARecentImage()
{
    open(m_image);
    m_window->closeImage();
    auto& recent = child<QListWidget>(QStringLiteral("recentList"));
    QVERIFY(recent.isVisible());
    QSignalSpy opened(&m_window->document(), &ImageDocument::opened);
    recent.setCurrentRow(0);
    QTest::keyClick(&recent, Qt::Key_Return);
    QVERIFY(opened.wait());
    QCOMPARE(m_window->document().path(), m_image);
}

void TestMainWindow::opensASecondImageInANewWindow()
{
    open(m_image);
    m_window->openPath(m_damaged);
    QVERIFY(QTest::qWaitFor([] { return windows().filter(QStringLiteral("damaged.qcow2")).size() == 1; }));
    QCOMPARE(windows().size(), 2);
    QCOMPARE(m_window->document().path(), m_image);
}

void TestMainWindow::saysWhyAnImageCannotBeOpened()
{
    const QString path = m_folder.path(QStringLiteral("short.qcow2"));
    Bytes cut = readFile(m_image);
    cut.resize(60);
    QVERIFY(writeFile(path, cut));
    m_window->openPath(path);
    QMessageBox* box = nullptr;
    QVERIFY(QTest::qWaitFor([&] { return (box = m_window->findChild<QMessageBox*>(QStringLiteral("openError"))); }));
    QVERIFY(box->text().contains(path));
    QVERIFY(!box->findChild<QPushButton*>(QStringLiteral("openAnyway")));
    QTest::mouseClick(box->button(QMessageBox::Close), Qt::LeftButton);
    QVERIFY(child<QWidget>(QStringLiteral("startPage")).isVisible());
    QVERIFY(child<QPushButton>(QStringLiteral("openButton")).isEnabled());
}

void TestMainWindow::saysThatPartsOfAnImageCannotBeRead()
{
    Bytes bytes = readFile(m_image);
    std::size_t table = 0;
    for (std::size_t i = 64; i < 72; ++i) // snapshots_offset
        table = table << 8 | std::to_integer<std::size_t>(bytes[i]);
    bytes[table + 36] = std::byte{0x80}; // the length of the first entry's extra data
    const QString path = m_folder.path(QStringLiteral("unreadable.qcow2"));
    QVERIFY(writeFile(path, bytes));
    open(path);
    QVERIFY(child<QWidget>(QStringLiteral("noticeStrip")).isVisible());
    QVERIFY(text(QStringLiteral("noticeText")).contains(QStringLiteral("extra data")));
    QTest::mouseClick(&child<QPushButton>(QStringLiteral("noticeDismiss")), Qt::LeftButton);
    QVERIFY(!child<QWidget>(QStringLiteral("noticeStrip")).isVisible());
}

void TestMainWindow::opensAnImageInUseOnlyAfterAsking()
{
    const QString path = m_folder.create(QStringLiteral("busy.qcow2"));
    const qemu::Holder holder(path);
    QVERIFY(holder.holds());
    m_window->openPath(path);
    QPushButton* anyway = nullptr;
    QVERIFY(
        QTest::qWaitFor([&] { return (anyway = m_window->findChild<QPushButton*>(QStringLiteral("openAnyway"))); }));
    QVERIFY(!m_window->document().image());
    QSignalSpy opened(&m_window->document(), &ImageDocument::opened);
    QTest::mouseClick(anyway, Qt::LeftButton);
    QVERIFY(opened.wait());
    QTRY_VERIFY(child<QWidget>(QStringLiteral("noticeStrip")).isVisible());
    QVERIFY(text(QStringLiteral("noticeText")).contains(QStringLiteral("may be changing")));
}

void TestMainWindow::cancelsAnOpen()
{
    QSemaphore entered;
    QSemaphore goOn;
    m_window->document().setStorageOpener([&](const std::string& file, Access access, Sharing sharing) {
        entered.release();
        goOn.acquire();
        return ImageDocument::openFile(file, access, sharing);
    });
    m_window->openPath(m_image);
    entered.acquire();
    auto& cancel = child<QToolButton>(QStringLiteral("cancelJob"));
    QVERIFY(cancel.isVisible());
    QSignalSpy cancelled(&m_window->document(), &ImageDocument::cancelled);
    QTest::mouseClick(&cancel, Qt::LeftButton);
    goOn.release();
    QVERIFY(cancelled.wait());
    QVERIFY(!cancel.isVisible());
    QVERIFY(child<QWidget>(QStringLiteral("startPage")).isVisible());
    QVERIFY(!m_window->findChild<QMessageBox*>());
}

void TestMainWindow::statesTheFactsAndTheVerdict()
{
    open(m_image);
    const QString facts = text(QStringLiteral("facts"));
    for (const QString& fact : {QStringLiteral("image.qcow2"), QStringLiteral("v3"), QStringLiteral("2 MiB virtual"),
             QStringLiteral("4 KiB clusters"), QStringLiteral("16 bits"), QStringLiteral("3 snapshots")})
        QVERIFY2(facts.contains(fact), qPrintable(facts));
    QCOMPARE(child<QPushButton>(QStringLiteral("verdictBadge")).text(), QStringLiteral("CLEAN"));
    m_window->closeImage();
    open(m_damaged);
    const QString verdict = child<QPushButton>(QStringLiteral("verdictBadge")).text();
    QVERIFY2(verdict.contains(QStringLiteral("corruption")) && verdict.contains(QStringLiteral("1 leak")),
        qPrintable(verdict));
}

void TestMainWindow::followsAClickInTheHeatmap()
{
    open(m_image);
    auto& heatmap = child<HeatmapView>(QStringLiteral("heatmap"));
    const HostCluster cluster(4);
    QTest::mouseClick(heatmap.viewport(), Qt::LeftButton, {}, heatmap.cellRect(cluster).center());
    QCOMPARE(selectedCluster(), cluster);
    QCOMPARE(clusterRow(), QStringLiteral("4"));
    QVERIFY(child<QTextBrowser>(QStringLiteral("detailsText")).toPlainText().startsWith(QStringLiteral("Cluster 4")));
    QVERIFY(text(QStringLiteral("selectionText")).startsWith(QStringLiteral("cluster 4 ")));
}

void TestMainWindow::selectsARangeByDragging()
{
    open(m_image);
    auto& heatmap = child<HeatmapView>(QStringLiteral("heatmap"));
    const QPoint from = heatmap.cellRect(HostCluster(2)).center();
    const QPoint to = heatmap.cellRect(HostCluster(6)).center();
    QTest::mousePress(heatmap.viewport(), Qt::LeftButton, {}, from);
    QTest::mouseMove(heatmap.viewport(), to);
    QTest::mouseRelease(heatmap.viewport(), Qt::LeftButton, {}, to);
    QCOMPARE(m_window->document().selection().as<ClusterRange>()->count, std::uint64_t{5});
    QCOMPARE(selectedCluster(), HostCluster(2));
    QCOMPARE(child<QTableView>(QStringLiteral("clusterTable")).selectionModel()->selectedRows().size(), 5);
}

void TestMainWindow::movesThroughTheHeatmapByKeys()
{
    open(m_image);
    auto& heatmap = child<HeatmapView>(QStringLiteral("heatmap"));
    QTest::keyClick(&heatmap, Qt::Key_Home);
    QTest::keyClick(&heatmap, Qt::Key_Right);
    QTest::keyClick(&heatmap, Qt::Key_Right);
    QCOMPARE(selectedCluster(), HostCluster(2));
    QTest::keyClick(&heatmap, Qt::Key_Right, Qt::ShiftModifier);
    QCOMPARE(m_window->document().selection().as<ClusterRange>()->count, std::uint64_t{2});
    QTest::keyClick(&heatmap, Qt::Key_End);
    QCOMPARE(selectedCluster().value(), m_window->document().census()->map.clusters() - 1);
    const int size = heatmap.cellRect(HostCluster(0)).width();
    heatmap.zoomOut();
    QVERIFY(heatmap.cellRect(HostCluster(0)).width() <= size);
    QTest::keyClick(&heatmap, Qt::Key_0);
    QCOMPARE(heatmap.cellRect(HostCluster(0)).width(), size);
}

void TestMainWindow::followsAClickInTheClusterTable()
{
    open(m_image);
    m_window->views().bringUp(Views::View::Clusters);
    auto& table = child<QTableView>(QStringLiteral("clusterTable"));
    clickRow(table, table.model()->index(3, 0));
    QCOMPARE(selectedCluster(), HostCluster(3));
    QTest::keyClick(&table, Qt::Key_Down);
    QCOMPARE(selectedCluster(), HostCluster(4));
    QVERIFY(text(QStringLiteral("selectionText")).startsWith(QStringLiteral("cluster 4 ")));
}

void TestMainWindow::followsAClickInTheTree()
{
    open(m_image);
    auto& tree = child<QTreeView>(QStringLiteral("structureTree"));
    const QModelIndex reftable = tree.model()->index(1, 0);
    tree.expand(reftable);
    QVERIFY(QTest::qWaitFor([&] { return tree.model()->rowCount(reftable) > 0; }));
    clickRow(tree, tree.model()->index(0, 0, reftable));
    QVERIFY(m_window->document().selection().as<RefblockSelection>());
    QCOMPARE(child<QTableView>(QStringLiteral("reftableTable")).currentIndex().row(), 0);
    QVERIFY(child<QTextBrowser>(QStringLiteral("detailsText")).toPlainText().startsWith(QStringLiteral("Refblock 0")));
    QVERIFY(text(QStringLiteral("selectionText")).contains(QStringLiteral("refblock")));
    const QModelIndex snapshots = tree.model()->index(3, 0);
    tree.expand(snapshots);
    clickRow(tree, tree.model()->index(1, 0, snapshots));
    QCOMPARE(m_window->document().selection().as<SnapshotSelection>()->index, std::size_t{1});
}

void TestMainWindow::followsAClickInTheHeader()
{
    open(m_image);
    m_window->views().bringUp(Views::View::Header);
    auto& table = child<QTableView>(QStringLiteral("headerTable"));
    const auto found
        = table.model()->match(table.model()->index(0, 0), Qt::DisplayRole, QStringLiteral("cluster_bits"));
    QCOMPARE(found.size(), 1);
    clickRow(table, found.first());
    const QString details = child<QTextBrowser>(QStringLiteral("detailsText")).toPlainText();
    QVERIFY(details.startsWith(QStringLiteral("cluster_bits")));
    QVERIFY(details.contains(QStringLiteral("12 (4 KiB)")));
    QVERIFY(details.contains(QStringLiteral("Legal values")));
}

void TestMainWindow::followsALinkInTheDetails()
{
    open(m_image);
    m_window->goTo(QStringLiteral("2"));
    auto& details = child<QTextBrowser>(QStringLiteral("detailsText"));
    QVERIFY(details.toHtml().contains(QStringLiteral("refblock:0")));
    Q_EMIT details.anchorClicked(QUrl(QStringLiteral("refblock:0")));
    QVERIFY(m_window->document().selection().as<RefblockSelection>());
}

void TestMainWindow::showsSelectedBytesInEveryView()
{
    open(m_image);
    m_window->document().selection().select(ByteRange{HostOffset(4096), 8});
    QCOMPARE(clusterRow(), QStringLiteral("1"));
    const QString details = child<QTextBrowser>(QStringLiteral("detailsText")).toPlainText();
    QVERIFY2(details.startsWith(QStringLiteral("Bytes 0x1000 to 0x1007")), qPrintable(details));
    QVERIFY(details.contains(QStringLiteral("As a number")));
    QVERIFY(text(QStringLiteral("selectionText")).startsWith(QStringLiteral("cluster 1")));
    m_window->document().selection().select(ByteRange{HostOffset(std::uint64_t{1} << 60), 8});
    QVERIFY(
        child<QTextBrowser>(QStringLiteral("detailsText")).toPlainText().contains(QStringLiteral("behind the end")));
}

void TestMainWindow::theGuestAndTheFileSelectEachOther()
{
    open(m_image);
    m_window->views().bringUp(Views::View::Guest);
    QVERIFY(waitForJobs());
    auto& view = child<QAbstractScrollArea>(QStringLiteral("guestView"));
    QTest::keyClick(&view, Qt::Key_Home);
    QVERIFY(m_window->document().selection().as<GuestRange>());
    const QString row = clusterRow(); // where the first cluster of the disk is in the file
    QVERIFY(!row.isEmpty());
    QVERIFY(text(QStringLiteral("selectionText")).startsWith(QStringLiteral("guest 0x0 to 0xfff")));
    QVERIFY(child<QTextBrowser>(QStringLiteral("detailsText")).toPlainText().contains(QStringLiteral("active disk")));
    m_window->document().selection().reset();
    m_window->goTo(row);
    QVERIFY(QTest::qWaitFor(
        [this] { return text(QStringLiteral("guestNote")).contains(QStringLiteral("guest 0x0 to 0xfff")); }));
}

void TestMainWindow::opensALayerOfTheChainInANewWindow()
{
    const QString base = m_folder.create(QStringLiteral("below.qcow2"));
    const QString top = m_folder.create(
        QStringLiteral("above.qcow2"), QStringLiteral("cluster_size=4096,backing_fmt=qcow2,backing_file=below.qcow2"));
    open(top);
    m_window->views().bringUp(Views::View::Chain);
    QVERIFY(clickButton(*m_window, QStringLiteral("openChain")));
    QVERIFY(waitForJobs());
    child<QTableView>(QStringLiteral("chainTable")).selectRow(1);
    QVERIFY(clickButton(*m_window, QStringLiteral("openLayer")));
    QVERIFY(QTest::qWaitFor([] { return windows().join(u'\n').contains(QStringLiteral("below.qcow2")); }));
    QCOMPARE(windows().size(), 2);
}

void TestMainWindow::goesToAFinding()
{
    open(m_damaged);
    QTest::mouseClick(&child<QPushButton>(QStringLiteral("verdictBadge")), Qt::LeftButton);
    auto& table = child<QTableView>(QStringLiteral("findingsTable"));
    const auto leaks = table.model()->match(table.model()->index(0, 0), Qt::DisplayRole, QStringLiteral("leak"));
    QCOMPARE(leaks.size(), 1);
    clickRow(table, leaks.first());
    QVERIFY(!m_window->document().selection().as<ClusterRange>());
    QTest::mouseDClick(table.viewport(), Qt::LeftButton, {}, table.visualRect(leaks.first()).center());
    QVERIFY(m_window->document().selection().as<ClusterRange>());
    QCOMPARE(selectedCluster().value(), m_leaked);
    QCOMPARE(clusterRow(), QString::number(m_leaked));
    QVERIFY(child<QTextBrowser>(QStringLiteral("detailsText")).toPlainText().contains(QStringLiteral("leaked")));
}

void TestMainWindow::goesToAPlace()
{
    open(m_image);
    QTest::keyClick(m_window, Qt::Key_G, Qt::ControlModifier);
    auto& place = child<QLineEdit>(QStringLiteral("goTo"));
    QVERIFY(place.hasFocus());
    QTest::keyClicks(&place, QStringLiteral("0x3000"));
    QTest::keyClick(&place, Qt::Key_Return);
    QCOMPARE(selectedCluster(), HostCluster(3));
    m_window->goTo(QStringLiteral("8K"));
    QCOMPARE(selectedCluster(), HostCluster(2));
    m_window->goTo(QStringLiteral("99999999"));
    m_window->goTo(QStringLiteral("nowhere"));
    QCOMPARE(selectedCluster(), HostCluster(2));
}

void TestMainWindow::givesTheFocusToThePlace()
{
    open(m_image);
    const auto typeAndGo = [this](const QString& what) {
        QTest::keyClick(m_window, Qt::Key_G, Qt::ControlModifier);
        auto& place = child<QLineEdit>(QStringLiteral("goTo"));
        QTest::keyClicks(&place, what);
        QTest::keyClick(&place, Qt::Key_Return);
    };
    m_window->views().bringUp(Views::View::Map);
    typeAndGo(QStringLiteral("nowhere"));
    QVERIFY(child<QLineEdit>(QStringLiteral("goTo")).hasFocus());
    typeAndGo(QStringLiteral("3"));
    QVERIFY(child<QWidget>(QStringLiteral("map")).hasFocus());
    m_window->views().bringUp(Views::View::Header);
    QCoreApplication::processEvents();
    typeAndGo(QStringLiteral("cluster_bits"));
    QVERIFY(child<QWidget>(QStringLiteral("headerTable")).hasFocus());
}

void TestMainWindow::forgetsWhyAPlaceIsNone()
{
    open(m_image);
    m_window->goTo(QStringLiteral("1"));
    m_window->goTo(QStringLiteral("nowhere"));
    QVERIFY(!m_window->statusBar()->currentMessage().isEmpty());
    QTest::keyClick(m_window, Qt::Key_Left, Qt::AltModifier);
    QCOMPARE(m_window->statusBar()->currentMessage(), QString());
}

void TestMainWindow::saysWhyAPlaceIsNone()
{
    open(m_image);
    m_window->goTo(QStringLiteral("nowhere"));
    QVERIFY(m_window->statusBar()->currentMessage().contains(QStringLiteral("refblock 3")));
    m_window->goTo(QStringLiteral("snapshot monday"));
    QVERIFY(m_window->statusBar()->currentMessage().contains(QStringLiteral("no snapshot")));
    QVERIFY(!m_window->document().selection().canGoBack());
}

void TestMainWindow::showsAGuestPlaceInEveryView()
{
    open(m_image);
    m_window->goTo(QStringLiteral("g:8k"));
    const auto clusters = selectedClusters(m_window->document().selection().current(), *m_window->document().image());
    QVERIFY(clusters);
    QCOMPARE(clusterRow(), QString::number(clusters->first.value()));
    const auto& hex = child<HexView>(QStringLiteral("hexView"));
    QCOMPARE(hex.selected()->first, m_window->document().image()->geometry().offset(clusters->first));
    auto& entries = child<QTableView>(QStringLiteral("entryTable"));
    QTRY_COMPARE(entries.currentIndex().row(), 2);
    auto& steps = child<QTextBrowser>(QStringLiteral("lookupText"));
    QTRY_VERIFY(steps.toPlainText().contains(QStringLiteral("Guest offset 0x2000")));
}

void TestMainWindow::searchesInTheHexViewByAKey()
{
    open(m_image);
    QTest::keyClick(m_window, Qt::Key_F, Qt::ControlModifier);
    auto& pattern = child<QLineEdit>(QStringLiteral("hexPattern"));
    QVERIFY(pattern.hasFocus());
    QTest::keyClicks(&pattern, QStringLiteral("QFI"));
    QTest::keyClick(&pattern, Qt::Key_Return);
    QTRY_VERIFY(m_window->document().selection().as<ByteRange>());
    QCOMPARE(m_window->document().selection().as<ByteRange>()->first, HostOffset(0));
}

void TestMainWindow::findsActionsInThePalette()
{
    open(m_image);
    QTest::keyClick(m_window, Qt::Key_P, Qt::ControlModifier | Qt::ShiftModifier);
    const QPointer<CommandPalette> palette = m_window->findChild<CommandPalette*>();
    QVERIFY(palette && palette->isVisible());
    auto& text = child<QLineEdit>(QStringLiteral("paletteText"));
    QTest::keyClicks(&text, QStringLiteral("change refcount"));
    QTest::keyClick(&text, Qt::Key_Return);
    QTRY_VERIFY(!palette);
    QVERIFY(m_window->findChild<AmendWizard*>());
}

void TestMainWindow::goesBackAndForward()
{
    open(m_image);
    m_window->goTo(QStringLiteral("1"));
    m_window->goTo(QStringLiteral("2"));
    QTest::keyClick(m_window, Qt::Key_Left, Qt::AltModifier);
    QCOMPARE(selectedCluster(), HostCluster(1));
    QCOMPARE(clusterRow(), QStringLiteral("1"));
    QTest::keyClick(m_window, Qt::Key_Right, Qt::AltModifier);
    QCOMPARE(selectedCluster(), HostCluster(2));
    QVERIFY(!child<QAction>(QStringLiteral("forwardAction")).isEnabled());
}

void TestMainWindow::staysWhereNoWayLeadsBack()
{
    open(m_image);
    m_window->views().bringUp(Views::View::Map);
    auto& map = child<QWidget>(QStringLiteral("map"));
    map.setFocus();
    m_window->goTo(QStringLiteral("2"));
    for (int i = 0; i < 3; ++i)
        QTest::keyClick(&map, Qt::Key_Left, Qt::AltModifier);
    QVERIFY(std::holds_alternative<std::monostate>(m_window->document().selection().current()));
    QTest::keyClick(&map, Qt::Key_Right, Qt::AltModifier);
    QCOMPARE(selectedCluster(), HostCluster(2));
    auto& tree = child<QTreeView>(QStringLiteral("structureTree"));
    tree.setFocus();
    for (int i = 0; i < 3; ++i)
        QTest::keyClick(&tree, Qt::Key_Left, Qt::AltModifier);
    QVERIFY(m_window->document().selection().canGoForward());
}

void TestMainWindow::leavesArrowsOfTheProgramAlone_data()
{
    QTest::addColumn<Views::View>("view");
    QTest::addColumn<QString>("name");
    QTest::newRow("map") << Views::View::Map << QStringLiteral("map");
    QTest::newRow("refblock") << Views::View::Heatmap << QStringLiteral("heatmap");
    QTest::newRow("guest") << Views::View::Guest << QStringLiteral("guestView");
    QTest::newRow("hex") << Views::View::Hex << QStringLiteral("hexView");
}

void TestMainWindow::leavesArrowsOfTheProgramAlone()
{
    QFETCH(Views::View, view);
    QFETCH(QString, name);
    open(m_image);
    m_window->views().bringUp(view);
    m_window->goTo(QStringLiteral("3"));
    QCoreApplication::processEvents();
    const Selection::Value before = m_window->document().selection().current();
    auto& painted = child<QWidget>(name);
    for (const auto modifier : {Qt::AltModifier, Qt::ControlModifier, Qt::MetaModifier})
        for (const Qt::Key key : {Qt::Key_Up, Qt::Key_Down, Qt::Key_Left, Qt::Key_Right})
            if (modifier != Qt::AltModifier || key == Qt::Key_Up || key == Qt::Key_Down)
                QTest::keyClick(&painted, key, modifier);
    QVERIFY(m_window->document().selection().current() == before);
}

void TestMainWindow::keepsTheSelectionWhenAViewIsShown()
{
    open(m_image);
    m_window->goTo(QStringLiteral("7"));
    for (int i = 0; i < Views::kViewCount; ++i) {
        const auto view = static_cast<Views::View>(i);
        m_window->views().bringUp(view);
        QCoreApplication::processEvents();
        const auto lists = m_window->views().dock(view)->findChildren<QAbstractItemView*>();
        for (QAbstractItemView* list : lists)
            list->setFocus();
        QVERIFY2(waitForJobs(), qPrintable(m_window->views().dock(view)->windowTitle()));
        QVERIFY2(m_window->document().selection().as<ClusterRange>() && selectedCluster() == HostCluster(7),
            qPrintable(m_window->views().dock(view)->windowTitle()));
    }
    auto& reftable = child<QTableView>(QStringLiteral("reftableTable"));
    m_window->views().bringUp(Views::View::Reftable);
    reftable.setFocus();
    clickRow(reftable, reftable.model()->index(0, 0)); // the row that got current with the focus
    QVERIFY(m_window->document().selection().as<RefblockSelection>());
}

void TestMainWindow::hasNoMnemonicsInItsViews()
{
    open(m_image);
    const auto buttons = m_window->views().findChildren<QAbstractButton*>();
    for (const QAbstractButton* button : buttons)
        QVERIFY2(button->shortcut().isEmpty(), qPrintable(button->objectName()));
}

void TestMainWindow::filtersClusters()
{
    open(m_damaged);
    auto& table = child<QTableView>(QStringLiteral("clusterTable"));
    auto& owner = child<QComboBox>(QStringLiteral("clusterOwnerFilter"));
    owner.setCurrentIndex(owner.findText(QStringLiteral("leaked")));
    QVERIFY(QTest::qWaitFor([&] { return table.model()->rowCount() == 1; }));
    QCOMPARE(table.model()->index(0, 0).data().toString(), QString::number(m_leaked));
    owner.setCurrentIndex(0);
    QCOMPARE(static_cast<std::uint64_t>(table.model()->rowCount()), m_leaked + 1);
    child<QComboBox>(QStringLiteral("clusterVerdictFilter")).setCurrentIndex(3);
    QVERIFY(QTest::qWaitFor([&] { return table.model()->rowCount() == 1; }));
    QCOMPARE(table.model()->index(0, 0).data().toString(), QString::number(m_low));
}

void TestMainWindow::offersAReloadWhenTheFileChanges()
{
    const QString path = m_folder.create(QStringLiteral("changing.qcow2"));
    open(path);
    auto& strip = child<QWidget>(QStringLiteral("noticeStrip"));
    QVERIFY(!strip.isVisible());
    QCOMPARE(qemu::io(path, {QStringLiteral("write 0 64k")}).exit, 0);
    QVERIFY(QTest::qWaitFor([&] { return strip.isVisible(); }));
    const auto before = m_window->document().census()->map.clusters();
    QTest::mouseClick(&child<QPushButton>(QStringLiteral("noticeReload")), Qt::LeftButton);
    QVERIFY(QTest::qWaitFor([&] { return !strip.isVisible(); }));
    QVERIFY(m_window->document().census()->map.clusters() > before);
}

void TestMainWindow::saysThatTheFileIsGone()
{
    const QString path = m_folder.create(QStringLiteral("gone.qcow2"));
    open(path);
    QVERIFY(QFile::remove(path));
    QTRY_VERIFY(child<QWidget>(QStringLiteral("noticeStrip")).isVisible());
    QVERIFY2(text(QStringLiteral("noticeText")).contains(QStringLiteral("is gone")),
        qPrintable(text(QStringLiteral("noticeText"))));
}

void TestMainWindow::reloadsWithF5()
{
    open(m_image);
    m_window->goTo(QStringLiteral("3"));
    QSignalSpy opened(&m_window->document(), &ImageDocument::opened);
    QTest::keyClick(m_window, Qt::Key_F5);
    QVERIFY(opened.wait());
    QVERIFY(waitForJobs());
    QCOMPARE(selectedCluster(), HostCluster(3));
    QCOMPARE(clusterRow(), QStringLiteral("3"));
}

void TestMainWindow::closesTheImageThenTheWindow()
{
    open(m_image);
    QTest::keyClick(m_window, Qt::Key_W, Qt::ControlModifier);
    QVERIFY(!m_window->document().image());
    QVERIFY(child<QWidget>(QStringLiteral("startPage")).isVisible());
    QVERIFY(text(QStringLiteral("selectionText")).isEmpty());
    QTest::keyClick(m_window, Qt::Key_W, Qt::ControlModifier);
    QVERIFY(!m_window->isVisible());
}

void TestMainWindow::bringsEveryViewUpByKeys()
{
    open(m_damaged);
    m_window->goTo(QStringLiteral("1"));
    for (int i = Views::kViewCount - 1; i >= 0; --i) {
        const auto view = static_cast<Views::View>(i);
        QDockWidget* dock = m_window->views().dock(view);
        QTest::keyClick(m_window, Views::key(view).key(), Views::key(view).keyboardModifiers());
        QVERIFY2(!dock->visibleRegion().isEmpty(), qPrintable(dock->windowTitle()));
        QVERIFY2(dock->isAncestorOf(QApplication::focusWidget()), qPrintable(dock->windowTitle()));
    }
}

void TestMainWindow::resetsItsLayout()
{
    open(m_image);
    QDockWidget* details = m_window->views().dock(Views::View::Details);
    details->close();
    QVERIFY(!details->isVisible());
    child<QAction>(QStringLiteral("resetLayoutAction")).trigger();
    QVERIFY(details->isVisible());
}

void TestMainWindow::remembersItsLayout()
{
    REQUIRE_QEMU();
    open(m_image);
    const auto height = [this] { return m_window->views().dock(Views::View::Findings)->height(); };
    m_window->views().dock(Views::View::Lookup)->close();
    m_window->views().dock(Views::View::Hex)->raise();
    const int before = height();
    m_window->views().resizeDocks({m_window->views().dock(Views::View::Findings)}, {before + 80}, Qt::Vertical);
    QTRY_VERIFY(height() > before);
    const int chosen = height();
    m_window->close();
    QTRY_VERIFY(!m_window);

    init();
    open(m_image);
    QVERIFY(!m_window->views().dock(Views::View::Lookup)->isVisible());
    QTRY_VERIFY(!m_window->views().dock(Views::View::Hex)->visibleRegion().isEmpty());
    QVERIFY(m_window->views().dock(Views::View::Map)->visibleRegion().isEmpty());
    QVERIFY2(std::abs(height() - chosen) <= 5, qPrintable(QString::number(height())));
    child<QAction>(QStringLiteral("resetLayoutAction")).trigger(); // for the tests behind this one
}

void TestMainWindow::keepsItsLayoutWhenNothingWasOpened()
{
    REQUIRE_QEMU();
    QSettings().remove(QStringLiteral("layout/views"));
    m_window->close(); // on the start page: the views have never been shown
    QTRY_VERIFY(!m_window);
    init();
    open(m_image);
    const int findings = m_window->views().dock(Views::View::Findings)->height();
    QVERIFY2(findings < m_window->height() / 3, qPrintable(QString::number(findings)));
}

void TestMainWindow::fitsASmallScreen()
{
    REQUIRE_QEMU();
    open(m_image);
    m_window->resize(900, 600);
    QVERIFY(QTest::qWaitFor([this] { return m_window->size() == QSize(900, 600); }));
    QVERIFY2(m_window->minimumSizeHint().width() <= 700, "a view has a bar that does not wrap");
}

void TestMainWindow::opensTheWizard()
{
    open(m_image);
    QTest::keyClick(m_window, Qt::Key_E, Qt::ControlModifier);
    QPointer<AmendWizard> wizard = m_window->findChild<AmendWizard*>();
    QVERIFY(wizard);
    QVERIFY(wizard->isVisible());
    wizard->close();
    QVERIFY(QTest::qWaitFor([&] { return !wizard; }));
}

void TestMainWindow::opensTheHeaderEditorByAKey()
{
    open(m_image);
    auto& action = child<QAction>(QStringLiteral("editHeaderAction"));
    QVERIFY(child<QTableView>(QStringLiteral("headerTable")).actions().contains(&action));
    QTest::keyClick(m_window, Qt::Key_H, Qt::ControlModifier | Qt::ShiftModifier);
    QPointer<TaskDialog> dialog = m_window->findChild<TaskDialog*>(QStringLiteral("headerEditorDialog"));
    QVERIFY(dialog && dialog->isVisible());
    dialog->close();
    QVERIFY(QTest::qWaitFor([&] { return !dialog; }));
}

void TestMainWindow::editsTheCountOfTheSelectedCluster()
{
    open(m_image);
    auto& action = child<QAction>(QStringLiteral("editRefcountAction"));
    QVERIFY(!action.isEnabled());
    m_window->views().bringUp(Views::View::Clusters);
    auto& table = child<QTableView>(QStringLiteral("clusterTable"));
    QVERIFY(table.actions().contains(&action));
    clickRow(table, table.model()->index(3, 0));
    QVERIFY(action.isEnabled());
    action.trigger();
    QPointer<TaskDialog> dialog = m_window->findChild<TaskDialog*>(QStringLiteral("refcountDialog"));
    QVERIFY(dialog && dialog->windowTitle().contains(QStringLiteral("cluster 3 ")));
    dialog->close();
    QVERIFY(QTest::qWaitFor([&] { return !dialog; }));
    m_window->document().selection().select(ClusterRange{HostCluster(3), 2});
    QVERIFY(!action.isEnabled()); // one at a time
}

void TestMainWindow::createsAnImageAndOpensIt()
{
    QTest::keyClick(m_window, Qt::Key_N, Qt::ControlModifier);
    QPointer<CreateDialog> dialog = m_window->findChild<CreateDialog*>();
    QVERIFY(dialog && QTest::qWaitForWindowActive(dialog));
    const QString path = m_folder.path(QStringLiteral("created.qcow2"));
    dialog->findChild<QLineEdit*>(QStringLiteral("path"))->setText(path);
    QSignalSpy opened(&m_window->document(), &ImageDocument::opened);
    QVERIFY(clickButton(*dialog, QStringLiteral("go")));
    QVERIFY(opened.wait());
    QCOMPARE(m_window->document().path(), path);
    QVERIFY(m_window->document().census()->isClean());
    QVERIFY(QTest::qWaitFor([&] { return !dialog; }));
    QCOMPARE(windows().size(), 1);
}

void TestMainWindow::createsASnapshotByAKey()
{
    const QString path = m_folder.create(QStringLiteral("snap.qcow2"));
    open(path);
    QTest::keyClick(m_window, Qt::Key_S, Qt::ControlModifier | Qt::ShiftModifier);
    QPointer<SnapshotDialog> dialog = m_window->findChild<SnapshotDialog*>();
    QVERIFY(dialog && QTest::qWaitForWindowActive(dialog) && waitForJobs());
    dialog->findChild<QLineEdit*>(QStringLiteral("snapshotName"))->setText(QStringLiteral("kept"));
    QSignalSpy opened(&m_window->document(), &ImageDocument::opened);
    QVERIFY(clickButton(*dialog, QStringLiteral("go")));
    QVERIFY(opened.wait());
    QVERIFY(waitForJobs());
    QVERIFY(!m_window->views().dock(Views::View::Snapshots)->visibleRegion().isEmpty());
    QVERIFY(text(QStringLiteral("facts")).contains(QStringLiteral("1 snapshot")));
    QVERIFY2(!child<QWidget>(QStringLiteral("noticeStrip")).isVisible(), "our own edit is no news");
}

void TestMainWindow::goesFromARefusedSnapshotToTheWizard()
{
    const QString path = m_folder.create(QStringLiteral("narrow.qcow2"), QStringLiteral("refcount_bits=1"));
    QCOMPARE(qemu::io(path, {QStringLiteral("write 0 64k")}).exit, 0);
    open(path);
    child<QAction>(QStringLiteral("createSnapshotAction")).trigger();
    QPointer<SnapshotDialog> dialog = m_window->findChild<SnapshotDialog*>();
    QVERIFY(dialog && QTest::qWaitForWindowActive(dialog) && waitForJobs());
    QVERIFY(clickButton(*dialog, QStringLiteral("changeWidth")));
    QPointer<AmendWizard> wizard = m_window->findChild<AmendWizard*>();
    QVERIFY(wizard && wizard->isVisible());
    wizard->close();
    QVERIFY(QTest::qWaitFor([&] { return !wizard && !dialog; }));
}

void TestMainWindow::repairsFromTheFindings()
{
    const QString path = m_folder.path(QStringLiteral("mend.qcow2"));
    QVERIFY(writeFile(path, readFile(m_damaged)));
    open(path);
    m_window->views().bringUp(Views::View::Findings);
    QCoreApplication::processEvents();
    QVERIFY(clickButton(*m_window, QStringLiteral("repairAllActionButton")));
    QPointer<RepairDialog> dialog = m_window->findChild<RepairDialog*>();
    QVERIFY(dialog && QTest::qWaitForWindowActive(dialog) && waitForJobs());
    QSignalSpy opened(&m_window->document(), &ImageDocument::opened);
    QVERIFY(clickButton(*dialog, QStringLiteral("go")));
    QVERIFY(opened.wait());
    QVERIFY(waitForJobs());
    QVERIFY(clickButton(*dialog, QStringLiteral("close")));
    QCOMPARE(child<QPushButton>(QStringLiteral("verdictBadge")).text(), QStringLiteral("CLEAN"));
    QCOMPARE(qemu::checkExit(path), 0);
}

void TestMainWindow::offersNoEditsWithoutAnImage()
{
    for (const char* name : {"amendAction", "editHeaderAction", "editRefcountAction", "repairAllAction",
             "repairLeaksAction", "createSnapshotAction"})
        QVERIFY2(!child<QAction>(QString::fromLatin1(name)).isEnabled(), name);
    QVERIFY(child<QAction>(QStringLiteral("createAction")).isEnabled());
}

void TestMainWindow::namesWhatCanBeOperated()
{
    open(m_image);
    const QWidgetList all = m_window->findChildren<QWidget*>();
    for (const QWidget* widget : all) {
        if (widget->objectName().startsWith(QStringLiteral("qt_"))
            || qobject_cast<const QDockWidget*>(widget->parent()))
            continue;
        if (qobject_cast<const QAbstractItemView*>(widget) || qobject_cast<const QComboBox*>(widget)
            || qobject_cast<const QTextBrowser*>(widget)) {
            if (widget->window() == m_window && !widget->objectName().isEmpty())
                QVERIFY2(!widget->accessibleName().isEmpty(), qPrintable(widget->objectName()));
        }
    }
}

QTEST_MAIN(TestMainWindow)
#include "tst_main_window.moc"
