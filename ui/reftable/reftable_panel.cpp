// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/reftable/reftable_panel.h"

#include "ui/common/table.h"
#include "ui/reftable/reftable_model.h"

#include <QHeaderView>
#include <QTableView>

namespace cowscope::ui
{

ReftablePanel::ReftablePanel(ImageDocument& document, QWidget* parent)
    : EmptyState(parent)
    , m_document(document)
    , m_model(new ReftableModel(this))
    , m_view(makeTable(QStringLiteral("reftableTable"), tr("Entries of the refcount table"), this))
{
    m_view->setModel(m_model);
    setColumnWidths(*m_view, {7, 12, 12, 10, 16, 13});
    setContent(m_view);
    connect(m_view->selectionModel(), &QItemSelectionModel::currentRowChanged, this, [this](const QModelIndex& index) {
        if (index.isValid())
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
        [this](const std::any& result) { m_model->setUses(std::any_cast<const std::vector<RefblockUse>&>(result)); });
    m_job->start();
    showSelection();
}

void ReftablePanel::showSelection()
{
    const auto* refblock = m_document.selection().as<RefblockSelection>();
    const bool shown = refblock && refblock->reftableIndex < static_cast<std::uint64_t>(m_model->rowCount());
    showRow(*m_view, shown ? static_cast<int>(refblock->reftableIndex) : -1);
}

} // namespace cowscope::ui
