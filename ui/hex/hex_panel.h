// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/common/empty_state.h"
#include "ui/document/image_document.h"
#include "ui/hex/bookmarks.h"
#include "ui/hex/byte_cache.h"

#include <memory>
#include <span>

class QComboBox;
class QLabel;
class QLayout;
class QLineEdit;
class QMenu;
class QProgressBar;
class QSplitter;
class QToolButton;

namespace cowscope::ui
{

class HexView;
class PlacePanel;

/// The bytes of the file with the structures in them, search, copy, and bookmarks.
class HexPanel : public EmptyState
{
    Q_OBJECT

public:
    explicit HexPanel(ImageDocument& document, QWidget* parent = nullptr);

    void startSearch(); ///< the cursor goes to the search box

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    using Format = QString (*)(std::span<const std::byte>);

    QWidget* makeBar();
    void addSearch(QLayout& layout);
    QToolButton* makeCopyButton();
    QToolButton* makeBookmarkButton();
    void refresh();
    void showSelection();
    void follow();
    std::uint64_t searchStart(bool backward) const;
    void search(bool backward);
    void searchEnded(const QString& message);
    void copy(Format format);
    void say(const QString& message); ///< until something else is selected
    void fillBookmarks();
    void addBookmark();
    void select(const ByteRange& range);

    ImageDocument& m_document;
    ByteCache m_cache;
    Bookmarks m_bookmarks;
    QSplitter* m_split;
    HexView* m_view;
    PlacePanel* m_place;
    QComboBox* m_searchFor;
    QLineEdit* m_pattern;
    QToolButton* m_next;
    QToolButton* m_previous;
    QToolButton* m_matchCase;
    QProgressBar* m_progress;
    QToolButton* m_stop;
    QMenu* m_bookmarkMenu;
    QLabel* m_status;
    std::unique_ptr<Job> m_search;
    std::unique_ptr<Job> m_copy;
    bool m_saying = false; ///< a message stands where the byte at the cursor is described
    bool m_selecting = false; ///< the selection comes from the view itself
};

} // namespace cowscope::ui
