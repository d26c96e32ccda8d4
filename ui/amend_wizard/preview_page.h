// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/amend_wizard/wizard_page.h"

#include <QPointer>

class QPushButton;

namespace cowscope::ui
{

class FactList;
class PreviewPanel;

/// What will be written where, and what a check says of the image as it would be. Complete once all of that is known
/// and good; the image is then locked until the run has ended or the wizard is left.
class PreviewPage : public WizardPage
{
    Q_OBJECT

public:
    explicit PreviewPage(WizardState& state);

    void initializePage() override;
    void cleanupPage() override;
    bool isComplete() const override { return m_good; }

private:
    void find();
    void showPreview();
    void showWarnings(qint64 freeBytes);
    void setState(bool good, const QString& text);

    FactList* m_facts;
    PreviewPanel* m_panel;
    QLabel* m_warnings;
    QLabel* m_lockState;
    QPushButton* m_tryAgain;
    QPointer<Job> m_job;
    bool m_good = false;
};

} // namespace cowscope::ui
