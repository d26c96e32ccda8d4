// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/amend_options/amend_options_dialog.h"

#include "core/edit/session/edits.h"
#include "core/report/amend_report.h"
#include "ui/common/format.h"
#include "ui/common/text_label.h"

#include <QCheckBox>
#include <QComboBox>
#include <QFile>
#include <QFileInfo>
#include <QFormLayout>
#include <QLabel>
#include <QLineEdit>
#include <QRegularExpression>

namespace cowscope::ui
{

namespace
{

/// Numbers of things and bytes with separators: "65,536 bytes".
QString withGroupedNumbers(const QString& line)
{
    static const QRegularExpression kLong(QStringLiteral(R"(\b\d{4,}(?= (bytes|clusters|entries|L2 tables)\b))"));
    QString grouped;
    qsizetype done = 0;
    for (auto found = kLong.globalMatch(line); found.hasNext();) {
        const QRegularExpressionMatch match = found.next();
        grouped += line.mid(done, match.capturedStart() - done) + formatCount(match.captured().toULongLong());
        done = match.capturedEnd();
    }
    return grouped + line.mid(done);
}

} // namespace

AmendOptionsDialog::AmendOptionsDialog(ImageDocument& document, QWidget* parent)
    : TaskDialog(QStringLiteral("amendOptionsDialog"), tr("Amend %1").arg(QFileInfo(document.path()).fileName()),
        tr("A&mend"), parent)
    , m_document(document)
    , m_image(document.image())
    , m_desk(std::make_shared<EditDesk>(document.storageOpener(), QFile::encodeName(document.path()).toStdString()))
    , m_compat(new QComboBox(this))
    , m_width(new QComboBox(this))
    , m_split(new QCheckBox(tr("C&opy what the width cannot share"), this))
    , m_lazy(new QCheckBox(tr("&Lazy refcounts"), this))
    , m_backingFile(new QLineEdit(this))
    , m_backingFormat(new QComboBox(this))
    , m_preview(makeTextLabel(QStringLiteral("amendPreview"), this))
    , m_panel(new PreviewPanel(this))
{
    makeBody();
    fill();
    m_panel->hide();
    m_compat->setFocus();
    resize(760, 600);
    for (QComboBox* box : {m_compat, m_width, m_backingFormat})
        connect(box, &QComboBox::currentIndexChanged, this, [this] { prepare(); });
    for (QCheckBox* box : {m_split, m_lazy})
        connect(box, &QCheckBox::toggled, this, [this] { prepare(); });
    connect(m_backingFile, &QLineEdit::textChanged, this, [this] { prepare(); });
    connect(this, &TaskDialog::writing, &document, [&document] { document.setEditing(true); });
    connect(this, &TaskDialog::written, &document, [&document] { document.setEditing(false); });
}

void AmendOptionsDialog::makeBody()
{
    auto* text = makeTextLabel(QStringLiteral("introduction"), this);
    text->setText(tr("Everything that is changed here is changed by one commit: at every moment the file is the old "
                     "image or the new one."));
    body().addWidget(text);
    m_compat->setObjectName(QStringLiteral("compat"));
    m_compat->setToolTip(tr("0.10 is version 2 of the format, which old programs read; 1.1 is version 3"));
    m_width->setObjectName(QStringLiteral("width"));
    m_width->setToolTip(tr("How many bits each reference count has"));
    m_split->setObjectName(QStringLiteral("splitShared"));
    m_split->setToolTip(
        tr("Where a count does not fit the width, snapshots get copies of what they share with the disk"));
    m_lazy->setObjectName(QStringLiteral("lazyRefcounts"));
    m_lazy->setToolTip(tr("Counts may be written late, and are repaired after a crash"));
    m_backingFile->setObjectName(QStringLiteral("backingFile"));
    m_backingFile->setPlaceholderText(tr("none"));
    m_backingFile->setToolTip(tr("Only the name in the header: no contents are compared or copied"));
    m_backingFormat->setObjectName(QStringLiteral("backingFormat"));
    auto* form = new QFormLayout;
    form->addRow(tr("&Compat level"), m_compat);
    form->addRow(tr("Refcount &width"), m_width);
    form->addRow(nullptr, m_split);
    form->addRow(nullptr, m_lazy);
    form->addRow(tr("&Backing file"), m_backingFile);
    form->addRow(tr("Backing &format"), m_backingFormat);
    const std::pair<QWidget*, QString> names[] = {{m_compat, tr("Compat level")}, {m_width, tr("Refcount width")},
        {m_split, tr("Copy what the width cannot share")}, {m_lazy, tr("Lazy refcounts")},
        {m_backingFile, tr("Name of the backing file")}, {m_backingFormat, tr("Format of the backing file")}};
    for (const auto& [widget, name] : names)
        widget->setAccessibleName(name);
    body().addLayout(form);
    m_preview->setAccessibleName(tr("What would change"));
    body().addWidget(m_preview);
    body().addWidget(m_panel, 1);
    body().addStretch(0);
}

/// Shows the image as it is.
void AmendOptionsDialog::fill()
{
    const Header& header = m_image->header();
    m_compat->addItem(tr("0.10 (version 2)"), 2U);
    m_compat->addItem(tr("1.1 (version 3)"), 3U);
    m_compat->setCurrentIndex(header.version == 2 ? 0 : 1);
    for (unsigned order = 0; order <= kMaxRefcountOrder; ++order)
        m_width->addItem(order == 0 ? tr("1 bit") : tr("%1 bits").arg(1U << order), order);
    m_width->setCurrentIndex(static_cast<int>(header.refcountOrder));
    m_lazy->setChecked(header.hasLazyRefcounts());
    m_backingFile->setText(toQString(m_image->backingFile()));
    const QString format = toQString(m_image->extensions().backingFormat.value_or(""));
    m_backingFormat->addItem(tr("none"), QString());
    for (const QString& each : {QStringLiteral("qcow2"), QStringLiteral("raw")})
        m_backingFormat->addItem(each, each);
    if (m_backingFormat->findData(format) < 0)
        m_backingFormat->addItem(format, format);
    m_backingFormat->setCurrentIndex(m_backingFormat->findData(format));
}

AmendRequest AmendOptionsDialog::request() const
{
    const Header& header = m_image->header();
    AmendRequest request;
    if (const unsigned version = m_compat->currentData().toUInt(); version != header.version)
        request.version = version;
    if (const unsigned order = m_width->currentData().toUInt(); order != header.refcountOrder)
        request.order = order;
    if (m_lazy->isChecked() != header.hasLazyRefcounts())
        request.lazyRefcounts = m_lazy->isChecked();
    if (const std::string name = m_backingFile->text().toStdString(); name != m_image->backingFile())
        request.backingFile = name;
    const std::string format = m_backingFormat->currentData().toString().toStdString();
    if (format != m_image->extensions().backingFormat.value_or(""))
        request.backingFormat = format;
    request.splitShared = m_split->isChecked();
    return request;
}

void AmendOptionsDialog::enableControls(bool enabled)
{
    for (QWidget* each :
        std::initializer_list<QWidget*>{m_compat, m_width, m_split, m_lazy, m_backingFile, m_backingFormat})
        each->setEnabled(enabled);
}

void AmendOptionsDialog::prepare()
{
    stopLooking();
    clearProblem();
    setReady(false);
    enableControls(true);
    m_panel->setPreview(nullptr);
    const AmendRequest wanted = request();
    const bool nothing
        = !wanted.version && !wanted.order && !wanted.lazyRefcounts && !wanted.backingFile && !wanted.backingFormat;
    m_preview->setText(nothing ? tr("Nothing is changed so far.") : tr("Finding out what it changes\u2026"));
    if (nothing)
        m_panel->hide();
    else
        m_document.whenIdle(this, [this] { findCost(); });
}

void AmendOptionsDialog::findCost()
{
    look(
        tr("Finding out what it changes"),
        [desk = m_desk, wanted = request()](const TaskContext& task) -> Result<std::any> {
            auto preview = desk->preview(amendEdit(wanted), task);
            return preview ? Result<std::any>(std::any(std::move(*preview))) : failed(preview);
        },
        [this](const std::any& result) {
            showPreview(std::any_cast<const std::shared_ptr<const ShownPreview>&>(result));
        });
}

void AmendOptionsDialog::showPreview(std::shared_ptr<const ShownPreview> preview)
{
    QStringList lines;
    const auto& summary = std::any_cast<const AmendSummary&>(preview->edit.outcome);
    for (const QString& line : toQString(amendText(summary)).split(QLatin1Char('\n'), Qt::SkipEmptyParts))
        lines << withGroupedNumbers(line).toHtmlEscaped();
    m_preview->setText(lines.join(QStringLiteral("<br>")));
    m_panel->setPreview(std::move(preview));
    m_panel->show();
    growToFit();
    setReady(m_panel->isSound());
}

void AmendOptionsDialog::go()
{
    enableControls(false);
    write(
        windowTitle(),
        [desk = m_desk, preview = m_panel->preview()](const TaskContext& task) { return desk->commit(*preview, task); },
        [this](const std::any&) {
            Q_EMIT finishedWith(tr("The image was amended."));
            accept();
        });
}

void AmendOptionsDialog::jobFailed(const Error& error)
{
    if (!isWriting() && !m_panel->preview())
        m_preview->clear(); // the message tells what was found out
    TaskDialog::jobFailed(error);
}

QString AmendOptionsDialog::remainsText() const
{
    return tr("The image is as it was.");
}

} // namespace cowscope::ui
