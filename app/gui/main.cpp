// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/demo.h"
#include "app/gui/screenshots.h"
#include "core/storage/standard_streams.h"
#include "ui/common/palette.h"
#include "ui/jobs/job.h"
#include "ui/shell/main_window.h"
#include "ui/shell/safe_end.h"

#include <QApplication>
#include <QCommandLineParser>
#include <QIcon>
#include <QSettings>
#include <QTemporaryDir>
#include <QTextStream>

#include <algorithm>
#include <memory>
#include <string_view>

using namespace cowscope;

namespace
{

struct Options {
    QString screenshots; ///< folder, or empty
    QString demo; ///< folder, or empty
    QSize size; ///< of the window, or invalid
    QStringList images;
};

QString tr(const char* text)
{
    return QCoreApplication::translate("main", text);
}

[[noreturn]] void refuse(const QString& why)
{
    QTextStream(stderr) << QStringLiteral("cowscope: ") << why << Qt::endl;
    exit(2);
}

QSize parseSize(const QString& text)
{
    const QStringList parts = text.split(u'x');
    const QSize size = parts.size() == 2 ? QSize(parts[0].toInt(), parts[1].toInt()) : QSize();
    if (size.isEmpty())
        refuse(tr("--size takes WIDTHxHEIGHT, for example 1600x1000"));
    return size;
}

void applyTheme(const QString& theme)
{
    if (theme != QStringLiteral("light") && theme != QStringLiteral("dark"))
        refuse(tr("--theme takes light or dark"));
    QApplication::setStyle(QStringLiteral("Fusion"));
    QApplication::setPalette(theme == QStringLiteral("dark") ? ui::darkPalette() : ui::lightPalette());
    if (theme == QStringLiteral("dark")) {
        // The style draws an empty box as the base with a darker edge: nobody would see it.
        QPalette boxes = ui::darkPalette();
        boxes.setColor(QPalette::Base, boxes.color(QPalette::Window).lighter(180));
        QApplication::setPalette(boxes, "QCheckBox");
    }
}

Options parseOptions()
{
    QCommandLineParser parser;
    parser.setApplicationDescription(tr("Shows, checks and safely changes qcow2 disk images."));
    parser.addHelpOption();
    parser.addVersionOption();
    const QCommandLineOption screenshots(QStringLiteral("screenshot"),
        tr("Open IMAGE, save a picture of the window with each view into DIR, and end."), QStringLiteral("DIR"));
    const QCommandLineOption demo(QStringLiteral("demo"),
        tr("Change a copy of IMAGE, or of a sample, to 64-bit refcounts with the amend wizard, take a snapshot of it, "
           "repair a damaged sample, create an image, leave pictures and a report in DIR, and end."),
        QStringLiteral("DIR"));
    const QCommandLineOption size(
        QStringLiteral("size"), tr("Size of the window, for example 1600x1000."), QStringLiteral("WIDTHxHEIGHT"));
    const QCommandLineOption theme(
        QStringLiteral("theme"), tr("Colours of the program: light or dark."), QStringLiteral("THEME"));
    parser.addOptions({screenshots, demo, size, theme});
    parser.addPositionalArgument(
        QStringLiteral("image"), tr("Images to open, each in a window."), QStringLiteral("[IMAGE...]"));
    parser.process(*QCoreApplication::instance());

    Options options{parser.value(screenshots), parser.value(demo), {}, parser.positionalArguments()};
    if (parser.isSet(size))
        options.size = parseSize(parser.value(size));
    if (parser.isSet(theme))
        applyTheme(parser.value(theme));
    if (parser.isSet(screenshots) && options.images.size() != 1)
        refuse(tr("--screenshot takes one image"));
    if (parser.isSet(demo) && options.images.size() > 1)
        refuse(tr("--demo takes one image at most"));
    return options;
}

/// A run without a user neither follows nor changes the user's settings.
void useSettingsIn(const QTemporaryDir& folder)
{
    QSettings::setDefaultFormat(QSettings::IniFormat);
    QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, folder.path());
}

/// Help and version are printed without a display.
std::unique_ptr<QCoreApplication> makeApplication(int& argc, char** argv)
{
    const auto asksForText = [](std::string_view argument) {
        return argument == "-h" || argument == "--help" || argument == "--help-all" || argument == "-v"
            || argument == "--version";
    };
    if (std::any_of(argv + 1, argv + argc, asksForText))
        return std::make_unique<QCoreApplication>(argc, argv);
    return std::make_unique<QApplication>(argc, argv);
}

int runWindows(const Options& options)
{
    auto* window = new ui::MainWindow;
    if (options.size.isValid())
        window->resize(options.size);
    if (!options.screenshots.isEmpty()) {
        auto* pictures = new Screenshots(*window, options.screenshots, options.size, window);
        QObject::connect(
            pictures, &Screenshots::done, qApp, [](bool success) { QCoreApplication::exit(success ? 0 : 1); });
    }
    window->show();
    window->openPaths(options.images);
    return QApplication::exec();
}

} // namespace

int main(int argc, char** argv)
{
    openMissingStandardStreams();
    const auto app = makeApplication(argc, argv);
    QApplication::setOrganizationName(QStringLiteral("Cowscope"));
    QApplication::setApplicationName(QStringLiteral("cowscope"));
    QApplication::setApplicationVersion(QStringLiteral(COWSCOPE_VERSION));
    const Options options = parseOptions(); // ends the program for help and version

    QApplication::setApplicationDisplayName(QStringLiteral("Cowscope"));
    QApplication::setDesktopFileName(QStringLiteral("org.cowscope.Cowscope"));
    QApplication::setWindowIcon(QIcon(QStringLiteral(":/icons/cowscope.svg")));
    const ui::SafeEnd safeEnd;
    const QTemporaryDir settings;
    if (!options.screenshots.isEmpty() || !options.demo.isEmpty())
        useSettingsIn(settings);
    const int status = options.demo.isEmpty() ? runWindows(options) : runDemo(options.images.value(0), options.demo);
    ui::Job::waitForAll();
    return status;
}
