// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/amend_wizard/run_page.h"

#include "ui/amend_wizard/width_text.h"
#include "ui/common/format.h"

#include <QPlainTextEdit>
#include <QProgressBar>
#include <QPushButton>
#include <QTime>

#include <algorithm>
#include <utility>

namespace cowscope::ui
{

namespace
{

using Opener = ImageDocument::StorageOpener;

template <typename T>
bool sameOutcome(const EditPreview& a, const EditPreview& b)
{
    const T* first = std::any_cast<T>(&a.outcome);
    const T* second = std::any_cast<T>(&b.outcome);
    return first && second && *first == *second;
}

/// A run that was stopped has touched the file: before another the preview must come to the same once more.
Result<std::any> carryOut(EditDesk& desk, const ShownPreview& agreed, bool again, const TaskContext& task)
{
    if (!again)
        return desk.commit(agreed, task);
    auto fresh = desk.preview(agreed.edit.edit, {task.stop, {}});
    if (!fresh)
        return failed(fresh);
    if (!sameOutcome<AmendPlan>((*fresh)->edit, agreed.edit) && !sameOutcome<AmendSummary>((*fresh)->edit, agreed.edit))
        return fail(ErrorKind::Refused, "The change would be another one now", {}, "Go back and look at the preview");
    return desk.commit(**fresh, task);
}

/// What a stopped run left.
enum class Remains {
    OldImage,
    NewImage,
    Unknown,
};

/// Compares the first sector of the header, which is what is switched, with both states.
Result<std::any> lookAtRemains(
    const Opener& opener, const std::string& path, const EditPreview& edit, const TaskContext& task)
{
    constexpr std::size_t kSwitched = 512;
    auto storage = opener(path, Access::ReadOnly, Sharing::Unlocked);
    if (!storage)
        return failed(storage);
    auto image = Image::open(*storage, task);
    if (!image)
        return failed(image);
    const auto isLike = [&](const Image& other) {
        return std::ranges::equal((*image)->headerCluster().first(kSwitched), other.headerCluster().first(kSwitched));
    };
    if (isLike(*edit.after.image))
        return std::any(Remains::NewImage);
    const bool asItWas = isLike(*edit.before.image) && (*image)->fileSize() == edit.fileBytesBefore();
    return std::any(asItWas ? Remains::OldImage : Remains::Unknown);
}

QString remainsText(Remains remains)
{
    switch (remains) {
    case Remains::OldImage:
        return RunPage::tr("The image is as it was.");
    case Remains::NewImage:
        return RunPage::tr("The header was switched before this happened: the image has the new width. Check it now.");
    case Remains::Unknown:
        break;
    }
    return RunPage::tr("The image keeps its old width, but the file could not be looked at as expected. Check it now.");
}

} // namespace

RunPage::RunPage(WizardState& state)
    : WizardPage(PageId::Run, tr("Changing the width"),
        tr("The new structures are written beside the old ones, then the header is switched."), state)
    , m_phase(makeTextLabel(QStringLiteral("phase"), this))
    , m_bar(new QProgressBar(this))
    , m_amount(makeTextLabel(QStringLiteral("amount"), this))
    , m_log(new QPlainTextEdit(this))
    , m_tryAgain(new QPushButton(tr("Try a&gain"), this))
{
    m_bar->setObjectName(QStringLiteral("progress"));
    m_bar->setAccessibleName(tr("Progress of the change"));
    m_log->setObjectName(QStringLiteral("log"));
    m_log->setAccessibleName(tr("Log"));
    m_log->setReadOnly(true);
    m_log->setTabChangesFocus(true);
    m_tryAgain->setObjectName(QStringLiteral("runAgain"));
    m_tryAgain->hide();
    connect(m_tryAgain, &QPushButton::clicked, this, [this] { run(true); });

    auto* row = new QHBoxLayout;
    row->addWidget(m_phase, 1);
    row->addWidget(m_tryAgain);
    body().addLayout(row);
    body().addWidget(m_bar);
    body().addWidget(m_amount);
    body().addWidget(m_log, 1);
}

void RunPage::initializePage()
{
    m_log->clear();
    run(false);
}

void RunPage::run(bool again)
{
    m_progress = {};
    showBar(0);
    m_amount->clear();
    m_tryAgain->hide();
    m_phase->setText(tr("Starting\u2026"));
    log(tr("%1: %2 to %3").arg(state().path, widthTitle(state().before.order), widthTitle(state().newOrder())));

    m_job = new Job(
        tr("Changing the refcount width"),
        [desk = state().desk, preview = state().preview, again](
            const TaskContext& task) { return carryOut(*desk, *preview, again, task); },
        this);
    connect(m_job, &Job::progressed, this, &RunPage::showProgress);
    connect(m_job, &Job::finished, this, &RunPage::finish);
    connect(m_job, &Job::failed, this, [this](const Error& error) {
        log(toQString(error.text()));
        inspect(tr("<b>The change stopped.</b> %1").arg(errorText(error)));
    });
    connect(m_job, &Job::cancelled, this, [this] {
        log(tr("cancelled"));
        inspect(tr("<b>Cancelled.</b>"));
    });
    m_running = true;
    m_job->start();
    Q_EMIT started();
}

void RunPage::cancel()
{
    if (!m_job)
        return;
    m_phase->setText(tr("Cancelling\u2026"));
    m_job->cancel();
}

void RunPage::showProgress(const Progress& progress, double bytesPerSecond)
{
    m_progress.add(progress, bytesPerSecond);
    if (m_progress.isMeasured())
        showBar(m_progress.steps());
    else
        m_bar->setRange(0, 0); // busy
    m_amount->setText(m_progress.text());
    if (!m_progress.isNewPhase())
        return;
    m_phase->setText(phaseText(m_progress.phase()));
    log(phaseText(m_progress.phase()));
}

void RunPage::showBar(int steps)
{
    m_bar->setRange(0, RunProgress::kSteps);
    m_bar->setValue(steps);
}

void RunPage::finish()
{
    dropJob();
    m_done = true;
    m_running = false;
    showBar(RunProgress::kSteps);
    m_phase->setText(tr("<b>Done.</b> The counts are now %1 wide. Next: what a fresh check says.")
                         .arg(widthTitle(state().newOrder())));
    log(tr("done"));
    Q_EMIT completeChanged();
    Q_EMIT amended();
}

void RunPage::dropJob()
{
    std::exchange(m_job, nullptr)->deleteLater();
}

void RunPage::inspect(const QString& headline)
{
    dropJob();
    m_inspection = new Job(
        tr("Looking at the image"),
        [opener = state().document.storageOpener(), path = state().nativePath(), preview = state().preview](
            const TaskContext& task) { return lookAtRemains(opener, path, preview->edit, task); },
        this);
    connect(m_inspection, &Job::finished, this,
        [this, headline](const std::any& result) { stop(headline, remainsText(std::any_cast<Remains>(result))); });
    connect(m_inspection, &Job::failed, this, [this, headline] { stop(headline, remainsText(Remains::Unknown)); });
    m_inspection->start();
}

void RunPage::stop(const QString& headline, const QString& remains)
{
    std::exchange(m_inspection, nullptr)->deleteLater();
    m_running = false;
    showBar(0);
    m_amount->clear();
    m_phase->setText(headline + QLatin1Char(' ') + remains);
    log(remains);
    m_tryAgain->show();
    Q_EMIT stopped();
}

void RunPage::log(const QString& line)
{
    m_log->appendPlainText(QTime::currentTime().toString(QStringLiteral("HH:mm:ss  ")) + line);
}

} // namespace cowscope::ui
