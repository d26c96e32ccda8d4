// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/gui/gui_support.h"
#include "ui/cells/map_cells.h"
#include "ui/cells/map_legend.h"
#include "ui/cells/map_view.h"
#include "ui/common/palette.h"
#include "ui/map/map_panel.h"
#include "ui/map/minimap.h"

#include <QComboBox>
#include <QFileDialog>
#include <QGuiApplication>
#include <QLabel>
#include <QMessageBox>
#include <QNativeGestureEvent>
#include <QPointingDevice>
#include <QSemaphore>
#include <QSettings>
#include <QToolButton>
#include <QToolTip>
#include <QWheelEvent>

#include <algorithm>
#include <cmath>

using namespace cowscope;
using namespace cowscope::test;
using namespace cowscope::ui;

namespace
{

constexpr std::uint64_t kMany = 3'000'000;
constexpr std::uint64_t kDamaged = 1'234'567;

/// Data but for one damaged cluster; waits at a gate when there is one.
class PlainSource : public MapSource
{
public:
    std::uint64_t clusters() const override { return kMany; }
    std::uint64_t maximum() const override { return 65535; }
    unsigned refblockLevel() const override { return 15; }
    bool hasRefblock(std::uint64_t) const override { return true; }
    void summarize(HostCluster first, unsigned level, std::span<MapCell> out, MapTotals* totals) const override
    {
        if (gate && totals && first.value() > kMany / 2)
            gate->acquire();
        for (std::size_t i = 0; i < out.size(); ++i) {
            const std::uint64_t begin = first.value() + (std::uint64_t{i} << level);
            const std::uint64_t count = std::min(kMany - begin, std::uint64_t{1} << level);
            const MapFacts data{ClusterOwner::Data, MapVerdict::Right, SnapshotShare::ActiveOnly, 1};
            const MapFacts bad{ClusterOwner::Data, MapVerdict::TooLow, SnapshotShare::ActiveOnly, 0};
            const bool damaged = kDamaged >= begin && kDamaged - begin < count;
            out[i] = {};
            if (damaged)
                out[i].add(bad, 1, maximum());
            if (count > damaged)
                out[i].add(data, count - damaged, maximum());
        }
    }

    std::shared_ptr<QSemaphore> gate;
};

bool shows(const QImage& image, QRectF rect, QColor color)
{
    const QRect area = rect.toAlignedRect() & image.rect();
    for (int y = area.top(); y <= area.bottom(); ++y)
        for (int x = area.left(); x <= area.right(); ++x)
            if (image.pixelColor(x, y) == color)
                return true;
    return false;
}

} // namespace

class TestMap : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup();

    void everyCellOfALayoutHasItsPlace_data();
    void everyCellOfALayoutHasItsPlace();
    void zoomGoesFromAllClustersToSingleOnes_data();
    void zoomGoesFromAllClustersToSingleOnes();
    void neighboursOnTheCurveTouch();
    void showsALoneDamagedClusterFromAfar_data();
    void showsALoneDamagedClusterFromAfar();
    void showsWhatIsKnownWhileItGrows();
    void goesOnAfterAStop();
    void aClickSelectsEverywhere();
    void followsTheSelection();
    void shiftAndDraggingSelectsARange();
    void draggingPansAndSelectsNothing();
    void theWheelZoomsAboutTheMouse_data();
    void theWheelZoomsAboutTheMouse();
    void aPinchZooms();
    void keysMoveAndExtend();
    void keysZoom();
    void theLegendCountsAndFilters();
    void coloursTellApartWhatIsChosen_data();
    void coloursTellApartWhatIsChosen();
    void theMinimapMovesTheMap();
    void theMinimapCanBeHidden();
    void saysWhatIsUnderTheMouseAndWhoRefersToIt();
    void savesPngAndSvg();
    void saysWhyTheMapCannotBeSaved();
    void drawsWithoutAWidget();
    void remembersHowItLooked();
    void followsTheTheme();
    void namesWhatCanBeOperated();

private:
    template <typename T>
    T& child(const QString& name) const
    {
        T* found = m_panel->findChild<T*>(name);
        if (!found)
            qFatal("no widget of the name %s", qPrintable(name));
        return *found;
    }

    void open(const QString& path);
    MapView& view() const { return child<MapView>(QStringLiteral("map")); }
    QPoint center(std::uint64_t cluster) const { return view().cellRect(HostCluster(cluster)).center().toPoint(); }
    void click(std::uint64_t cluster) const
    {
        QTest::mouseClick(view().viewport(), Qt::LeftButton, {}, center(cluster));
    }
    const ClusterRange* selected() const { return m_document->selection().as<ClusterRange>(); }
    QImage picture() const { return view().viewport()->grab().toImage(); }
    void wheel(QPointF at, int angle, Qt::KeyboardModifiers modifiers = {}) const;

    ImageFolder m_folder;
    QString m_image; ///< with snapshots and a compressed cluster
    QString m_large; ///< more clusters than fit on the map one by one
    QString m_damaged;
    std::uint64_t m_leaked = 0;
    std::uint64_t m_low = 0;
    std::unique_ptr<ImageDocument> m_document;
    std::unique_ptr<MapPanel> m_panel;
};

void TestMap::initTestCase()
{
    REQUIRE_QEMU();
    QGuiApplication::setPalette(lightPalette());
    m_image = m_folder.createWithSnapshots(QStringLiteral("image.qcow2"), 3, QStringLiteral("cluster_size=4096"));
    m_damaged = m_folder.createDamaged(QStringLiteral("damaged.qcow2"), m_leaked, m_low);
    m_large = m_folder.create(
        QStringLiteral("large.qcow2"), QStringLiteral("cluster_size=512,preallocation=metadata"), QStringLiteral("4M"));
    QVERIFY(!m_image.isEmpty() && !m_large.isEmpty() && !m_damaged.isEmpty());
}

void TestMap::init()
{
    QSettings().clear();
    m_document = std::make_unique<ImageDocument>();
    m_panel = std::make_unique<MapPanel>(*m_document);
    m_panel->resize(900, 600);
    m_panel->show();
    QVERIFY(QTest::qWaitForWindowActive(m_panel.get()));
}

void TestMap::cleanup()
{
    m_panel.reset();
    m_document.reset();
    QVERIFY(waitForJobs());
}

void TestMap::open(const QString& path)
{
    QVERIFY(openAndWait(*m_document, path));
    QVERIFY(waitForJobs());
    QVERIFY(view().layoutOfMap().clusters() > 0);
}

void TestMap::wheel(QPointF at, int angle, Qt::KeyboardModifiers modifiers) const
{
    QWheelEvent event(at, view().viewport()->mapToGlobal(at), {}, QPoint(0, angle), Qt::NoButton, modifiers,
        Qt::NoScrollPhase, false);
    QApplication::sendEvent(view().viewport(), &event);
}

void TestMap::everyCellOfALayoutHasItsPlace_data()
{
    QTest::addColumn<int>("kind");
    QTest::addColumn<quint64>("clusters");
    for (const quint64 clusters :
        {1ULL, 2ULL, 3ULL, 40ULL, 4096ULL, 5000ULL, 100'000ULL, 1'000'000'000ULL, 1ULL << 33}) {
        QTest::addRow("rows %llu", clusters) << 0 << clusters;
        QTest::addRow("curve %llu", clusters) << 1 << clusters;
    }
}

void TestMap::everyCellOfALayoutHasItsPlace()
{
    QFETCH(int, kind);
    QFETCH(quint64, clusters);
    for (const int zoom : {0, 1, 2, 5, 100}) {
        const MapLayout layout(static_cast<MapLayout::Kind>(kind), clusters, QSizeF(900, 500), zoom);
        const std::uint64_t cells = layout.cells();
        QVERIFY(cells << layout.level() >= clusters);
        for (std::uint64_t i = 0; i < cells; i += 1 + cells / 997) {
            const MapLayout::Place place = layout.placeOf(i);
            QVERIFY(place.column < layout.columns() && place.row < layout.rows());
            QCOMPARE(layout.indexAt(place), std::optional(i));
            QCOMPARE(layout.indexAt(layout.rectOf(i).center()), std::optional(i));
        }
        QVERIFY(!layout.indexAt(QPointF(-1, 5)));
        QVERIFY(!layout.indexAt(MapLayout::Place{layout.columns(), 0}));
    }
}

void TestMap::zoomGoesFromAllClustersToSingleOnes_data()
{
    everyCellOfALayoutHasItsPlace_data();
}

void TestMap::zoomGoesFromAllClustersToSingleOnes()
{
    QFETCH(int, kind);
    QFETCH(quint64, clusters);
    const QSizeF viewport(900, 500);
    const MapLayout all(static_cast<MapLayout::Kind>(kind), clusters, viewport);
    QVERIFY(all.size().width() <= 900.001 && all.size().height() <= 500.001);
    QVERIFY(all.cellSize().width() >= MapLayout::kLeastCell);
    const MapLayout single = all.zoomedTo(1000);
    QCOMPARE(single.zoom(), single.largestZoom());
    QCOMPARE(single.level(), 0U);
    QVERIFY(single.cellSize().width() > 20 && single.cellSize().width() <= MapLayout::kMostCell);
    for (int zoom = 1; zoom <= all.largestZoom(); ++zoom)
        QVERIFY(all.zoomedTo(zoom).level() <= all.zoomedTo(zoom - 1).level());
}

void TestMap::neighboursOnTheCurveTouch()
{
    const MapLayout layout(MapLayout::Kind::Hilbert, 20'000, QSizeF(900, 700), 2);
    for (std::uint64_t i = 1; i < layout.cells(); ++i) {
        const MapLayout::Place a = layout.placeOf(i - 1);
        const MapLayout::Place b = layout.placeOf(i);
        const auto distance = [](std::uint64_t x, std::uint64_t y) { return x > y ? x - y : y - x; };
        QCOMPARE(distance(a.column, b.column) + distance(a.row, b.row), 1U);
    }
    // Each cell lies inside the larger one around it.
    const MapLayout large(MapLayout::Kind::Hilbert, 20'000, QSizeF(900, 700), 0, 16);
    const unsigned up = large.level() - layout.level();
    QVERIFY(up >= 2);
    for (std::uint64_t i = 0; i < layout.cells(); i += 7) {
        QCOMPARE(layout.placeOf(i).column >> (up / 2), large.placeOf(i >> up).column);
        QCOMPARE(layout.placeOf(i).row >> (up / 2), large.placeOf(i >> up).row);
    }
}

void TestMap::showsALoneDamagedClusterFromAfar_data()
{
    QTest::addColumn<int>("kind");
    QTest::newRow("rows") << 0;
    QTest::newRow("curve") << 1;
}

void TestMap::showsALoneDamagedClusterFromAfar()
{
    QFETCH(int, kind);
    MapCells cells;
    MapView map(cells);
    map.setKind(static_cast<MapLayout::Kind>(kind));
    map.setColors(MapColors(MapColorBy::Owner, 1, 65535, false));
    map.resize(800, 600);
    map.show();
    cells.setSource(std::make_shared<PlainSource>());
    QVERIFY(QTest::qWaitFor([&] { return cells.isComplete(); }));
    const QColor red = findingColor(false);
    for (int zoom = 0; zoom < map.layoutOfMap().largestZoom(); ++zoom) {
        map.setSelected(ClusterRange{HostCluster(kDamaged), 1}); // brings it into view
        map.setSelected(std::nullopt);
        QVERIFY(waitForJobs());
        const QImage image = map.viewport()->grab().toImage();
        QVERIFY(shows(image, map.cellRect(HostCluster(kDamaged)), red));
        QVERIFY(
            !shows(image, map.cellRect(HostCluster(kDamaged - (std::uint64_t{2} << map.layoutOfMap().level()))), red));
        map.zoomIn();
    }
}

void TestMap::showsWhatIsKnownWhileItGrows()
{
    auto source = std::make_shared<PlainSource>();
    source->gate = std::make_shared<QSemaphore>();
    MapCells cells;
    MapView map(cells);
    const MapColors colors(MapColorBy::Owner, 1, 65535, false);
    map.setColors(colors);
    map.resize(800, 600);
    map.show();
    cells.setSource(source);
    const QColor data = ownerColor(ClusterOwner::Data, false);
    const auto showsAt = [&](std::uint64_t cluster, QColor color) {
        return shows(map.viewport()->grab().toImage(), map.cellRect(HostCluster(cluster)), color);
    };
    const bool began = QTest::qWaitFor([&] { return showsAt(0, data); });
    const bool unknown = showsAt(kMany - 1, QColor::fromRgb(colors.unknownColor()));
    const bool complete = cells.isComplete();
    source->gate->release(1'000'000);
    QVERIFY(began && unknown && !complete);
    QVERIFY(QTest::qWaitFor([&] { return cells.isComplete(); }));
    QVERIFY(QTest::qWaitFor([&] { return showsAt(kMany - 1, data); }));
}

void TestMap::goesOnAfterAStop()
{
    auto source = std::make_shared<PlainSource>();
    source->gate = std::make_shared<QSemaphore>();
    MapCells cells;
    cells.setSource(source);
    const bool began = QTest::qWaitFor([&] { return cells.ready() > kMany / 2; });
    if (cells.job())
        cells.job()->cancel();
    source->gate->release(1'000'000);
    QVERIFY(began);
    QVERIFY(QTest::qWaitFor([&] { return !cells.job(); }));
    QVERIFY(!cells.isComplete());
    cells.resume();
    QVERIFY(QTest::qWaitFor([&] { return cells.isComplete(); }));
}

void TestMap::aClickSelectsEverywhere()
{
    open(m_damaged);
    click(m_low);
    QVERIFY(selected());
    QCOMPARE(*selected(), (ClusterRange{HostCluster(m_low), 1}));
    QCOMPARE(view().selected(), std::optional(ClusterRange{HostCluster(m_low), 1}));
}

void TestMap::followsTheSelection()
{
    open(m_large);
    m_document->selection().select(ClusterRange{HostCluster(3), 4});
    QCOMPARE(view().selected(), std::optional(ClusterRange{HostCluster(3), 4}));
    for (int i = 0; i < 20; ++i)
        view().zoomIn();
    const std::uint64_t last = m_document->census()->map.clusters() - 1;
    m_document->selection().select(ClusterRange{HostCluster(last), 1});
    QVERIFY(QRectF(view().viewport()->rect()).contains(view().cellRect(HostCluster(last)).center()));
    view().centerOn({});
    QVERIFY(!QRectF(view().viewport()->rect()).intersects(view().cellRect(HostCluster(last))));
    Q_EMIT m_document->selection().changed(); // the same place was asked for once more
    QVERIFY(QRectF(view().viewport()->rect()).contains(view().cellRect(HostCluster(last)).center()));
    m_document->selection().select(RefblockSelection{0});
    QVERIFY(view().selected()); // the refblock's own cluster
}

void TestMap::shiftAndDraggingSelectsARange()
{
    open(m_image);
    QTest::mousePress(view().viewport(), Qt::LeftButton, Qt::ShiftModifier, center(2));
    QTest::mouseMove(view().viewport(), center(5));
    QTest::mouseMove(view().viewport(), center(9));
    QCOMPARE(view().selected(), std::optional(ClusterRange{HostCluster(2), 8}));
    QVERIFY(!selected()); // until the button is let go
    QTest::mouseRelease(view().viewport(), Qt::LeftButton, Qt::ShiftModifier, center(9));
    QCOMPARE(*selected(), (ClusterRange{HostCluster(2), 8}));
    QTest::mouseClick(view().viewport(), Qt::LeftButton, Qt::ShiftModifier, center(4));
    QCOMPARE(*selected(), (ClusterRange{HostCluster(2), 3})); // from where the range began
}

void TestMap::draggingPansAndSelectsNothing()
{
    open(m_large);
    for (int i = 0; i < 20; ++i)
        view().zoomIn();
    const QRectF before = view().cellRect(HostCluster(0));
    QTest::mousePress(view().viewport(), Qt::LeftButton, {}, QPoint(200, 300));
    QTest::mouseMove(view().viewport(), QPoint(200, 250));
    QTest::mouseMove(view().viewport(), QPoint(200, 200));
    QTest::mouseRelease(view().viewport(), Qt::LeftButton, {}, QPoint(200, 200));
    QVERIFY(std::abs(view().cellRect(HostCluster(0)).y() - before.y() + 100) < 1);
    QVERIFY(!selected());
}

void TestMap::theWheelZoomsAboutTheMouse_data()
{
    showsALoneDamagedClusterFromAfar_data();
}

void TestMap::theWheelZoomsAboutTheMouse()
{
    QFETCH(int, kind);
    MapCells cells;
    MapView map(cells);
    map.setKind(static_cast<MapLayout::Kind>(kind));
    map.resize(800, 600);
    map.show();
    cells.setSource(std::make_shared<PlainSource>());
    const QPointF at(500, 200);
    const auto before = map.cellAt(at);
    QVERIFY(before);
    for (int i = 0; i < 5; ++i) {
        QWheelEvent event(
            at, map.viewport()->mapToGlobal(at), {}, QPoint(0, 120), Qt::NoButton, {}, Qt::NoScrollPhase, false);
        QApplication::sendEvent(map.viewport(), &event);
    }
    QCOMPARE(map.layoutOfMap().zoom(), 5);
    if (map.layoutOfMap().kind() == MapLayout::Kind::Hilbert) {
        QVERIFY(before->contains(map.cellAt(at)->first));
    } else {
        // In rows the columns change, but some cluster of the cell stays in the row under the mouse.
        const double top = map.cellRect(before->first).top();
        const double bottom = map.cellRect(before->first + (before->count - 1)).bottom();
        QVERIFY(top <= at.y() + 1 && bottom >= at.y() - 1);
    }
    map.zoomToFit();
    QCOMPARE(map.cellAt(at), before);
}

void TestMap::aPinchZooms()
{
    open(m_large);
    view().zoomToFit();
    const int before = view().layoutOfMap().zoom();
    const QPointF at(200, 100);
    const auto pinch = [&](Qt::NativeGestureType type, double value) {
        QNativeGestureEvent event(type, QPointingDevice::primaryPointingDevice(), 2, at, at,
            view().viewport()->mapToGlobal(at), value, QPointF());
        QApplication::sendEvent(view().viewport(), &event);
    };
    const int room = view().layoutOfMap().largestZoom();
    QVERIFY(room >= 1);
    pinch(Qt::BeginNativeGesture, 0);
    for (int i = 0; i < 8; ++i)
        pinch(Qt::ZoomNativeGesture, 0.1);
    QCOMPARE(view().layoutOfMap().zoom(), before + 1);
    for (int i = 0; i < 8; ++i)
        pinch(Qt::ZoomNativeGesture, -0.1);
    QCOMPARE(view().layoutOfMap().zoom(), before);
}

void TestMap::keysMoveAndExtend()
{
    open(m_image);
    click(0);
    QTest::keyClick(&view(), Qt::Key_Right);
    QTest::keyClick(&view(), Qt::Key_Right);
    QCOMPARE(*selected(), (ClusterRange{HostCluster(2), 1}));
    QTest::keyClick(&view(), Qt::Key_Right, Qt::ShiftModifier);
    QCOMPARE(*selected(), (ClusterRange{HostCluster(2), 2}));
    QTest::keyClick(&view(), Qt::Key_Left);
    QCOMPARE(*selected(), (ClusterRange{HostCluster(2), 1}));
    QTest::keyClick(&view(), Qt::Key_End);
    QCOMPARE(selected()->first.value(), m_document->census()->map.clusters() - 1);
    QTest::keyClick(&view(), Qt::Key_Up);
    QCOMPARE(selected()->first.value(), m_document->census()->map.clusters() - 1 - view().layoutOfMap().columns());
    QTest::keyClick(&view(), Qt::Key_PageUp);
    QTest::keyClick(&view(), Qt::Key_PageUp);
    QCOMPARE(selected()->first.value(), 0U);
    QTest::keyClick(&view(), Qt::Key_Left);
    QCOMPARE(selected()->first.value(), 0U);
}

void TestMap::keysZoom()
{
    open(m_large);
    view().zoomToFit();
    QVERIFY(view().layoutOfMap().largestZoom() > 0);
    QTest::keyClick(&view(), Qt::Key_Plus);
    QCOMPARE(view().layoutOfMap().zoom(), 1);
    QTest::keyClick(&view(), Qt::Key_Minus);
    QCOMPARE(view().layoutOfMap().zoom(), 0);
    QTest::keyClick(&view(), Qt::Key_Plus);
    QTest::keyClick(&view(), Qt::Key_0);
    QCOMPARE(view().layoutOfMap().zoom(), 0);
}

void TestMap::theLegendCountsAndFilters()
{
    open(m_image);
    const auto kind = static_cast<int>(ClusterOwner::L2Table);
    auto& l2 = child<QToolButton>(QStringLiteral("mapClass%1").arg(kind));
    const std::uint64_t tables = m_document->census()->clustersByOwner[static_cast<std::size_t>(ClusterOwner::L2Table)];
    QVERIFY(l2.text().contains(QString::number(tables)));
    const QColor header = ownerColor(ClusterOwner::Header, false);
    const QColor table = ownerColor(ClusterOwner::L2Table, false);
    QVERIFY(shows(picture(), view().viewport()->rect(), header));
    QTest::mouseClick(&l2, Qt::LeftButton);
    QVERIFY(!shows(picture(), view().viewport()->rect(), header));
    QVERIFY(shows(picture(), view().viewport()->rect(), table));
    QTest::mouseClick(&l2, Qt::LeftButton);
    QVERIFY(shows(picture(), view().viewport()->rect(), header));
}

void TestMap::coloursTellApartWhatIsChosen_data()
{
    QTest::addColumn<int>("colorBy");
    QTest::addColumn<int>("kind"); ///< of the low cluster
    QTest::newRow("owner") << 0 << static_cast<int>(ClusterOwner::Data);
    QTest::newRow("count") << 1 << 0;
    QTest::newRow("verdict") << 2 << static_cast<int>(MapVerdict::TooLow);
    QTest::newRow("snapshots") << 3 << static_cast<int>(SnapshotShare::ActiveOnly);
}

void TestMap::coloursTellApartWhatIsChosen()
{
    QFETCH(int, colorBy);
    QFETCH(int, kind);
    open(m_damaged);
    child<QComboBox>(QStringLiteral("mapColorBy")).setCurrentIndex(colorBy);
    const MapColors& colors = view().colors();
    QCOMPARE(static_cast<int>(colors.colorBy()), colorBy);
    QVERIFY(
        shows(picture(), view().cellRect(HostCluster(m_low)), colors.classes()[static_cast<std::size_t>(kind)].color));
    auto& button = child<QToolButton>(QStringLiteral("mapClass%1").arg(kind));
    QVERIFY(button.isVisible());
    child<QComboBox>(QStringLiteral("mapLayout")).setCurrentIndex(1);
    QCOMPARE(view().layoutOfMap().kind(), MapLayout::Kind::Hilbert);
    QVERIFY(
        shows(picture(), view().cellRect(HostCluster(m_low)), colors.classes()[static_cast<std::size_t>(kind)].color));
}

void TestMap::theMinimapMovesTheMap()
{
    MapCells& cells = *m_panel->findChild<MapCells*>();
    open(m_image);
    cells.setSource(std::make_shared<PlainSource>());
    QVERIFY(waitForJobs());
    view().zoomToFit();
    for (int i = 0; i < 6; ++i)
        view().zoomIn();
    auto& minimap = child<Minimap>(QStringLiteral("minimap"));
    QTest::mouseClick(&minimap, Qt::LeftButton, {}, QPoint(minimap.width() / 2, minimap.height() / 2));
    const double middle = view().visiblePart().center().y() / view().layoutOfMap().size().height();
    QVERIFY(middle > 0.3 && middle < 0.95);
    QTest::mouseClick(&minimap, Qt::LeftButton, {}, QPoint(minimap.width() / 2, 1));
    QVERIFY(view().visiblePart().y() < 0.1 * view().layoutOfMap().size().height());
}

void TestMap::theMinimapCanBeHidden()
{
    open(m_image);
    auto& minimap = child<Minimap>(QStringLiteral("minimap"));
    QVERIFY(minimap.isVisible());
    const int narrow = view().width();
    QTest::mouseClick(&child<QToolButton>(QStringLiteral("mapShowMinimap")), Qt::LeftButton);
    QVERIFY(!minimap.isVisible());
    QVERIFY(QTest::qWaitFor([&] { return view().width() > narrow; }));
}

void TestMap::saysWhatIsUnderTheMouseAndWhoRefersToIt()
{
    open(m_damaged);
    QTest::mouseMove(view().viewport(), center(m_low));
    const QString caption = child<QLabel>(QStringLiteral("mapCaption")).text();
    QVERIFY(caption.contains(QStringLiteral("data")));
    QVERIFY(caption.contains(QStringLiteral("count 0")));
    QVERIFY(caption.contains(QStringLiteral("too low")));
    QHelpEvent help(QEvent::ToolTip, center(m_low), view().viewport()->mapToGlobal(center(m_low)));
    QApplication::sendEvent(view().viewport(), &help);
    QVERIFY(QTest::qWaitFor([] { return QToolTip::text().contains(QStringLiteral("L2 entry")); }));
    QToolTip::hideText();
}

void TestMap::savesPngAndSvg()
{
    open(m_image);
    QSignalSpy exported(m_panel.get(), &MapPanel::exported);
    QTest::mouseClick(&child<QToolButton>(QStringLiteral("mapExport")), Qt::LeftButton);
    auto* dialog = m_panel->findChild<QFileDialog*>(QStringLiteral("mapExportDialog"));
    QVERIFY(dialog);
    dialog->close();
    const QString png = m_folder.path(QStringLiteral("map.png"));
    m_panel->exportTo(png);
    QVERIFY(QTest::qWaitFor([&] { return exported.count() == 1; }));
    const QImage image(png);
    QCOMPARE(image.size(), QSize(1600, 1000));
    for (const ClusterOwner owner : {ClusterOwner::Header, ClusterOwner::L2Table, ClusterOwner::Data})
        QVERIFY(shows(image, image.rect(), ownerColor(owner, false)));
    const QString svg = m_folder.path(QStringLiteral("map.svg"));
    m_panel->exportTo(svg);
    QVERIFY(QTest::qWaitFor([&] { return exported.count() == 2; }));
    QFile file(svg);
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QByteArray drawing = file.readAll();
    QVERIFY(drawing.contains("<svg") && drawing.contains("image.qcow2"));
    QVERIFY(drawing.contains(ownerColor(ClusterOwner::Header, false).name().toLatin1()));
}

void TestMap::saysWhyTheMapCannotBeSaved()
{
    open(m_image);
    QSignalSpy refused(m_panel.get(), &MapPanel::exportFailed);
    m_panel->exportTo(m_folder.path(QStringLiteral("nowhere/map.png")));
    QVERIFY(QTest::qWaitFor([&] { return refused.count() == 1; }));
    auto* box = m_panel->findChild<QMessageBox*>(QStringLiteral("mapExportError"));
    QVERIFY(box && box->text().contains(QStringLiteral("nowhere")));
    box->close();
}

void TestMap::drawsWithoutAWidget()
{
    auto pyramid = std::make_shared<MapPyramid>(std::make_shared<PlainSource>());
    QVERIFY(pyramid->build({}));
    const QImage image = mapImage({pyramid, QStringLiteral("plain"), MapColors(MapColorBy::Verdict, 1, 65535, false),
        MapLayout::Kind::Hilbert, false, QSize(800, 500)});
    QVERIFY(shows(image, image.rect(), MapColors(MapColorBy::Verdict, 1, 65535, false).classes()[6].color));
}

void TestMap::remembersHowItLooked()
{
    child<QComboBox>(QStringLiteral("mapColorBy")).setCurrentIndex(2);
    child<QComboBox>(QStringLiteral("mapLayout")).setCurrentIndex(1);
    child<QToolButton>(QStringLiteral("mapShowMinimap")).setChecked(false);
    MapPanel next(*m_document);
    QCOMPARE(next.findChild<QComboBox*>(QStringLiteral("mapColorBy"))->currentIndex(), 2);
    QCOMPARE(next.findChild<QComboBox*>(QStringLiteral("mapLayout"))->currentIndex(), 1);
    QVERIFY(!next.findChild<QToolButton*>(QStringLiteral("mapShowMinimap"))->isChecked());
    QCOMPARE(next.findChild<MapView*>()->layoutOfMap().kind(), MapLayout::Kind::Hilbert);
}

void TestMap::followsTheTheme()
{
    open(m_image);
    QVERIFY(shows(picture(), view().viewport()->rect(), ownerColor(ClusterOwner::Header, false)));
    m_panel->setPalette(darkPalette());
    QVERIFY(QTest::qWaitFor(
        [&] { return shows(picture(), view().viewport()->rect(), ownerColor(ClusterOwner::Header, true)); }));
}

void TestMap::namesWhatCanBeOperated()
{
    open(m_image);
    const auto widgets = m_panel->findChildren<QWidget*>();
    for (const QWidget* widget : widgets)
        if (widget->isVisible() && (widget->focusPolicy() & Qt::TabFocus))
            QVERIFY2(!widget->accessibleName().isEmpty(), qPrintable(widget->objectName()));
}

QTEST_MAIN(TestMap)
#include "tst_map.moc"
