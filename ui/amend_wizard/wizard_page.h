// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/amend_wizard/wizard_state.h"
#include "ui/common/text_label.h"

#include <QLabel>
#include <QVBoxLayout>
#include <QWizardPage>

namespace cowscope::ui
{

/// Page numbers, in their order.
enum class PageId {
    Now,
    NewWidth,
    Preview,
    Run,
    Result,
};

/// A page with a body, help for its terms, and, before anything is written, a line that says so.
class WizardPage : public QWizardPage
{
    Q_OBJECT

public:
    /// `state` outlives the page.
    WizardPage(PageId id, const QString& title, const QString& subTitle, WizardState& state);

    /// The terms of this page, as rich text.
    QString help() const;

protected:
    WizardState& state() { return m_state; }
    const WizardState& state() const { return m_state; }
    QVBoxLayout& body() { return *m_body; }

private:
    PageId m_id;
    WizardState& m_state;
    QVBoxLayout* m_body;
};

} // namespace cowscope::ui
