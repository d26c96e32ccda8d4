// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/charts_panel.h"

#include "core/edit/amend/amend_plan.h"
#include "ui/charts/owner_chart.h"
#include "ui/common/format.h"
#include "ui/common/plots/distribution_chart.h"

#include <QLabel>
#include <QScrollArea>
#include <QVBoxLayout>

#include <algorithm>

namespace cowscope::ui
{

namespace
{

constexpr int kChartHeight = 240;

using Widths = std::array<WidthAssessment, kWidthCount>;

QString bitsText(unsigned bits)
{
    return bits == 1 ? ChartsPanel::tr("1 bit") : ChartsPanel::tr("%1 bits").arg(bits);
}

QList<BarChart::Bar> widthBars(const Widths& widths)
{
    QList<BarChart::Bar> bars;
    for (const WidthAssessment& width : widths) {
        const QString bits = bitsText(width.bits());
        if (width.state == WidthState::Refused)
            bars.push_back({ChartsPanel::tr("%1: no").arg(width.bits()),
                ChartsPanel::tr("%1: not possible. %2")
                    .arg(bits, width.refusals.empty() ? QString() : toQString(width.refusals.front())),
                0});
        else
            bars.push_back({ChartsPanel::tr("%1: %2").arg(width.bits()).arg(formatBytes(width.metadataBytes)),
                ChartsPanel::tr("%1: %2").arg(bits, formatExactBytes(width.metadataBytes)),
                static_cast<double>(width.metadataBytes)});
    }
    return bars;
}

QString widthsTitle(const Widths& widths)
{
    const auto today = std::ranges::find(widths, WidthState::Current, &WidthAssessment::state);
    return today == widths.end() ? ChartsPanel::tr("What each refcount width costs on this image")
                                 : ChartsPanel::tr("What each refcount width costs on this image (today %1, %2)")
                                       .arg(bitsText(today->bits()), formatBytes(today->metadataBytes));
}

} // namespace

ChartsPanel::ChartsPanel(ImageDocument& document, QWidget* parent)
    : EmptyState(parent)
    , m_document(document)
    , m_counts(new DistributionChart(this))
    , m_owners(new OwnerChart(this))
    , m_widths(new BarChart(this))
{
    m_counts->setObjectName(QStringLiteral("countChart"));
    m_widths->setObjectName(QStringLiteral("widthChart"));
    m_widths->setAccessibleName(tr("Bytes of refcount metadata at each width"));
    m_widths->setAxisTitles(tr("refcount width in bits"), tr("bytes (logarithmic)"));
    auto* content = new QWidget(this);
    content->setAutoFillBackground(true);
    content->setBackgroundRole(QPalette::Base);
    auto* layout = new QVBoxLayout(content);
    layout->setContentsMargins(8, 8, 8, 8);
    addSection(*layout, tr("How many clusters have which count"), m_counts);
    addSection(*layout, tr("What the file is used for"), m_owners);
    m_widthsTitle = addSection(*layout, tr("What each refcount width costs on this image"), m_widths);
    auto* scroll = new QScrollArea(this);
    scroll->setObjectName(QStringLiteral("chartsScroll"));
    scroll->setAccessibleName(tr("Charts"));
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setWidgetResizable(true);
    scroll->setWidget(content);
    setContent(scroll);
    connect(&document, &ImageDocument::opened, this, &ChartsPanel::refresh);
    connect(&document, &ImageDocument::closed, this, &ChartsPanel::refresh);
    refresh();
}

QLabel* ChartsPanel::addSection(QVBoxLayout& layout, const QString& title, QWidget* chart)
{
    auto* label = new QLabel(title, this);
    QFont font = label->font();
    font.setBold(true);
    label->setFont(font);
    label->setBuddy(chart);
    layout.addWidget(label);
    chart->setMinimumHeight(kChartHeight);
    layout.addWidget(chart, 1);
    return label;
}

void ChartsPanel::refresh()
{
    m_job.reset();
    const auto image = m_document.image();
    if (!image) {
        m_owners->setCensus(nullptr, 0);
        showEmpty(tr("Charts of an open image appear here."));
        return;
    }
    m_counts->setHistogram(m_document.census()->histogram);
    m_owners->setCensus(m_document.census(), image->geometry().clusterBits());
    m_widths->setBars({});
    showContent();
    startWidths();
}

void ChartsPanel::startWidths()
{
    m_job = std::make_unique<Job>(tr("Assessing widths"),
        [image = m_document.image(), census = m_document.census()](
            const TaskContext&) -> Result<std::any> { return std::any(assessWidths(*image, *census)); });
    connect(m_job.get(), &Job::finished, this, [this](const std::any& result) {
        const auto& widths = std::any_cast<const Widths&>(result);
        m_widths->setBars(widthBars(widths));
        m_widthsTitle->setText(widthsTitle(widths));
    });
    m_job->start();
}

} // namespace cowscope::ui
