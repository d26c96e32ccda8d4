// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/common/empty_state.h"
#include "ui/document/image_document.h"

class QAction;
class QComboBox;
class QHBoxLayout;
class QLabel;
class QTableView;

namespace cowscope::ui
{

class FindingDetails;
class FindingFilter;
class FindingModel;

/// What is wrong with the image, the verdict, and what can be done about it. A double click or Enter selects the
/// clusters concerned.
class FindingsPanel : public EmptyState
{
    Q_OBJECT

public:
    explicit FindingsPanel(ImageDocument& document, QWidget* parent = nullptr);

    /// Puts buttons for these into the panel: check again, repair.
    void setActions(const QList<QAction*>& actions);

private:
    QWidget* makeBar();
    void refresh();
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
    FindingDetails* m_details;
    EmptyState* m_list;
};

} // namespace cowscope::ui
