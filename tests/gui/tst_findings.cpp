// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/gui/gui_support.h"
#include "ui/findings/findings_panel.h"

#include <QAction>
#include <QComboBox>
#include <QHeaderView>
#include <QLabel>
#include <QTableView>
#include <QTextBrowser>
#include <QToolButton>

using namespace cowscope;
using namespace cowscope::test;
using namespace cowscope::ui;

class TestFindings : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup();

    void saysSoWhenNothingIsWrong();
    void filtersBySeverity();
    void filtersByKind();
    void sortsByNumbers();
    void explainsTheSelectedFinding();
    void saysWhoRefersToTheClusters();
    void asksOnlyForTheFindingThatIsStillSelected();
    void offersTheActions();
    void followsAReload();

private:
    template <typename T>
    T& child(const char* name) const
    {
        T* found = m_panel->findChild<T*>(QString::fromLatin1(name));
        if (!found)
            qFatal("no widget of the name %s", name);
        return *found;
    }

    QTableView& table() const { return child<QTableView>("findingsTable"); }
    QString cell(int row, int column) const { return table().model()->index(row, column).data().toString(); }
    int rowOf(const QString& severity) const;
    QString details() const { return child<QTextBrowser>("findingDetails").toPlainText(); }

    ImageFolder m_folder;
    QString m_damaged;
    std::uint64_t m_leaked = 0;
    std::uint64_t m_low = 0;
    std::unique_ptr<ImageDocument> m_document;
    std::unique_ptr<FindingsPanel> m_panel;
};

void TestFindings::initTestCase()
{
    REQUIRE_QEMU();
    m_damaged = m_folder.createDamaged(QStringLiteral("damaged.qcow2"), m_leaked, m_low);
    QVERIFY(!m_damaged.isEmpty());
}

void TestFindings::init()
{
    m_document = std::make_unique<ImageDocument>();
    m_panel = std::make_unique<FindingsPanel>(*m_document);
    m_panel->resize(900, 300);
    m_panel->show();
    QVERIFY(QTest::qWaitForWindowActive(m_panel.get()));
    QVERIFY(openAndWait(*m_document, m_damaged));
}

void TestFindings::cleanup()
{
    m_panel.reset();
    m_document.reset();
    QVERIFY(waitForJobs());
}

int TestFindings::rowOf(const QString& severity) const
{
    for (int row = 0; row < table().model()->rowCount(); ++row)
        if (cell(row, 0) == severity)
            return row;
    return -1;
}

void TestFindings::saysSoWhenNothingIsWrong()
{
    QVERIFY(openAndWait(*m_document, m_folder.create(QStringLiteral("sound.qcow2"))));
    QCOMPARE(shownText(*m_panel, QStringLiteral("findingsSummary")), QStringLiteral("CLEAN"));
    QVERIFY(!table().isVisible());
    QVERIFY(!child<QComboBox>("findingKindFilter").isVisible());
}

void TestFindings::filtersBySeverity()
{
    const int all = table().model()->rowCount();
    auto& box = child<QComboBox>("findingSeverityFilter");
    int found = 0;
    for (int i = 1; i < box.count(); ++i) {
        box.setCurrentIndex(i);
        for (int row = 0; row < table().model()->rowCount(); ++row)
            QCOMPARE(cell(row, 0), box.currentText());
        found += table().model()->rowCount();
    }
    QCOMPARE(found, all);
    box.setCurrentIndex(0);
    QCOMPARE(table().model()->rowCount(), all);
}

void TestFindings::filtersByKind()
{
    auto& box = child<QComboBox>("findingKindFilter");
    QVERIFY(box.count() >= 3);
    for (int i = 1; i < box.count(); ++i) {
        box.setCurrentIndex(i);
        QVERIFY(table().model()->rowCount() > 0);
        for (int row = 0; row < table().model()->rowCount(); ++row)
            QVERIFY(box.currentText().startsWith(cell(row, 1)));
    }
}

void TestFindings::sortsByNumbers()
{
    QVERIFY(m_low < m_leaked);
    table().sortByColumn(2, Qt::AscendingOrder);
    for (int row = 1; row < table().model()->rowCount(); ++row)
        QVERIFY(cell(row - 1, 2).toULongLong() <= cell(row, 2).toULongLong());
    table().sortByColumn(2, Qt::DescendingOrder);
    QCOMPARE(cell(0, 2).toULongLong(), m_leaked);
}

void TestFindings::explainsTheSelectedFinding()
{
    QVERIFY(details().contains(QStringLiteral("Select a finding")));
    table().selectRow(rowOf(QStringLiteral("leak")));
    const QString text = details();
    QVERIFY2(text.contains(QStringLiteral("cluster %1 ").arg(m_leaked)), qPrintable(text));
    QVERIFY(text.contains(QStringLiteral("0 references")));
    QVERIFY(text.contains(QStringLiteral("count 1")));
    const FindingText& leak = findingText(FindingKind::Leak);
    QVERIFY(text.contains(QString::fromUtf8(leak.rule.data())));
    QVERIFY(text.contains(QString::fromUtf8(leak.repair.data())));
}

void TestFindings::saysWhoRefersToTheClusters()
{
    table().selectRow(rowOf(QStringLiteral("leak")));
    QVERIFY(QTest::qWaitFor([this] { return details().contains(QStringLiteral("Nothing refers")); }));
    int row = 0;
    while (cell(row, 2).toULongLong() != m_low)
        ++row;
    table().selectRow(row);
    // The last data cluster of the 32 KiB that were written: guest cluster 7.
    QVERIFY(QTest::qWaitFor([this] { return details().contains(QStringLiteral("0x7000")); }));
    QVERIFY(details().contains(QStringLiteral("L2 entry 7")));
}

void TestFindings::asksOnlyForTheFindingThatIsStillSelected()
{
    for (int row = 0; row < table().model()->rowCount(); ++row)
        table().selectRow(row);
    table().clearSelection();
    QVERIFY(details().contains(QStringLiteral("Select a finding")));
    QTest::qWait(300); // longer than the pause before a job starts
    QVERIFY(waitForJobs());
    QVERIFY(details().contains(QStringLiteral("Select a finding")));
}

void TestFindings::offersTheActions()
{
    QAction action(QStringLiteral("Mend"));
    action.setObjectName(QStringLiteral("mendAction"));
    m_panel->setActions({&action});
    QSignalSpy triggered(&action, &QAction::triggered);
    auto& button = child<QToolButton>("mendActionButton");
    QVERIFY(button.isVisible());
    QTest::mouseClick(&button, Qt::LeftButton);
    button.setFocus();
    QTest::keyClick(&button, Qt::Key_Space);
    QCOMPARE(triggered.count(), 2);
    action.setEnabled(false);
    QVERIFY(!button.isEnabled());
}

void TestFindings::followsAReload()
{
    const QString path = m_folder.path(QStringLiteral("mended.qcow2"));
    QVERIFY(writeFile(path, readFile(m_damaged)));
    QVERIFY(openAndWait(*m_document, path));
    table().selectRow(0);
    QCOMPARE(qemu::img({QStringLiteral("check"), QStringLiteral("-r"), QStringLiteral("all"), path}).exit, 0);
    QSignalSpy opened(m_document.get(), &ImageDocument::opened);
    m_document->reload();
    QVERIFY(opened.wait());
    QVERIFY(!table().isVisible());
    m_document->close();
    QVERIFY(m_panel->isEmpty());
}

QTEST_MAIN(TestFindings)
#include "tst_findings.moc"
