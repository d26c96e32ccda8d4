// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/amend_wizard/amend_report.h"
#include "ui/amend_wizard/wizard_state.h"

#include <QPointer>
#include <QWizard>

namespace cowscope::ui
{

class ResultPage;
class RunPage;

/// Changes the refcount width of the document's image: now, new width, preview, run, result.
///
/// The document must have an open image and outlive the wizard. Nothing is written before the page "Run". While it
/// runs, Cancel and Esc cancel the run and stay; closing the window cancels it and closes when it has ended. After a
/// change the document is reloaded.
class AmendWizard : public QWizard
{
    Q_OBJECT

public:
    explicit AmendWizard(ImageDocument& document, QWidget* parent = nullptr);

    /// What was changed, once the fresh check behind the change has ended.
    const std::optional<AmendReport>& report() const;

    void reject() override;
    void done(int result) override;

Q_SIGNALS:
    void mapRequested(); ///< the wizard is over; what it made is selected, and wants to be seen on the map

protected:
    void closeEvent(QCloseEvent* event) override;

private:
    void connectPages();
    void showHelp();
    void endRun();

    WizardState m_state;
    RunPage* m_run;
    ResultPage* m_result;
    QPointer<QDialog> m_help;
    bool m_closeWhenStopped = false;
    bool m_reloadWhenDone = false; ///< a run was stopped: the file was written, though it is as it was
};

} // namespace cowscope::ui
