// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/gui/gui_support.h"
#include "ui/chain/chain_model.h"
#include "ui/chain/chain_panel.h"

#include <QLabel>
#include <QPushButton>
#include <QTableView>

using namespace cowscope;
using namespace cowscope::test;
using namespace cowscope::ui;

class TestChain : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup();

    void opensNoFileUntilAsked();
    void opensALayerInAWindowOfItsOwn();
    void showsWhatIsMissing();
    void showsNamesAsTheyAre();
    void saysSoWhenThereIsNoChain();

private:
    QTableView& table() const { return *m_panel->findChild<QTableView*>(QStringLiteral("chainTable")); }
    QString cell(int row, int column) const { return table().model()->index(row, column).data().toString(); }
    QString statement() const { return m_panel->findChild<QLabel*>(QStringLiteral("chainStatement"))->text(); }
    QString createOn(const QString& name, const QString& backing) const
    {
        return m_folder.create(name, QStringLiteral("cluster_size=4096,backing_fmt=qcow2,backing_file=") + backing);
    }

    ImageFolder m_folder;
    QString m_top;
    std::unique_ptr<ImageDocument> m_document;
    std::unique_ptr<ChainPanel> m_panel;
};

void TestChain::initTestCase()
{
    REQUIRE_QEMU();
    QVERIFY(!m_folder.create(QStringLiteral("base.qcow2"), QStringLiteral("cluster_size=65536")).isEmpty());
    QVERIFY(!createOn(QStringLiteral("middle.qcow2"), QStringLiteral("base.qcow2")).isEmpty());
    m_top = createOn(QStringLiteral("top.qcow2"), QStringLiteral("middle.qcow2"));
    QVERIFY(!m_top.isEmpty());
}

void TestChain::init()
{
    m_document = std::make_unique<ImageDocument>();
    m_panel = std::make_unique<ChainPanel>(*m_document);
    m_panel->resize(900, 300);
    m_panel->show();
    QVERIFY(QTest::qWaitForWindowActive(m_panel.get()));
}

void TestChain::cleanup()
{
    m_panel.reset();
    m_document.reset();
    QVERIFY(waitForJobs());
}

void TestChain::opensNoFileUntilAsked()
{
    QVERIFY(openAndWait(*m_document, m_top));
    QVERIFY(waitForJobs());
    QCOMPARE(table().model()->rowCount(), 2);
    QCOMPARE(cell(1, ChainModel::StateColumn), QStringLiteral("not opened"));
    QCOMPARE(cell(1, ChainModel::NameColumn), QStringLiteral("middle.qcow2"));
    QVERIFY2(statement().contains(m_folder.path(QStringLiteral("middle.qcow2"))), qPrintable(statement()));
    QVERIFY(clickButton(*m_panel, QStringLiteral("openChain")));
    QVERIFY(waitForJobs());
    QCOMPARE(table().model()->rowCount(), 3);
    QCOMPARE(cell(2, ChainModel::StateColumn), QStringLiteral("opened"));
    QCOMPARE(cell(2, ChainModel::ClusterColumn), QStringLiteral("64 KiB"));
    QCOMPARE(cell(2, ChainModel::VirtualColumn), QStringLiteral("2 MiB"));
    // A reload, or another image, has not been asked about.
    QVERIFY(openAndWait(*m_document, m_top));
    QCOMPARE(cell(1, ChainModel::StateColumn), QStringLiteral("not opened"));
}

void TestChain::opensALayerInAWindowOfItsOwn()
{
    QVERIFY(openAndWait(*m_document, m_top));
    QVERIFY(clickButton(*m_panel, QStringLiteral("openChain")));
    QVERIFY(waitForJobs());
    QSignalSpy requested(m_panel.get(), &ChainPanel::openRequested);
    QVERIFY(!clickButton(*m_panel, QStringLiteral("openLayer"))); // nothing is selected
    table().selectRow(0);
    QVERIFY(!clickButton(*m_panel, QStringLiteral("openLayer"))); // it is open
    table().selectRow(2);
    QVERIFY(clickButton(*m_panel, QStringLiteral("openLayer")));
    table().setFocus();
    QTest::keyClick(&table(), Qt::Key_Return);
    QCOMPARE(requested.count(), 2);
    QCOMPARE(requested.first().first().toString(), m_folder.path(QStringLiteral("base.qcow2")));
}

void TestChain::showsWhatIsMissing()
{
    const QString base = m_folder.create(QStringLiteral("short-lived.qcow2"));
    const QString top = createOn(QStringLiteral("orphan.qcow2"), QStringLiteral("short-lived.qcow2"));
    QVERIFY(QFile::remove(base));
    QVERIFY(openAndWait(*m_document, top));
    QVERIFY(clickButton(*m_panel, QStringLiteral("openChain")));
    QVERIFY(waitForJobs());
    QCOMPARE(table().model()->rowCount(), 2);
    QVERIFY2(cell(1, ChainModel::StateColumn).size() > 8, qPrintable(cell(1, ChainModel::StateColumn)));
    QVERIFY(cell(1, ChainModel::StateColumn) != QStringLiteral("not opened"));
    QVERIFY(cell(1, ChainModel::VirtualColumn).isEmpty());
}

void TestChain::showsNamesAsTheyAre()
{
    QCOMPARE(visibleName("a\n<b>\x1b[2J"), QStringLiteral("a\\u000a<b>\\u001b[2J"));
    QCOMPARE(visibleName("\xe2\x80\xaegnp.2wocq"), QStringLiteral("\\u202egnp.2wocq"));
    QCOMPARE(visibleName("d\xc3\xa9j\xc3\xa0.img"), QStringLiteral("d\u00e9j\u00e0.img"));
}

void TestChain::saysSoWhenThereIsNoChain()
{
    QVERIFY(m_panel->isEmpty());
    QVERIFY(openAndWait(*m_document, m_folder.path(QStringLiteral("base.qcow2"))));
    QVERIFY(statement().contains(QStringLiteral("complete by itself")));
    QVERIFY(!clickButton(*m_panel, QStringLiteral("openChain")));
}

QTEST_MAIN(TestChain)
#include "tst_chain.moc"
