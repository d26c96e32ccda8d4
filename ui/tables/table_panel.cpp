// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/tables/table_panel.h"

#include "core/analysis/byte_place.h"
#include "ui/common/chosen_row.h"
#include "ui/common/format.h"
#include "ui/common/guest_text.h"
#include "ui/common/table.h"
#include "ui/common/wrapping_layout.h"
#include "ui/document/selected_clusters.h"
#include "ui/tables/entry_model.h"

#include <QComboBox>
#include <QLabel>
#include <QScopedValueRollback>
#include <QSignalBlocker>
#include <QSpinBox>
#include <QTableView>
#include <QVBoxLayout>

#include <algorithm>

namespace cowscope::ui
{

namespace
{
constexpr std::size_t kListedSnapshots = 1000;
}

TablePanel::TablePanel(ImageDocument& document, QWidget* parent)
    : EmptyState(parent)
    , m_document(document)
    , m_model(new EntryModel(this))
    , m_view(makeTable(QStringLiteral("entryTable"), tr("Table entries"), this))
    , m_disk(new QComboBox(this))
    , m_level(new QComboBox(this))
    , m_filter(new QComboBox(this))
    , m_page(new QSpinBox(this))
    , m_shown(new QLabel(this))
{
    m_view->setModel(m_model);
    m_view->setSelectionMode(QAbstractItemView::ExtendedSelection);
    setColumnWidths(*m_view, {13, 14, 12, 20, 12, 16, 8, 24});
    auto* content = new QWidget(this);
    auto* layout = new QVBoxLayout(content);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(makeBar());
    layout->addWidget(m_view);
    setContent(content);
    connect(m_view->selectionModel(), &QItemSelectionModel::selectionChanged, this, &TablePanel::selectRow);
    connect(m_view, &QTableView::activated, this, &TablePanel::follow);
    connect(&document, &ImageDocument::opened, this, &TablePanel::refresh);
    connect(&document, &ImageDocument::closed, this, &TablePanel::refresh);
    connect(&document.selection(), &Selection::changed, this, &TablePanel::showSelection);
    refresh();
}

QWidget* TablePanel::makeBar()
{
    m_disk->setObjectName(QStringLiteral("entryDisk"));
    m_disk->setAccessibleName(tr("Disk whose tables are shown"));
    m_disk->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_disk->setMinimumContentsLength(11);
    m_level->setObjectName(QStringLiteral("entryLevel"));
    m_level->setAccessibleName(tr("Level of the tables"));
    m_level->addItems({tr("L1 entries"), tr("L2 entries")});
    m_level->setCurrentIndex(1);
    m_filter->setObjectName(QStringLiteral("entryFilter"));
    m_filter->setAccessibleName(tr("Show entries of this kind"));
    for (const auto& [text, filter] : {std::pair(tr("All"), EntryFilter::Any),
             std::pair(tr("Allocated"), EntryFilter::Allocated), std::pair(tr("Unallocated"), EntryFilter::Unallocated),
             std::pair(tr("Zero"), EntryFilter::Zero), std::pair(tr("Compressed"), EntryFilter::Compressed),
             std::pair(tr("Copied flag wrong"), EntryFilter::CopiedWrong)})
        m_filter->addItem(text, static_cast<int>(filter));
    m_page->setObjectName(QStringLiteral("entryPage"));
    m_page->setAccessibleName(tr("Page of the list"));
    m_page->setPrefix(tr("Page "));
    m_page->setKeyboardTracking(false);
    m_shown->setObjectName(QStringLiteral("entriesShown"));
    m_shown->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
    for (QComboBox* each : {m_disk, m_level, m_filter})
        connect(each, &QComboBox::currentIndexChanged, this, &TablePanel::list);
    connect(
        m_page, &QSpinBox::valueChanged, this, [this](int page) { loadPage(static_cast<std::uint64_t>(page) - 1); });
    auto* bar = new QWidget(this);
    auto* layout = new WrappingLayout(bar);
    layout->setContentsMargins(4, 4, 4, 4);
    for (QWidget* each : std::initializer_list<QWidget*>{m_disk, m_level, m_filter})
        layout->addWidget(each);
    layout->addWidget(m_shown);
    layout->addWidget(m_page);
    return bar;
}

void TablePanel::refresh()
{
    m_job.reset();
    m_model->setEntries(nullptr, nullptr, {}, {});
    const auto image = m_document.image();
    {
        const QSignalBlocker quiet(m_disk);
        m_disk->clear();
        if (image)
            m_disk->addItem(diskText(*image, std::nullopt));
        for (std::size_t i = 0; image && i < std::min(kListedSnapshots, image->snapshots().size()); ++i)
            m_disk->addItem(diskText(*image, i));
    }
    if (!image) {
        showEmpty(tr("The L1 and L2 entries of an open image appear here."));
        return;
    }
    showContent();
    list();
}

EntryQuery TablePanel::query() const
{
    EntryQuery query;
    if (m_disk->currentIndex() > 0)
        query.snapshot = static_cast<std::size_t>(m_disk->currentIndex() - 1);
    query.level = m_level->currentIndex() == 0 ? TableLevel::L1 : TableLevel::L2;
    query.filter = static_cast<EntryFilter>(m_filter->currentData().toInt());
    return query;
}

void TablePanel::list()
{
    m_job.reset();
    const auto image = m_document.image();
    if (!image)
        return;
    m_list.reset();
    m_model->setEntries(nullptr, nullptr, {}, {});
    m_shown->setText(tr("Looking for entries\u2026"));
    m_job = std::make_unique<Job>(tr("Listing table entries"),
        [image, census = m_document.census(), query = query()](const TaskContext& task) -> Result<std::any> {
            auto list = listEntries(*image, census->map, query, task);
            if (!list)
                return failed(list);
            return std::any(List(std::make_shared<RunList>(std::move(*list))));
        });
    connect(
        m_job.get(), &Job::finished, this, [this](const std::any& result) { setList(std::any_cast<List>(result)); });
    connect(m_job.get(), &Job::failed, this, [this](const Error& error) { m_shown->setText(toQString(error.what)); });
    m_job->start();
}

std::uint64_t TablePanel::pages() const
{
    return std::max<std::uint64_t>(1, divideUp(m_list->size(), EntryModel::kPageRows));
}

void TablePanel::setList(List list)
{
    m_list = std::move(list);
    m_shown->setText(m_list->size() == 0 ? tr("No entry matches") : tr("%1 entries").arg(formatCount(m_list->size())));
    {
        const QSignalBlocker quiet(m_page);
        m_page->setRange(1, static_cast<int>(std::min<std::uint64_t>(pages(), INT_MAX)));
        m_page->setValue(1);
        m_page->setSuffix(tr(" of %1").arg(formatCount(pages())));
        m_page->setVisible(pages() > 1);
    }
    const auto index = selectedIndex();
    const auto position = index ? m_list->positionOf(*index) : std::nullopt;
    loadPage(position.value_or(0) / EntryModel::kPageRows);
}

void TablePanel::loadPage(std::uint64_t page)
{
    if (!m_list || page >= pages())
        return;
    m_shownPage = page;
    {
        const QSignalBlocker quiet(m_page);
        m_page->setValue(static_cast<int>(page) + 1);
    }
    const auto image = m_document.image();
    const EntryQuery asked = query();
    m_job = std::make_unique<Job>(
        tr("Reading table entries"), [image, asked, list = m_list, page](const TaskContext& task) -> Result<std::any> {
            auto entries = readEntries(*image, asked, *list, page * EntryModel::kPageRows, EntryModel::kPageRows, task);
            if (!entries)
                return failed(entries);
            return std::any(std::move(*entries));
        });
    connect(m_job.get(), &Job::finished, this, [this, image, asked](const std::any& result) {
        {
            const QScopedValueRollback showing(m_showing, true);
            m_model->setEntries(
                image, m_document.census(), asked, std::any_cast<const std::vector<TableEntry>&>(result));
        }
        m_view->scrollToTop();
        showSelection();
    });
    connect(m_job.get(), &Job::failed, this, [this](const Error& error) { m_shown->setText(toQString(error.what)); });
    m_job->start();
}

/// The index of the entry at some bytes of the file, where they are an entry of a table of the active disk.
std::optional<std::uint64_t> TablePanel::indexOfBytes(const ByteRange& bytes) const
{
    const Image& image = *m_document.image();
    const BytePlace place = bytePlace(image, m_document.census()->map, bytes.first);
    const bool isL1 = query().level == TableLevel::L1;
    if (place.owner == ClusterOwner::ActiveL1 && isL1)
        return place.index;
    if (place.owner != ClusterOwner::L2Table)
        return std::nullopt;
    const auto l1 = image.l1Table();
    const HostOffset table = image.geometry().offset(image.geometry().cluster(bytes.first));
    const auto found = std::ranges::find_if(l1, [&](std::uint64_t raw) { return L1Entry{raw}.l2Offset() == table; });
    if (found == l1.end())
        return std::nullopt;
    const auto l1Index = static_cast<std::uint64_t>(found - l1.begin());
    return isL1 ? l1Index : l1Index * image.geometry().l2Entries() + place.index;
}

/// The index, in the shown tables, of what is selected.
std::optional<std::uint64_t> TablePanel::selectedIndex() const
{
    const auto image = m_document.image();
    const Selection::Value& value = m_document.selection().current();
    if (const auto* guest = std::get_if<GuestRange>(&value))
        return guest->first.value()
            / (query().level == TableLevel::L1 ? image->geometry().l2Coverage() : image->geometry().clusterSize());
    const auto bytes = selectedBytes(value, *image);
    return bytes ? indexOfBytes(*bytes) : std::nullopt;
}

std::optional<int> TablePanel::rowThatLeadsTo(const ClusterRange& clusters) const
{
    for (int row = 0; row < m_model->rowCount(); ++row)
        if (const auto target = m_model->targetOf(m_model->entryAt(row)); target && target->contains(clusters.first))
            return row;
    return std::nullopt;
}

void TablePanel::showPosition(std::uint64_t position)
{
    if (position / EntryModel::kPageRows != m_shownPage)
        loadPage(position / EntryModel::kPageRows); // comes back here when the page is there
    else if (const auto row = static_cast<int>(position % EntryModel::kPageRows); row < m_model->rowCount())
        showRow(*m_view, row);
}

void TablePanel::showSelection()
{
    const auto image = m_document.image();
    if (m_showing || !image || !m_list)
        return;
    const QScopedValueRollback showing(m_showing, true);
    const auto index = selectedIndex();
    if (const auto position = index ? m_list->positionOf(*index) : std::nullopt) {
        showPosition(*position);
        return;
    }
    const auto clusters = selectedClusters(m_document.selection().current(), *image);
    const auto row = clusters ? rowThatLeadsTo(*clusters) : std::nullopt;
    if (row)
        showRow(*m_view, *row);
    else
        m_view->clearSelection();
}

void TablePanel::selectRow()
{
    const int row = chosenRow(*m_view).row();
    if (m_showing || row < 0 || row >= m_model->rowCount())
        return;
    const QScopedValueRollback showing(m_showing, true);
    m_document.selection().select(m_model->bytesOf(m_model->entryAt(row)));
}

/// Enter and double click go to what the entry leads to.
void TablePanel::follow(const QModelIndex& index)
{
    const QScopedValueRollback showing(m_showing, true);
    if (const auto target = m_model->targetOf(m_model->entryAt(index.row())))
        m_document.selection().select(*target);
}

} // namespace cowscope::ui
