// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/common/empty_state.h"
#include "ui/snapshots/snapshot_job.h"

class QLabel;
class QPushButton;
class QTableView;

namespace cowscope::ui
{

class SnapshotModel;

/// The internal snapshots of the image, and what can be done with them.
class SnapshotsPanel : public EmptyState
{
    Q_OBJECT

public:
    explicit SnapshotsPanel(ImageDocument& document, QWidget* parent = nullptr);

public Q_SLOTS:
    void createSnapshot(); ///< opens the dialog; nothing without an image

Q_SIGNALS:
    void amendRequested(); ///< the user wants a wider refcount width
    void repairRequested();

private:
    QWidget* makeBar();
    QPushButton* makeButton(const QString& objectName, const QString& text, const QString& toolTip);
    void refresh();
    void updateState();
    void showSelection();
    void selectRow();
    int currentRow() const; ///< -1: none
    void openDialog(SnapshotTask task);
    QString summary() const;

    ImageDocument& m_document;
    SnapshotModel* m_model;
    QTableView* m_view;
    EmptyState* m_list;
    QLabel* m_summary;
    QLabel* m_result; ///< what was done last
    QString m_resultPath; ///< of the image that the result is about
    QPushButton* m_create;
    QPushButton* m_apply;
    QPushButton* m_delete;
    bool m_showing = false;
    bool m_selectNewest = false; ///< once the image is open again
};

} // namespace cowscope::ui
