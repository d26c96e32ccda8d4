// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/common/empty_state.h"
#include "ui/document/image_document.h"
#include "ui/references/cluster_references.h"

#include <QTimer>

#include <memory>

class QLabel;
class QSplitter;
class QTableView;

namespace cowscope::ui
{

class GraphView;
class ReferenceModel;

/// Who refers to the selected cluster and what it refers to, as a graph and as a list. Looked up in a job while the
/// panel is seen.
class ReferencesPanel : public EmptyState
{
    Q_OBJECT

public:
    explicit ReferencesPanel(ImageDocument& document, QWidget* parent = nullptr);

protected:
    void showEvent(QShowEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    void refresh(); ///< something else is selected, or another image is open
    void lookUp();
    void showReferences(const ClusterReferences& found);
    void follow(HostCluster first, std::uint64_t clusters);
    QString heading(const ClusterReferences& found) const;

    ImageDocument& m_document;
    QLabel* m_heading;
    QSplitter* m_splitter;
    GraphView* m_graph;
    QTableView* m_list;
    ReferenceModel* m_model;
    QTimer m_settle;
    std::unique_ptr<Job> m_job;
    bool m_stale = true;
};

} // namespace cowscope::ui
