// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/preview/edit_desk.h"

#include <QWidget>

class QLabel;
class QTabWidget;
class QToolButton;

namespace cowscope::ui
{

class DiffModel;
class MapPair;
class NoticeBox;

// The folder ui/preview: what the dialogs of all edits share. EditDesk runs previews and commits in the jobs of a
// dialog, PreviewPanel shows what would change. It knows the map widget (ui/cells) and no feature.

/// What an edit would change: a summary in words, and, unfolded, maps before and after and a list of differences.
/// Whether it is unfolded is remembered for all dialogs. Empty until there is a preview.
class PreviewPanel : public QWidget
{
    Q_OBJECT

public:
    explicit PreviewPanel(QWidget* parent = nullptr);

    void setPreview(std::shared_ptr<const ShownPreview> preview); ///< null: nothing is known
    const std::shared_ptr<const ShownPreview>& preview() const { return m_preview; }

    /// Whether there is a preview that leaves the image no worse than it is: only then it may be committed.
    bool isSound() const { return m_preview && m_preview->edit.isSound(); }

Q_SIGNALS:
    void folded(bool away); ///< by the user

private:
    QWidget* makeDifferences();
    void unfold(bool open);

    std::shared_ptr<const ShownPreview> m_preview;
    QToolButton* m_fold;
    QLabel* m_summary;
    NoticeBox* m_harm;
    QTabWidget* m_tabs;
    MapPair* m_maps;
    DiffModel* m_differences;
};

} // namespace cowscope::ui
