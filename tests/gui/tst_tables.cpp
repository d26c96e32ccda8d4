// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/gui/gui_support.h"
#include "ui/common/format.h"
#include "ui/lookup/lookup_panel.h"
#include "ui/tables/entry_model.h"
#include "ui/tables/table_panel.h"

#include <QAbstractItemModelTester>
#include <QAction>
#include <QClipboard>
#include <QComboBox>
#include <QGuiApplication>
#include <QLabel>
#include <QLineEdit>
#include <QTableView>
#include <QTextBrowser>
#include <QToolButton>

using namespace cowscope;
using namespace cowscope::test;
using namespace cowscope::ui;

/// The Tables and Lookup views: what the tables of a disk say, entry by entry and step by step.
class TestTables : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void init();
    void listsTheEntriesOfTheActiveDisk();
    void filtersByKind();
    void listsASnapshotsEntries();
    void selectsAndFollowsAnEntry();
    void showsTheEntryOfWhatIsSelected();
    void copiesRowsAsCsv();
    void followsASelectedGuestOffset();
    void explainsAWayThroughASnapshot();
    void looksBackFromAHostOffset();
    void saysWhatCannotBeLookedUp();

private:
    template <typename T>
    T& child(const QWidget& panel, const char* name) const
    {
        T* found = panel.findChild<T*>(QString::fromLatin1(name));
        if (!found)
            qFatal("no widget of the name %s", name);
        return *found;
    }
    QTableView& table() const { return child<QTableView>(*m_tables, "entryTable"); }
    QString cell(int row, int column) const { return table().model()->index(row, column).data().toString(); }
    void choose(const char* box, int index) const
    {
        child<QComboBox>(*m_tables, box).setCurrentIndex(index);
        settle();
    }
    QString steps() const { return child<QTextBrowser>(*m_lookup, "lookupText").toPlainText(); }
    /// One job may start another.
    static void settle()
    {
        for (int i = 0; i < 3; ++i)
            QVERIFY(waitForJobs());
    }

    ImageFolder m_folder;
    QString m_image;
    std::unique_ptr<ImageDocument> m_document;
    std::unique_ptr<TablePanel> m_tables;
    std::unique_ptr<LookupPanel> m_lookup;
};

void TestTables::initTestCase()
{
    REQUIRE_QEMU();
    m_image = m_folder.createWithSnapshots(QStringLiteral("tables.qcow2"), 2, QStringLiteral("cluster_size=4096"));
    QVERIFY(!m_image.isEmpty());
    QCOMPARE(qemu::io(m_image, {QStringLiteral("write -z 1M 8k")}).exit, 0);
}

void TestTables::init()
{
    REQUIRE_QEMU();
    m_tables.reset();
    m_lookup.reset();
    m_document = std::make_unique<ImageDocument>();
    m_tables = std::make_unique<TablePanel>(*m_document);
    m_lookup = std::make_unique<LookupPanel>(*m_document);
    m_tables->resize(900, 400);
    m_tables->show();
    m_lookup->show();
    QVERIFY(openAndWait(*m_document, m_image));
    settle();
}

void TestTables::listsTheEntriesOfTheActiveDisk()
{
    const QAbstractItemModelTester tester(table().model(), QAbstractItemModelTester::FailureReportingMode::QtTest);
    QCOMPARE(table().model()->rowCount(), 512); // one L2 table of 4 KiB maps 2 MiB
    QCOMPARE(child<QLabel>(*m_tables, "entriesShown").text(), QStringLiteral("512 entries"));
    QCOMPARE(cell(256, EntryModel::Guest), QStringLiteral("0x100000"));
    QVERIFY(cell(256, EntryModel::Kind).startsWith(QStringLiteral("zero")));
    QCOMPARE(cell(511, EntryModel::Kind), QStringLiteral("unallocated"));
    choose("entryLevel", 0);
    QCOMPARE(table().model()->rowCount(), 1);
    QCOMPARE(cell(0, EntryModel::Kind), QStringLiteral("L2 table"));
    QCOMPARE(cell(0, EntryModel::Raw).toULongLong(nullptr, 16), m_document->image()->l1Table()[0]);
}

void TestTables::filtersByKind()
{
    choose("entryFilter", 3);
    QCOMPARE(table().model()->rowCount(), 2);
    QCOMPARE(cell(0, EntryModel::Index), QStringLiteral("256"));
    choose("entryFilter", 4);
    QCOMPARE(table().model()->rowCount(), 1);
    QCOMPARE(cell(0, EntryModel::Kind), QStringLiteral("compressed"));
    choose("entryFilter", 5);
    QCOMPARE(table().model()->rowCount(), 0);
    QCOMPARE(child<QLabel>(*m_tables, "entriesShown").text(), QStringLiteral("No entry matches"));
}

void TestTables::listsASnapshotsEntries()
{
    auto& disks = child<QComboBox>(*m_tables, "entryDisk");
    QCOMPARE(disks.count(), 3);
    choose("entryFilter", 3);
    choose("entryDisk", 1);
    QCOMPARE(table().model()->rowCount(), 0); // the zeros were written after the snapshot
    choose("entryFilter", 1);
    QVERIFY(table().model()->rowCount() > 0);
}

void TestTables::selectsAndFollowsAnEntry()
{
    choose("entryFilter", 1);
    table().setFocus();
    table().selectRow(1);
    const auto* bytes = m_document->selection().as<ByteRange>();
    QVERIFY(bytes);
    QCOMPARE(formatOffset(bytes->first), cell(1, EntryModel::Place));
    QCOMPARE(bytes->count, std::uint64_t{8});
    const QString target = cell(1, EntryModel::Target);
    Q_EMIT table().activated(table().model()->index(1, 0));
    const auto* clusters = m_document->selection().as<ClusterRange>();
    QVERIFY(clusters);
    QCOMPARE(formatOffset(m_document->image()->geometry().offset(clusters->first)), target);
}

void TestTables::showsTheEntryOfWhatIsSelected()
{
    m_document->selection().select(GuestRange{GuestOffset(std::uint64_t{1} << 20), 4096, std::nullopt});
    QCOMPARE(table().currentIndex().row(), 256);
    const HostOffset l2 = L1Entry{m_document->image()->l1Table()[0]}.l2Offset();
    m_document->selection().select(ByteRange{l2 + 17 * 8 + 3, 1});
    QCOMPARE(table().currentIndex().row(), 17);
    // A cluster of data shows the entry that leads to it.
    const L2Entry first{cell(0, EntryModel::Raw).toULongLong(nullptr, 16)};
    m_document->selection().select(ClusterRange{m_document->image()->geometry().cluster(first.hostOffset()), 1});
    QCOMPARE(table().currentIndex().row(), 0);
    choose("entryLevel", 0);
    m_document->selection().select(ClusterRange{m_document->image()->geometry().cluster(l2), 1});
    QCOMPARE(table().currentIndex().row(), 0);
}

void TestTables::copiesRowsAsCsv()
{
    table().selectRow(256);
    auto* copy = table().findChild<QAction*>(QStringLiteral("copyCsv"));
    QVERIFY(copy);
    copy->trigger();
    const QStringList lines = QGuiApplication::clipboard()->text().split(QStringLiteral("\r\n"));
    QCOMPARE(lines.size(), 3);
    QVERIFY(lines[0].startsWith(QStringLiteral("Guest cluster,Guest offset,Entry at,Raw")));
    QVERIFY2(lines[1].startsWith(QStringLiteral("256,0x100000,0x")), qPrintable(lines[1]));
}

void TestTables::followsASelectedGuestOffset()
{
    m_document->selection().select(GuestRange{GuestOffset(0x2010), 1, std::nullopt});
    settle();
    QVERIFY2(steps().contains(QStringLiteral("L2 index = 0x2010 / 0x1000 mod 512 = 2")), qPrintable(steps()));
    QVERIFY(steps().contains(QStringLiteral("The byte is at")));
    auto& text = child<QTextBrowser>(*m_lookup, "lookupText");
    const HostOffset l1 = m_document->image()->header().l1TableOffset;
    const QString link = QStringLiteral("bytes:%1,8").arg(l1.value());
    QVERIFY(text.toHtml().contains(link));
    Q_EMIT text.anchorClicked(QUrl(link));
    QCOMPARE(*m_document->selection().as<ByteRange>(), (ByteRange{l1, 8}));
    QVERIFY(steps().contains(QStringLiteral("L2 index"))); // the steps stay
}

void TestTables::explainsAWayThroughASnapshot()
{
    child<QComboBox>(*m_lookup, "lookupDisk").setCurrentIndex(1);
    auto& offset = child<QLineEdit>(*m_lookup, "lookupOffset");
    offset.setText(QStringLiteral("0x1000"));
    QTest::keyClick(&offset, Qt::Key_Return);
    settle();
    QVERIFY2(steps().contains(QStringLiteral("the L1 table of snapshot")), qPrintable(steps()));
}

void TestTables::looksBackFromAHostOffset()
{
    child<QComboBox>(*m_lookup, "lookupDirection").setCurrentIndex(1);
    m_document->selection().select(RefblockSelection{0});
    auto& offset = child<QLineEdit>(*m_lookup, "lookupOffset");
    QCOMPARE(offset.text(), formatOffset(*m_document->image()->usableRefblock(0)));
    QTest::mouseClick(&child<QToolButton>(*m_lookup, "lookupGo"), Qt::LeftButton);
    settle();
    QVERIFY2(steps().contains(QStringLiteral("reftable entry 0")), qPrintable(steps()));
    QVERIFY(steps().contains(QStringLiteral("Count 1, 1 referrers.")));
}

void TestTables::saysWhatCannotBeLookedUp()
{
    auto& offset = child<QLineEdit>(*m_lookup, "lookupOffset");
    offset.setText(QStringLiteral("here"));
    QTest::keyClick(&offset, Qt::Key_Return);
    QVERIFY(steps().contains(QStringLiteral("Type an offset")));
    offset.setText(QStringLiteral("1T"));
    QTest::keyClick(&offset, Qt::Key_Return);
    settle();
    QVERIFY2(steps().contains(QStringLiteral("behind the end of the disk")), qPrintable(steps()));
}

QTEST_MAIN(TestTables)
#include "tst_tables.moc"
