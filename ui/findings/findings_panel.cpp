// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/findings/findings_panel.h"

#include "ui/common/format.h"
#include "ui/common/table.h"
#include "ui/common/verdict.h"
#include "ui/findings/finding_details.h"
#include "ui/findings/finding_model.h"

#include <QAction>
#include <QComboBox>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QSignalBlocker>
#include <QSplitter>
#include <QTableView>
#include <QToolButton>

namespace cowscope::ui
{

FindingsPanel::FindingsPanel(ImageDocument& document, QWidget* parent)
    : EmptyState(parent)
    , m_document(document)
    , m_model(new FindingModel(this))
    , m_filter(new FindingFilter(m_model))
    , m_barLayout(new QHBoxLayout)
    , m_summary(new QLabel(this))
    , m_severity(new QComboBox(this))
    , m_kind(new QComboBox(this))
    , m_view(makeTable(QStringLiteral("findingsTable"), tr("Findings"), this))
    , m_details(new FindingDetails(this))
    , m_list(new EmptyState(this))
{
    m_view->setModel(m_filter);
    m_view->setSortingEnabled(true);
    m_view->horizontalHeader()->setSortIndicatorClearable(true);
    m_view->sortByColumn(-1, Qt::AscendingOrder); // severest first, as the census has them
    setColumnWidths(*m_view, {11, 26, 14, 12, 13, 26, 44, 56, 56});
    auto* splitter = new QSplitter(Qt::Horizontal, this);
    splitter->addWidget(m_view);
    splitter->addWidget(m_details);
    splitter->setStretchFactor(0, 5);
    splitter->setStretchFactor(1, 3);
    splitter->setChildrenCollapsible(false);
    m_list->setContent(splitter);
    auto* content = new QWidget(this);
    auto* layout = new QVBoxLayout(content);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(makeBar());
    layout->addWidget(m_list, 1);
    setContent(content);
    connect(m_view, &QTableView::activated, this, &FindingsPanel::goToFinding);
    connect(m_view->selectionModel(), &QItemSelectionModel::selectionChanged, this, &FindingsPanel::showFinding);
    connect(m_severity, &QComboBox::currentIndexChanged, this, &FindingsPanel::applyFilter);
    connect(m_kind, &QComboBox::currentIndexChanged, this, &FindingsPanel::applyFilter);
    connect(&document, &ImageDocument::opened, this, &FindingsPanel::refresh);
    connect(&document, &ImageDocument::closed, this, &FindingsPanel::refresh);
    refresh();
}

QWidget* FindingsPanel::makeBar()
{
    m_summary->setObjectName(QStringLiteral("findingsSummary"));
    m_summary->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred); // its text must not widen the window
    m_severity->setObjectName(QStringLiteral("findingSeverityFilter"));
    m_severity->setAccessibleName(tr("Show findings of this severity"));
    m_severity->addItem(tr("Any severity"));
    for (const Severity severity : {Severity::Corruption, Severity::Leak, Severity::CheckError, Severity::Note})
        m_severity->addItem(severityText(severity), static_cast<int>(severity));
    m_kind->setObjectName(QStringLiteral("findingKindFilter"));
    m_kind->setAccessibleName(tr("Show findings of this kind"));
    m_kind->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_kind->setMinimumContentsLength(14);
    auto* bar = new QWidget(this);
    m_barLayout->setContentsMargins(6, 3, 6, 3);
    m_barLayout->addWidget(m_summary, 1);
    m_barLayout->addWidget(m_severity);
    m_barLayout->addWidget(m_kind);
    bar->setLayout(m_barLayout);
    return bar;
}

void FindingsPanel::setActions(const QList<QAction*>& actions)
{
    for (QAction* action : actions) {
        auto* button = new QToolButton(this);
        button->setDefaultAction(action);
        button->setObjectName(action->objectName() + QStringLiteral("Button"));
        button->setToolButtonStyle(Qt::ToolButtonTextOnly);
        button->setFocusPolicy(Qt::StrongFocus);
        m_barLayout->addWidget(button);
        button->show();
    }
}

void FindingsPanel::refresh()
{
    const auto census = m_document.census();
    m_model->setCensus(census, census ? m_document.image()->geometry().clusterBits() : 0);
    if (!census) {
        m_details->showNone({});
        showEmpty(tr("What is wrong with an open image appears here."));
        return;
    }
    fillKinds();
    applyFilter();
    showFinding();
    QString summary = verdictLine(*census);
    if (census->findingsDropped > 0)
        summary += tr(" (%1 more are not listed)").arg(formatCount(census->findingsDropped));
    m_summary->setText(summary);
    m_summary->setToolTip(summary);
    const bool any = !census->findings.empty();
    m_severity->setVisible(any);
    m_kind->setVisible(any);
    if (any)
        m_list->showContent();
    else
        m_list->showEmpty(tr("No errors and no leaks were found."));
    showContent();
}

/// Offers the kinds that there are, keeping the choice where it is still there.
void FindingsPanel::fillKinds()
{
    const QVariant chosen = m_kind->currentData();
    const QSignalBlocker quiet(m_kind);
    m_kind->clear();
    m_kind->addItem(tr("Any kind"));
    const Census& census = *m_document.census();
    for (std::size_t i = 0; i < kFindingKindCount; ++i) {
        const auto kind = static_cast<FindingKind>(i);
        if (census.count(kind) > 0)
            m_kind->addItem(tr("%1 (%2)").arg(toQString(findingText(kind).title), formatCount(census.count(kind))),
                static_cast<int>(i));
    }
    m_kind->setCurrentIndex(chosen.isValid() ? std::max(0, m_kind->findData(chosen)) : 0);
}

void FindingsPanel::applyFilter()
{
    const QVariant severity = m_severity->currentData();
    const QVariant kind = m_kind->currentData();
    m_filter->setSeverity(severity.isValid() ? std::optional(static_cast<Severity>(severity.toInt())) : std::nullopt);
    m_filter->setKind(kind.isValid() ? std::optional(static_cast<FindingKind>(kind.toInt())) : std::nullopt);
}

void FindingsPanel::showFinding()
{
    const QModelIndexList rows = m_view->selectionModel()->selectedRows();
    if (rows.isEmpty() || !m_document.image())
        m_details->showNone(tr("Select a finding to see what it means and who refers to its clusters. A double click, "
                               "or Enter, goes to them."));
    else
        m_details->showFinding(m_document.image(), m_model->finding(m_filter->mapToSource(rows.first()).row()));
}

void FindingsPanel::goToFinding(const QModelIndex& index)
{
    const Finding& finding = m_model->finding(m_filter->mapToSource(index).row());
    m_document.selection().select(ClusterRange{finding.cluster, std::max<std::uint64_t>(1, finding.clusters)});
}

} // namespace cowscope::ui
