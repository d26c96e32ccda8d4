// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/header_editor/refcount_dialog.h"

#include "core/edit/session/edits.h"
#include "ui/common/format.h"
#include "ui/common/parse.h"
#include "ui/common/text_label.h"
#include "ui/header_editor/edit_text.h"

#include <QCheckBox>
#include <QFile>
#include <QFileInfo>
#include <QFormLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QVBoxLayout>

#include <utility>

namespace cowscope::ui
{

namespace
{

constexpr int kPauseMilliseconds = 400;

/// What the check will say of the cluster.
QString verdictSentence(const RawRefcountForecast& forecast, std::uint64_t count)
{
    if (!forecast.references)
        return RefcountDialog::tr("The image was not checked to its end: nobody knows how many references there are.");
    const QString both
        = RefcountDialog::tr("count %1, references %2").arg(formatCount(count), formatCount(*forecast.references));
    switch (forecast.verdict) {
    case CountForecast::Right:
        return RefcountDialog::tr("The check will find the count right: %1.").arg(both);
    case CountForecast::Leak:
        return RefcountDialog::tr("The check will report <b>a leak</b>: %1.").arg(both);
    case CountForecast::TooLow:
        return RefcountDialog::tr("The check will report <b>a corruption</b>: %1.").arg(both);
    case CountForecast::PastEnd:
        return RefcountDialog::tr("The check will note a count of a cluster that the file does not have: %1.")
            .arg(both);
    case CountForecast::Unknown:
        break;
    }
    return {};
}

QString listHtml(const std::vector<std::string>& sentences)
{
    QString html;
    for (const std::string& sentence : sentences)
        html += QStringLiteral("<br>%1.").arg(toQString(sentence).toHtmlEscaped());
    return html;
}

} // namespace

RefcountDialog::RefcountDialog(ImageDocument& document, HostCluster cluster, QWidget* parent)
    : TaskDialog(QStringLiteral("refcountDialog"),
        tr("Reference count of cluster %1 of %2")
            .arg(formatCount(cluster.value()), QFileInfo(document.path()).fileName()),
        tr("&Write the count"), parent)
    , m_document(document)
    , m_cluster(cluster)
    , m_path(QFile::encodeName(document.path()).toStdString())
    , m_facts(makeTextLabel(QStringLiteral("countFacts"), this))
    , m_count(new QLineEdit(this))
    , m_forecast(makeTextLabel(QStringLiteral("forecast"), this))
    , m_verdict(makeTextLabel(QStringLiteral("verdict"), this))
    , m_accept(new QCheckBox(tr("I &know that this can make the image corrupt"), this))
    , m_undo(new QPushButton(tr("&Undo"), this))
{
    makeBody();
    resize(600, sizeHint().height());
    m_settle.setSingleShot(true);
    m_settle.setInterval(kPauseMilliseconds);
    connect(&m_settle, &QTimer::timeout, this, [this] { m_document.whenIdle(this, [this] { startPreview(); }); });
    connect(&document, &ImageDocument::opened, this, &RefcountDialog::showImage);
    connect(this, &TaskDialog::writing, &document, [&document] { document.setEditing(true); });
    connect(this, &TaskDialog::written, &document, [&document] { document.setEditing(false); });
}

void RefcountDialog::makeBody()
{
    auto* warning = new NoticeBox(QStringLiteral("warning"), this);
    warning->setNotice(NoticeBox::Kind::Danger,
        tr("<b>For experts: this can destroy data.</b> One count is written and nothing else: no reference, no flag. A "
           "count that is too low makes programs give away a cluster that is still in use. To mend an image use "
           "Repair, "
           "which writes the right counts by itself."));
    body().addWidget(warning);
    m_facts->setAccessibleName(tr("The cluster as it is"));
    body().addWidget(m_facts);
    m_count->setObjectName(QStringLiteral("newCount"));
    m_count->setAccessibleName(tr("New reference count"));
    m_count->setToolTip(tr("A decimal number, or a hexadecimal one that begins with 0x"));
    auto* form = new QFormLayout;
    form->addRow(tr("&New count"), m_count);
    body().addLayout(form);
    m_forecast->setAccessibleName(tr("What the check will say of the cluster"));
    m_verdict->setAccessibleName(tr("What the check will say of the image"));
    body().addWidget(m_forecast);
    body().addWidget(m_verdict);
    m_accept->setObjectName(QStringLiteral("accept"));
    body().addWidget(m_accept);
    body().addStretch(1);
    m_undo->setObjectName(QStringLiteral("undo"));
    m_undo->setShortcut(QKeySequence(Qt::CTRL | Qt::Key_Z));
    m_undo->hide();
    addButton(m_undo);
    connect(m_undo, &QPushButton::clicked, this, &RefcountDialog::undo);
    connect(m_count, &QLineEdit::textChanged, this, [this] {
        m_failed = false;
        showForecast();
    });
    connect(m_accept, &QCheckBox::toggled, this, &RefcountDialog::updateReady);
}

void RefcountDialog::prepare()
{
    m_failed = false;
    showImage();
}

/// The cluster as it is now: at first, and after every write.
void RefcountDialog::showImage()
{
    m_image = m_document.image();
    m_census = m_document.census();
    auto now = forecastRawRefcount(*m_image, m_census.get(), {m_cluster, 0, 0});
    if (!now) {
        showProblem(errorText(now.error()));
        return;
    }
    m_now = std::move(*now);
    m_facts->setText(facts());
    if (m_count->text().isEmpty() && m_now.entry)
        m_count->setText(QString::number(m_now.entry->count));
    else
        showForecast();
    growToFit();
}

QString RefcountDialog::facts() const
{
    const bool inFile = m_cluster.value() < m_census->map.clusters();
    const QString owner = inFile ? ownerText(m_census->map.owner(m_cluster)) : tr("behind the end of the file");
    const unsigned bits = m_image->header().refcountBits();
    QString text = tr("Cluster %1 at %2: %3.")
                       .arg(formatCount(m_cluster.value()), formatOffset(m_image->geometry().offset(m_cluster)), owner);
    text += tr("<br>Count now: <b>%1</b>. References that the check found: <b>%2</b>.")
                .arg(m_now.entry ? formatCount(m_now.entry->count) : tr("none"),
                    m_now.references ? formatCount(*m_now.references) : tr("unknown"));
    text += tr("<br>Width in bits: %1. The largest count is %2.").arg(bits).arg(formatCount(m_now.maximum));
    if (m_now.entry)
        text += tr("<br>It stands at %1, in entry %2 of refblock %3.")
                    .arg(formatOffset(m_now.entry->offset), formatCount(m_now.entry->index),
                        formatCount(m_now.entry->refblock));
    return text;
}

/// What the number that is typed means for the cluster, at once; for the image a check finds it out.
void RefcountDialog::showForecast()
{
    m_settle.stop();
    stopLooking();
    m_preview.reset();
    if (!m_failed)
        clearProblem();
    m_verdict->clear();
    const QString typed = m_count->text().trimmed();
    const auto count = typed.startsWith(QStringLiteral("0x")) ? parseBytes(typed) : parseNumber(typed);
    const bool same = count && m_now.entry && *count == m_now.entry->count;
    if (!count && m_now.entry) {
        m_forecast->setText(tr("Type a number from 0 to %1.").arg(formatCount(m_now.maximum)));
    } else if (same) {
        m_forecast->setText(tr("That is the count as it is."));
    } else {
        m_change = {m_cluster, m_now.entry ? m_now.entry->count : 0, count.value_or(1)};
        const auto forecast = forecastRawRefcount(*m_image, m_census.get(), m_change);
        if (!forecast)
            showProblem(errorText(forecast.error()));
        else if (!forecast->refusals.empty())
            m_forecast->setText(tr("<b>Cannot be done.</b>%1").arg(listHtml(forecast->refusals)));
        else
            m_forecast->setText(verdictSentence(*forecast, m_change.after) + listHtml(forecast->dangers));
        if (forecast && forecast->refusals.empty() && !isWriting() && !m_failed)
            m_settle.start();
    }
    growToFit();
    updateReady();
}

void RefcountDialog::startPreview()
{
    if (isWriting())
        return;
    look(tr("Finding out what the check will say"),
        previewWork(m_document.storageOpener(), m_path, rawRefcountEdit(m_change)),
        [this](const std::any& result) { showPreview(std::any_cast<std::shared_ptr<LockedPreview>>(result)); });
}

void RefcountDialog::showPreview(std::shared_ptr<LockedPreview> preview)
{
    m_preview = std::move(preview);
    m_verdict->setText(verdictsHtml(m_preview->preview.before, m_preview->preview.after));
    growToFit();
    updateReady();
}

void RefcountDialog::updateReady()
{
    setReady(m_preview && m_accept->isChecked() && !isWriting());
}

void RefcountDialog::go()
{
    m_count->setEnabled(false);
    write(
        tr("Writing the count"), commitWork(m_preview), [this, change = m_change](const std::any&) { wrote(change); });
}

void RefcountDialog::wrote(const RawRefcountChange& change)
{
    goOn();
    m_preview.reset();
    m_accept->setChecked(false);
    m_count->setEnabled(true);
    const bool isUndo = m_written && m_written->before == change.after;
    m_written = isUndo ? std::nullopt : std::optional(change);
    m_undo->setVisible(m_written.has_value());
    m_undo->setToolTip(tr("Write the count of %1 back").arg(formatCount(change.before)));
    const QSignalBlocker quiet(m_count);
    m_count->setText(QString::number(change.after));
    Q_EMIT finishedWith(
        tr("The count of cluster %1 is %2 now, it was %3.")
            .arg(formatCount(m_cluster.value()), formatCount(change.after), formatCount(change.before)));
}

void RefcountDialog::undo()
{
    const RawRefcountChange back{m_cluster, m_written->after, m_written->before};
    m_settle.stop();
    stopLooking();
    m_preview.reset();
    m_count->setEnabled(false);
    write(tr("Writing the old count back"), writeWork(m_document.storageOpener(), m_path, rawRefcountEdit(back)),
        [this, back](const std::any&) { wrote(back); });
}

/// The session is over with the write, however that ended.
void RefcountDialog::writeStopped()
{
    m_failed = true;
    m_count->setEnabled(true);
    showForecast();
}

QString RefcountDialog::remainsText() const
{
    return tr("The count is as it was.");
}

} // namespace cowscope::ui
