// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/common/empty_state.h"
#include "ui/document/image_document.h"

class QAction;
class QComboBox;
class QHBoxLayout;
class QLabel;
class QStackedWidget;
class QTableView;
class QToolButton;
class QTreeView;

namespace cowscope::ui
{

class FindingDetails;
class FindingFilter;
class FindingModel;
class GroupModel;

/// What is wrong with the image, one by one or grouped by likely cause, the verdict, and what can be done about it. A
/// double click or Enter selects the clusters concerned.
class FindingsPanel : public EmptyState
{
    Q_OBJECT

public:
    explicit FindingsPanel(ImageDocument& document, QWidget* parent = nullptr);

    /// Puts buttons for these into the panel: check again, repair.
    void setActions(const QList<QAction*>& actions);

private:
    QWidget* makeBar();
    QTreeView* makeTree();
    void refresh();
    void startGrouping();
    void showGrouped();
    void showGroup();
    void goToGroup(const QModelIndex& index);
    void fillKinds();
    void applyFilter();
    void showFinding();
    void goToFinding(const QModelIndex& index);

    ImageDocument& m_document;
    FindingModel* m_model;
    FindingFilter* m_filter;
    QHBoxLayout* m_barLayout;
    QLabel* m_summary;
    QComboBox* m_severity;
    QComboBox* m_kind;
    QTableView* m_view;
    GroupModel* m_groups;
    QTreeView* m_tree;
    QStackedWidget* m_lists; ///< the table, the tree
    QToolButton* m_grouped;
    QToolButton* m_export;
    std::unique_ptr<Job> m_job; ///< groups the findings
    FindingDetails* m_details;
    EmptyState* m_list;
};

} // namespace cowscope::ui
