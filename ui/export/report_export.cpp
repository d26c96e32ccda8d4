// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/export/report_export.h"

#include "ui/export/pdf_report.h"

#include <QFileDialog>
#include <QFileInfo>
#include <QSaveFile>

namespace cowscope::ui
{

namespace
{

QString suffixOf(const QString& path)
{
    return QFileInfo(path).suffix().toLower();
}

Result<void> writeText(const std::string& text, const QString& path)
{
    QSaveFile file(path);
    const auto size = static_cast<qint64>(text.size());
    if (file.open(QIODevice::WriteOnly) && file.write(text.data(), size) == size && file.commit())
        return {};
    return std::unexpected(
        Error{ErrorKind::Io, file.errorString().toStdString(), std::nullopt, {}, path.toStdString()});
}

Result<void> write(const ImageReport& report, const QString& path)
{
    const QString suffix = suffixOf(path);
    if (suffix == QStringLiteral("pdf"))
        return writePdf(htmlReport(report, ReportStyle::Print), path);
    if (suffix == QStringLiteral("json"))
        return writeText(reportJson(report).dump(4, ' ', false, nlohmann::json::error_handler_t::replace) + "\n", path);
    return writeText(htmlReport(report, ReportStyle::Screen).html, path);
}

} // namespace

ReportExport::ReportExport(ImageDocument& document, QObject* parent)
    : QObject(parent)
    , m_document(document)
{
    connect(&document, &ImageDocument::closed, this, [this] { m_job.reset(); });
}

void ReportExport::choose(QWidget* parent)
{
    if (!m_document.image())
        return;
    const QFileInfo image(m_document.path());
    auto* dialog = new QFileDialog(
        parent, tr("Export report"), image.absolutePath(), tr("HTML (*.html);;PDF (*.pdf);;JSON (*.json)"));
    dialog->setObjectName(QStringLiteral("reportDialog"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setDefaultSuffix(QStringLiteral("html"));
    dialog->selectFile(image.completeBaseName() + QStringLiteral("-report.html"));
    connect(dialog, &QFileDialog::filterSelected, dialog,
        [dialog](const QString& filter) { dialog->setDefaultSuffix(filter.section(u'.', 1).section(u')', 0, 0)); });
    connect(dialog, &QFileDialog::fileSelected, this, &ReportExport::start);
    dialog->open();
}

void ReportExport::start(const QString& path)
{
    if (QFileInfo(path) == QFileInfo(m_document.path())) {
        Q_EMIT failed(Error{ErrorKind::Refused, "The report would overwrite the image itself", std::nullopt,
            "Choose another name.", path.toStdString()});
        return;
    }
    m_job = std::make_unique<Job>(tr("Writing a report"),
        [image = m_document.image(), census = m_document.census(), name = m_document.path().toStdString(), path](
            const TaskContext& task) -> Result<std::any> {
            auto report = makeReport(image, census, name, task);
            if (!report)
                return cowscope::failed(report);
            if (auto written = write(*report, path); !written)
                return cowscope::failed(written);
            return std::any();
        });
    connect(m_job.get(), &Job::finished, this, [this, path] { Q_EMIT saved(path); });
    connect(m_job.get(), &Job::failed, this, &ReportExport::failed);
    Q_EMIT jobStarted(m_job.get());
    m_job->start();
}

} // namespace cowscope::ui
