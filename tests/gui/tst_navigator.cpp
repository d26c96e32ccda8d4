// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/storage/memory_storage.h"
#include "tests/gui/gui_support.h"
#include "tests/support/sample_images.h"
#include "ui/navigator/command_palette.h"
#include "ui/navigator/fuzzy.h"
#include "ui/navigator/go_to_box.h"
#include "ui/navigator/place.h"

#include <QAction>
#include <QCompleter>
#include <QDockWidget>
#include <QLineEdit>
#include <QMainWindow>
#include <QMenuBar>
#include <QTableView>

using namespace cowscope;
using namespace cowscope::test;
using namespace cowscope::ui;

namespace
{

std::shared_ptr<const Image> opened(const BuiltImage& built)
{
    return Image::open(std::make_shared<MemoryStorage>(built.bytes), {}).value_or(nullptr);
}

} // namespace

/// Places as they are typed, the box that takes them, and the palette of actions.
class TestNavigator : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void understandsNumbers_data();
    void understandsNumbers();
    void understandsNames();
    void understandsGuestOffsets();
    void findsBitmapsByName();
    void saysWhatIsNotThere_data();
    void saysWhatIsNotThere();
    void completesNames();
    void selectsWhatIsTyped();
    void showsOnceMoreWhatIsSelected();
    void keepsWhatItDoesNotUnderstand();
    void leavesShortcutsToTheProgram();
    void fitsLettersInTheirOrder();
    void prefersWordsAndRows();
    void listsTheActionsOfAWindow();
    void ranksTheViewBeforeItsActions();
    void tellsActionsOfOneNameApart();
    void carriesOutAnActionByKeys();
    void doesNotCarryOutADisabledAction();

private:
    ImageFolder m_folder;
    std::shared_ptr<const Image> m_image; ///< 4 KiB clusters, two snapshots
};

void TestNavigator::initTestCase()
{
    m_image = opened(snapshotImage(12, 4, 2));
    QVERIFY(m_image);
}

void TestNavigator::understandsNumbers_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<qlonglong>("cluster"); // -1: no place
    QTest::addColumn<qlonglong>("byte"); // -1: the whole cluster
    QTest::newRow("number") << QStringLiteral("12") << 12LL << -1LL;
    QTest::newRow("grouped") << QStringLiteral(" 0,012 ") << 12LL << -1LL;
    QTest::newRow("word") << QStringLiteral("cluster 5") << 5LL << -1LL;
    QTest::newRow("letter") << QStringLiteral("C5") << 5LL << -1LL;
    QTest::newRow("offset") << QStringLiteral("0x5000") << 5LL << -1LL;
    QTest::newRow("byte") << QStringLiteral("0x5001") << 5LL << 0x5001LL;
    QTest::newRow("capitals") << QStringLiteral("0X5FFF") << 5LL << 0x5fffLL;
    QTest::newRow("size") << QStringLiteral("16k") << 4LL << -1LL;
    QTest::newRow("unit in full") << QStringLiteral("16 KiB") << 4LL << -1LL;
    QTest::newRow("fraction") << QStringLiteral("1.5k") << 0LL << 1536LL;
    QTest::newRow("fraction of a cluster") << QStringLiteral("1.5") << -1LL << -1LL;
    QTest::newRow("word only") << QStringLiteral("refblock") << -1LL << -1LL;
    QTest::newRow("no hex") << QStringLiteral("0x") << -1LL << -1LL;
    QTest::newRow("too large") << QStringLiteral("99999999999999999999999") << -1LL << -1LL;
    QTest::newRow("too many bytes") << QStringLiteral("99999999999P") << -1LL << -1LL;
    QTest::newRow("negative") << QStringLiteral("-1") << -1LL << -1LL;
    QTest::newRow("behind the end") << QStringLiteral("12M") << -1LL << -1LL;
}

void TestNavigator::understandsNumbers()
{
    QFETCH(QString, text);
    QFETCH(qlonglong, cluster);
    QFETCH(qlonglong, byte);
    const auto place = parsePlace(text, *m_image);
    if (cluster < 0) {
        QVERIFY(!place);
        QVERIFY(!place.error().isEmpty());
        return;
    }
    QVERIFY2(place, qPrintable(place ? QString() : place.error()));
    if (byte < 0)
        QVERIFY(*place == Selection::Value(ClusterRange{HostCluster(static_cast<std::uint64_t>(cluster)), 1}));
    else
        QVERIFY(*place == Selection::Value(ByteRange{HostOffset(static_cast<std::uint64_t>(byte)), 1}));
}

void TestNavigator::understandsNames()
{
    const auto is = [this](const char* text, const Selection::Value& value) {
        const auto place = parsePlace(QString::fromLatin1(text), *m_image);
        return place && *place == value;
    };
    const Header& header = m_image->header();
    const HostOffset l2 = L1Entry{m_image->l1Table()[1]}.l2Offset();
    const auto clusterAt = [this](HostOffset offset) { return m_image->geometry().cluster(offset); };
    QVERIFY(is("header", ClusterRange{HostCluster(0), 1}));
    QVERIFY(is("Reftable", ClusterRange{clusterAt(header.refcountTableOffset), 1}));
    QVERIFY(is("refblock 0", RefblockSelection{0}));
    QVERIFY(is("refblock[0]", RefblockSelection{0}));
    QVERIFY(is("reftable[2]", FieldSelection{Structure::ReftableEntry, 2, header.refcountTableOffset + 16, 0}));
    QVERIFY(is("L1", ClusterRange{clusterAt(header.l1TableOffset), 1}));
    QVERIFY(is("l1[1]", FieldSelection{Structure::L1Entry, 1, header.l1TableOffset + 8, 2}));
    QVERIFY(is("L2[1]", ClusterRange{clusterAt(l2), 1}));
    QVERIFY(is("L2[1][17]", ByteRange{l2 + 17 * 8, 8}));
    QVERIFY(is("snapshots", ClusterRange{clusterAt(header.snapshotsOffset), 1}));
    QVERIFY(is("snapshot snapshot 2", SnapshotSelection{1}));
    QVERIFY(is("Snapshot SNAPSHOT 1", SnapshotSelection{0}));
    QVERIFY(is("snapshot 2", SnapshotSelection{1})); // by its id
    QVERIFY(is("cluster_bits", FieldSelection{Structure::Header, 0, HostOffset(0), 4}));
}

void TestNavigator::understandsGuestOffsets()
{
    const auto place = parsePlace(QStringLiteral("g:12k"), *m_image);
    QVERIFY(place);
    QVERIFY(*place == Selection::Value(GuestRange{GuestOffset(12288), 4096, std::nullopt}));
    const auto inside = parsePlace(QStringLiteral("guest 0x10"), *m_image);
    QVERIFY(inside && *inside == Selection::Value(GuestRange{GuestOffset(16), 4080, std::nullopt}));
    QVERIFY(parsePlace(QStringLiteral("g:100"), *m_image)); // plain bytes
    QVERIFY(!parsePlace(QStringLiteral("g:1T"), *m_image));
    QVERIFY(!parsePlace(QStringLiteral("g:header"), *m_image));
}

void TestNavigator::findsBitmapsByName()
{
    const auto image = opened(plainImage(12, 4));
    const auto place = parsePlace(QStringLiteral("bitmap changes"), *image);
    QVERIFY(place && *place == Selection::Value(BitmapSelection{0}));
    QVERIFY(parsePlace(QStringLiteral("bitmaps"), *image));
    QVERIFY(!parsePlace(QStringLiteral("bitmap other"), *image));
}

void TestNavigator::saysWhatIsNotThere_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("part");
    QTest::newRow("cluster") << QStringLiteral("99999999") << QStringLiteral("behind the end");
    QTest::newRow("refblock") << QStringLiteral("refblock 99999") << QStringLiteral("the last one is");
    QTest::newRow("L1 entry") << QStringLiteral("L1[77]") << QStringLiteral("the last one is 1");
    QTest::newRow("L2 entry") << QStringLiteral("L2[0][512]") << QStringLiteral("the last one is 511");
    QTest::newRow("snapshot") << QStringLiteral("snapshot monday") << QStringLiteral("no snapshot \"monday\"");
    QTest::newRow("bitmaps") << QStringLiteral("bitmaps") << QStringLiteral("no bitmap");
    QTest::newRow("disk") << QStringLiteral("g:1T") << QStringLiteral("end of the disk");
    QTest::newRow("nonsense") << QStringLiteral("over there") << QStringLiteral("refblock 3, L1[2], L2[3]");
}

void TestNavigator::saysWhatIsNotThere()
{
    QFETCH(QString, text);
    QFETCH(QString, part);
    const auto place = parsePlace(text, *m_image);
    QVERIFY(!place);
    QVERIFY2(place.error().contains(part), qPrintable(place.error()));
}

void TestNavigator::completesNames()
{
    QCOMPARE(placeCompletions(QStringLiteral("ref"), *m_image).mid(0, 2),
        (QStringList{QStringLiteral("reftable"), QStringLiteral("refblock 0")}));
    QVERIFY(placeCompletions(QStringLiteral("ref"), *m_image).contains(QStringLiteral("refcount_order")));
    QVERIFY(placeCompletions(QStringLiteral("SNAPSHOT 2"), *m_image).contains(QStringLiteral("snapshot snapshot 2")));
    QVERIFY(placeCompletions(QStringLiteral("0x50"), *m_image).isEmpty());
    QCOMPARE(placeCompletions(QString(), *m_image, 5).size(), 5);
    for (const QString& each : placeCompletions(QString(), *m_image, 100))
        QVERIFY2(parsePlace(each, *m_image), qPrintable(each));
}

void TestNavigator::selectsWhatIsTyped()
{
    REQUIRE_QEMU();
    ImageDocument document;
    QVERIFY(openAndWait(document, m_folder.create(QStringLiteral("box.qcow2"))));
    GoToBox box(document);
    box.show();
    QTest::keyClicks(&box, QStringLiteral("clus"));
    QVERIFY(box.completer()->completionCount() > 0);
    box.clear();
    QTest::keyClicks(&box, QStringLiteral("refblock 0"));
    QTest::keyClick(&box, Qt::Key_Return);
    QVERIFY(document.selection().as<RefblockSelection>());
    Q_EMIT box.completer()->activated(QStringLiteral("cluster_bits"));
    QVERIFY(document.selection().as<FieldSelection>());
}

void TestNavigator::showsOnceMoreWhatIsSelected()
{
    REQUIRE_QEMU();
    ImageDocument document;
    QVERIFY(openAndWait(document, m_folder.create(QStringLiteral("again.qcow2"))));
    GoToBox box(document);
    box.goTo(QStringLiteral("1"));
    document.selection().select(ClusterRange{HostCluster(2), 1});
    document.selection().back();
    QSignalSpy changed(&document.selection(), &Selection::changed);
    QSignalSpy reached(&box, &GoToBox::reached);
    box.goTo(QStringLiteral("1"));
    QCOMPARE(changed.count(), 1);
    QCOMPARE(reached.count(), 1);
    QVERIFY(document.selection().canGoForward());
}

void TestNavigator::leavesShortcutsToTheProgram()
{
    QMainWindow window;
    ImageDocument document;
    auto* box = new GoToBox(document);
    window.setCentralWidget(box);
    QAction* edit = window.menuBar()->addMenu(QStringLiteral("Image"))->addAction(QStringLiteral("Edit"));
    edit->setShortcut(QKeySequence(Qt::CTRL | Qt::Key_E));
    QSignalSpy triggered(edit, &QAction::triggered);
    window.show();
    QVERIFY(QTest::qWaitForWindowActive(&window));
    box->setFocus();
    QTest::keyClicks(box, QStringLiteral("12"));
    QTest::keyClick(box, Qt::Key_E, Qt::ControlModifier);
    QCOMPARE(triggered.count(), 1);
    QTest::keyClick(box, Qt::Key_A, Qt::ControlModifier); // its own
    QCOMPARE(box->selectedText(), QStringLiteral("12"));
}

void TestNavigator::keepsWhatItDoesNotUnderstand()
{
    REQUIRE_QEMU();
    ImageDocument document;
    QVERIFY(openAndWait(document, m_folder.create(QStringLiteral("refuse.qcow2"))));
    GoToBox box(document);
    QSignalSpy refused(&box, &GoToBox::refused);
    box.setText(QStringLiteral("nowhere"));
    QTest::keyClick(&box, Qt::Key_Return);
    QCOMPARE(refused.count(), 1);
    QCOMPARE(box.text(), QStringLiteral("nowhere"));
    QVERIFY(!document.selection().canGoBack());
}

void TestNavigator::fitsLettersInTheirOrder()
{
    const QString name = QStringLiteral("View \u203a Reset Layout");
    QVERIFY(fuzzyScore(u"rl", name));
    QVERIFY(fuzzyScore(u"RESET lay", name));
    QVERIFY(fuzzyScore(u"", name));
    QVERIFY(!fuzzyScore(u"lr", QStringLiteral("Reset Layout")));
    QVERIFY(!fuzzyScore(u"resett lx", name));
    QVERIFY(!fuzzyScore(u"a", QString()));
}

void TestNavigator::prefersWordsAndRows()
{
    const auto better = [](const char16_t* pattern, const char16_t* a, const char16_t* b) {
        return fuzzyScore(QStringView(pattern), QStringView(a)) > fuzzyScore(QStringView(pattern), QStringView(b));
    };
    QVERIFY(better(u"rl", u"Reset Layout", u"Later results"));
    QVERIFY(better(u"open", u"File Open", u"File o p e n"));
    QVERIFY(better(u"hex", u"Hex", u"The exit"));
    QVERIFY(better(u"go", u"Go to", u"Amend go"));
}

namespace
{

/// A window with a menu in a menu, and a panel with an action of its own.
struct Window {
    Window()
    {
        QMenu* file = window.menuBar()->addMenu(QStringLiteral("&File"));
        open = file->addAction(QStringLiteral("&Open\u2026"));
        open->setShortcut(QKeySequence::Open);
        file->addSeparator();
        closed = file->addMenu(QStringLiteral("&More"))->addAction(QStringLiteral("&Close && Go"));
        closed->setEnabled(false);
        auto* dock = new QDockWidget(QStringLiteral("Bytes"), &window);
        auto* panel = new QWidget;
        copy = new QAction(QStringLiteral("Copy row"), panel);
        panel->addAction(copy);
        for (const char* table : {"Left", "Right"}) {
            auto* view = new QTableView(panel);
            view->setAccessibleName(QString::fromLatin1(table));
            new QAction(QStringLiteral("Export bytes"), view);
        }
        dock->setWidget(panel);
        window.addDockWidget(Qt::LeftDockWidgetArea, dock);
        QMenu* view = window.menuBar()->addMenu(QStringLiteral("&View"));
        view->addAction(dock->toggleViewAction());
        view->addMenu(QStringLiteral("&Go to View"))->addAction(QStringLiteral("Bytes"));
        window.resize(600, 400);
        window.show();
        palette = new CommandPalette(window);
        palette->show();
    }

    QTableView* table() const { return palette->findChild<QTableView*>(QStringLiteral("paletteTable")); }
    QLineEdit* text() const { return palette->findChild<QLineEdit*>(QStringLiteral("paletteText")); }
    QStringList names() const
    {
        QStringList all;
        for (int row = 0; row < table()->model()->rowCount(); ++row)
            all += table()->model()->index(row, 0).data().toString();
        return all;
    }

    QMainWindow window;
    QAction* open;
    QAction* closed;
    QAction* copy;
    QPointer<CommandPalette> palette;
};

} // namespace

void TestNavigator::listsTheActionsOfAWindow()
{
    const Window window;
    const QStringList names = window.names();
    QVERIFY(names.contains(QStringLiteral("File \u203a Open\u2026")));
    QVERIFY(names.contains(QStringLiteral("File \u203a More \u203a Close & Go")));
    QVERIFY(names.contains(QStringLiteral("Bytes \u203a Copy row")));
    QCOMPARE(window.table()->model()->index(0, 1).data().toString(),
        QKeySequence(QKeySequence::Open).toString(QKeySequence::NativeText));
    QTest::keyClicks(window.text(), QStringLiteral("bcopy"));
    QCOMPARE(window.names(), QStringList{QStringLiteral("Bytes \u203a Copy row")});
}

void TestNavigator::ranksTheViewBeforeItsActions()
{
    const Window window;
    QTest::keyClicks(window.text(), QStringLiteral("byt"));
    const QStringList names = window.names();
    QCOMPARE(names.first(), QStringLiteral("View \u203a Go to View \u203a Bytes"));
    QVERIFY(names.contains(QStringLiteral("Bytes \u203a Copy row")));
    QVERIFY(names.contains(QStringLiteral("View \u203a Show or hide Bytes")));
    QVERIFY(!names.contains(QStringLiteral("View \u203a Bytes")));
}

void TestNavigator::tellsActionsOfOneNameApart()
{
    const Window window;
    const QStringList names = window.names();
    QCOMPARE(QSet<QString>(names.begin(), names.end()).size(), names.size());
    QVERIFY(names.contains(QStringLiteral("Bytes \u203a Left \u203a Export bytes")));
    QVERIFY(names.contains(QStringLiteral("Bytes \u203a Right \u203a Export bytes")));
}

void TestNavigator::carriesOutAnActionByKeys()
{
    const Window window;
    QSignalSpy triggered(window.copy, &QAction::triggered);
    QTest::keyClicks(window.text(), QStringLiteral("o"));
    QVERIFY(window.names().size() > 1);
    while (window.table()->currentIndex().siblingAtColumn(0).data() != QStringLiteral("Bytes \u203a Copy row")) {
        const int before = window.table()->currentIndex().row();
        QTest::keyClick(window.text(), Qt::Key_Down);
        QVERIFY(window.table()->currentIndex().row() > before);
    }
    QTest::keyClick(window.text(), Qt::Key_Return);
    QCOMPARE(triggered.count(), 1);
    QTRY_VERIFY(!window.palette);
}

void TestNavigator::doesNotCarryOutADisabledAction()
{
    const Window window;
    QSignalSpy triggered(window.closed, &QAction::triggered);
    QTest::keyClicks(window.text(), QStringLiteral("close"));
    QCOMPARE(window.names().size(), 1);
    QTest::keyClick(window.text(), Qt::Key_Return);
    QCOMPARE(triggered.count(), 0);
    QVERIFY(window.palette->isVisible());
}

QTEST_MAIN(TestNavigator)
#include "tst_navigator.moc"
