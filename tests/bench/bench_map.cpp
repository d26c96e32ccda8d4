// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later

// Drives the real map without a display and prints how long its frames take:
//
//     QT_QPA_PLATFORM=offscreen build-release/tests/bench/bench_map IMAGE
//     QT_QPA_PLATFORM=offscreen build-release/tests/bench/bench_map --synthetic 1000000000
//
// With an image it opens the whole program, and measures from the call to open it: the first useful picture (a map with
// colours), the time until everything is summed up, the longest time that an event kept the GUI's thread, and the most
// memory. `qemu-img create -f qcow2 -o preallocation=metadata huge.qcow2 8T` makes an image of 134 million clusters.
#include "tests/bench/frame_times.h"
#include "tests/bench/synthetic_source.h"
#include "ui/cells/map_cells.h"
#include "ui/cells/map_view.h"
#include "ui/shell/main_window.h"

#include <QApplication>
#include <QComboBox>
#include <QCommandLineParser>
#include <QSettings>
#include <QTemporaryDir>
#include <QTextStream>
#include <QWheelEvent>
#include <QtTest/QtTest>

using namespace cowscope;
using namespace cowscope::bench;
using namespace cowscope::ui;

namespace
{

constexpr QSize kWindow(1400, 900);

void print(const QString& line)
{
    QTextStream(stdout) << line << Qt::endl;
}

/// Notes which event kept the thread longest, and when the map was first painted with something known.
class Application : public QApplication
{
public:
    using QApplication::QApplication;

    bool notify(QObject* receiver, QEvent* event) override
    {
        const auto type = event->type();
        const QString name = QStringLiteral("%1 to %2")
                                 .arg(QLatin1String(QMetaEnum::fromType<QEvent::Type>().valueToKey(type)),
                                     QLatin1String(receiver->metaObject()->className()));
        const bool outermost = !m_inside;
        m_inside = true;
        const double before = FrameTimes::clockMilliseconds();
        const double ranBefore = FrameTimes::threadMilliseconds();
        const bool result = QApplication::notify(receiver, event);
        const double now = FrameTimes::clockMilliseconds();
        if (outermost) {
            m_inside = false;
            longestRan = std::max(longestRan, FrameTimes::threadMilliseconds() - ranBefore);
            if (now - before > longest) {
                longest = now - before;
                longestName = name;
            }
        }
        if (type == QEvent::Paint && firstPicture == 0 && cells && cells->ready() > 0 && receiver == viewport)
            firstPicture = now;
        return result;
    }

    QString longestEvent()
    {
        const QString text = QStringLiteral("%1 ms (%2), in the time of this thread %3 ms")
                                 .arg(longest, 0, 'f', 1)
                                 .arg(longestName)
                                 .arg(longestRan, 0, 'f', 1);
        longest = longestRan = 0;
        return text;
    }

    double longest = 0; ///< milliseconds
    double longestRan = 0; ///< likewise, of the time that the thread ran
    QString longestName;
    double firstPicture = 0;
    const MapCells* cells = nullptr;
    const QObject* viewport = nullptr;

private:
    bool m_inside = false;
};

/// Wheel and drag as a user does, each event with the frame that follows from it.
class Driver
{
public:
    Driver(MapView& view, int frames)
        : m_view(view)
        , m_frames(frames)
    {
    }

    void run(const QString& name)
    {
        FrameTimes zoom;
        FrameTimes pan;
        m_view.zoomToFit();
        const int steps = m_view.layoutOfMap().largestZoom();
        const int pans = std::max(1, m_frames / std::max(1, 2 * steps));
        for (int i = 0; i < 2 * steps; ++i) {
            const QPointF at(m_view.viewport()->width() * (0.3 + 0.4 * (i % 2)), m_view.viewport()->height() * 0.6);
            zoom.measure([&] { wheel(at, i < steps ? 120 : -120); });
            drag(pan, pans, at);
        }
        print(zoom.text(name + QStringLiteral(", zoom")));
        print(pan.text(name + QStringLiteral(", pan")));
    }

private:
    void wheel(QPointF at, int angle)
    {
        QWheelEvent event(at, m_view.viewport()->mapToGlobal(at), {}, QPoint(0, angle), Qt::NoButton, Qt::NoModifier,
            Qt::NoScrollPhase, false);
        QApplication::sendEvent(m_view.viewport(), &event);
        show();
    }

    void drag(FrameTimes& pan, int count, QPointF from)
    {
        mouse(QEvent::MouseButtonPress, from, Qt::LeftButton, Qt::LeftButton);
        for (int i = 1; i <= count; ++i)
            pan.measure([&] {
                const double way = 17.0 * i;
                mouse(QEvent::MouseMove, from - QPointF(way, way), Qt::NoButton, Qt::LeftButton);
                show();
            });
        mouse(QEvent::MouseButtonRelease, from, Qt::LeftButton, Qt::NoButton);
    }

    void mouse(QEvent::Type type, QPointF at, Qt::MouseButton button, Qt::MouseButtons buttons)
    {
        QMouseEvent event(type, at, m_view.viewport()->mapToGlobal(at), button, buttons, Qt::NoModifier);
        QApplication::sendEvent(m_view.viewport(), &event);
    }

    /// The frame, and what else the program does because of it.
    void show()
    {
        m_view.viewport()->repaint();
        QCoreApplication::processEvents();
    }

    MapView& m_view;
    int m_frames;
};

void drive(MapView& view, int frames)
{
    for (const auto kind : {MapLayout::Kind::Rows, MapLayout::Kind::Hilbert}) {
        view.setKind(kind);
        for (int i = 0; i < kMapColorByCount; ++i) {
            const auto colorBy = static_cast<MapColorBy>(i);
            view.setColors(MapColors(colorBy, 5, 65535, false));
            Driver(view, frames)
                .run(QStringLiteral("%1, %2").arg(
                    kind == MapLayout::Kind::Rows ? QStringLiteral("rows") : QStringLiteral("curve"),
                    colorByText(colorBy)));
        }
    }
}

int measureSynthetic(Application& app, std::uint64_t clusters, int frames)
{
    MapCells cells;
    MapView view(cells);
    app.cells = &cells;
    app.viewport = view.viewport();
    view.setColors(MapColors(MapColorBy::Owner, 5, 65535, false));
    view.resize(kWindow);
    view.show();
    const double start = FrameTimes::clockMilliseconds();
    cells.setSource(std::make_shared<SyntheticSource>(clusters));
    if (!QTest::qWaitFor([&] { return cells.isComplete(); }, 300'000))
        return 1;
    print(QStringLiteral("%1 clusters, synthetic: first picture after %2 ms, summed up after %3 ms")
              .arg(clusters)
              .arg(app.firstPicture - start, 0, 'f', 0)
              .arg(FrameTimes::clockMilliseconds() - start, 0, 'f', 0));
    drive(view, frames);
    return 0;
}

int measureImage(Application& app, const QString& path, int frames)
{
    auto* window = new MainWindow;
    window->resize(kWindow);
    window->show();
    auto* cells = window->findChild<MapCells*>();
    auto* view = window->findChild<MapView*>();
    app.cells = cells;
    app.viewport = view->viewport();
    QCoreApplication::processEvents();
    app.longestEvent(); // before anything is open
    const double start = FrameTimes::clockMilliseconds();
    double opened = 0;
    double ran = FrameTimes::processMilliseconds();
    QObject::connect(
        &window->document(), &ImageDocument::opened, window,
        [&] {
            opened = FrameTimes::clockMilliseconds();
            ran = FrameTimes::processMilliseconds() - ran;
        },
        Qt::DirectConnection);
    window->openPath(path);
    if (!QTest::qWaitFor([&] { return cells->isComplete() && !Job::anyRunning(); }, 300'000))
        return 1;
    print(QStringLiteral("%1: %2 clusters; opened after %3 ms (%6 ms of processor time), first picture after %4 ms, "
                         "all jobs ended after %5 ms")
              .arg(path)
              .arg(cells->clusters())
              .arg(opened - start, 0, 'f', 0)
              .arg(app.firstPicture - start, 0, 'f', 0)
              .arg(FrameTimes::clockMilliseconds() - start, 0, 'f', 0)
              .arg(ran, 0, 'f', 0));
    print(QStringLiteral("longest event while opening: ") + app.longestEvent());
    print(QStringLiteral("peak memory when open: %1 MiB").arg(peakMebibytes(), 0, 'f', 0));
    drive(*view, frames);
    window->close();
    return 0;
}

} // namespace

int main(int argc, char** argv)
{
    Application app(argc, argv);
    QCommandLineParser parser;
    const QCommandLineOption synthetic(QStringLiteral("synthetic"),
        QStringLiteral("A source of that many clusters instead of an image."), QStringLiteral("CLUSTERS"));
    const QCommandLineOption frames(QStringLiteral("frames"), QStringLiteral("Frames of panning for each way to look."),
        QStringLiteral("NUMBER"), QStringLiteral("300"));
    parser.addOptions({synthetic, frames});
    parser.addPositionalArgument(QStringLiteral("image"), QStringLiteral("The image to open."));
    parser.process(app);
    const QTemporaryDir settings;
    QSettings::setDefaultFormat(QSettings::IniFormat);
    QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, settings.path());
    const int count = parser.value(frames).toInt();
    int status = 2;
    if (parser.isSet(synthetic))
        status = measureSynthetic(app, parser.value(synthetic).toULongLong(), count);
    else if (parser.positionalArguments().size() == 1)
        status = measureImage(app, parser.positionalArguments().first(), count);
    else
        print(QStringLiteral("bench_map takes an image or --synthetic CLUSTERS"));
    print(QStringLiteral("longest event since then: ") + app.longestEvent());
    print(QStringLiteral("peak memory: %1 MiB").arg(peakMebibytes(), 0, 'f', 0));
    Job::waitForAll();
    return status;
}
