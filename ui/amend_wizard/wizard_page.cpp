// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/amend_wizard/wizard_page.h"

#include "ui/amend_wizard/help_text.h"

namespace cowscope::ui
{

WizardPage::WizardPage(PageId id, const QString& title, const QString& subTitle, WizardState& state)
    : m_id(id)
    , m_state(state)
    , m_body(new QVBoxLayout)
{
    setTitle(title);
    setSubTitle(subTitle);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 6, 0, 0);
    layout->addLayout(m_body, 1);
    if (id < PageId::Run) {
        auto* nothingWritten = new QLabel(tr("Nothing has been written so far."), this);
        nothingWritten->setObjectName(QStringLiteral("nothingWritten"));
        nothingWritten->setForegroundRole(QPalette::PlaceholderText);
        layout->addWidget(nothingWritten);
    }
}

QString WizardPage::help() const
{
    return helpText(m_id);
}

} // namespace cowscope::ui
