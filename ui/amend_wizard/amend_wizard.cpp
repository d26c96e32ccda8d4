// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/amend_wizard/amend_wizard.h"

#include "ui/amend_wizard/new_width_page.h"
#include "ui/amend_wizard/now_page.h"
#include "ui/amend_wizard/preview_page.h"
#include "ui/amend_wizard/result_page.h"
#include "ui/amend_wizard/run_page.h"

#include <QAbstractButton>
#include <QCloseEvent>
#include <QDialogButtonBox>
#include <QFileInfo>
#include <QShortcut>
#include <QTextBrowser>

namespace cowscope::ui
{

AmendWizard::AmendWizard(ImageDocument& document, QWidget* parent)
    : QWizard(parent)
    , m_state(document)
    , m_run(new RunPage(m_state))
    , m_result(new ResultPage(m_state))
{
    setObjectName(QStringLiteral("amendWizard"));
    setWindowTitle(tr("Change the refcount width of %1").arg(QFileInfo(m_state.path).fileName()));
    setWizardStyle(QWizard::ModernStyle);
    setOptions(QWizard::HaveHelpButton | QWizard::NoBackButtonOnStartPage | QWizard::NoBackButtonOnLastPage
        | QWizard::NoCancelButtonOnLastPage);
    setPage(static_cast<int>(PageId::Now), new NowPage(m_state));
    setPage(static_cast<int>(PageId::NewWidth), new NewWidthPage(m_state));
    setPage(static_cast<int>(PageId::Preview), new PreviewPage(m_state));
    setPage(static_cast<int>(PageId::Run), m_run);
    setPage(static_cast<int>(PageId::Result), m_result);
    resize(900, 600);
    connectPages();
}

void AmendWizard::connectPages()
{
    connect(this, &QWizard::helpRequested, this, &AmendWizard::showHelp);
    connect(new QShortcut(QKeySequence::HelpContents, this), &QShortcut::activated, this, &AmendWizard::showHelp);
    connect(m_run, &RunPage::started, this, [this] {
        m_state.document.setEditing(true);
        setButtonText(QWizard::CancelButton, tr("Cancel"));
    });
    connect(m_run, &RunPage::amended, this, [this] { m_state.document.setEditing(false); });
    connect(m_run, &RunPage::amended, m_result, &ResultPage::check);
    connect(m_run, &RunPage::amended, this, [this] {
        m_reloadWhenDone = false;
        endRun();
        button(QWizard::NextButton)->setFocus();
    });
    connect(m_result, &ResultPage::mapRequested, this, [this] {
        accept();
        Q_EMIT mapRequested();
    });
    connect(m_run, &RunPage::stopped, this, [this] {
        m_reloadWhenDone = true;
        endRun();
    });
}

const std::optional<AmendReport>& AmendWizard::report() const
{
    return m_result->report();
}

void AmendWizard::endRun()
{
    setButtonText(QWizard::CancelButton, tr("Close"));
    if (m_closeWhenStopped)
        close();
}

void AmendWizard::reject()
{
    if (m_run->isRunning())
        m_run->cancel();
    else
        QWizard::reject();
}

void AmendWizard::closeEvent(QCloseEvent* event)
{
    if (!m_run->isRunning()) {
        QWizard::closeEvent(event);
        return;
    }
    m_closeWhenStopped = true;
    m_run->cancel();
    event->ignore();
}

void AmendWizard::done(int result)
{
    m_state.desk->leave(); // nobody needs the locks any more
    if (m_reloadWhenDone)
        m_state.document.setEditing(false);
    QWizard::done(result);
}

void AmendWizard::showHelp()
{
    if (!m_help) {
        m_help = new QDialog(this);
        m_help->setObjectName(QStringLiteral("amendHelp"));
        m_help->setWindowTitle(tr("Words on this page"));
        m_help->setAttribute(Qt::WA_DeleteOnClose);
        m_help->resize(420, 420);
        auto* text = new QTextBrowser(m_help);
        text->setAccessibleName(m_help->windowTitle());
        auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, m_help);
        connect(buttons, &QDialogButtonBox::rejected, m_help, &QDialog::close);
        auto* layout = new QVBoxLayout(m_help);
        layout->addWidget(text);
        layout->addWidget(buttons);
        connect(this, &QWizard::currentIdChanged, m_help, &QDialog::close);
    }
    m_help->findChild<QTextBrowser*>()->setHtml(static_cast<WizardPage*>(currentPage())->help());
    m_help->show();
    m_help->raise();
    m_help->activateWindow();
}

} // namespace cowscope::ui
