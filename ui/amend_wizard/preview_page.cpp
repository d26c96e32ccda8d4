// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/amend_wizard/preview_page.h"

#include "ui/common/fact_list.h"
#include "ui/common/format.h"
#include "ui/jobs/run_progress.h"
#include "ui/preview/preview_panel.h"

#include <QFileInfo>
#include <QHBoxLayout>
#include <QPushButton>
#include <QStorageInfo>

namespace cowscope::ui
{

namespace
{

/// Room on the disk of the file, negative where the system does not tell.
qint64 freeBytesFor(const QString& path)
{
    return QStorageInfo(QFileInfo(path).absolutePath()).bytesAvailable();
}

} // namespace

PreviewPage::PreviewPage(WizardState& state)
    : WizardPage(PageId::Preview, tr("Preview"), tr("Exactly what will be written, and where."), state)
    , m_facts(new FactList(this))
    , m_panel(new PreviewPanel(this))
    , m_warnings(makeTextLabel(QStringLiteral("warnings"), this))
    , m_lockState(makeTextLabel(QStringLiteral("lockState"), this))
    , m_tryAgain(new QPushButton(tr("Try a&gain"), this))
{
    setCommitPage(true);
    setButtonText(QWizard::CommitButton, tr("C&hange the width"));
    m_tryAgain->setObjectName(QStringLiteral("tryAgain"));
    connect(m_tryAgain, &QPushButton::clicked, this, &PreviewPage::find);

    auto* lockRow = new QHBoxLayout;
    lockRow->addWidget(m_lockState, 1);
    lockRow->addWidget(m_tryAgain);
    auto* facts = new QVBoxLayout;
    facts->addWidget(m_facts);
    facts->addWidget(m_warnings);
    facts->addStretch(1);
    auto* columns = new QHBoxLayout;
    columns->setSpacing(16);
    columns->addLayout(facts, 2);
    columns->addWidget(m_panel, 3);
    body().setSpacing(8);
    body().addLayout(columns, 1);
    body().addLayout(lockRow);
}

void PreviewPage::initializePage()
{
    m_facts->setFacts(state().onlyWidth()
            ? planFacts(state().width().plan, state().before.clusterBits, freeBytesFor(state().path))
            : QList<Fact>{});
    m_warnings->hide();
    if (state().hasPreview())
        showPreview();
    else
        find();
}

void PreviewPage::cleanupPage()
{
    delete m_job;
    state().preview.reset(); // the file may change until the user is back
    state().desk->leave();
}

void PreviewPage::find()
{
    delete m_job;
    m_panel->setPreview(nullptr);
    setState(false, tr("Trying the change on a copy of what it touches\u2026"));
    m_tryAgain->hide();
    m_job = new Job(
        tr("Finding out what would change"),
        [desk = state().desk, edit = state().edit()](const TaskContext& task) -> Result<std::any> {
            auto preview = desk->preview(edit, task);
            return preview ? Result<std::any>(std::any(std::move(*preview))) : failed(preview);
        },
        this);
    const auto measured = std::make_shared<RunProgress>();
    connect(m_job, &Job::progressed, this, [this, measured](const Progress& progress, double bytesPerSecond) {
        measured->add(progress, bytesPerSecond);
        m_lockState->setText(tr("Trying the change on a copy of what it touches: %1 %")
                                 .arg(measured->steps() * 100 / RunProgress::kSteps));
    });
    connect(m_job, &Job::finished, this, [this](const std::any& result) {
        state().preview = std::any_cast<const std::shared_ptr<const ShownPreview>&>(result);
        state().previewOf = *state().choice;
        showPreview();
    });
    connect(m_job, &Job::failed, this, [this](const Error& error) {
        setState(false, tr("<b>The image cannot be changed now.</b> %1").arg(errorText(error)));
        m_tryAgain->show();
    });
    m_job->start();
}

void PreviewPage::showPreview()
{
    const qint64 freeBytes = freeBytesFor(state().path);
    const EditPreview& edit = state().preview->edit;
    if (const auto* summary = std::any_cast<AmendSummary>(&edit.outcome))
        m_facts->setFacts(summaryFacts(*summary, edit.bytesWritten(), freeBytes));
    m_panel->setPreview(state().preview);
    showWarnings(freeBytes);
    m_tryAgain->hide();
    setState(m_panel->isSound(),
        m_panel->isSound() ? tr("The image is locked for this change: no other program uses it, or can until it ends.")
                           : tr("<b>The image cannot be changed.</b>"));
}

void PreviewPage::showWarnings(qint64 freeBytes)
{
    QStringList warnings;
    const EditPreview& edit = state().preview->edit;
    const auto* summary = std::any_cast<AmendSummary>(&edit.outcome);
    for (const std::string& warning : summary ? summary->warnings : state().width().warnings)
        warnings << toQString(warning).toHtmlEscaped();
    if (const QString space = spaceWarning(edit.fileBytesBefore(), edit.fileBytesAfter(), freeBytes); !space.isEmpty())
        warnings << space.toHtmlEscaped();
    m_warnings->setVisible(!warnings.isEmpty());
    m_warnings->setText(tr("<b>Warning:</b> %1").arg(warnings.join(QStringLiteral("<br>"))));
}

void PreviewPage::setState(bool good, const QString& text)
{
    m_good = good;
    m_lockState->setText(text);
    Q_EMIT completeChanged();
}

} // namespace cowscope::ui
