// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/clusters/cluster_panel.h"

#include "ui/clusters/cluster_model.h"
#include "ui/common/format.h"
#include "ui/common/table.h"
#include "ui/common/wrapping_layout.h"
#include "ui/document/selected_clusters.h"

#include <QComboBox>
#include <QHeaderView>
#include <QLabel>
#include <QScopedValueRollback>
#include <QSignalBlocker>
#include <QSpinBox>
#include <QTableView>
#include <QVBoxLayout>

#include <algorithm>

namespace cowscope::ui
{

ClusterPanel::ClusterPanel(ImageDocument& document, QWidget* parent)
    : EmptyState(parent)
    , m_document(document)
    , m_model(new ClusterModel(this))
    , m_view(makeTable(QStringLiteral("clusterTable"), tr("Clusters"), this))
    , m_owner(new QComboBox(this))
    , m_verdict(new QComboBox(this))
    , m_leastCount(new QSpinBox(this))
    , m_page(new QSpinBox(this))
    , m_pageText(new QLabel(this))
    , m_shown(new QLabel(this))
{
    m_view->setModel(m_model);
    m_view->setSelectionMode(QAbstractItemView::ContiguousSelection);
    setColumnWidths(*m_view, {10, 12, 22, 9, 11, 18});
    m_view->horizontalHeader()->setSectionsClickable(true);
    m_view->horizontalHeader()->setSortIndicatorShown(true);
    m_view->horizontalHeader()->setSortIndicator(ClusterModel::Cluster, Qt::AscendingOrder);
    connect(m_view->horizontalHeader(), &QHeaderView::sectionClicked, this, &ClusterPanel::sortBy);
    auto* content = new QWidget(this);
    auto* layout = new QVBoxLayout(content);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(makeFilterBar());
    layout->addWidget(m_view);
    setContent(content);
    connect(m_view->selectionModel(), &QItemSelectionModel::selectionChanged, this, &ClusterPanel::selectRows);
    connect(&document, &ImageDocument::opened, this, &ClusterPanel::refresh);
    connect(&document, &ImageDocument::closed, this, &ClusterPanel::refresh);
    connect(&document.selection(), &Selection::changed, this, &ClusterPanel::showSelection);
    refresh();
}

void ClusterPanel::setActions(const QList<QAction*>& actions)
{
    m_view->insertActions(m_view->actions().value(0), actions);
}

QWidget* ClusterPanel::makeFilterBar()
{
    m_owner->setObjectName(QStringLiteral("clusterOwnerFilter"));
    m_owner->setAccessibleName(tr("Show clusters of this owner"));
    m_owner->addItem(tr("Any owner"));
    m_owner->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    m_verdict->setObjectName(QStringLiteral("clusterVerdictFilter"));
    m_verdict->setAccessibleName(tr("Show clusters by whether their count is right"));
    m_verdict->addItem(tr("Any count"));
    for (const CountVerdict verdict : {CountVerdict::Right, CountVerdict::TooHigh, CountVerdict::TooLow})
        m_verdict->addItem(tr("Count %1").arg(verdictText(verdict)), static_cast<int>(verdict));
    m_leastCount->setObjectName(QStringLiteral("clusterLeastCount"));
    m_leastCount->setAccessibleName(tr("Show clusters with at least this count"));
    m_leastCount->setRange(0, INT_MAX);
    m_leastCount->setPrefix(tr("Count \u2265 "));
    m_leastCount->setKeyboardTracking(false);
    connect(m_leastCount, &QSpinBox::valueChanged, this, &ClusterPanel::applyFilter);
    m_page->setObjectName(QStringLiteral("clusterPage"));
    m_page->setAccessibleName(tr("Page of the list"));
    m_page->setPrefix(tr("Page "));
    m_page->setKeyboardTracking(false);
    m_shown->setObjectName(QStringLiteral("clustersShown"));
    m_shown->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
    connect(m_owner, &QComboBox::currentIndexChanged, this, &ClusterPanel::applyFilter);
    connect(m_verdict, &QComboBox::currentIndexChanged, this, &ClusterPanel::applyFilter);
    connect(m_page, &QSpinBox::valueChanged, this, [this](int page) { setPage(page - 1); });

    auto* bar = new QWidget(this);
    auto* layout = new WrappingLayout(bar);
    layout->setContentsMargins(4, 4, 4, 4);
    layout->addWidget(m_owner);
    layout->addWidget(m_verdict);
    layout->addWidget(m_leastCount);
    layout->addWidget(m_shown);
    layout->addWidget(m_page);
    layout->addWidget(m_pageText);
    return bar;
}

void ClusterPanel::refresh()
{
    m_job.reset();
    if (!m_document.image()) {
        m_model->setList(nullptr, 0, {});
        showEmpty(tr("The clusters of an open image appear here."));
        return;
    }
    fillOwners();
    showContent();
    applyFilter();
}

/// Offers the owners that the image has, keeping the choice where it is still there.
void ClusterPanel::fillOwners()
{
    const QVariant chosen = m_owner->currentData();
    const QSignalBlocker quiet(m_owner);
    m_owner->clear();
    m_owner->addItem(tr("Any owner"));
    for (std::size_t i = 0; i < kOwnerCount; ++i)
        if (m_document.census()->clustersByOwner[i] > 0)
            m_owner->addItem(ownerText(static_cast<ClusterOwner>(i)), static_cast<int>(i));
    m_owner->setCurrentIndex(chosen.isValid() ? std::max(0, m_owner->findData(chosen)) : 0);
}

ClusterFilter ClusterPanel::filter() const
{
    ClusterFilter filter;
    if (const QVariant owner = m_owner->currentData(); owner.isValid())
        filter.owner = static_cast<ClusterOwner>(owner.toInt());
    if (const QVariant verdict = m_verdict->currentData(); verdict.isValid())
        filter.verdict = static_cast<CountVerdict>(verdict.toInt());
    filter.leastCount = static_cast<std::uint64_t>(m_leastCount->value());
    return filter;
}

void ClusterPanel::applyFilter()
{
    m_job.reset();
    const auto census = m_document.census();
    if (!census)
        return;
    if (filter().matchesAll() && m_order == ClusterOrder()) {
        setList(ClusterList::all(census->map.clusters()));
        return;
    }
    m_shown->setText(tr("Filtering\u2026"));
    m_job = std::make_unique<Job>(tr("Filtering clusters"),
        [census, filter = filter(), order = m_order](const TaskContext& task) -> Result<std::any> {
            auto list = ClusterList::matching(census->map, filter, task, order);
            if (!list)
                return failed(list);
            return std::any(std::move(*list));
        });
    connect(m_job.get(), &Job::finished, this,
        [this](const std::any& result) { setList(std::any_cast<const ClusterList&>(result)); });
    connect(m_job.get(), &Job::failed, this, [this](const Error& error) {
        m_shown->setText(tr("%1. %2").arg(toQString(error.what), toQString(error.next)));
        m_order = {};
        m_view->horizontalHeader()->setSortIndicator(ClusterModel::Cluster, Qt::AscendingOrder);
    });
    m_job->start();
}

/// A first click on a title sorts with the largest on top (clusters: with the last), a second one turns that round.
void ClusterPanel::sortBy(int column)
{
    using By = ClusterOrder::By;
    const By by = column == ClusterModel::Owner ? By::Owner
        : column == ClusterModel::Count         ? By::Count
        : column == ClusterModel::References    ? By::References
        : column == ClusterModel::Verdict       ? By::Verdict
                                                : By::Cluster;
    m_order = {by, !(m_order.by == by && m_order.descending)};
    m_view->horizontalHeader()->setSortIndicator(by == By::Cluster ? ClusterModel::Cluster : column,
        m_order.descending ? Qt::DescendingOrder : Qt::AscendingOrder);
    applyFilter();
}

void ClusterPanel::setList(ClusterList list)
{
    m_model->setList(m_document.census(), m_document.image()->geometry().clusterBits(), std::move(list));
    const std::uint64_t size = m_model->list().size();
    const std::uint64_t all = m_document.census()->map.clusters();
    m_shown->setText(size == 0 ? tr("No cluster matches the filter")
            : size == all      ? tr("%1 clusters").arg(formatCount(all))
                               : tr("%1 of %2 clusters").arg(formatCount(size), formatCount(all)));
    const std::uint64_t pages = std::max<std::uint64_t>(1, m_model->pages());
    const QSignalBlocker quiet(m_page);
    m_page->setRange(1, static_cast<int>(pages));
    m_page->setValue(1);
    m_page->setVisible(pages > 1);
    m_pageText->setVisible(pages > 1);
    m_pageText->setText(tr("of %1").arg(formatCount(pages)));
    showSelection();
}

void ClusterPanel::setPage(int page)
{
    m_model->setPage(static_cast<std::uint64_t>(page));
    m_view->scrollToTop();
}

void ClusterPanel::showSelection()
{
    if (m_showing || !m_document.image() || isEmpty())
        return;
    const QScopedValueRollback showing(m_showing, true);
    const auto selected = selectedClusters(m_document.selection().current(), *m_document.image());
    const auto position = selected ? m_model->list().positionOf(selected->first) : std::nullopt;
    if (!position) {
        m_view->clearSelection();
        return;
    }
    m_page->setValue(static_cast<int>(*position / ClusterModel::kPageRows) + 1);
    const auto first = static_cast<int>(*position % ClusterModel::kPageRows);
    // The part of the range that is listed in a row on this page.
    const std::uint64_t rows = std::min<std::uint64_t>(selected->count, m_model->rowCount() - first);
    int last = first;
    if (m_model->clusterAt(first + static_cast<int>(rows) - 1) - selected->first == rows - 1)
        last = first + static_cast<int>(rows) - 1;
    const QModelIndex top = m_model->index(first, 0);
    m_view->selectionModel()->setCurrentIndex(top, QItemSelectionModel::NoUpdate);
    m_view->selectionModel()->select(
        QItemSelection(top, m_model->index(last, ClusterModel::ColumnCount - 1)), QItemSelectionModel::ClearAndSelect);
    m_view->scrollTo(top);
}

void ClusterPanel::selectRows()
{
    const QItemSelection selection = m_view->selectionModel()->selection();
    if (m_showing || selection.isEmpty())
        return;
    const QScopedValueRollback showing(m_showing, true);
    const auto rows = static_cast<std::uint64_t>(selection.first().height());
    const HostCluster first = m_model->clusterAt(selection.first().top());
    const HostCluster last = m_model->clusterAt(selection.first().bottom());
    // In another order, rows that follow one another need not be a range.
    const bool isRange = m_order.by == ClusterOrder::By::Cluster || (last >= first && last - first + 1 == rows);
    m_document.selection().select(isRange ? ClusterRange{first, last - first + 1} : ClusterRange{first, 1});
}

} // namespace cowscope::ui
