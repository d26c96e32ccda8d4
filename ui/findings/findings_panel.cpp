// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/findings/findings_panel.h"

#include "ui/common/format.h"
#include "ui/common/table.h"
#include "ui/common/verdict.h"
#include "ui/findings/finding_model.h"

#include <QHeaderView>
#include <QLabel>
#include <QTableView>
#include <QVBoxLayout>

namespace cowscope::ui
{

FindingsPanel::FindingsPanel(ImageDocument& document, QWidget* parent)
    : EmptyState(parent)
    , m_document(document)
    , m_model(new FindingModel(this))
    , m_summary(new QLabel(this))
    , m_view(makeTable(QStringLiteral("findingsTable"), tr("Findings"), this))
{
    m_view->setModel(m_model);
    setColumnWidths(*m_view, {10, 24, 52, 8, 10, 56, 56});
    m_summary->setObjectName(QStringLiteral("findingsSummary"));
    m_summary->setContentsMargins(6, 3, 6, 3);
    auto* content = new QWidget(this);
    auto* layout = new QVBoxLayout(content);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(m_summary);
    layout->addWidget(m_view);
    setContent(content);
    connect(m_view, &QTableView::activated, this, [this](const QModelIndex& index) {
        const Finding& finding = m_model->finding(index.row());
        m_document.selection().select(ClusterRange{finding.cluster, std::max<std::uint64_t>(1, finding.clusters)});
    });
    connect(&document, &ImageDocument::opened, this, &FindingsPanel::refresh);
    connect(&document, &ImageDocument::closed, this, &FindingsPanel::refresh);
    refresh();
}

void FindingsPanel::refresh()
{
    const auto census = m_document.census();
    m_model->setCensus(census, census ? m_document.image()->geometry().clusterBits() : 0);
    if (!census) {
        showEmpty(tr("What is wrong with an open image appears here."));
        return;
    }
    if (census->findings.empty()) {
        showEmpty(tr("No errors and no leaks were found."));
        return;
    }
    QString summary = tr("%1. Double click a finding to go to its clusters.").arg(verdictLine(*census));
    if (census->findingsDropped > 0)
        summary += tr(" %1 more are not listed.").arg(formatCount(census->findingsDropped));
    m_summary->setText(summary);
    showContent();
}

} // namespace cowscope::ui
