// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/charts_panel.h"

#include "ui/charts/chart_figures.h"
#include "ui/charts/owner_chart.h"
#include "ui/charts/share_chart.h"
#include "ui/common/format.h"
#include "ui/common/plots/distribution_chart.h"

#include <QLabel>
#include <QScrollArea>
#include <QVBoxLayout>

#include <utility>

namespace cowscope::ui
{

namespace
{

constexpr int kChartHeight = 240;

} // namespace

ChartsPanel::ChartsPanel(ImageDocument& document, QWidget* parent)
    : EmptyState(parent)
    , m_document(document)
    , m_counts(new DistributionChart(this))
    , m_owners(new OwnerChart(this))
    , m_widths(new BarChart(this))
    , m_refblocks(new BarChart(this))
    , m_fragmentation(new BarChart(this))
    , m_shares(new ShareChart(this))
{
    m_counts->setObjectName(QStringLiteral("countChart"));
    m_widths->setObjectName(QStringLiteral("widthChart"));
    m_widths->setAccessibleName(tr("Bytes of refcount metadata at each width"));
    m_widths->setAxisTitles(tr("refcount width in bits"), tr("bytes (logarithmic)"));
    m_refblocks->setObjectName(QStringLiteral("refblockChart"));
    m_refblocks->setAccessibleName(tr("Refblocks by how full they are"));
    m_refblocks->setAxisTitles(tr("entries in use, up to so many %"), tr("refblocks (logarithmic)"));
    m_fragmentation->setObjectName(QStringLiteral("fragmentationChart"));
    m_fragmentation->setAccessibleName(tr("Guest clusters by the length of their run"));
    m_fragmentation->setAxisTitles(tr("length of the run in clusters"), tr("clusters (logarithmic)"));
    auto* content = new QWidget(this);
    content->setAutoFillBackground(true);
    content->setBackgroundRole(QPalette::Base);
    auto* layout = new QVBoxLayout(content);
    layout->setContentsMargins(8, 8, 8, 8);
    addSection(*layout, tr("How many clusters have which count"), m_counts);
    addSection(*layout, tr("What the file is used for"), m_owners);
    m_widthsTitle = addSection(*layout, tr("What each refcount width costs on this image"), m_widths);
    addSection(*layout, tr("How full the refblocks are"), m_refblocks);
    m_fragmentationTitle = addSection(*layout, tr("Guest data by the length of contiguous runs"), m_fragmentation);
    m_sharesTitle = addSection(*layout, tr("What the active disk and each snapshot use alone, and share"), m_shares);
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
    label->setWordWrap(true);
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
        m_stale = false;
        showEmpty(tr("Charts of an open image appear here."));
        return;
    }
    m_counts->setHistogram(m_document.census()->histogram);
    m_owners->setCensus(m_document.census(), image->geometry().clusterBits());
    m_widths->setBars({});
    m_refblocks->setBars({});
    m_fragmentation->setBars({});
    m_shares->clear();
    const bool snapshots = !image->snapshots().empty();
    m_shares->setVisible(snapshots);
    m_sharesTitle->setVisible(snapshots);
    showContent();
    m_stale = !isVisible();
    if (!m_stale)
        startFigures();
}

void ChartsPanel::showEvent(QShowEvent* event)
{
    EmptyState::showEvent(event);
    if (std::exchange(m_stale, false))
        startFigures();
}

void ChartsPanel::startFigures()
{
    m_job = std::make_unique<Job>(tr("Measuring for the charts"),
        [image = m_document.image(), census = m_document.census()](const TaskContext& task) -> Result<std::any> {
            auto figures = takeFigures(*image, *census, task);
            if (!figures)
                return failed(figures);
            return std::any(std::make_shared<const ChartFigures>(std::move(*figures)));
        });
    connect(m_job.get(), &Job::finished, this,
        [this](const std::any& result) { showFigures(*std::any_cast<std::shared_ptr<const ChartFigures>>(result)); });
    m_job->start();
}

void ChartsPanel::showFigures(const ChartFigures& figures)
{
    m_widths->setBars(widthBars(figures.widths));
    m_widthsTitle->setText(widthsTitle(figures.widths));
    m_refblocks->setBars(refblockBars(figures.refblocks));
    m_fragmentation->setBars(fragmentationBars(figures.fragmentation));
    m_fragmentationTitle->setText(fragmentationTitle(figures.fragmentation));
    if (!figures.ledger.snapshots.empty())
        m_shares->setLedger(*m_document.image(), figures.ledger);
}

} // namespace cowscope::ui
