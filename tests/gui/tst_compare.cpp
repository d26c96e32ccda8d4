// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/gui/gui_support.h"
#include "ui/compare/change_map.h"
#include "ui/compare/compare_panel.h"
#include "ui/preview/diff_model.h"

#include <QCheckBox>
#include <QComboBox>
#include <QFileDialog>
#include <QLabel>
#include <QTableView>

using namespace cowscope;
using namespace cowscope::test;
using namespace cowscope::ui;

class TestCompare : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup();

    void comparesTwoFiles();
    void selectsWhatDiffers();
    void comparesContentsOnRequest();
    void comparesBeforeAndAfterAnEdit();
    void forgetsTheStateOfAnotherImage();
    void choosesAFile();
    void saysWhyItCannotCompare();

private:
    QTableView& table() const { return *m_panel->findChild<QTableView*>(QStringLiteral("compareTable")); }
    QString summary() const { return m_panel->findChild<QLabel*>(QStringLiteral("compareSummary"))->text(); }
    QStringList column(int index) const
    {
        QStringList texts;
        for (int row = 0; row < table().model()->rowCount(); ++row)
            texts += table().model()->index(row, index).data().toString();
        return texts;
    }

    ImageFolder m_folder;
    QString m_first;
    QString m_second;
    std::unique_ptr<ImageDocument> m_document;
    std::unique_ptr<ComparePanel> m_panel;
};

void TestCompare::initTestCase()
{
    REQUIRE_QEMU();
    m_first = m_folder.create(QStringLiteral("first.qcow2"));
    QCOMPARE(qemu::io(m_first, {QStringLiteral("write -P 1 0 64k")}).exit, 0);
    m_second = m_folder.path(QStringLiteral("second.qcow2"));
    QVERIFY(writeFile(m_second, readFile(m_first)));
    QCOMPARE(qemu::io(m_second, {QStringLiteral("write -P 2 1M 8k")}).exit, 0);
}

void TestCompare::init()
{
    m_document = std::make_unique<ImageDocument>();
    m_panel = std::make_unique<ComparePanel>(*m_document);
    m_panel->resize(900, 500);
    m_panel->show();
    QVERIFY(QTest::qWaitForWindowActive(m_panel.get()));
    QVERIFY(openAndWait(*m_document, m_first));
}

void TestCompare::cleanup()
{
    m_panel.reset();
    m_document.reset();
    QVERIFY(waitForJobs());
}

void TestCompare::comparesTwoFiles()
{
    m_panel->compareWith(m_second);
    QVERIFY(waitForJobs());
    QVERIFY2(summary().contains(QStringLiteral("8 KiB of the disk")), qPrintable(summary()));
    QVERIFY2(
        column(1).contains(QStringLiteral("guest 0x100000 to 0x101fff (8 KiB)")), qPrintable(column(1).join(u'\n')));
    auto& parts = *m_panel->findChild<QComboBox*>(QStringLiteral("comparePart"));
    const int all = table().model()->rowCount();
    int sum = 0;
    for (int i = 1; i < parts.count(); ++i) {
        parts.setCurrentIndex(i);
        QVERIFY(table().model()->rowCount() > 0);
        for (const QString& part : column(0))
            QVERIFY(parts.currentText().startsWith(part));
        sum += table().model()->rowCount();
    }
    QCOMPARE(sum, all);
    m_panel->compareWith(m_first);
    QVERIFY(waitForJobs());
    QCOMPARE(summary(), QStringLiteral("The metadata is identical."));
    QVERIFY(!table().isVisible());
}

void TestCompare::selectsWhatDiffers()
{
    m_panel->compareWith(m_second);
    QVERIFY(waitForJobs());
    const auto rowOf = [&](const QString& part) { return static_cast<int>(column(0).indexOf(part)); };
    const int mapping = rowOf(QStringLiteral("L2 entries"));
    QTest::mouseClick(
        table().viewport(), Qt::LeftButton, {}, table().visualRect(table().model()->index(mapping, 1)).center());
    const auto* range = m_document->selection().as<GuestRange>();
    QVERIFY(range);
    QVERIFY(*range == (GuestRange{GuestOffset(1 << 20), 8192, {}}));
    // The counts that differ are of clusters that this image does not have: nothing is selected there.
    table().selectRow(rowOf(QStringLiteral("Counts")));
    QVERIFY(m_document->selection().as<GuestRange>());
    auto& map = *m_panel->findChild<ChangeMap*>(QStringLiteral("changeMap"));
    QVERIFY(map.accessibleDescription().contains(QStringLiteral("2 clusters changed")));
    m_document->selection().reset();
    QTest::mouseClick(&map, Qt::LeftButton, {}, QPoint(map.width() / 2 - 20, 20)); // before the middle of the disk
    QVERIFY(m_document->selection().as<GuestRange>());
    QCOMPARE(m_document->selection().as<GuestRange>()->first.value(), std::uint64_t{1} << 20);
}

void TestCompare::comparesContentsOnRequest()
{
    QVERIFY(column(0).isEmpty());
    auto& contents = *m_panel->findChild<QCheckBox*>(QStringLiteral("compareContents"));
    contents.setFocus();
    QTest::keyClick(&contents, Qt::Key_Space);
    m_panel->compareWith(m_second);
    QVERIFY(waitForJobs());
    QVERIFY2(summary().contains(QStringLiteral("The guests see 8 KiB that differ")), qPrintable(summary()));
    QCOMPARE(column(0).count(QStringLiteral("Contents")), 1);
}

void TestCompare::comparesBeforeAndAfterAnEdit()
{
    const QString image = m_folder.path(QStringLiteral("edited.qcow2"));
    QVERIFY(writeFile(image, readFile(m_first)));
    QVERIFY(openAndWait(*m_document, image));
    QVERIFY(!clickButton(*m_panel, QStringLiteral("compareBefore")));
    QVERIFY(clickButton(*m_panel, QStringLiteral("rememberState")));
    QVERIFY(waitForJobs());
    QVERIFY(clickButton(*m_panel, QStringLiteral("compareBefore")));
    QVERIFY(waitForJobs());
    QCOMPARE(summary(), QStringLiteral("The metadata is identical."));
    QCOMPARE(qemu::img({QStringLiteral("snapshot"), QStringLiteral("-c"), QStringLiteral("s"), image}).exit, 0);
    QVERIFY(openAndWait(*m_document, image)); // as after an edit of the program
    QVERIFY(clickButton(*m_panel, QStringLiteral("compareBefore")));
    QVERIFY(waitForJobs());
    const auto row = column(1).indexOf(QStringLiteral("nb_snapshots"));
    QVERIFY2(row >= 0, qPrintable(column(1).join(u'\n')));
    QCOMPARE(column(2)[row], QStringLiteral("0"));
    QCOMPARE(column(3)[row], QStringLiteral("1"));
    QVERIFY(column(1).contains(QStringLiteral("snapshot 1")));
    // The counts of this image as it is now: 1 before, 2 now.
    const auto counts = column(0).indexOf(QStringLiteral("Counts"));
    QVERIFY(counts >= 0);
    table().selectRow(static_cast<int>(counts));
    QVERIFY(m_document->selection().as<ClusterRange>());
}

void TestCompare::forgetsTheStateOfAnotherImage()
{
    QVERIFY(clickButton(*m_panel, QStringLiteral("rememberState")));
    QVERIFY(waitForJobs());
    QVERIFY(openAndWait(*m_document, m_second));
    QVERIFY(!clickButton(*m_panel, QStringLiteral("compareBefore")));
    m_document->close();
    QVERIFY(m_panel->isEmpty());
}

void TestCompare::choosesAFile()
{
    QVERIFY(clickButton(*m_panel, QStringLiteral("compareFile")));
    auto* dialog = m_panel->findChild<QFileDialog*>(QStringLiteral("compareDialog"));
    QVERIFY(dialog);
    Q_EMIT dialog->fileSelected(m_second);
    dialog->close();
    QVERIFY(waitForJobs());
    QVERIFY(!column(0).isEmpty());
}

void TestCompare::saysWhyItCannotCompare()
{
    const QString text = m_folder.path(QStringLiteral("text"));
    QVERIFY(writeFile(text, bytesOf("no image")));
    m_panel->compareWith(text);
    QVERIFY(waitForJobs());
    QVERIFY2(summary().contains(text), qPrintable(summary()));
    QVERIFY(clickButton(*m_panel, QStringLiteral("rememberState"))); // and goes on
}

QTEST_MAIN(TestCompare)
#include "tst_compare.moc"
