// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/export/pdf_report.h"

#include <QImage>
#include <QPainter>
#include <QPdfWriter>
#include <QSaveFile>
#include <QSvgRenderer>
#include <QTextDocument>
#include <QUrl>

namespace cowscope::ui
{

namespace
{

constexpr qreal kSharpness = 3; ///< pixels of a picture for each pixel of a page at 96 dpi

QImage rendered(const std::string& svg)
{
    QSvgRenderer renderer(QByteArray::fromStdString(svg));
    QImage image(renderer.defaultSize() * kSharpness, QImage::Format_ARGB32_Premultiplied);
    image.fill(Qt::white);
    QPainter painter(&image);
    renderer.render(&painter);
    painter.end();
    image.setDevicePixelRatio(kSharpness);
    return image;
}

Error saveError(const QSaveFile& file)
{
    return {ErrorKind::Io, file.errorString().toStdString(), std::nullopt, {}, file.fileName().toStdString()};
}

} // namespace

Result<void> writePdf(const HtmlReport& report, const QString& path)
{
    QSaveFile file(path);
    if (!file.open(QIODevice::WriteOnly))
        return std::unexpected(saveError(file));
    QTextDocument document;
    for (std::size_t i = 0; i < report.pictures.size(); ++i)
        document.addResource(
            QTextDocument::ImageResource, QUrl(QStringLiteral("picture:%1").arg(i)), rendered(report.pictures[i]));
    document.setHtml(QString::fromStdString(report.html));
    QPdfWriter writer(&file);
    writer.setPageSize(QPageSize(QPageSize::A4));
    writer.setCreator(QStringLiteral("Cowscope"));
    writer.setTitle(document.metaInformation(QTextDocument::DocumentTitle));
    document.print(&writer);
    if (!file.commit())
        return std::unexpected(saveError(file));
    return {};
}

} // namespace cowscope::ui
