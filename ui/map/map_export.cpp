// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/map/map_export.h"

#include "ui/cells/map_legend.h"
#include "ui/cells/map_picture.h"
#include "ui/common/format.h"
#include "ui/common/palette.h"

#include <QCoreApplication>
#include <QFile>
#include <QPainter>
#include <QSaveFile>
#include <QSvgGenerator>

#include <algorithm>

namespace cowscope::ui
{

namespace
{

constexpr int kMargin = 16;
constexpr int kLine = 24; ///< height of a line of the legend
constexpr QSize kSwatch(26, 16);
constexpr double kVectorCell = 8; ///< least width of a cell in a picture made of rectangles

QString tr(const char* text)
{
    return QCoreApplication::translate("MapExport", text);
}

struct LegendEntry {
    MapClass described;
    QString text;
    QRect place;
};

/// The classes that occur, in lines of the picture's width, the last line at its bottom. Returns the height as well.
std::pair<std::vector<LegendEntry>, int> placeLegend(const MapExport& wanted, const QFontMetrics& metrics)
{
    std::vector<LegendEntry> entries;
    const auto totals = classTotals(wanted.colors.colorBy(), wanted.pyramid->totals());
    QPoint at(kMargin, 0);
    for (std::size_t i = 0; i < wanted.colors.classes().size(); ++i) {
        if (totals[i] == 0)
            continue;
        const MapClass& described = wanted.colors.classes()[i];
        const QString text = tr("%1: %2").arg(described.name, formatCount(totals[i]));
        const int width = kSwatch.width() + 6 + metrics.horizontalAdvance(text);
        if (at.x() > kMargin && at.x() + width > wanted.size.width() - kMargin)
            at = QPoint(kMargin, at.y() + kLine);
        entries.push_back({described, text, QRect(at, QSize(width, kLine))});
        at.rx() += width + kMargin;
    }
    const int height = at.y() + kLine;
    for (LegendEntry& entry : entries)
        entry.place.translate(0, wanted.size.height() - kMargin / 2 - height);
    return {entries, height};
}

void paintLegend(QPainter& painter, const std::vector<LegendEntry>& entries)
{
    const QPen text = painter.pen();
    for (const LegendEntry& entry : entries) {
        QRect swatch(entry.place.topLeft(), kSwatch);
        swatch.moveTop(entry.place.center().y() - kSwatch.height() / 2);
        paintSwatch(painter, swatch, entry.described);
        painter.setPen(text);
        painter.drawText(
            entry.place.adjusted(kSwatch.width() + 6, 0, 0, 0), Qt::AlignLeft | Qt::AlignVCenter, entry.text);
    }
}

void paint(QPainter& painter, const MapExport& wanted, bool vector)
{
    const QPalette palette = wanted.dark ? darkPalette() : lightPalette();
    const QColor background = palette.color(QPalette::Base);
    painter.fillRect(QRect(QPoint(), wanted.size), background);
    painter.setPen(palette.color(QPalette::Text));
    QFont font;
    font.setPixelSize(13);
    painter.setFont(font);
    const auto [legend, legendHeight] = placeLegend(wanted, QFontMetrics(font));
    paintLegend(painter, legend);

    font.setPixelSize(18);
    painter.setFont(font);
    painter.setPen(palette.color(QPalette::Text));
    const std::uint64_t clusters = wanted.pyramid->source().clusters();
    const QString title = tr("%1 \u00b7 %2 clusters \u00b7 %3")
                              .arg(wanted.title, formatCount(clusters), colorByText(wanted.colors.colorBy()));
    const QRect head(kMargin, kMargin / 2, wanted.size.width() - 2 * kMargin, 28);
    painter.drawText(
        head, Qt::AlignLeft | Qt::AlignVCenter, QFontMetrics(font).elidedText(title, Qt::ElideMiddle, head.width()));

    const QRect area
        = QRect(QPoint(), wanted.size).adjusted(kMargin, head.bottom() + 8, -kMargin, -(legendHeight + kMargin));
    const MapLayout layout(wanted.kind, clusters, QSizeF(area.size()), 0, vector ? kVectorCell : MapLayout::kLeastCell);
    const VisibleCells visible = VisibleCells::of(layout, {}, QSizeF(area.size()));
    CellStore store(wanted.pyramid);
    store.prepare(layout.level(), visible.wanted());
    painter.setClipRect(area);
    if (vector)
        paintMap(painter, area.topLeft(), layout, visible, store, wanted.colors);
    else
        painter.drawImage(
            area.topLeft(), drawMap(layout, {}, area.size(), 1, visible, &store, wanted.colors, background));
}

} // namespace

QImage mapImage(const MapExport& wanted)
{
    QImage image(wanted.size, QImage::Format_RGB32);
    QPainter painter(&image);
    paint(painter, wanted, false);
    return image;
}

Result<void> saveMap(const MapExport& wanted, const QString& path)
{
    QSaveFile file(path);
    const auto refused = [&] {
        return fail(ErrorKind::Io,
            tr("The map could not be saved as %1: %2").arg(path, file.errorString()).toStdString(), {},
            tr("Choose another folder.").toStdString());
    };
    if (!file.open(QIODevice::WriteOnly))
        return refused();
    if (path.endsWith(QStringLiteral(".svg"), Qt::CaseInsensitive)) {
        QSvgGenerator generator;
        generator.setOutputDevice(&file);
        generator.setSize(wanted.size);
        generator.setViewBox(QRect(QPoint(), wanted.size));
        generator.setTitle(tr("Map of %1").arg(wanted.title));
        QPainter painter(&generator);
        paint(painter, wanted, true);
        painter.end();
    } else if (!mapImage(wanted).save(&file, "PNG")) {
        file.cancelWriting();
    }
    if (!file.commit())
        return refused();
    return {};
}

} // namespace cowscope::ui
