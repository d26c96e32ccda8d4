// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/amend_wizard/wizard_page.h"

#include <QPointer>

class QPushButton;

namespace cowscope::ui
{

class FactList;
class StripMap;

/// What will be written where. Complete once the image could be opened for writing and locked.
class PreviewPage : public WizardPage
{
    Q_OBJECT

public:
    explicit PreviewPage(WizardState& state);

    void initializePage() override;
    void cleanupPage() override;
    bool isComplete() const override { return m_lockable; }

private:
    void showPlan();
    void showWarnings(qint64 freeBytes);
    void tryLock();
    void setLockState(bool lockable, const QString& text);

    FactList* m_facts;
    StripMap* m_map;
    QLabel* m_warnings;
    QLabel* m_lockState;
    QPushButton* m_tryAgain;
    QPointer<Job> m_job;
    bool m_lockable = false;
};

} // namespace cowscope::ui
