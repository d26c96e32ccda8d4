// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/references/references_panel.h"

#include "ui/common/format.h"
#include "ui/common/splitter.h"
#include "ui/common/table.h"
#include "ui/common/text_label.h"
#include "ui/document/selected_clusters.h"
#include "ui/references/graph_view.h"
#include "ui/references/reference_model.h"

#include <QLabel>
#include <QSplitter>
#include <QTableView>
#include <QVBoxLayout>

namespace cowscope::ui
{

namespace
{
constexpr int kSettleMilliseconds = 150; ///< a cursor that wanders asks for nothing
} // namespace

ReferencesPanel::ReferencesPanel(ImageDocument& document, QWidget* parent)
    : EmptyState(parent)
    , m_document(document)
    , m_heading(makeTextLabel(QStringLiteral("referencesHeading"), this))
    , m_splitter(new QSplitter(Qt::Horizontal, this))
    , m_graph(new GraphView(this))
    , m_list(makeTable(QStringLiteral("referenceList"), tr("References of the selected cluster"), this))
    , m_model(new ReferenceModel(this))
{
    m_heading->setTextFormat(Qt::PlainText);
    m_heading->setContentsMargins(6, 4, 6, 4);
    m_list->setModel(m_model);
    setColumnWidths(*m_list, {15, 20, 48, 18});
    m_splitter->setObjectName(QStringLiteral("referencesSplitter"));
    m_splitter->addWidget(m_graph);
    m_splitter->addWidget(m_list);
    m_splitter->setChildrenCollapsible(false);
    rememberSizes(*m_splitter);
    auto* content = new QWidget(this);
    auto* layout = new QVBoxLayout(content);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(m_heading);
    layout->addWidget(m_splitter, 1);
    setContent(content);
    m_settle.setSingleShot(true);
    m_settle.setInterval(kSettleMilliseconds);
    connect(&m_settle, &QTimer::timeout, this, &ReferencesPanel::lookUp);
    connect(m_graph, &GraphView::chosen, this, &ReferencesPanel::follow);
    connect(m_list, &QTableView::activated, this, [this](const QModelIndex& index) {
        const ReferenceModel::Target target = m_model->target(index.row());
        follow(target.first, target.clusters);
    });
    connect(&document, &ImageDocument::opened, this, &ReferencesPanel::refresh);
    connect(&document, &ImageDocument::closed, this, &ReferencesPanel::refresh);
    connect(&document.selection(), &Selection::changed, this, &ReferencesPanel::refresh);
    refresh();
}

void ReferencesPanel::refresh()
{
    m_job.reset();
    m_settle.stop();
    const auto image = m_document.image();
    const auto clusters = image ? selectedClusters(m_document.selection().current(), *image) : std::nullopt;
    if (!clusters) {
        m_stale = false;
        showEmpty(image ? tr("Select something that stands in the file: who refers to it, and what it refers to, "
                             "appears here.")
                        : tr("Who refers to a cluster of an open image appears here."));
        return;
    }
    m_stale = true;
    m_heading->setText(tr("Looking up who refers to cluster %1\u2026").arg(formatCount(clusters->first.value())));
    m_model->setReferences(image, {});
    m_graph->setGraph({});
    showContent();
    if (isVisible())
        m_settle.start();
}

void ReferencesPanel::showEvent(QShowEvent* event)
{
    EmptyState::showEvent(event);
    if (m_stale)
        m_settle.start();
}

/// Side by side where the panel is low and wide.
void ReferencesPanel::resizeEvent(QResizeEvent* event)
{
    EmptyState::resizeEvent(event);
    if (isVisible()) // a place behind another tab has no size of its own yet
        m_splitter->setOrientation(width() > 2 * height() ? Qt::Horizontal : Qt::Vertical);
}

void ReferencesPanel::lookUp()
{
    const auto image = m_document.image();
    const auto clusters = image ? selectedClusters(m_document.selection().current(), *image) : std::nullopt;
    if (!clusters)
        return;
    m_stale = false;
    m_job = std::make_unique<Job>(
        tr("Looking up references"), [image, cluster = clusters->first](const TaskContext& task) -> Result<std::any> {
            auto found = ClusterReferences::find(*image, cluster, task);
            if (!found)
                return failed(found);
            return std::any(std::move(*found));
        });
    connect(m_job.get(), &Job::finished, this,
        [this](const std::any& result) { showReferences(std::any_cast<const ClusterReferences&>(result)); });
    connect(m_job.get(), &Job::failed, this, [this](const Error& error) { showEmpty(toQString(error.text())); });
    m_job->start();
}

void ReferencesPanel::showReferences(const ClusterReferences& found)
{
    m_heading->setText(heading(found));
    m_model->setReferences(m_document.image(), found);
    m_graph->setGraph(ReferenceGraph::of(*m_document.image(), found));
    showContent();
}

QString ReferencesPanel::heading(const ClusterReferences& found) const
{
    const QString cluster = formatCount(found.cluster.value());
    if (found.roles.empty())
        return tr("Nothing refers to cluster %1.").arg(cluster);
    QStringList owners;
    for (const ClusterOwner role : found.roles)
        owners += ownerText(role);
    const bool all = found.referrers.size() < ClusterReferences::kMostReferrers;
    const QString count = formatCount(found.referrers.size());
    const QString how = found.referrers.size() == 1 ? tr("one reference")
        : all                                       ? tr("%1 references").arg(count)
                                                    : tr("the first %1 references").arg(count);
    return found.roles.size() == 1 ? tr("Cluster %1 is %2: %3.").arg(cluster, owners.first(), how)
                                   : tr("Cluster %1 is claimed as %2, which contradict each other: %3.")
                                         .arg(cluster, owners.join(tr(" and as ")), how);
}

void ReferencesPanel::follow(HostCluster first, std::uint64_t clusters)
{
    m_document.selection().select(ClusterRange{first, clusters});
}

} // namespace cowscope::ui
