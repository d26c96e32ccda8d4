// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/reftable/reftable_panel.h"

#include "ui/common/chosen_row.h"
#include "ui/common/format.h"
#include "ui/common/table.h"
#include "ui/reftable/reftable_model.h"
#include "ui/reftable/reftable_overview.h"

#include <QHeaderView>
#include <QLabel>
#include <QTableView>
#include <QVBoxLayout>

namespace cowscope::ui
{

ReftablePanel::ReftablePanel(ImageDocument& document, QWidget* parent)
    : EmptyState(parent)
    , m_document(document)
    , m_model(new ReftableModel(this))
    , m_view(makeTable(QStringLiteral("reftableTable"), tr("Entries of the refcount table"), this))
    , m_overview(new ReftableOverview(this))
    , m_summary(new QLabel(this))
{
    m_view->setModel(m_model);
    setColumnWidths(*m_view, {7, 12, 12, 10, 16, 13});
    m_summary->setObjectName(QStringLiteral("reftableSummary"));
    m_summary->setWordWrap(true);
    auto* content = new QWidget(this);
    auto* layout = new QVBoxLayout(content);
    layout->setContentsMargins(6, 4, 6, 0);
    layout->setSpacing(4);
    layout->addWidget(m_summary);
    layout->addWidget(m_overview);
    layout->addWidget(m_view, 1);
    setContent(content);
    connect(m_overview, &ReftableOverview::selectedByUser, this,
        [this](std::uint64_t entry) { m_document.selection().select(RefblockSelection{entry}); });
    connect(m_view->selectionModel(), &QItemSelectionModel::selectionChanged, this, [this] {
        if (const QModelIndex index = chosenRow(*m_view); index.isValid())
            m_document.selection().select(RefblockSelection{static_cast<std::uint64_t>(index.row())});
    });
    connect(&document, &ImageDocument::opened, this, &ReftablePanel::refresh);
    connect(&document, &ImageDocument::closed, this, &ReftablePanel::refresh);
    connect(&document.selection(), &Selection::changed, this, &ReftablePanel::showSelection);
    refresh();
}

void ReftablePanel::refresh()
{
    const auto image = m_document.image();
    m_job.reset();
    m_model->setImage(image);
    m_overview->setUses(nullptr, {});
    m_summary->clear();
    if (!image) {
        showEmpty(tr("The refcount table of an open image appears here."));
        return;
    }
    if (m_model->rowCount() == 0) {
        showEmpty(tr("The refcount table could not be read."));
        return;
    }
    showContent();
    m_job = std::make_unique<Job>(
        tr("Counting refblocks"), [image, census = m_document.census()](const TaskContext& task) -> Result<std::any> {
            auto uses = refblockUses(*image, *census, task);
            if (!uses)
                return failed(uses);
            return std::any(std::move(*uses));
        });
    connect(m_job.get(), &Job::finished, this,
        [this](const std::any& result) { showUses(std::any_cast<const std::vector<RefblockUse>&>(result)); });
    m_job->start();
    showSelection();
}

void ReftablePanel::showUses(const std::vector<RefblockUse>& uses)
{
    m_model->setUses(uses);
    m_overview->setUses(m_document.image(), uses);
    std::uint64_t existing = 0;
    std::uint64_t full = 0;
    std::uint64_t empty = 0;
    for (std::uint64_t i = 0; i < uses.size(); ++i) {
        const bool exists = m_document.image()->usableRefblock(i).has_value();
        existing += exists;
        full += exists && uses[i].used == uses[i].counted;
        empty += exists && uses[i].used == 0;
    }
    m_summary->setText(
        tr("%1 of %2 refblocks exist; %3 full, %4 empty. Darker on a light ground, or lighter on a dark "
           "one, is fuller; a stroke marks one that is missing.")
            .arg(formatCount(existing), formatCount(uses.size()), formatCount(full), formatCount(empty)));
}

void ReftablePanel::showSelection()
{
    const auto* refblock = m_document.selection().as<RefblockSelection>();
    const bool shown = refblock && refblock->reftableIndex < static_cast<std::uint64_t>(m_model->rowCount());
    m_overview->setSelected(refblock ? std::optional(refblock->reftableIndex) : std::nullopt);
    showRow(*m_view, shown ? static_cast<int>(refblock->reftableIndex) : -1);
}

} // namespace cowscope::ui
