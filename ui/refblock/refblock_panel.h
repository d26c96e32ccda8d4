// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/common/empty_state.h"
#include "ui/document/image_document.h"

#include <memory>

class QComboBox;
class QLabel;
class QSpinBox;
class QToolButton;

namespace cowscope::ui
{

class HeatmapView;

/// The counts of one refblock, or of the whole file, as a heatmap.
class RefblockPanel : public EmptyState
{
    Q_OBJECT

public:
    explicit RefblockPanel(ImageDocument& document, QWidget* parent = nullptr);

    /// What else can be done with the selected cluster: the context menu of the grid.
    void setActions(const QList<QAction*>& actions);

private:
    QWidget* makeBar();
    void refresh();
    void startSummaries();
    void showRange();
    void showSelection();
    void updateTexts();
    void showEntry(const std::optional<ClusterRange>& cell);
    QString legend() const;
    bool wholeFile() const;
    std::uint64_t blocks() const; ///< refblocks that count clusters of the file, at least 1

    ImageDocument& m_document;
    HeatmapView* m_view;
    QComboBox* m_extent;
    QSpinBox* m_index;
    QToolButton* m_previous = nullptr;
    QToolButton* m_next = nullptr;
    QComboBox* m_colorBy;
    QLabel* m_caption;
    QLabel* m_legend;
    QLabel* m_entry; ///< bytes and bits of the entry under the mouse, else of the one selected
    std::unique_ptr<Job> m_job; ///< the summaries'
    bool m_selecting = false; ///< the selection comes from the view itself: it shows it already
};

} // namespace cowscope::ui
