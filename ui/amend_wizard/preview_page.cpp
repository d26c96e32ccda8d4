// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/amend_wizard/preview_page.h"

#include "ui/amend_wizard/strip_map.h"
#include "ui/common/fact_list.h"
#include "ui/common/format.h"

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

/// Opens the image as the run will, and gives it back at once.
Result<std::any> openForWriting(const ImageDocument::StorageOpener& opener, const std::string& path)
{
    auto storage = opener(path, Access::ReadWrite, Sharing::Locked);
    if (!storage)
        return failed(storage);
    return std::any();
}

} // namespace

PreviewPage::PreviewPage(WizardState& state)
    : WizardPage(PageId::Preview, tr("Preview"), tr("Exactly what will be written, and where."), state)
    , m_facts(new FactList(this))
    , m_map(new StripMap(this))
    , m_warnings(makeTextLabel(QStringLiteral("warnings"), this))
    , m_lockState(makeTextLabel(QStringLiteral("lockState"), this))
    , m_tryAgain(new QPushButton(tr("Try a&gain"), this))
{
    setCommitPage(true);
    setButtonText(QWizard::CommitButton, tr("C&hange the width"));
    m_tryAgain->setObjectName(QStringLiteral("tryAgain"));
    connect(m_tryAgain, &QPushButton::clicked, this, &PreviewPage::tryLock);

    auto* lockRow = new QHBoxLayout;
    lockRow->addWidget(m_lockState, 1);
    lockRow->addWidget(m_tryAgain);
    body().setSpacing(10);
    body().addWidget(m_facts);
    body().addWidget(m_map);
    body().addWidget(m_warnings);
    body().addLayout(lockRow);
    body().addStretch(1);
}

void PreviewPage::initializePage()
{
    showPlan();
    tryLock();
}

void PreviewPage::cleanupPage()
{
    delete m_job;
}

void PreviewPage::showPlan()
{
    const qint64 freeBytes = freeBytesFor(state().path);
    m_facts->setFacts(planFacts(state().plan(), state().before.clusterBits, freeBytes));
    m_map->setPlan(state().plan(), state().before.clusterBits);
    showWarnings(freeBytes);
}

void PreviewPage::showWarnings(qint64 freeBytes)
{
    QStringList warnings;
    for (const std::string& warning : (*state().widths)[*state().order].warnings)
        warnings << toQString(warning).toHtmlEscaped();
    if (const QString space = spaceWarning(state().plan(), freeBytes); !space.isEmpty())
        warnings << space.toHtmlEscaped();
    m_warnings->setVisible(!warnings.isEmpty());
    m_warnings->setText(tr("<b>Warning:</b> %1").arg(warnings.join(QStringLiteral("<br>"))));
}

void PreviewPage::tryLock()
{
    delete m_job;
    setLockState(false, tr("Trying to lock the image\u2026"));
    m_tryAgain->setEnabled(false);
    m_job = new Job(
        tr("Locking the image"),
        [opener = state().document.storageOpener(), path = state().nativePath()](
            const TaskContext&) { return openForWriting(opener, path); },
        this);
    connect(m_job, &Job::finished, this,
        [this] { setLockState(true, tr("The image can be locked: no other program uses it.")); });
    connect(m_job, &Job::failed, this, [this](const Error& error) {
        setLockState(false, tr("<b>The image cannot be changed now.</b> %1").arg(errorText(error)));
    });
    m_job->start();
}

void PreviewPage::setLockState(bool lockable, const QString& text)
{
    m_lockable = lockable;
    m_lockState->setText(text);
    m_tryAgain->setVisible(!lockable);
    m_tryAgain->setEnabled(true);
    Q_EMIT completeChanged();
}

} // namespace cowscope::ui
