// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/clusters/cluster_list.h"
#include "ui/common/empty_state.h"
#include "ui/document/image_document.h"

#include <memory>

class QComboBox;
class QLabel;
class QSpinBox;
class QTableView;

namespace cowscope::ui
{

class ClusterModel;

/// Every host cluster with its owner and count, filtered by both. Large lists come in pages.
class ClusterPanel : public EmptyState
{
    Q_OBJECT

public:
    explicit ClusterPanel(ImageDocument& document, QWidget* parent = nullptr);

    /// What else can be done with the selected cluster: in the context menu of the table.
    void setActions(const QList<QAction*>& actions);

private:
    QWidget* makeFilterBar();
    void refresh();
    void fillOwners();
    ClusterFilter filter() const;
    void applyFilter();
    void sortBy(int column);
    void setList(ClusterList list);
    void setPage(int page);
    void showSelection();
    void selectRows();

    ImageDocument& m_document;
    ClusterModel* m_model;
    QTableView* m_view;
    QComboBox* m_owner;
    QComboBox* m_verdict;
    QSpinBox* m_leastCount;
    QSpinBox* m_page;
    QLabel* m_pageText;
    QLabel* m_shown;
    ClusterOrder m_order;
    std::unique_ptr<Job> m_job; ///< the filter's
    bool m_showing = false; ///< rows are being selected to show the selection, not by the user
};

} // namespace cowscope::ui
