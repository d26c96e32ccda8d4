// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/findings/finding_details.h"

#include "core/analysis/referrers.h"
#include "ui/common/format.h"
#include "ui/common/palette.h"
#include "ui/findings/finding_model.h"

#include <QEvent>

#include <algorithm>

namespace cowscope::ui
{

namespace
{

constexpr int kPauseMilliseconds = 120;

std::vector<HostCluster> clustersOf(const Finding& finding)
{
    std::vector<HostCluster> clusters;
    const std::uint64_t count = std::clamp<std::uint64_t>(finding.clusters, 1, FindingDetails::kClusters);
    for (std::uint64_t i = 0; i < count; ++i)
        clusters.push_back(finding.cluster + i);
    return clusters;
}

/// What the job found, as text lines, so that no name of the image reaches the page unescaped.
Result<std::any> findLines(const Image& image, const std::vector<HostCluster>& clusters, const TaskContext& task)
{
    auto found = findReferrers(image, clusters, FindingDetails::kMostEach, task);
    if (!found)
        return failed(found);
    QStringList lines;
    for (const Referrer& referrer : *found) {
        const QString text = toQString(referrer.text(image)).toHtmlEscaped();
        lines += clusters.size() == 1
            ? text
            : FindingDetails::tr("cluster %1: %2").arg(formatCount(referrer.cluster.value()), text);
    }
    return std::any(lines);
}

QString paragraph(const QString& heading, const QString& html)
{
    return QStringLiteral("<p style=\"margin:2px 0 6px 0\"><b>%1</b><br>%2</p>").arg(heading, html);
}

} // namespace

FindingDetails::FindingDetails(QWidget* parent)
    : QTextBrowser(parent)
{
    setObjectName(QStringLiteral("findingDetails"));
    setAccessibleName(tr("The selected finding"));
    setOpenLinks(false);
    setTabChangesFocus(true);
    m_pause.setSingleShot(true);
    m_pause.setInterval(kPauseMilliseconds);
    connect(&m_pause, &QTimer::timeout, this, &FindingDetails::startLooking);
}

void FindingDetails::showNone(const QString& hint)
{
    m_pause.stop();
    m_job.reset();
    m_image.reset();
    setHtml(QStringLiteral("<p>%1</p>").arg(hint.toHtmlEscaped()));
}

void FindingDetails::showGroup(const FindingGroup& group)
{
    showNone({});
    QString html
        = QStringLiteral("<p style=\"margin:0 0 6px 0\"><b>%1</b></p>").arg(toQString(group.title).toHtmlEscaped());
    if (!group.why.empty())
        html += paragraph(tr("What happened"), toQString(group.why).toHtmlEscaped());
    QString owners;
    for (const std::string& owner : group.owners)
        owners += QStringLiteral("\u2022 ") + toQString(owner).toHtmlEscaped() + QStringLiteral("<br>");
    if (!owners.isEmpty())
        html += paragraph(tr("Who claims the cluster"), owners);
    html += paragraph(tr("The rule"), toQString(group.rule).toHtmlEscaped());
    html += paragraph(tr("What a repair would do"), toQString(group.repair).toHtmlEscaped());
    setHtml(html);
}

void FindingDetails::showFinding(std::shared_ptr<const Image> image, const Finding& finding)
{
    m_job.reset();
    m_image = std::move(image);
    m_finding = finding;
    writePage(tr("Looking\u2026"));
    m_pause.start();
}

void FindingDetails::startLooking()
{
    m_job = std::make_unique<Job>(
        tr("Finding who refers"), [image = m_image, clusters = clustersOf(m_finding)](const TaskContext& task) {
            return findLines(*image, clusters, task);
        });
    connect(m_job.get(), &Job::finished, this, [this](const std::any& result) {
        const auto& lines = std::any_cast<const QStringList&>(result);
        QString html = lines.isEmpty() ? tr("Nothing refers to it.") : lines.join(QStringLiteral("<br>"));
        if (m_finding.clusters > kClusters)
            html += QStringLiteral("<br>") + tr("(the first %1 clusters)").arg(formatCount(kClusters));
        writePage(html);
    });
    connect(m_job.get(), &Job::failed, this, [this](const Error& error) { writePage(errorText(error)); });
    m_job->start();
}

void FindingDetails::writePage(const QString& referrers)
{
    m_referrers = referrers;
    const FindingText& text = findingText(m_finding.kind);
    const QColor color
        = text.severity == Severity::Note ? palette().color(QPalette::Text) : findingColor(isDark(palette()));
    QString html = QStringLiteral("<p style=\"margin:0 0 6px 0\"><b style=\"color:%1\">%2</b> (%3)<br>%4</p>")
                       .arg(color.name(), toQString(text.title).toHtmlEscaped(), severityText(text.severity),
                           findingPlace(m_finding, m_image->geometry().clusterBits()));
    QStringList facts;
    if (m_finding.offset)
        facts += tr("Entry at %1").arg(formatOffset(*m_finding.offset));
    if (!m_finding.detail.empty())
        facts += toQString(m_finding.detail).toHtmlEscaped();
    if (const QString expected = findingExpected(m_finding); !expected.isEmpty())
        facts += tr("Expected: %1").arg(expected);
    if (const QString actual = findingActual(m_finding); !actual.isEmpty())
        facts += tr("Found: %1").arg(actual);
    if (!facts.isEmpty())
        html += QStringLiteral("<p style=\"margin:0 0 6px 0\">%1</p>").arg(facts.join(QStringLiteral("<br>")));
    html += paragraph(tr("Who refers to it"), referrers);
    html += paragraph(tr("The rule"), toQString(text.rule).toHtmlEscaped());
    html += paragraph(tr("What a repair would do"), toQString(text.repair).toHtmlEscaped());
    setHtml(html);
}

void FindingDetails::changeEvent(QEvent* event)
{
    QTextBrowser::changeEvent(event);
    if (event->type() == QEvent::PaletteChange && m_image)
        writePage(m_referrers);
}

} // namespace cowscope::ui
