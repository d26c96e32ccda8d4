// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/gui/gui_support.h"
#include "ui/document/selected_clusters.h"
#include "ui/guest/guest_panel.h"
#include "ui/guest/guest_view.h"

#include <QCheckBox>
#include <QComboBox>
#include <QLabel>
#include <QTableView>
#include <QToolButton>

using namespace cowscope;
using namespace cowscope::test;
using namespace cowscope::ui;

class TestGuest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup();

    void layoutsShowAllAndZoomByTwo();
    void showsTheWholeDisk();
    void selectsAStretchByMouse();
    void selectsByKeys();
    void listsThePlacesOfAStretch();
    void showsWhatASelectedClusterServes();
    void showsAnotherDisk();
    void hidesWhatTheLegendSwitchesOff();
    void tellsWhatIsUnderTheMouse();
    void opensBackingFilesOnlyWhenAsked();
    void looksCloserWhereTheOverviewIsTooCoarse();
    void startsAfreshWithAnotherImage();

private:
    template <typename T>
    T& child(const char* name) const
    {
        T* found = m_panel->findChild<T*>(QString::fromLatin1(name));
        if (!found)
            qFatal("no widget of the name %s", name);
        return *found;
    }

    GuestView& view() const { return child<GuestView>("guestView"); }
    QString note() const { return child<QLabel>("guestNote").text(); }
    bool settled() const;
    GuestUse useAt(std::uint64_t unit) const;
    void click(std::uint64_t unit) const;
    const GuestRange* selected() const { return m_document->selection().as<GuestRange>(); }

    ImageFolder m_folder;
    QString m_image;
    std::unique_ptr<ImageDocument> m_document;
    std::unique_ptr<GuestPanel> m_panel;
};

void TestGuest::initTestCase()
{
    REQUIRE_QEMU();
    m_image = m_folder.createWithSnapshots(QStringLiteral("disk.qcow2"), 2, QStringLiteral("cluster_size=4096"));
    QVERIFY(!m_image.isEmpty());
}

void TestGuest::init()
{
    m_document = std::make_unique<ImageDocument>();
    m_panel = std::make_unique<GuestPanel>(*m_document);
    m_panel->resize(900, 500);
    m_panel->show();
    QVERIFY(QTest::qWaitForWindowActive(m_panel.get()));
    QVERIFY(openAndWait(*m_document, m_image));
    QVERIFY(settled());
}

void TestGuest::cleanup()
{
    m_panel.reset();
    m_document.reset();
    QVERIFY(waitForJobs());
}

/// Until pauses before jobs are over, and jobs too.
bool TestGuest::settled() const
{
    QTest::qWait(250);
    return waitForJobs();
}

GuestUse TestGuest::useAt(std::uint64_t unit) const
{
    const GuestCell cell = view().uses({unit, 1});
    return static_cast<GuestUse>(std::ranges::max_element(cell.units) - cell.units.begin());
}

void TestGuest::click(std::uint64_t unit) const
{
    QTest::mouseClick(view().viewport(), Qt::LeftButton, {}, view().columnRect(unit).center());
}

void TestGuest::layoutsShowAllAndZoomByTwo()
{
    const QSize area(700, 400);
    for (const std::uint64_t units : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{500}, std::uint64_t{100000},
             std::uint64_t{1} << 27, std::uint64_t{1} << 50}) {
        GuestLayout layout = GuestLayout::fitting(units, area);
        QVERIFY(layout.rows(units) <= 20);
        QVERIFY(static_cast<int>(layout.columns()) * layout.columnWidth() <= area.width());
        const GuestLayout nearer = layout.zoomedIn(units, area);
        const bool narrower = nearer.unitsPerColumn() * 2 == layout.unitsPerColumn();
        const bool wider = nearer.columnWidth() == 2 * layout.columnWidth();
        QVERIFY(narrower != wider || layout.columnWidth() == 16);
        for (int i = 0; i < 80; ++i)
            layout = layout.zoomedIn(units, area);
        QVERIFY(layout.rows(units) <= (1U << 30));
        for (int i = 0; i < 80; ++i)
            layout = layout.zoomedOut(units, area);
        QVERIFY(layout.rows(units) <= 1);
    }
}

void TestGuest::showsTheWholeDisk()
{
    QCOMPARE(view().visible().units, std::uint64_t{512}); // 2 MiB in clusters of 4 KiB
    QCOMPARE(useAt(0), GuestUse::Data);
    QCOMPARE(useAt(15), GuestUse::Data);
    QCOMPARE(useAt(16), GuestUse::Unallocated);
    QCOMPARE(useAt(128), GuestUse::Compressed);
    QCOMPARE(view().uses({0, 512}).total(), std::uint64_t{512});
}

void TestGuest::selectsAStretchByMouse()
{
    click(3);
    QVERIFY(selected());
    QVERIFY(*selected() == (GuestRange{GuestOffset(3 * 4096), 4096, {}}));
    const QRect from = view().columnRect(5);
    const QRect to = view().columnRect(9);
    QTest::mousePress(view().viewport(), Qt::LeftButton, {}, from.center());
    QTest::mouseMove(view().viewport(), to.center());
    QTest::mouseRelease(view().viewport(), Qt::LeftButton, {}, to.center());
    QVERIFY(*selected() == (GuestRange{GuestOffset(5 * 4096), 5 * 4096, {}}));
    const auto clusters = selectedClusters(m_document->selection().current(), *m_document->image());
    QVERIFY(clusters);
    QCOMPARE(m_document->census()->map.owner(clusters->first), ClusterOwner::Data);
}

void TestGuest::selectsByKeys()
{
    view().setFocus();
    QTest::keyClick(&view(), Qt::Key_Home);
    QTest::keyClick(&view(), Qt::Key_Right);
    QVERIFY(*selected() == (GuestRange{GuestOffset(4096), 4096, {}}));
    QVERIFY(view().accessibleDescription().contains(QStringLiteral("data")));
    QTest::keyClick(&view(), Qt::Key_Right, Qt::ShiftModifier);
    QTest::keyClick(&view(), Qt::Key_Right, Qt::ShiftModifier);
    QVERIFY(*selected() == (GuestRange{GuestOffset(4096), 3 * 4096, {}}));
    QTest::keyClick(&view(), Qt::Key_End);
    QCOMPARE(selected()->first.value(), std::uint64_t{(2 << 20) - 4096});
    const std::uint64_t before = view().visible().units;
    for (int i = 0; i < 6; ++i)
        QTest::keyClick(&view(), Qt::Key_Plus);
    QVERIFY(view().visible().units <= before);
    QTest::keyClick(&view(), Qt::Key_0);
    QCOMPARE(view().visible().units, before);
}

void TestGuest::listsThePlacesOfAStretch()
{
    auto& table = child<QTableView>("guestExtents");
    m_document->selection().select(GuestRange{GuestOffset(0), 2 << 20, {}});
    QVERIFY(settled());
    QVERIFY2(note().contains(QStringLiteral("extents")), qPrintable(note()));
    const int rows = table.model()->rowCount();
    QVERIFY(rows >= 4);
    QStringList kinds;
    for (int row = 0; row < rows; ++row)
        kinds += table.model()->index(row, 2).data().toString();
    QVERIFY(kinds.contains(QStringLiteral("compressed")) && kinds.contains(QStringLiteral("unallocated")));
    const int compressed = static_cast<int>(kinds.indexOf(QStringLiteral("compressed")));
    table.selectRow(compressed);
    QCOMPARE(selected()->first.value(), std::uint64_t{512 << 10});
    QCOMPARE(table.model()->rowCount(), rows); // the list stays to choose from
}

void TestGuest::showsWhatASelectedClusterServes()
{
    const auto clusters = selectedClusters(GuestRange{GuestOffset(13 * 4096), 4096, {}}, *m_document->image());
    QVERIFY(clusters);
    m_document->selection().select(*clusters);
    QVERIFY(settled());
    QVERIFY2(note().contains(QStringLiteral("0xd000 to 0xdfff")), qPrintable(note()));
    m_document->selection().select(ClusterRange{HostCluster(0), 1});
    QVERIFY(settled());
    QVERIFY2(note().contains(QStringLiteral("No part of this disk")), qPrintable(note()));
}

void TestGuest::showsAnotherDisk()
{
    auto& box = child<QComboBox>("guestDisk");
    QCOMPARE(box.count(), 3);
    box.setCurrentIndex(1);
    QVERIFY(settled());
    click(0);
    QCOMPARE(selected()->snapshot, std::optional<std::size_t>(0));
    // The first cluster was written after the snapshot: it is elsewhere now.
    const Image& image = *m_document->image();
    QVERIFY(selectedClusters(*selected(), image) != selectedClusters(GuestRange{GuestOffset(0), 4096, {}}, image));
    m_document->selection().select(GuestRange{GuestOffset(8192), 4096, 1});
    QCOMPARE(box.currentIndex(), 2);
    m_document->selection().back();
    QCOMPARE(box.currentIndex(), 1);
}

void TestGuest::hidesWhatTheLegendSwitchesOff()
{
    auto& data = child<QToolButton>("guestUse0");
    QVERIFY(data.isVisible());
    QVERIFY(data.text().contains(QStringLiteral("64 KiB")));
    QVERIFY(!child<QToolButton>("guestUse8").isVisible()); // nothing is broken
    const QPoint middle = view().columnRect(2).center();
    const QRgb before = view().viewport()->grab().toImage().pixel(middle + QPoint(-3, 4));
    QTest::mouseClick(&data, Qt::LeftButton);
    const QRgb hidden = view().viewport()->grab().toImage().pixel(middle + QPoint(-3, 4));
    QVERIFY(before != hidden);
    QTest::keyClick(&data, Qt::Key_Space);
    QCOMPARE(view().viewport()->grab().toImage().pixel(middle + QPoint(-3, 4)), before);
}

void TestGuest::tellsWhatIsUnderTheMouse()
{
    QTest::mouseMove(view().viewport(), view().columnRect(128).center());
    auto& hover = child<QLabel>("guestHover");
    QVERIFY(QTest::qWaitFor([&] { return hover.text().contains(QStringLiteral("compressed")); }));
    QVERIFY(hover.text().contains(QStringLiteral("0x80000")));
}

void TestGuest::opensBackingFilesOnlyWhenAsked()
{
    QVERIFY(!child<QCheckBox>("guestLayers").isVisible());
    const QString base = m_folder.create(QStringLiteral("base.qcow2"));
    QCOMPARE(qemu::io(base, {QStringLiteral("write -P 1 0 64k")}).exit, 0);
    const QString top = m_folder.create(
        QStringLiteral("top.qcow2"), QStringLiteral("cluster_size=4096,backing_file=base.qcow2,backing_fmt=qcow2"));
    const QString away = base + QStringLiteral(".away");
    QVERIFY(QFile::rename(base, away));
    QVERIFY(openAndWait(*m_document, top)); // it is not needed for looking at the image
    QVERIFY(settled());
    QCOMPARE(useAt(0), GuestUse::Unallocated);
    auto& layers = child<QCheckBox>("guestLayers");
    QVERIFY(layers.isVisible());
    QTest::mouseClick(&layers, Qt::LeftButton, {}, QPoint(6, layers.height() / 2));
    QVERIFY(layers.isChecked());
    QVERIFY(QTest::qWaitFor([this] { return note().contains(QStringLiteral("base.qcow2")); })); // the error names it
    QVERIFY(QFile::rename(away, base));
    layers.setChecked(false);
    layers.setChecked(true);
    QVERIFY(settled());
    QCOMPARE(useAt(0), GuestUse::Backing);
    QCOMPARE(useAt(16), GuestUse::Unallocated);
    // Another image has not been asked about.
    QVERIFY(openAndWait(*m_document, m_image));
    QVERIFY(!layers.isChecked());
}

void TestGuest::looksCloserWhereTheOverviewIsTooCoarse()
{
    const QString large
        = m_folder.create(QStringLiteral("large.qcow2"), QStringLiteral("cluster_size=4096"), QStringLiteral("64G"));
    QCOMPARE(qemu::io(large, {QStringLiteral("write -P 1 32G 8k")}).exit, 0);
    QVERIFY(openAndWait(*m_document, large));
    QVERIFY(settled());
    const std::uint64_t unit = std::uint64_t{32} << 18; // of 4 KiB
    QVERIFY(view().unitsPerColumn() > 64);
    QCOMPARE(view().uses({unit, view().unitsPerColumn()})[GuestUse::Data], std::uint64_t{2});
    click(unit);
    while (view().unitsPerColumn() > 1)
        view().zoomIn();
    QVERIFY(settled());
    QVERIFY(view().visible().first <= unit && unit < view().visible().first + view().visible().units);
    QCOMPARE(useAt(unit), GuestUse::Data);
    QCOMPARE(useAt(unit + 1), GuestUse::Data);
    QCOMPARE(useAt(unit + 2), GuestUse::Unallocated);
    QCOMPARE(useAt(unit - 1), GuestUse::Unallocated);
}

void TestGuest::startsAfreshWithAnotherImage()
{
    click(3);
    m_document->close();
    QVERIFY(m_panel->isEmpty());
    QVERIFY(openAndWait(*m_document, m_folder.create(QStringLiteral("fresh.qcow2"))));
    QVERIFY(settled());
    QCOMPARE(useAt(0), GuestUse::Unallocated);
    QCOMPARE(child<QComboBox>("guestDisk").count(), 1);
}

QTEST_MAIN(TestGuest)
#include "tst_guest.moc"
