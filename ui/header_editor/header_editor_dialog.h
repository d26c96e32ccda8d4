// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/edit/header/header_rules.h"
#include "ui/document/image_document.h"
#include "ui/header_editor/header_history.h"
#include "ui/header_editor/locked_edit.h"
#include "ui/jobs/task_dialog.h"

#include <QTimer>

class QAction;
class QCheckBox;
class QLabel;
class QTextBrowser;

namespace cowscope::ui
{

class FieldRows;

/// Changes chosen fields of the header by hand. Every change is explained and can be undone before anything is written;
/// what would be written, and what the check would say then, is found out by running it on an overlay. A commit writes
/// the header at one stroke, and can itself be undone for as long as the header is what the commit has made of it.
///
/// The document must have an open image and outlive the dialog, as must the history; the document is reloaded after
/// anything was written.
class HeaderEditorDialog : public TaskDialog
{
    Q_OBJECT

public:
    HeaderEditorDialog(ImageDocument& document, HeaderHistory& history, QWidget* parent = nullptr);

Q_SIGNALS:
    void finishedWith(const QString& sentence); ///< what was done

protected:
    void prepare() override;
    void go() override;
    void writeStopped() override;
    QString remainsText() const override;

private:
    void makeBody();
    QWidget* makeExplanations();
    void makeHistoryActions();
    void connectRows();
    void showImage();
    void showState();
    void showConsequences();
    void ask(const HeaderFieldState& state, HeaderEdit wanted, const QString& text, int series);
    void toggle(const HeaderFieldState& state, bool on);
    void type(const HeaderFieldState& state, const QString& text);
    void chooseBackingFile();
    void undo();
    void redo();
    void confirmWrite(const HeaderChange& change, bool isUndo);
    void writeStep(const HeaderChange& change, bool isUndo);
    void dropPreview();
    void startPreview();
    void showPreview(std::shared_ptr<LockedPreview> preview);
    void updateReady();

    ImageDocument& m_document;
    HeaderHistory& m_history;
    const std::string m_path;
    std::shared_ptr<const Image> m_image;
    std::shared_ptr<const Census> m_census;
    FieldRows* m_rows;
    QLabel* m_field;
    QTextBrowser* m_consequences;
    QCheckBox* m_accept;
    QAction* m_undo = nullptr;
    QAction* m_redo = nullptr;
    QTimer m_settle; ///< the check runs when the user pauses
    std::vector<HeaderNote> m_notes; ///< of what is pending
    bool m_failed = false; ///< a write has failed: why stays on the screen until the user goes on
    std::shared_ptr<LockedPreview> m_preview; ///< of what is pending; null: not known yet
};

} // namespace cowscope::ui
