// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/gui/gui_support.h"
#include "ui/document/selected_clusters.h"
#include "ui/references/graph_view.h"
#include "ui/references/references_panel.h"

#include <QLabel>
#include <QTableView>

using namespace cowscope;
using namespace cowscope::test;
using namespace cowscope::ui;

class TestReferences : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup();

    void asksForASelection();
    void listsWhoRefersAndWhatIsReferredTo();
    void drawsTheWayFromTheHeader();
    void followsAReferenceByClickAndKey();
    void showsAllOwnersOfAContestedCluster();
    void saysSoWhenNothingRefers();
    void looksOnlyWhileItIsSeen();

private:
    GraphView& graph() const { return *m_panel->findChild<GraphView*>(QStringLiteral("referenceGraph")); }
    QTableView& list() const { return *m_panel->findChild<QTableView*>(QStringLiteral("referenceList")); }
    QString heading() const { return m_panel->findChild<QLabel*>(QStringLiteral("referencesHeading"))->text(); }
    HostCluster clusterOf(const Selection::Value& value) const
    {
        return selectedClusters(value, *m_document->image())->first;
    }
    bool select(const Selection::Value& value);
    int rows(const QString& direction) const;

    ImageFolder m_folder;
    QString m_image;
    std::unique_ptr<ImageDocument> m_document;
    std::unique_ptr<ReferencesPanel> m_panel;
};

void TestReferences::initTestCase()
{
    REQUIRE_QEMU();
    m_image = m_folder.createWithSnapshots(QStringLiteral("a.qcow2"), 2, QStringLiteral("cluster_size=4096"));
    QVERIFY(!m_image.isEmpty());
}

void TestReferences::init()
{
    m_document = std::make_unique<ImageDocument>();
    m_panel = std::make_unique<ReferencesPanel>(*m_document);
    m_panel->resize(800, 500);
    m_panel->show();
    QVERIFY(QTest::qWaitForWindowActive(m_panel.get()));
    QVERIFY(openAndWait(*m_document, m_image));
}

void TestReferences::cleanup()
{
    m_panel.reset();
    m_document.reset();
    QVERIFY(waitForJobs());
}

/// And waits until its references are shown.
bool TestReferences::select(const Selection::Value& value)
{
    m_document->selection().select(value);
    QTest::qWait(250);
    return waitForJobs() && !m_panel->isEmpty();
}

int TestReferences::rows(const QString& direction) const
{
    int found = 0;
    for (int row = 0; row < list().model()->rowCount(); ++row)
        found += list().model()->index(row, 0).data().toString() == direction ? 1 : 0;
    return found;
}

void TestReferences::asksForASelection()
{
    QVERIFY(m_panel->isEmpty());
    m_document->close();
    QVERIFY(m_panel->isEmpty());
}

void TestReferences::listsWhoRefersAndWhatIsReferredTo()
{
    QVERIFY(select(GuestRange{GuestOffset(13 * 4096), 4096, {}})); // shared with both snapshots
    QVERIFY2(heading().contains(QStringLiteral("data")), qPrintable(heading()));
    QCOMPARE(rows(QStringLiteral("referred to by")), 3);
    QCOMPARE(rows(QStringLiteral("refers to")), 0);
    QVERIFY(select(ClusterRange{HostCluster(0), 1}));
    QVERIFY(rows(QStringLiteral("refers to")) >= 3); // reftable, L1 table, snapshot table
}

void TestReferences::drawsTheWayFromTheHeader()
{
    QVERIFY(select(GuestRange{GuestOffset(13 * 4096), 4096, {}}));
    const ReferenceGraph& drawn = graph().graph();
    QCOMPARE(drawn.nodes.front().as, ClusterOwner::Header);
    const auto is
        = [&](ClusterOwner owner) { return std::ranges::count(drawn.nodes, owner, &ReferenceGraph::Node::as); };
    QCOMPARE(is(ClusterOwner::Data), 1);
    QCOMPARE(is(ClusterOwner::L2Table), 3);
    QCOMPARE(is(ClusterOwner::SnapshotL1), 2);
    QCOMPARE(is(ClusterOwner::ActiveL1), 1);
    for (std::size_t i = 0; i < drawn.nodes.size(); ++i)
        for (std::size_t k = i + 1; k < drawn.nodes.size(); ++k)
            QVERIFY(!graph().nodeRect(i).intersects(graph().nodeRect(k)));
    for (const ReferenceGraph::Edge& edge : drawn.edges)
        QVERIFY(graph().nodeRect(edge.from).right() < graph().nodeRect(edge.to).left());
}

void TestReferences::followsAReferenceByClickAndKey()
{
    QVERIFY(select(GuestRange{GuestOffset(13 * 4096), 4096, {}}));
    graph().setFocus();
    QVERIFY(graph().accessibleDescription().contains(QStringLiteral("the selected cluster")));
    QTest::keyClick(&graph(), Qt::Key_Left);
    QVERIFY2(graph().accessibleDescription().contains(QStringLiteral("L2 table")),
        qPrintable(graph().accessibleDescription()));
    QTest::keyClick(&graph(), Qt::Key_Return);
    const auto* range = m_document->selection().as<ClusterRange>();
    QVERIFY(range);
    QCOMPARE(m_document->census()->map.owner(range->first), ClusterOwner::L2Table);
    QTest::qWait(250);
    QVERIFY(waitForJobs());
    QVERIFY(rows(QStringLiteral("refers to")) > 0);
    QTest::mouseClick(graph().viewport(), Qt::LeftButton, {}, graph().nodeRect(0).center());
    QCOMPARE(m_document->selection().as<ClusterRange>()->first, HostCluster(0));
    QTest::qWait(250);
    QVERIFY(waitForJobs());
    list().setFocus();
    list().selectRow(list().model()->rowCount() - 1);
    list().setCurrentIndex(list().model()->index(list().model()->rowCount() - 1, 0));
    QTest::keyClick(&list(), Qt::Key_Return);
    QVERIFY(m_document->selection().as<ClusterRange>()->first != HostCluster(0));
}

void TestReferences::showsAllOwnersOfAContestedCluster()
{
    const HostCluster data = clusterOf(GuestRange{GuestOffset(0), 4096, {}});
    Bytes bytes = readFile(m_image);
    // The snapshot table is the guest's data too.
    const std::uint64_t table = m_document->image()->header().snapshotsOffset.value();
    const Image& image = *m_document->image();
    const std::uint64_t l2 = L1Entry{image.l1Table()[0]}.l2Offset().value();
    put64(bytes, l2, table | kCopiedFlag);
    const QString path = m_folder.path(QStringLiteral("contested.qcow2"));
    QVERIFY(writeFile(path, bytes));
    QVERIFY(openAndWait(*m_document, path));
    QVERIFY(select(ClusterRange{m_document->image()->geometry().cluster(HostOffset(table)), 1}));
    QVERIFY2(heading().contains(QStringLiteral("contradict")), qPrintable(heading()));
    QVERIFY(heading().contains(QStringLiteral("snapshot table")) && heading().contains(QStringLiteral("data")));
    QCOMPARE(rows(QStringLiteral("referred to by")), 2);
    QVERIFY(data != HostCluster(table));
}

void TestReferences::saysSoWhenNothingRefers()
{
    std::uint64_t leaked = 0;
    std::uint64_t low = 0;
    QVERIFY(openAndWait(*m_document, m_folder.createDamaged(QStringLiteral("leak.qcow2"), leaked, low)));
    QVERIFY(select(ClusterRange{HostCluster(leaked), 1}));
    QVERIFY2(heading().contains(QStringLiteral("Nothing refers")), qPrintable(heading()));
    QCOMPARE(list().model()->rowCount(), 0);
    QCOMPARE(graph().graph().nodes.size(), std::size_t{1});
}

void TestReferences::looksOnlyWhileItIsSeen()
{
    m_panel->hide();
    m_document->selection().select(ClusterRange{HostCluster(0), 1});
    QTest::qWait(250);
    QVERIFY(waitForJobs());
    QVERIFY(list().model()->rowCount() == 0);
    m_panel->show();
    QTest::qWait(250);
    QVERIFY(waitForJobs());
    QVERIFY(list().model()->rowCount() > 0);
}

QTEST_MAIN(TestReferences)
#include "tst_references.moc"
