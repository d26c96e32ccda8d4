// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/gui/gui_support.h"
#include "ui/common/palette.h"
#include "ui/refblock/heatmap_view.h"
#include "ui/refblock/refblock_panel.h"
#include "ui/reftable/reftable_overview.h"
#include "ui/reftable/reftable_panel.h"

#include <QGuiApplication>
#include <QLabel>

#include <set>

using namespace cowscope;
using namespace cowscope::test;
using namespace cowscope::ui;

/// The counts down to their bits, and the reftable at a glance.
class TestRefblock : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void cleanup();

    void showsTheBitsOfTheEntryUnderTheMouse_data();
    void showsTheBitsOfTheEntryUnderTheMouse();
    void showsTheEntryOfTheSelection();
    void showsWhichRefblocksExistAndHowFullTheyAre();
    void aClickInTheOverviewSelectsTheRefblock();
    void manyRefblocksShareCells();

private:
    void open(const QString& path) { QVERIFY(openAndWait(m_document, path) && waitForJobs()); }

    ImageFolder m_folder;
    ImageDocument m_document;
};

void TestRefblock::initTestCase()
{
    REQUIRE_QEMU();
    QGuiApplication::setPalette(lightPalette());
}

void TestRefblock::cleanup()
{
    m_document.close();
    QVERIFY(waitForJobs());
}

void TestRefblock::showsTheBitsOfTheEntryUnderTheMouse_data()
{
    QTest::addColumn<int>("bits");
    QTest::addColumn<QString>("place");
    QTest::newRow("1 bit") << 1 << QStringLiteral("bit 3 of byte");
    QTest::newRow("2 bits") << 2 << QStringLiteral("bits 6 to 7 of byte");
    QTest::newRow("8 bits") << 8 << QStringLiteral(": byte 0x");
    QTest::newRow("64 bits") << 64 << QStringLiteral("8 bytes from 0x");
}

void TestRefblock::showsTheBitsOfTheEntryUnderTheMouse()
{
    QFETCH(int, bits);
    QFETCH(QString, place);
    const QString image = m_folder.create(QStringLiteral("width%1.qcow2").arg(bits),
        QStringLiteral("cluster_size=4096,refcount_bits=%1,preallocation=metadata").arg(bits));
    RefblockPanel panel(m_document);
    panel.resize(800, 600);
    panel.show();
    open(image);
    auto& view = *panel.findChild<HeatmapView*>(QStringLiteral("heatmap"));
    const QPoint cell = view.cellRect(HostCluster(3)).center();
    QTest::mouseMove(view.viewport(), cell - QPoint(0, 1));
    QTest::mouseMove(view.viewport(), cell);
    const QString text = shownText(panel, QStringLiteral("refblockEntry"));
    QVERIFY2(text.contains(place), qPrintable(text));
    QVERIFY(text.contains(QStringLiteral("count 1")));
    QVERIFY(text.contains(QStringLiteral(">%1</b>").arg(1, std::min(bits, 8), 10, QLatin1Char('0'))));
}

void TestRefblock::showsTheEntryOfTheSelection()
{
    const QString image = m_folder.create(QStringLiteral("plain.qcow2"));
    RefblockPanel panel(m_document);
    panel.show();
    open(image);
    m_document.selection().select(ClusterRange{HostCluster(2), 1});
    const QString text = shownText(panel, QStringLiteral("refblockEntry"));
    QVERIFY(text.contains(QStringLiteral("Entry 2 of refblock 0")));
    QVERIFY(text.contains(QStringLiteral("00 01"))); // a 16-bit count of 1
}

/// One refblock of 64 entries of 64 bits in a cluster of 512 bytes; the file has a hole that none counts.
QString imageWithAHole(const ImageFolder& folder)
{
    const QString image = folder.create(
        QStringLiteral("hole.qcow2"), QStringLiteral("cluster_size=512,refcount_bits=64,preallocation=metadata"));
    Bytes bytes = readFile(image);
    bytes.resize(bytes.size() + 3 * 64 * 512);
    return writeFile(image, bytes) ? image : QString();
}

void TestRefblock::showsWhichRefblocksExistAndHowFullTheyAre()
{
    ReftablePanel panel(m_document);
    panel.resize(900, 400);
    panel.show();
    open(imageWithAHole(m_folder));
    auto& overview = *panel.findChild<ReftableOverview*>(QStringLiteral("reftableOverview"));
    const ClusterMap& map = m_document.census()->map;
    const std::uint64_t blocks = divideUp(map.clusters(), 64);
    const QImage picture = overview.grab().toImage();
    std::set<RefblockFill> seen;
    for (std::uint64_t entry = 0; entry < blocks; ++entry) {
        const std::uint64_t last = std::min((entry + 1) * 64, map.clusters());
        std::uint64_t used = 0;
        for (std::uint64_t cluster = entry * 64; cluster < last; ++cluster)
            used += map.refcount(HostCluster(cluster)) > 0;
        const bool exists = m_document.image()->usableRefblock(entry).has_value();
        const RefblockFill fill = exists ? refblockFill(used, last - entry * 64) : RefblockFill::Missing;
        QCOMPARE(picture.pixelColor(overview.cellRect(entry).topLeft() + QPoint(1, 1)), fillColor(fill, false));
        seen.insert(fill);
    }
    QVERIFY(seen.contains(RefblockFill::Full) && seen.contains(RefblockFill::Missing));
    QVERIFY(overview.describe(blocks - 1).contains(QStringLiteral("does not exist")));
    QVERIFY(overview.describe(0).contains(QStringLiteral("of 64 clusters")));
    QVERIFY(shownText(panel, QStringLiteral("reftableSummary")).contains(QStringLiteral("refblocks exist")));
}

void TestRefblock::aClickInTheOverviewSelectsTheRefblock()
{
    ReftablePanel panel(m_document);
    panel.resize(900, 400);
    panel.show();
    open(imageWithAHole(m_folder));
    auto& overview = *panel.findChild<ReftableOverview*>(QStringLiteral("reftableOverview"));
    QTest::mouseClick(&overview, Qt::LeftButton, {}, overview.cellRect(3).center());
    QCOMPARE(*m_document.selection().as<RefblockSelection>(), RefblockSelection{3});
    QTest::keyClick(&overview, Qt::Key_Right);
    QCOMPARE(*m_document.selection().as<RefblockSelection>(), RefblockSelection{4});
    QTest::keyClick(&overview, Qt::Key_Left);
    QTest::keyClick(&overview, Qt::Key_Left);
    QCOMPARE(*m_document.selection().as<RefblockSelection>(), RefblockSelection{2});
}

void TestRefblock::manyRefblocksShareCells()
{
    open(m_folder.create(QStringLiteral("many.qcow2")));
    ReftableOverview overview;
    overview.resize(300, 66);
    std::vector<RefblockUse> uses(5000, RefblockUse{100, 100, 1});
    overview.setUses(m_document.image(), uses);
    overview.show();
    QVERIFY(overview.rect().contains(overview.cellRect(4999)));
    const auto entry = overview.entryAt(overview.cellRect(4999).center());
    QVERIFY(entry && *entry <= 4999 && *entry > 4900);
    QVERIFY(overview.describe(4999).contains(QStringLiteral(" to 4,999")));
}

QTEST_MAIN(TestRefblock)
#include "tst_refblock.moc"
