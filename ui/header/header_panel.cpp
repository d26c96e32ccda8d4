// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/header/header_panel.h"

#include "ui/common/chosen_row.h"
#include "ui/common/table.h"
#include "ui/header/header_model.h"

#include <QHeaderView>
#include <QTableView>

namespace cowscope::ui
{

HeaderPanel::HeaderPanel(ImageDocument& document, QWidget* parent)
    : EmptyState(parent)
    , m_document(document)
    , m_model(new HeaderModel(this))
    , m_view(makeTable(QStringLiteral("headerTable"), tr("Header fields"), this))
{
    m_view->setModel(m_model);
    setColumnWidths(*m_view, {22, 8, 27, 26});
    m_view->horizontalHeader()->setStretchLastSection(true);
    setContent(m_view);
    connect(m_view->selectionModel(), &QItemSelectionModel::selectionChanged, this, [this] {
        if (const QModelIndex index = chosenRow(*m_view); index.isValid())
            if (const auto& value = m_model->rows()[static_cast<std::size_t>(index.row())].selection;
                !std::holds_alternative<std::monostate>(value))
                m_document.selection().select(value);
    });
    connect(&document, &ImageDocument::opened, this, &HeaderPanel::refresh);
    connect(&document, &ImageDocument::closed, this, &HeaderPanel::refresh);
    connect(&document.selection(), &Selection::changed, this, &HeaderPanel::showSelection);
    refresh();
}

void HeaderPanel::setActions(const QList<QAction*>& actions)
{
    m_view->insertActions(m_view->actions().value(0), actions);
}

void HeaderPanel::refresh()
{
    m_view->clearSpans();
    if (!m_document.image()) {
        m_model->setRows({});
        showEmpty(tr("The header of an open image appears here."));
        return;
    }
    m_model->setRows(headerRows(*m_document.image()));
    for (int row = 0; row < m_model->rowCount(); ++row)
        if (m_model->rows()[static_cast<std::size_t>(row)].isTitle)
            m_view->setSpan(row, 0, 1, HeaderModel::ColumnCount);
    showContent();
    showSelection();
}

void HeaderPanel::showSelection()
{
    const Selection::Value& value = m_document.selection().current();
    const int row = chosenRow(*m_view).row();
    if (row >= 0 && m_model->rows()[static_cast<std::size_t>(row)].selection == value)
        return;
    showRow(*m_view, m_model->rowOf(value));
}

} // namespace cowscope::ui
