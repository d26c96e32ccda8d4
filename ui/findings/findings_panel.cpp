// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/findings/findings_panel.h"

#include "ui/common/format.h"
#include "ui/common/table.h"
#include "ui/common/table_export.h"
#include "ui/common/verdict.h"
#include "ui/findings/finding_details.h"
#include "ui/findings/finding_model.h"
#include "ui/findings/group_model.h"

#include <QAction>
#include <QComboBox>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QSettings>
#include <QSignalBlocker>
#include <QSplitter>
#include <QStackedWidget>
#include <QTableView>
#include <QToolButton>
#include <QTreeView>

namespace cowscope::ui
{

namespace
{
const QString kGroupedKey = QStringLiteral("findings/grouped");
} // namespace

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
    , m_groups(new GroupModel(this))
    , m_tree(makeTree())
    , m_lists(new QStackedWidget(this))
    , m_grouped(new QToolButton(this))
    , m_export(makeTableButton(*m_view, this))
    , m_details(new FindingDetails(this))
    , m_list(new EmptyState(this))
{
    m_view->setModel(m_filter);
    m_view->setSortingEnabled(true);
    m_view->horizontalHeader()->setSortIndicatorClearable(true);
    m_view->sortByColumn(-1, Qt::AscendingOrder); // severest first, as the census has them
    setColumnWidths(*m_view, {11, 26, 14, 12, 13, 26, 44, 56, 56});
    auto* splitter = new QSplitter(Qt::Horizontal, this);
    m_lists->addWidget(m_view);
    m_lists->addWidget(m_tree);
    splitter->addWidget(m_lists);
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
    connect(m_tree, &QTreeView::activated, this, &FindingsPanel::goToGroup);
    connect(m_tree->selectionModel(), &QItemSelectionModel::selectionChanged, this, &FindingsPanel::showGroup);
    connect(m_grouped, &QToolButton::toggled, this, [this](bool grouped) {
        QSettings().setValue(kGroupedKey, grouped);
        showGrouped();
    });
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
    m_grouped->setObjectName(QStringLiteral("groupFindings"));
    m_grouped->setText(tr("By cause"));
    m_grouped->setToolTip(tr("Group the findings by their likely cause"));
    m_grouped->setCheckable(true);
    m_grouped->setFocusPolicy(Qt::StrongFocus);
    m_grouped->setChecked(QSettings().value(kGroupedKey, true).toBool());
    auto* bar = new QWidget(this);
    m_barLayout->setContentsMargins(6, 3, 6, 3);
    m_barLayout->addWidget(m_summary, 1);
    m_barLayout->addWidget(m_grouped);
    m_barLayout->addWidget(m_severity);
    m_barLayout->addWidget(m_kind);
    m_barLayout->addWidget(m_export);
    bar->setLayout(m_barLayout);
    return bar;
}

QTreeView* FindingsPanel::makeTree()
{
    auto* tree = new QTreeView(this);
    tree->setObjectName(QStringLiteral("findingGroups"));
    tree->setAccessibleName(tr("Findings by likely cause"));
    tree->setModel(m_groups);
    tree->setUniformRowHeights(true);
    tree->setAlternatingRowColors(true);
    tree->setEditTriggers(QAbstractItemView::NoEditTriggers);
    tree->setExpandsOnDoubleClick(false); // a double click goes to the clusters
    QHeaderView& header = *tree->header();
    header.setStretchLastSection(false);
    header.setResizeContentsPrecision(0); // of what is in sight
    header.setSectionResizeMode(QHeaderView::ResizeToContents);
    header.setSectionResizeMode(GroupModel::Title, QHeaderView::Stretch);
    addTableActions(*tree);
    return tree;
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
    m_job.reset();
    const auto census = m_document.census();
    m_groups->setGroups(nullptr, nullptr, 0);
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
    m_grouped->setVisible(any);
    m_export->setVisible(any);
    showGrouped();
    if (any)
        startGrouping();
    if (any)
        m_list->showContent();
    else
        m_list->showEmpty(tr("No errors and no leaks were found."));
    showContent();
}

void FindingsPanel::startGrouping()
{
    using Groups = GroupModel::Groups;
    m_job = std::make_unique<Job>(tr("Looking for causes"),
        [image = m_document.image(), census = m_document.census()](const TaskContext& task) -> Result<std::any> {
            auto groups = groupFindings(*image, *census, task);
            if (!groups)
                return failed(groups);
            return std::any(std::make_shared<const Groups>(std::move(*groups)));
        });
    connect(m_job.get(), &Job::finished, this, [this](const std::any& result) {
        m_groups->setGroups(m_document.census(), std::any_cast<std::shared_ptr<const Groups>>(result),
            m_document.image()->geometry().clusterBits());
        showGrouped();
    });
    m_job->start(); // if it fails, the findings stay one by one
}

/// The tree where groups are wanted and known, else the table with its filters.
void FindingsPanel::showGrouped()
{
    const bool any = m_document.census() && !m_document.census()->findings.empty();
    const bool grouped = m_grouped->isChecked() && m_groups->rowCount() > 0;
    m_lists->setCurrentIndex(grouped ? 1 : 0);
    m_severity->setVisible(any && !grouped);
    m_kind->setVisible(any && !grouped);
    if (grouped)
        showGroup();
    else
        showFinding();
}

void FindingsPanel::showGroup()
{
    const QModelIndexList rows = m_tree->selectionModel()->selectedRows();
    if (rows.isEmpty() || !m_document.image())
        return showFinding();
    if (const Finding* finding = m_groups->finding(rows.first()))
        m_details->showFinding(m_document.image(), *finding);
    else
        m_details->showGroup(m_groups->group(rows.first()));
}

/// Selects the clusters of a finding, or of the first finding of a group.
void FindingsPanel::goToGroup(const QModelIndex& index)
{
    const Finding* finding = m_groups->finding(index);
    if (finding == nullptr)
        finding = &m_document.census()->findings[m_groups->group(index).findings.front()];
    m_document.selection().select(ClusterRange{finding->cluster, std::max<std::uint64_t>(1, finding->clusters)});
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
