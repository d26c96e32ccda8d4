// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/structure/structure_panel.h"

#include "ui/common/chosen_row.h"
#include "ui/structure/structure_model.h"

#include <QHeaderView>
#include <QTreeView>

namespace cowscope::ui
{

StructurePanel::StructurePanel(ImageDocument& document, QWidget* parent)
    : EmptyState(parent)
    , m_document(document)
    , m_model(new StructureModel(this))
    , m_view(new QTreeView(this))
{
    m_view->setObjectName(QStringLiteral("structureTree"));
    m_view->setAccessibleName(tr("Structures of the image"));
    m_view->setModel(m_model);
    m_view->setHeaderHidden(true);
    m_view->header()->setStretchLastSection(false);
    m_view->header()->setSectionResizeMode(StructureModel::Name, QHeaderView::Stretch);
    m_view->header()->setSectionResizeMode(StructureModel::Size, QHeaderView::ResizeToContents);
    m_view->setUniformRowHeights(true);
    setContent(m_view);
    connect(m_view->selectionModel(), &QItemSelectionModel::selectionChanged, this,
        [this] { selectRow(chosenRow(*m_view)); });
    connect(m_view, &QTreeView::clicked, this, &StructurePanel::selectRow);
    connect(&document, &ImageDocument::opened, this, &StructurePanel::refresh);
    connect(&document, &ImageDocument::closed, this, &StructurePanel::refresh);
    connect(&document.selection(), &Selection::changed, this, &StructurePanel::showSelection);
    refresh();
}

void StructurePanel::refresh()
{
    m_model->setImage(m_document.image(), m_document.census());
    if (!m_document.image()) {
        showEmpty(tr("The structures of an open image appear here."));
        return;
    }
    showContent();
    m_view->expand(m_model->index(0, 0));
    showSelection();
}

/// Where there is room for little, it is for the names.
void StructurePanel::resizeEvent(QResizeEvent* event)
{
    EmptyState::resizeEvent(event);
    m_view->setColumnHidden(StructureModel::Size, width() < 25 * fontMetrics().averageCharWidth());
}

void StructurePanel::showSelection()
{
    const Selection::Value& value = m_document.selection().current();
    // Several rows may stand for the same place; the one that was clicked stays.
    if (m_model->selectionOf(chosenRow(*m_view)) == value)
        return;
    const QModelIndex index = m_model->find(value);
    m_view->selectionModel()->setCurrentIndex(
        index, index.isValid() ? QItemSelectionModel::ClearAndSelect : QItemSelectionModel::Clear);
    if (index.isValid())
        m_view->scrollTo(index);
}

void StructurePanel::selectRow(const QModelIndex& index)
{
    const Selection::Value value = m_model->selectionOf(index);
    if (!std::holds_alternative<std::monostate>(value))
        m_document.selection().select(value);
}

} // namespace cowscope::ui
