// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/header_editor/header_editor_dialog.h"

#include "core/edit/session/edits.h"
#include "ui/common/format.h"
#include "ui/common/palette.h"
#include "ui/common/text_label.h"
#include "ui/header_editor/edit_text.h"
#include "ui/header_editor/field_rows.h"

#include <QAction>
#include <QCheckBox>
#include <QDir>
#include <QFile>
#include <QFileDialog>
#include <QFileInfo>
#include <QLabel>
#include <QMessageBox>
#include <QPushButton>
#include <QTextBrowser>
#include <QToolButton>
#include <QUndoView>
#include <QVBoxLayout>

namespace cowscope::ui
{

namespace
{

using Kind = HeaderField::Kind;

constexpr int kPauseMilliseconds = 400;

/// The line of the history for a change of one field.
QString stepText(const HeaderFieldState& state, bool on)
{
    const QString name = toQString(state.name);
    if (state.field.kind == Kind::Extension)
        return on ? HeaderEditorDialog::tr("Keep %1").arg(name) : HeaderEditorDialog::tr("Drop %1").arg(name);
    return on ? HeaderEditorDialog::tr("Set %1").arg(name) : HeaderEditorDialog::tr("Clear %1").arg(name);
}

} // namespace

HeaderEditorDialog::HeaderEditorDialog(ImageDocument& document, HeaderHistory& history, QWidget* parent)
    : TaskDialog(QStringLiteral("headerEditorDialog"),
        tr("Edit the header of %1").arg(QFileInfo(document.path()).fileName()), tr("&Commit"), parent)
    , m_document(document)
    , m_history(history)
    , m_path(QFile::encodeName(document.path()).toStdString())
    , m_rows(new FieldRows(this))
    , m_field(makeTextLabel(QStringLiteral("fieldHelp"), this))
    , m_consequences(new QTextBrowser(this))
    , m_accept(new QCheckBox(tr("I &know that this can damage the image or what it shows"), this))
{
    makeHistoryActions();
    makeBody();
    connectRows();
    resize(860, 560);
    m_settle.setSingleShot(true);
    m_settle.setInterval(kPauseMilliseconds);
    connect(&m_settle, &QTimer::timeout, this, [this] { m_document.whenIdle(this, [this] { startPreview(); }); });
    connect(&m_history.stack(), &QUndoStack::indexChanged, this, [this] { showState(); });
    connect(&document, &ImageDocument::opened, this, &HeaderEditorDialog::showImage);
    connect(this, &TaskDialog::writing, &document, [&document] { document.setEditing(true); });
    connect(this, &TaskDialog::written, &document, [&document] { document.setEditing(false); });
    showImage();
}

void HeaderEditorDialog::makeBody()
{
    auto* text = makeTextLabel(QStringLiteral("introduction"), this);
    text->setText(
        tr("For experts. Nothing is written before Commit, which writes the header at one stroke. An image that "
           "is marked dirty or corrupt is edited as it is, without a repair."));
    body().addWidget(text);
    auto* columns = new QHBoxLayout;
    columns->setSpacing(12);
    columns->addWidget(m_rows, 1);
    columns->addWidget(makeExplanations(), 1);
    body().addLayout(columns, 1);
    m_accept->setObjectName(QStringLiteral("accept"));
    m_accept->hide();
    connect(m_accept, &QCheckBox::toggled, this, &HeaderEditorDialog::updateReady);
    body().addWidget(m_accept);
}

/// What the field is, what all changes together mean, and the steps so far.
QWidget* HeaderEditorDialog::makeExplanations()
{
    auto* side = new QWidget(this);
    m_field->setAccessibleName(tr("The field with the focus"));
    m_field->setText(tr("Go to a field to read what it is."));
    m_field->setAlignment(Qt::AlignTop | Qt::AlignLeft);
    m_field->setMinimumHeight(m_field->fontMetrics().lineSpacing() * 5);
    m_consequences->setObjectName(QStringLiteral("consequences"));
    m_consequences->setAccessibleName(tr("What the changes mean and what would be written"));
    m_consequences->setOpenLinks(false);
    m_consequences->setTabChangesFocus(true);
    auto* steps = new QUndoView(&m_history.stack(), side);
    steps->setObjectName(QStringLiteral("steps"));
    steps->setAccessibleName(tr("Steps that can be undone"));
    steps->setEmptyLabel(tr("The header as it was"));
    steps->setFocusPolicy(Qt::NoFocus);
    steps->setAttribute(Qt::WA_TransparentForMouseEvents); // a step that was written is not undone by a click
    steps->setMaximumHeight(steps->fontMetrics().lineSpacing() * 5);
    auto* layout = new QVBoxLayout(side);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_field);
    layout->addWidget(m_consequences, 1);
    layout->addWidget(steps);
    return side;
}

void HeaderEditorDialog::makeHistoryActions()
{
    m_undo = new QAction(tr("&Undo"), this);
    m_undo->setShortcut(QKeySequence(Qt::CTRL | Qt::Key_Z));
    m_redo = new QAction(tr("Re&do"), this);
    m_redo->setShortcut(QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_Z));
    connect(m_undo, &QAction::triggered, this, &HeaderEditorDialog::undo);
    connect(m_redo, &QAction::triggered, this, &HeaderEditorDialog::redo);
    const std::pair<QAction*, QString> buttons[] = {{m_redo, QStringLiteral("redo")}, {m_undo, QStringLiteral("undo")}};
    for (const auto& [action, name] : buttons) {
        auto* button = new QPushButton(action->text(), this);
        button->setObjectName(name);
        connect(button, &QPushButton::clicked, action, &QAction::trigger);
        connect(action, &QAction::changed, button, [button, each = action] {
            button->setEnabled(each->isEnabled());
            button->setToolTip(each->toolTip());
        });
        addButton(button);
        addAction(action);
    }
}

void HeaderEditorDialog::connectRows()
{
    connect(m_rows, &FieldRows::toggled, this, &HeaderEditorDialog::toggle);
    connect(m_rows, &FieldRows::typed, this, &HeaderEditorDialog::type);
    connect(m_rows, &FieldRows::browseRequested, this, &HeaderEditorDialog::chooseBackingFile);
    connect(m_rows, &FieldRows::focused, this,
        [this](const HeaderFieldState& state) { m_field->setText(fieldHtml(state)); });
}

/// The image as it is now: when the dialog opens, and after every write.
void HeaderEditorDialog::showImage()
{
    m_image = m_document.image();
    m_census = m_document.census();
    m_history.follow(m_document.path(), *m_image);
    m_rows->setFields(headerFields(*m_image));
    showState();
}

/// Everything that depends on what is pending.
void HeaderEditorDialog::showState()
{
    dropPreview();
    if (!m_failed)
        clearProblem();
    m_notes = headerEditNotes(*m_image, m_census.get(), m_history.pending());
    m_rows->setEditable(!isWriting());
    m_rows->showEdit(m_history.pending());
    const QUndoStack& stack = m_history.stack();
    m_undo->setEnabled(stack.canUndo() && !isWriting());
    m_redo->setEnabled(stack.canRedo() && !isWriting());
    m_undo->setToolTip(plainToolTip(stack.canUndo() ? tr("Undo: %1").arg(stack.undoText()) : tr("Nothing to undo")));
    m_redo->setToolTip(plainToolTip(stack.canRedo() ? tr("Redo: %1").arg(stack.redoText()) : tr("Nothing to redo")));
    showConsequences();
    const bool refused = highestLevel(m_notes) == NoteLevel::Refusal;
    if (!m_history.pending().changesNothing() && !refused && isVisible() && !isWriting() && !m_failed)
        m_settle.start();
}

void HeaderEditorDialog::showConsequences()
{
    if (m_history.behind())
        hideNothingWritten();
    if (m_history.pending().changesNothing()) {
        m_consequences->setHtml(
            m_history.behind() ? tr(
                "<p><b>Written.</b> Undo takes the change back in the file, for as long as the header stays what it "
                "is now.</p>")
                               : tr("<p>Nothing is changed so far.</p>"));
    } else {
        QString html = notesHtml(m_notes, findingColor(isDark(palette())));
        if (m_preview) {
            const auto* change = std::any_cast<HeaderChange>(&m_preview->preview.outcome);
            html += verdictsHtml(m_preview->preview.before, m_preview->preview.after);
            if (change)
                html += bytesHtml(changedBytes(*change));
        } else if (highestLevel(m_notes) != NoteLevel::Refusal) {
            html += tr("<p>Finding out what would be written\u2026</p>");
        }
        m_consequences->setHtml(html);
    }
    updateReady();
}

void HeaderEditorDialog::ask(const HeaderFieldState& state, HeaderEdit wanted, const QString& text, int series)
{
    m_failed = false;
    m_field->setText(fieldHtml(state));
    m_history.change(onlyChanges(*m_image, std::move(wanted)), text, series);
}

void HeaderEditorDialog::toggle(const HeaderFieldState& state, bool on)
{
    HeaderEdit wanted = m_history.pending();
    if (state.field.kind == Kind::Feature)
        wanted.features[state.field.feature] = on;
    else if (on)
        wanted.dropped.erase(state.field.extension);
    else
        wanted.dropped.insert(state.field.extension);
    ask(state, std::move(wanted), stepText(state, on), -1);
}

void HeaderEditorDialog::type(const HeaderFieldState& state, const QString& text)
{
    HeaderEdit wanted = m_history.pending();
    std::optional<std::string>& value = state.field.kind == Kind::BackingFile ? wanted.backingFile
        : state.field.kind == Kind::BackingFormat                             ? wanted.backingFormat
                                                                              : wanted.dataFile;
    value = text.toStdString();
    const QString shown = text.isEmpty() ? tr("none") : text;
    ask(state, std::move(wanted), tr("%1: %2").arg(toQString(state.name), shown), static_cast<int>(state.field.kind));
}

/// A file in the image's folder or below it is named as seen from there, as QEMU does it.
void HeaderEditorDialog::chooseBackingFile()
{
    const QDir folder = QFileInfo(m_document.path()).absoluteDir();
    auto* dialog = new QFileDialog(this, tr("Choose the backing file"), folder.path());
    dialog->setObjectName(QStringLiteral("backingFileDialog"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::ExistingFile);
    connect(dialog, &QFileDialog::fileSelected, this, [this, folder](const QString& path) {
        const QString relative = folder.relativeFilePath(path);
        for (const HeaderFieldState& state : headerFields(*m_image))
            if (state.field.kind == Kind::BackingFile)
                type(state, relative.startsWith(QStringLiteral("..")) ? path : relative);
    });
    dialog->open();
}

void HeaderEditorDialog::undo()
{
    m_failed = false;
    if (const HeaderChange* change = m_history.behind())
        confirmWrite(*change, true);
    else
        m_history.stack().undo();
}

void HeaderEditorDialog::redo()
{
    m_failed = false;
    if (const HeaderChange* change = m_history.ahead())
        confirmWrite(*change, false);
    else
        m_history.stack().redo();
}

/// To undo or redo what was written is to write again: the user is told what that means.
void HeaderEditorDialog::confirmWrite(const HeaderChange& change, bool isUndo)
{
    dropPreview();
    const auto notes = headerEditNotes(*m_image, m_census.get(), editBack(*m_image, change));
    auto* box = new QMessageBox(QMessageBox::Question, windowTitle(),
        (isUndo ? tr("Take back in the file what was written? ") : tr("Write once more what was taken back? "))
            + notesHtml(notes, findingColor(isDark(palette()))),
        QMessageBox::Cancel, this);
    box->setObjectName(QStringLiteral("confirmWrite"));
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->setTextFormat(Qt::RichText);
    auto* yes = box->addButton(isUndo ? tr("&Take back") : tr("&Write again"), QMessageBox::AcceptRole);
    yes->setObjectName(QStringLiteral("confirm"));
    connect(yes, &QPushButton::clicked, this, [this, change, isUndo] { writeStep(change, isUndo); });
    box->open();
}

void HeaderEditorDialog::writeStep(const HeaderChange& change, bool isUndo)
{
    stopLooking();
    dropPreview();
    m_rows->setEditable(false);
    write(isUndo ? tr("Taking the change back") : tr("Writing the change again"),
        writeWork(m_document.storageOpener(), m_path, headerUndo(change)), [this, isUndo](const std::any& result) {
            goOn();
            auto done = std::any_cast<HeaderChange>(result);
            if (isUndo)
                m_history.tookBack(std::move(done));
            else
                m_history.wroteAgain(std::move(done));
            Q_EMIT finishedWith(
                isUndo ? tr("The change of the header was taken back.") : tr("The header was changed."));
        });
}

/// Gives the locks of the preview's session back, too.
void HeaderEditorDialog::dropPreview()
{
    m_settle.stop();
    stopLooking();
    m_preview.reset();
    m_accept->setChecked(false);
}

void HeaderEditorDialog::prepare()
{
    m_failed = false;
    showState();
}

void HeaderEditorDialog::startPreview()
{
    if (isWriting() || m_history.pending().changesNothing())
        return;
    const std::vector<std::byte> expected(m_image->headerCluster().begin(), m_image->headerCluster().end());
    look(tr("Finding out what would be written"),
        previewWork(m_document.storageOpener(), m_path, headerEdit(m_history.pending(), expected)),
        [this](const std::any& result) { showPreview(std::any_cast<std::shared_ptr<LockedPreview>>(result)); });
}

void HeaderEditorDialog::showPreview(std::shared_ptr<LockedPreview> preview)
{
    m_preview = std::move(preview);
    // The check of the session is newer than the document's.
    m_notes = headerEditNotes(*m_image, m_preview->preview.before.census.get(), m_history.pending());
    showConsequences();
    growToFit();
}

void HeaderEditorDialog::updateReady()
{
    const bool risky = m_preview && (highestLevel(m_notes) == NoteLevel::Danger || !m_preview->preview.isSound());
    m_accept->setVisible(risky);
    setReady(m_preview && !isWriting() && (!risky || m_accept->isChecked()));
}

void HeaderEditorDialog::go()
{
    m_rows->setEditable(false);
    write(tr("Writing the header"), commitWork(m_preview), [this](const std::any& result) {
        goOn();
        m_history.wrote(std::any_cast<HeaderChange>(result));
        Q_EMIT finishedWith(tr("The header was changed."));
    });
}

/// The session is over with the write, however that ended.
void HeaderEditorDialog::writeStopped()
{
    m_failed = true;
    showState();
}

QString HeaderEditorDialog::remainsText() const
{
    return tr("The header is as it was.");
}

} // namespace cowscope::ui
