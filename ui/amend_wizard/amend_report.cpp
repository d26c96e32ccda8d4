// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/amend_wizard/amend_report.h"

#include "ui/common/format.h"

#include <nlohmann/json.hpp>

#include <QCoreApplication>
#include <QFile>
#include <QFileInfo>
#include <QSaveFile>

namespace cowscope::ui
{

namespace
{

struct Text {
    Q_DECLARE_TR_FUNCTIONS(cowscope::ui::AmendReport)
};

QString title(const AmendReport& report)
{
    return Text::tr("Refcount width of %1").arg(report.path);
}

QString verdictLine(const AmendReport& report)
{
    return Text::tr("Check after the change: %1").arg(verdictText(report.after));
}

QString placeLine(const AmendReport& report)
{
    if (!report.plan)
        return report.summary ? splitText(*report.summary) : QString();
    const AmendPlan& plan = *report.plan;
    const std::uint64_t offset = plan.firstNewCluster.value() << report.before.clusterBits;
    return Text::tr("New refblocks: %1, new reftable clusters: %2, from offset %3. Clusters freed: %4.")
        .arg(formatCount(plan.newRefblocks.size()), formatCount(plan.newReftableClusters), formatHex(offset),
            formatCount(plan.oldClusters()));
}

QString textRow(const QString& name, const QString& before, const QString& after)
{
    return QStringLiteral("  %1 %2   %3\n").arg(name, -28).arg(before, 28).arg(after, 28);
}

QString htmlRow(const char* tag, const QString& name, const QString& before, const QString& after)
{
    const QString cell = QString::fromLatin1(tag);
    return QStringLiteral("<tr><th>%2</th><%1>%3</%1><%1>%4</%1></tr>\n")
        .arg(cell, name.toHtmlEscaped(), before.toHtmlEscaped(), after.toHtmlEscaped());
}

nlohmann::json factsAsJson(const QList<ComparedFact>& facts, std::uint64_t ComparedFact::*number)
{
    nlohmann::json object;
    for (const ComparedFact& fact : facts)
        object[fact.key.toStdString()] = fact.*number;
    return object;
}

nlohmann::json planAsJson(const AmendPlan& plan, unsigned clusterBits)
{
    return {
        {"new-offset", plan.firstNewCluster.value() << clusterBits},
        {"new-refblocks", plan.newRefblocks.size()},
        {"new-reftable-clusters", plan.newReftableClusters},
        {"old-reftable-offset", plan.oldReftable.value()},
        {"freed-clusters", plan.oldClusters()},
    };
}

nlohmann::json summaryAsJson(const AmendSummary& summary)
{
    return {
        {"copied-clusters", summary.split.clusters},
        {"copied-bytes", summary.split.bytes},
        {"tables-moved", summary.tablesMoved},
        {"old-version", summary.oldVersion},
        {"new-version", summary.newVersion},
    };
}

QByteArray render(const AmendReport& report, const QString& path)
{
    const QString suffix = QFileInfo(path).suffix().toLower();
    if (suffix == QLatin1String("json"))
        return reportAsJson(report);
    if (suffix == QLatin1String("html") || suffix == QLatin1String("htm"))
        return reportAsHtml(report);
    return reportAsText(report);
}

} // namespace

QByteArray reportAsText(const AmendReport& report)
{
    QString text = title(report) + QStringLiteral("\n\n");
    text += textRow(QString(), Text::tr("before"), Text::tr("after"));
    for (const ComparedFact& fact : compareFacts(report.before, report.after))
        text += textRow(fact.name, fact.before, fact.after);
    text += QLatin1Char('\n') + placeLine(report) + QLatin1Char('\n') + verdictLine(report) + QLatin1Char('\n');
    return text.toUtf8();
}

QByteArray reportAsHtml(const AmendReport& report)
{
    QString rows = htmlRow("th", QString(), Text::tr("before"), Text::tr("after"));
    for (const ComparedFact& fact : compareFacts(report.before, report.after))
        rows += htmlRow("td", fact.name, fact.before, fact.after);
    const QString page = QStringLiteral("<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>%1</title>\n"
                                        "<style>body{font-family:sans-serif;margin:2em}td,th{padding:.3em .8em}"
                                        "td{text-align:right;border-top:1px solid #ccc}th{text-align:left}</style>\n"
                                        "</head><body><h1>%1</h1>\n<table>\n%2</table>\n<p>%3</p>\n<p><b>%4</b></p>\n"
                                        "</body></html>\n");
    return page
        .arg(
            title(report).toHtmlEscaped(), rows, placeLine(report).toHtmlEscaped(), verdictLine(report).toHtmlEscaped())
        .toUtf8();
}

QByteArray reportAsJson(const AmendReport& report)
{
    const QList<ComparedFact> facts = compareFacts(report.before, report.after);
    nlohmann::json json{
        {"filename", report.path.toStdString()},
        {"clean", report.after.isClean()},
        {"before", factsAsJson(facts, &ComparedFact::beforeNumber)},
        {"after", factsAsJson(facts, &ComparedFact::afterNumber)},
    };
    if (report.plan)
        json["plan"] = planAsJson(*report.plan, report.before.clusterBits);
    if (report.summary)
        json["amend"] = summaryAsJson(*report.summary);
    return QByteArray::fromStdString(json.dump(4) + '\n');
}

Result<void> saveReport(const AmendReport& report, const QString& path)
{
    QSaveFile file(path);
    const QByteArray bytes = render(report, path);
    if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size() || !file.commit()) {
        return std::unexpected(Error{ErrorKind::Io, "The report cannot be written: " + file.errorString().toStdString(),
            {}, "Choose another folder.", QFile::encodeName(path).toStdString()});
    }
    return {};
}

} // namespace cowscope::ui
