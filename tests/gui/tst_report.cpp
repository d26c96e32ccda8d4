// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/space_ledger.h"
#include "tests/gui/gui_support.h"
#include "ui/common/table_export.h"
#include "ui/compatibility/compatibility_panel.h"
#include "ui/export/report_export.h"
#include "ui/findings/findings_panel.h"
#include "ui/ledger/ledger_panel.h"

#include <QAction>
#include <QClipboard>
#include <QFileDialog>
#include <QGuiApplication>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTableView>
#include <QTextBrowser>
#include <QToolButton>
#include <QTreeView>
#include <QXmlStreamReader>

using namespace cowscope;
using namespace cowscope::test;
using namespace cowscope::ui;

/// The panels that sum an image up, and what is exported of it.
class TestReport : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup();

    void ledgerLinesAddUpToTheFile();
    void ledgerLinesSelectTheirClusters();
    void ledgerStepsThroughRuns();
    void ledgerShowsWhatSnapshotsUseAlone();
    void ledgerWaitsUntilItIsShown();
    void findingsAreGroupedByCause();
    void groupsLeadToTheirClusters();
    void compatibilityNamesReadersAndChanges();
    void tablesAreCopiedAndExported_data();
    void tablesAreCopiedAndExported();
    void cellsThatLookLikeFormulasAreHarmless();
    void reportsAreWritten_data();
    void reportsAreWritten();
    void aReportNeverOverwritesTheImage();

private:
    template <typename Panel>
    std::unique_ptr<Panel> shown()
    {
        auto panel = std::make_unique<Panel>(*m_document);
        panel->resize(900, 500);
        panel->show();
        return panel;
    }

    QByteArray saved(const QString& path) const
    {
        QFile file(path);
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    }

    ImageFolder m_folder;
    QString m_snapshots;
    QString m_damaged;
    std::uint64_t m_leaked = 0;
    std::uint64_t m_low = 0;
    std::unique_ptr<ImageDocument> m_document;
};

void TestReport::initTestCase()
{
    REQUIRE_QEMU();
    m_snapshots
        = m_folder.createWithSnapshots(QStringLiteral("snapshots.qcow2"), 3, QStringLiteral("cluster_size=4096"));
    m_damaged = m_folder.createDamaged(QStringLiteral("damaged.qcow2"), m_leaked, m_low);
    QVERIFY(!m_snapshots.isEmpty() && !m_damaged.isEmpty());
}

void TestReport::init()
{
    m_document = std::make_unique<ImageDocument>();
    QVERIFY(openAndWait(*m_document, m_snapshots));
}

void TestReport::cleanup()
{
    m_document.reset();
    QVERIFY(waitForJobs());
}

void TestReport::ledgerLinesAddUpToTheFile()
{
    const auto panel = shown<LedgerPanel>();
    QVERIFY(waitForJobs());
    const auto* model = panel->findChild<QTableView*>(QStringLiteral("ledgerTable"))->model();
    const auto bytes = [model](int row) { return model->index(row, 1).data().toString().remove(u',').toULongLong(); };
    const int total = model->rowCount() - 1;
    QVERIFY(total > 5);
    qulonglong sum = 0;
    for (int row = 0; row < total; ++row)
        sum += bytes(row);
    QCOMPARE(sum, bytes(total));
    QCOMPARE(static_cast<qint64>(sum), QFileInfo(m_snapshots).size());
}

void TestReport::ledgerLinesSelectTheirClusters()
{
    const auto panel = shown<LedgerPanel>();
    QVERIFY(waitForJobs());
    auto* table = panel->findChild<QTableView*>(QStringLiteral("ledgerTable"));
    for (int row = 0; row + 1 < table->model()->rowCount(); ++row) {
        table->selectRow(row);
        const auto* range = m_document->selection().as<ClusterRange>();
        QVERIFY(range);
        const ClusterOwner owner = m_document->census()->map.owner(range->first);
        for (std::uint64_t i = 0; i < range->count; ++i)
            QCOMPARE(m_document->census()->map.owner(range->first + i), owner);
    }
}

void TestReport::ledgerStepsThroughRuns()
{
    const auto panel = shown<LedgerPanel>();
    QVERIFY(waitForJobs());
    auto* table = panel->findChild<QTableView*>(QStringLiteral("ledgerTable"));
    int row = 0;
    while (table->model()->index(row, 5).data().toULongLong() < 2)
        QVERIFY(++row < table->model()->rowCount());
    table->selectRow(row);
    const ClusterRange first = *m_document->selection().as<ClusterRange>();
    QVERIFY(!clickButton(*panel, QStringLiteral("previousRun")));
    QVERIFY(clickButton(*panel, QStringLiteral("nextRun")));
    const ClusterRange second = *m_document->selection().as<ClusterRange>();
    QVERIFY(second.first > first.first + first.count);
    QVERIFY(clickButton(*panel, QStringLiteral("previousRun")));
    QCOMPARE(*m_document->selection().as<ClusterRange>(), first);
}

void TestReport::ledgerShowsWhatSnapshotsUseAlone()
{
    const auto panel = shown<LedgerPanel>();
    QVERIFY(waitForJobs());
    auto* shares = panel->findChild<QTableView*>(QStringLiteral("shareTable"));
    QVERIFY(shares->isVisible());
    QCOMPARE(shares->model()->rowCount(), 4);
    const auto ledger = takeLedger(*m_document->image(), *m_document->census(), {});
    QVERIFY(ledger);
    QCOMPARE(shares->model()->index(2, 1).data().toString().remove(u',').toULongLong(),
        static_cast<qulonglong>(ledger->snapshots[1].exclusive));
    shares->selectRow(2);
    QCOMPARE(m_document->selection().as<ClusterRange>()->first, ledger->snapshots[1].firstRuns.front().first);
    QVERIFY(openAndWait(*m_document, m_folder.create(QStringLiteral("fresh.qcow2"))));
    QVERIFY(waitForJobs());
    QVERIFY(!shares->isVisible());
}

void TestReport::ledgerWaitsUntilItIsShown()
{
    LedgerPanel panel(*m_document);
    QVERIFY(!Job::anyRunning());
    panel.show();
    QVERIFY(waitForJobs());
    QVERIFY(!panel.isEmpty());
    m_document->close();
    QVERIFY(panel.isEmpty());
}

void TestReport::findingsAreGroupedByCause()
{
    QVERIFY(openAndWait(*m_document, m_damaged));
    const auto panel = shown<FindingsPanel>();
    m_document->reload();
    QVERIFY(waitForJobs());
    auto* tree = panel->findChild<QTreeView*>(QStringLiteral("findingGroups"));
    auto* grouped = panel->findChild<QToolButton*>(QStringLiteral("groupFindings"));
    QVERIFY(QTest::qWaitFor([tree] { return tree->isVisible(); }));
    int findings = 0;
    for (int row = 0; row < tree->model()->rowCount(); ++row)
        findings += tree->model()->rowCount(tree->model()->index(row, 0));
    QCOMPARE(findings, static_cast<int>(m_document->census()->findings.size()));
    tree->setCurrentIndex(tree->model()->index(0, 0));
    const QString text = panel->findChild<QTextBrowser*>(QStringLiteral("findingDetails"))->toPlainText();
    QVERIFY2(text.contains(QStringLiteral("The rule")), qPrintable(text));
    QTest::mouseClick(grouped, Qt::LeftButton);
    QVERIFY(!tree->isVisible());
    QVERIFY(panel->findChild<QTableView*>(QStringLiteral("findingsTable"))->isVisible());
    QTest::mouseClick(grouped, Qt::LeftButton);
    QVERIFY(tree->isVisible());
}

void TestReport::groupsLeadToTheirClusters()
{
    QVERIFY(openAndWait(*m_document, m_damaged));
    const auto panel = shown<FindingsPanel>();
    m_document->reload();
    QVERIFY(waitForJobs());
    auto* tree = panel->findChild<QTreeView*>(QStringLiteral("findingGroups"));
    QVERIFY(QTest::qWaitFor([tree] { return tree->isVisible(); }));
    bool leak = false;
    for (int row = 0; row < tree->model()->rowCount(); ++row) {
        const QModelIndex group = tree->model()->index(row, 0);
        Q_EMIT tree->activated(group);
        const auto* range = m_document->selection().as<ClusterRange>();
        QVERIFY(range);
        leak = leak || range->first.value() == m_leaked;
    }
    QVERIFY(leak);
}

void TestReport::compatibilityNamesReadersAndChanges()
{
    const auto panel = shown<CompatibilityPanel>();
    const auto* page = panel->findChild<QTextBrowser*>(QStringLiteral("compatibilityPage"));
    QVERIFY(page->toPlainText().contains(QStringLiteral("QEMU 1.1 to 2.2")));
    QVERIFY(!page->toPlainText().contains(QStringLiteral("refcount_bits=16")));
    QVERIFY(
        openAndWait(*m_document, m_folder.create(QStringLiteral("wide.qcow2"), QStringLiteral("refcount_bits=64"))));
    QVERIFY(page->toPlainText().contains(QStringLiteral("amend -o refcount_bits=16")));
    m_document->close();
    QVERIFY(panel->isEmpty());
}

void TestReport::tablesAreCopiedAndExported_data()
{
    QTest::addColumn<QString>("name");
    QTest::newRow("CSV") << QStringLiteral("table.csv");
    QTest::newRow("JSON") << QStringLiteral("table.json");
}

void TestReport::tablesAreCopiedAndExported()
{
    QFETCH(QString, name);
    const auto panel = shown<LedgerPanel>();
    QVERIFY(waitForJobs());
    auto* table = panel->findChild<QTableView*>(QStringLiteral("ledgerTable"));
    table->findChild<QAction*>(QStringLiteral("copyTableAction"))->trigger();
    const QString copied = QGuiApplication::clipboard()->text();
    QCOMPARE(copied.count(QStringLiteral("\r\n")), table->model()->rowCount() + 1);

    const QString path = m_folder.path(name);
    table->findChild<QAction*>(QStringLiteral("exportTableAction"))->trigger();
    auto* dialog = table->findChild<QFileDialog*>(QStringLiteral("tableExportDialog"));
    QVERIFY(dialog);
    Q_EMIT dialog->fileSelected(path);
    dialog->reject();
    QVERIFY(QTest::qWaitFor([&path] { return QFileInfo::exists(path); }));
    if (name.endsWith(QStringLiteral("csv"))) {
        QCOMPARE(QString::fromUtf8(saved(path)), copied);
        return;
    }
    const QJsonArray rows = QJsonDocument::fromJson(saved(path)).array();
    QCOMPARE(rows.size(), table->model()->rowCount());
    QCOMPARE(rows[0].toObject()[QStringLiteral("Use")].toString(), QStringLiteral("header"));
}

void TestReport::cellsThatLookLikeFormulasAreHarmless()
{
    QCOMPARE(csvLine({QStringLiteral("=1+1"), QStringLiteral("a\"b"), QStringLiteral("c,d"), QStringLiteral("e")}),
        QStringLiteral("'=1+1,\"a\"\"b\",\"c,d\",e\r\n"));
}

void TestReport::reportsAreWritten_data()
{
    QTest::addColumn<QString>("name");
    for (const char* name : {"report.html", "report.pdf", "report.json"})
        QTest::newRow(name) << QString::fromLatin1(name);
}

void TestReport::reportsAreWritten()
{
    QFETCH(QString, name);
    const QString path = m_folder.path(name);
    ReportExport report(*m_document);
    QSignalSpy saved_(&report, &ReportExport::saved);
    report.start(path);
    QVERIFY(saved_.wait(20000));
    const QByteArray content = saved(path);
    if (name.endsWith(QStringLiteral("pdf"))) {
        QVERIFY(content.startsWith("%PDF-"));
        QVERIFY(content.size() > 10'000);
    } else if (name.endsWith(QStringLiteral("json"))) {
        QCOMPARE(QJsonDocument::fromJson(content)
                     .object()[QStringLiteral("space")]
                     .toObject()[QStringLiteral("snapshots")]
                     .toArray()
                     .size(),
            3);
    } else {
        QXmlStreamReader reader(content);
        while (!reader.atEnd())
            reader.readNext();
        QVERIFY2(!reader.hasError(), qPrintable(reader.errorString()));
    }
}

void TestReport::aReportNeverOverwritesTheImage()
{
    const Bytes before = readFile(m_snapshots);
    ReportExport report(*m_document);
    QSignalSpy failed(&report, &ReportExport::failed);
    report.start(m_snapshots);
    QCOMPARE(failed.count(), 1);
    QVERIFY(readFile(m_snapshots) == before);
}

QTEST_MAIN(TestReport)
#include "tst_report.moc"
