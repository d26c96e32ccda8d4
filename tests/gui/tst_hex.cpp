// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/gui/gui_support.h"
#include "ui/hex/bookmarks.h"
#include "ui/hex/hex_panel.h"
#include "ui/hex/hex_text.h"
#include "ui/hex/hex_view.h"

#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QComboBox>
#include <QFile>
#include <QInputDialog>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QScrollBar>
#include <QTableView>
#include <QToolButton>

using namespace cowscope;
using namespace cowscope::test;
using namespace cowscope::ui;

namespace
{

std::vector<std::byte> bytesOf(std::initializer_list<int> values)
{
    std::vector<std::byte> bytes;
    for (const int value : values)
        bytes.push_back(static_cast<std::byte>(value));
    return bytes;
}

} // namespace

/// The Hex view as its users see it.
class TestHex : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void init();
    void writesBytesAsText();
    void readsWhatToSearchFor();
    void bookmarksStayWithTheirFile();
    void showsBytesWhenTheyHaveBeenRead();
    void namesTheFieldUnderTheCursor();
    void selectsByMouseAndShows();
    void movesTheCursorByKeys();
    void followsTheSelection();
    void followsAnEntryWithEnter();
    void decodesTheStructureBesideTheBytes();
    void scrollsThroughAFileOfManyTebibytes();
    void keepsFewPages();
    void searchesForText();
    void searchesForBytesAndWrapsAround();
    void searchesBackwards();
    void findsTextInEitherCase();
    void saysThatSomethingIsNowhere();
    void copiesInThreeForms();
    void refusesToCopyTooMuch();
    void keepsBookmarksByName();
    void namesItsControls();

private:
    template <typename T>
    T& child(const char* name) const
    {
        T* found = m_panel->findChild<T*>(QString::fromLatin1(name));
        if (!found)
            qFatal("no widget of the name %s", name);
        return *found;
    }
    HexView& view() const { return child<HexView>("hexView"); }
    QString status() const { return child<QLabel>("hexStatus").text(); }
    ByteRange selected() const
    {
        const auto* range = m_document->selection().as<ByteRange>();
        return range ? *range : ByteRange{HostOffset(UINT64_MAX), 1};
    }
    void trigger(const char* action) const { child<QAction>(action).trigger(); }
    void clickByte(std::uint64_t offset, Qt::KeyboardModifiers keys = {}) const
    {
        QTest::mouseClick(view().viewport(), Qt::LeftButton, keys, view().byteRect(offset).center());
    }
    void searchFor(const QString& text, int kind) const
    {
        child<QComboBox>("hexSearchFor").setCurrentIndex(kind);
        auto& pattern = child<QLineEdit>("hexPattern");
        pattern.setText(text);
        QTest::keyClick(&pattern, Qt::Key_Return);
        QVERIFY(waitForJobs());
    }

    ImageFolder m_folder;
    QString m_image;
    std::unique_ptr<ImageDocument> m_document;
    std::unique_ptr<HexPanel> m_panel;
};

void TestHex::initTestCase()
{
    REQUIRE_QEMU();
    m_image = m_folder.createWithSnapshots(QStringLiteral("hex.qcow2"), 2, QStringLiteral("cluster_size=4096"));
    QVERIFY(!m_image.isEmpty());
}

void TestHex::init()
{
    m_panel.reset();
    m_document = std::make_unique<ImageDocument>();
    m_panel = std::make_unique<HexPanel>(*m_document);
    m_panel->resize(1000, 500);
    m_panel->show();
    if (!m_image.isEmpty())
        QVERIFY(openAndWait(*m_document, m_image));
    QVERIFY(waitForJobs());
}

void TestHex::writesBytesAsText()
{
    const auto bytes = bytesOf({0x51, 0x46, 0x49, 0xfb, 0x00});
    QCOMPARE(hexText(bytes), QStringLiteral("51 46 49 fb 00"));
    QCOMPARE(hexText(std::vector<std::byte>(17)).count(u'\n'), 1);
    QCOMPARE(
        cArrayText(bytes), QStringLiteral("const unsigned char bytes[5] = {\n    0x51, 0x46, 0x49, 0xfb, 0x00,\n};\n"));
    QCOMPARE(plainText(bytesOf({'a', 0xc3, 0xa4, 0, 'b'})), QStringLiteral("a\u00e4.b"));
}

void TestHex::readsWhatToSearchFor()
{
    const auto hex = [](const char* text) { return searchPattern(QString::fromLatin1(text), true); };
    QVERIFY(hex("51 46 49 fb") == bytesOf({0x51, 0x46, 0x49, 0xfb}));
    QVERIFY(hex("514649FB") == bytesOf({0x51, 0x46, 0x49, 0xfb}));
    QVERIFY(hex("0x51, 0x46") == bytesOf({0x51, 0x46}));
    for (const char* wrong : {"", "5", "51 4", "xy", "0x"})
        QVERIFY2(!hex(wrong), wrong);
    QVERIFY(searchPattern(QStringLiteral("\u00e4 5"), false) == bytesOf({0xc3, 0xa4, ' ', '5'}));
    QVERIFY(!searchPattern(QString(5000, u'a'), false));
}

void TestHex::bookmarksStayWithTheirFile()
{
    Bookmarks bookmarks;
    bookmarks.load(m_folder.path(QStringLiteral("one")));
    bookmarks.add({QStringLiteral("the L1 table"), {HostOffset(4096), 8}});
    bookmarks.add({QStringLiteral("far"), {HostOffset(std::uint64_t{1} << 62), 1}});
    bookmarks.add({QStringLiteral("the L1 table"), {HostOffset(8192), 8}});
    QCOMPARE(bookmarks.list().size(), std::size_t{2});
    Bookmarks other;
    other.load(m_folder.path(QStringLiteral("two")));
    QVERIFY(other.list().empty());
    other.load(m_folder.path(QStringLiteral("one")));
    QVERIFY(other.list() == bookmarks.list());
    QCOMPARE(other.list()[1].range, (ByteRange{HostOffset(8192), 8}));
    other.remove(0);
    bookmarks.load(m_folder.path(QStringLiteral("one")));
    QCOMPARE(bookmarks.list().size(), std::size_t{1});
}

void TestHex::showsBytesWhenTheyHaveBeenRead()
{
    REQUIRE_QEMU();
    QVERIFY2(view().describe(0).startsWith(QStringLiteral("0x0: 51, header, magic")), qPrintable(view().describe(0)));
    QVERIFY(view().describe(m_document->image()->fileSize() + 5).contains(QStringLiteral("behind the end")));
}

void TestHex::namesTheFieldUnderTheCursor()
{
    REQUIRE_QEMU();
    clickByte(22);
    QVERIFY2(status().contains(QStringLiteral("cluster_bits")), qPrintable(status()));
    QCOMPARE(view().accessibleDescription(), status());
}

void TestHex::selectsByMouseAndShows()
{
    REQUIRE_QEMU();
    clickByte(20);
    QCOMPARE(selected(), (ByteRange{HostOffset(20), 1}));
    clickByte(37, Qt::ShiftModifier);
    QCOMPARE(selected(), (ByteRange{HostOffset(20), 18}));
    QWidget* viewport = view().viewport();
    QTest::mousePress(viewport, Qt::LeftButton, {}, view().byteRect(70).center());
    QMouseEvent move(QEvent::MouseMove, view().byteRect(66).center(), view().byteRect(66).center(), Qt::NoButton,
        Qt::LeftButton, {});
    QApplication::sendEvent(viewport, &move);
    QTest::mouseRelease(viewport, Qt::LeftButton, {}, view().byteRect(66).center());
    QCOMPARE(selected(), (ByteRange{HostOffset(66), 5}));
}

void TestHex::movesTheCursorByKeys()
{
    REQUIRE_QEMU();
    const auto row = static_cast<std::uint64_t>(view().bytesPerRow());
    QTest::keyClick(&view(), Qt::Key_Right);
    QCOMPARE(selected(), (ByteRange{HostOffset(1), 1}));
    QTest::keyClick(&view(), Qt::Key_Down);
    QCOMPARE(view().cursor(), row + 1);
    QTest::keyClick(&view(), Qt::Key_Home);
    QTest::keyClick(&view(), Qt::Key_Right, Qt::ShiftModifier);
    QCOMPARE(selected(), (ByteRange{HostOffset(row), 2}));
    QTest::keyClick(&view(), Qt::Key_End, Qt::ControlModifier);
    QCOMPARE(view().cursor(), m_document->image()->fileSize() - 1);
    QVERIFY(!view().byteRect(view().cursor()).isEmpty());
    QTest::keyClick(&view(), Qt::Key_Right);
    QCOMPARE(view().cursor(), m_document->image()->fileSize() - 1);
    QTest::keyClick(&view(), Qt::Key_Home, Qt::ControlModifier);
    QTest::keyClick(&view(), Qt::Key_Up);
    QTest::keyClick(&view(), Qt::Key_Left);
    QCOMPARE(view().cursor(), std::uint64_t{0});
    // A cursor that wanders fills no history.
    m_document->selection().back();
    QVERIFY(!m_document->selection().canGoBack());
}

void TestHex::followsTheSelection()
{
    REQUIRE_QEMU();
    m_document->selection().select(RefblockSelection{0});
    const HostOffset refblock = *m_document->image()->usableRefblock(0);
    QCOMPARE(view().selected(), std::optional(ByteRange{refblock, 4096}));
    QVERIFY(!view().byteRect(refblock.value()).isEmpty());
    QTRY_VERIFY2(status().contains(QStringLiteral("refblock at")), qPrintable(status()));
    m_document->selection().select(FieldSelection{Structure::Header, 0, HostOffset(0), 4});
    QCOMPARE(view().selected(), std::optional(ByteRange{HostOffset(20), 4}));
}

void TestHex::followsAnEntryWithEnter()
{
    REQUIRE_QEMU();
    m_document->selection().select(ByteRange{HostOffset(m_document->image()->header().l1TableOffset.value() + 3), 1});
    QVERIFY(waitForJobs());
    QTest::keyClick(&view(), Qt::Key_Return);
    const auto* target = m_document->selection().as<ClusterRange>();
    QVERIFY(target);
    QCOMPARE(m_document->image()->geometry().offset(target->first).value(),
        L1Entry{m_document->image()->l1Table()[0]}.l2Offset().value());
    m_document->selection().select(ByteRange{HostOffset(0), 1});
    QTest::keyClick(&view(), Qt::Key_Return);
    QVERIFY(status().contains(QStringLiteral("lead to no place")));
}

void TestHex::decodesTheStructureBesideTheBytes()
{
    REQUIRE_QEMU();
    m_document->selection().select(ByteRange{HostOffset(20), 1});
    QVERIFY(waitForJobs());
    auto& table = child<QTableView>("placeTable");
    QCOMPARE(child<QLabel>("placeTitle").text(), QStringLiteral("header"));
    const auto row = [&](const char* name) {
        const auto found = table.model()->match(table.model()->index(0, 0), Qt::DisplayRole, QString::fromLatin1(name));
        return found.isEmpty() ? QModelIndex() : found.first();
    };
    const QString bits = row("cluster_bits").siblingAtColumn(1).data().toString();
    QVERIFY2(bits.contains(QStringLiteral("4 KiB")), qPrintable(bits));
    QVERIFY(row("32 bits from here").siblingAtColumn(1).data().toString().contains(QStringLiteral("= 12")));
    table.scrollTo(row("refcount_order"));
    QTest::mouseClick(table.viewport(), Qt::LeftButton, {}, table.visualRect(row("refcount_order")).center());
    QCOMPARE(selected(), (ByteRange{HostOffset(96), 4}));

    m_document->selection().select(ByteRange{*m_document->image()->usableRefblock(0), 1});
    QTRY_VERIFY(row("cluster 0").isValid());
    QCOMPARE(row("cluster 0").siblingAtColumn(1).data().toString(), QStringLiteral("count 1"));
}

void TestHex::scrollsThroughAFileOfManyTebibytes()
{
    REQUIRE_QEMU();
    constexpr qint64 kSize = qint64{8} << 40;
    const QString path = m_folder.path(QStringLiteral("huge.qcow2"));
    QVERIFY(QFile::copy(m_image, path));
    QFile file(path);
    if (!file.open(QIODevice::ReadWrite) || !file.resize(kSize) || !file.seek(kSize - 4) || file.write("last") != 4)
        QSKIP("the file system holds no file of that size");
    file.close();
    QVERIFY(openAndWait(*m_document, path));
    QTest::keyClick(&view(), Qt::Key_End, Qt::ControlModifier);
    QVERIFY(waitForJobs());
    QCOMPARE(view().cursor(), static_cast<std::uint64_t>(kSize - 1));
    QVERIFY(!view().byteRect(kSize - 1).isEmpty());
    QVERIFY2(view().describe(kSize - 1).contains(QStringLiteral(": 74,")), qPrintable(view().describe(kSize - 1)));
    QScrollBar* bar = view().verticalScrollBar();
    QCOMPARE(bar->value(), bar->maximum());
    bar->setValue(bar->maximum() / 2);
    const std::uint64_t middle = view().firstVisible();
    QVERIFY(middle > (std::uint64_t{4} << 40) - (1U << 20) && middle < (std::uint64_t{4} << 40) + (1U << 20));
    // The wheel moves by rows, however much a step of the scroll bar stands for.
    QWheelEvent wheel(QPointF(5, 5), view().mapToGlobal(QPointF(5, 5)), {}, QPoint(0, -120), Qt::NoButton, {},
        Qt::NoScrollPhase, false);
    QApplication::sendEvent(view().viewport(), &wheel);
    QCOMPARE(view().firstVisible(), middle + 3 * static_cast<std::uint64_t>(view().bytesPerRow()));
}

void TestHex::keepsFewPages()
{
    REQUIRE_QEMU();
    ByteCache cache;
    cache.setImage(m_document->image());
    QVERIFY(!cache.at(0));
    cache.want(0, 4);
    QVERIFY(waitForJobs());
    QCOMPARE(cache.at(0), std::byte{0x51});
    QVERIFY(cache.bytes(0, 72));
    QVERIFY(!cache.at(m_document->image()->fileSize()));
    QVERIFY(!cache.bytes(m_document->image()->fileSize(), 1));
    cache.setImage(nullptr);
    QVERIFY(!cache.at(0));
}

void TestHex::searchesForText()
{
    REQUIRE_QEMU();
    searchFor(QStringLiteral("2s1"), 0); // id and name of the second snapshot
    QVERIFY2(status().startsWith(QStringLiteral("Found at 0x")), qPrintable(status()));
    QCOMPARE(selected().count, std::uint64_t{3});
    Bytes file = readFile(m_image);
    QCOMPARE(QByteArray(reinterpret_cast<const char*>(file.data()) + selected().first.value(), 3), "2s1");
    QVERIFY(status().startsWith(QStringLiteral("Found at 0x")));
    QVERIFY(child<QToolButton>("hexFindNext").isEnabled());
    QVERIFY(child<QToolButton>("hexStopSearch").isHidden());
}

void TestHex::searchesForBytesAndWrapsAround()
{
    REQUIRE_QEMU();
    m_document->selection().select(ByteRange{HostOffset(8000), 1});
    searchFor(QStringLiteral("51 46 49 fb"), 1);
    QCOMPARE(selected(), (ByteRange{HostOffset(0), 4}));
    QVERIFY2(status().contains(QStringLiteral("from the beginning")), qPrintable(status()));
    searchFor(QStringLiteral("514"), 1);
    QVERIFY(status().contains(QStringLiteral("pairs of hex digits")));
}

void TestHex::searchesBackwards()
{
    REQUIRE_QEMU();
    searchFor(QStringLiteral("51 46 49 fb"), 1);
    QCOMPARE(selected().first, HostOffset(0));
    child<QLineEdit>("hexPattern").setText(QStringLiteral("00 00"));
    const auto last = readFile(m_image).size() - 2;
    m_document->selection().select(ByteRange{HostOffset(1), 1});
    QTest::mouseClick(&child<QToolButton>("hexFindPrevious"), Qt::LeftButton);
    QVERIFY(waitForJobs());
    QVERIFY2(status().contains(QStringLiteral("from the end")), qPrintable(status()));
    const auto first = selected().first;
    QVERIFY(first.value() <= last);
    QTest::mouseClick(&child<QToolButton>("hexFindPrevious"), Qt::LeftButton);
    QVERIFY(waitForJobs());
    QVERIFY(selected().first < first);
    QCOMPARE(selected().count, std::uint64_t{2});
}

void TestHex::findsTextInEitherCase()
{
    REQUIRE_QEMU();
    searchFor(QStringLiteral("2S1"), 0);
    QCOMPARE(status(), QStringLiteral("That is nowhere in the file."));
    QTest::mouseClick(&child<QToolButton>("hexMatchCase"), Qt::LeftButton);
    searchFor(QStringLiteral("2S1"), 0);
    QVERIFY2(status().startsWith(QStringLiteral("Found at 0x")), qPrintable(status()));
    child<QComboBox>("hexSearchFor").setCurrentIndex(1);
    QVERIFY(!child<QToolButton>("hexMatchCase").isEnabled());
}

void TestHex::saysThatSomethingIsNowhere()
{
    REQUIRE_QEMU();
    const auto before = m_document->selection().current();
    searchFor(QStringLiteral("this text is not in the image"), 0);
    QCOMPARE(status(), QStringLiteral("That is nowhere in the file."));
    QVERIFY(m_document->selection().current() == before);
}

void TestHex::copiesInThreeForms()
{
    REQUIRE_QEMU();
    m_document->selection().select(ByteRange{HostOffset(0), 4});
    const auto copied = [this](const char* action) {
        QGuiApplication::clipboard()->clear();
        trigger(action);
        waitForJobs();
        return QGuiApplication::clipboard()->text();
    };
    QCOMPARE(copied("copyHex"), QStringLiteral("51 46 49 fb"));
    QVERIFY(copied("copyCArray").contains(QStringLiteral("0x51, 0x46, 0x49, 0xfb")));
    QVERIFY(copied("copyText").startsWith(QStringLiteral("QFI")));
    QCOMPARE(copied("copyOffset"), QStringLiteral("0x0"));
}

void TestHex::refusesToCopyTooMuch()
{
    REQUIRE_QEMU();
    QGuiApplication::clipboard()->setText(QStringLiteral("before"));
    m_document->selection().select(ByteRange{HostOffset(0), std::uint64_t{1} << 40});
    trigger("copyHex");
    QVERIFY(status().contains(QStringLiteral("Too much to copy")));
    QCOMPARE(QGuiApplication::clipboard()->text(), QStringLiteral("before"));
}

void TestHex::keepsBookmarksByName()
{
    REQUIRE_QEMU();
    m_document->selection().select(ByteRange{HostOffset(20), 4});
    trigger("addBookmark");
    auto* dialog = m_panel->findChild<QInputDialog*>(QStringLiteral("bookmarkDialog"));
    QVERIFY(dialog);
    dialog->setTextValue(QStringLiteral("cluster size & more"));
    dialog->accept();
    m_document->selection().select(ClusterRange{HostCluster(2), 1});
    QVERIFY(openAndWait(*m_document, m_image)); // it is there when the file is opened again
    auto& menu = child<QMenu>("bookmarkMenu");
    Q_EMIT menu.aboutToShow();
    const auto entries = menu.actions();
    const auto found = std::ranges::find_if(
        entries, [](const QAction* each) { return each->text().startsWith(QStringLiteral("cluster size && more")); });
    QVERIFY(found != entries.end());
    (*found)->trigger();
    QCOMPARE(selected(), (ByteRange{HostOffset(20), 4}));
}

void TestHex::namesItsControls()
{
    for (const QWidget* each : m_panel->findChildren<QWidget*>())
        if (each->focusPolicy() & Qt::TabFocus)
            if (each->parentWidget()->objectName() != QStringLiteral("qt_scrollarea_viewport"))
                QVERIFY2(!each->accessibleName().isEmpty() || each->inherits("QHeaderView")
                        || each->inherits("QTableCornerButton"),
                    each->metaObject()->className());
}

QTEST_MAIN(TestHex)
#include "tst_hex.moc"
