// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/common/fact_list.h"

#include "ui/common/text_label.h"

#include <QLabel>

namespace cowscope::ui
{

FactList::FactList(QWidget* parent)
    : QWidget(parent)
    , m_layout(new QFormLayout(this))
{
    m_layout->setContentsMargins(0, 0, 0, 0);
    m_layout->setVerticalSpacing(4);
    m_layout->setHorizontalSpacing(14);
    m_layout->setRowWrapPolicy(QFormLayout::DontWrapRows);
    m_layout->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
    m_layout->setLabelAlignment(Qt::AlignLeft);
}

void FactList::setFacts(const QList<Fact>& facts)
{
    while (m_layout->rowCount() > 0)
        m_layout->removeRow(0);
    for (const Fact& fact : facts) {
        auto* name = new QLabel(fact.name, this);
        name->setAlignment(Qt::AlignTop | Qt::AlignLeft);
        name->setForegroundRole(QPalette::PlaceholderText);
        QLabel* value = makeTextLabel(fact.id, this);
        value->setText(fact.value);
        value->setToolTip(fact.exact);
        value->setAccessibleName(fact.name);
        m_layout->addRow(name, value);
    }
}

} // namespace cowscope::ui
