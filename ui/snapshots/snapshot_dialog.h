// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/common/fact_list.h"
#include "ui/jobs/task_dialog.h"
#include "ui/preview/preview_panel.h"
#include "ui/snapshots/snapshot_job.h"

class QCheckBox;
class QLineEdit;

namespace cowscope::ui
{

/// Creates, applies or deletes a snapshot of the document's image: shows first what that costs. Closes when it is done.
/// The document must have an open image and outlive the dialog; it is reloaded after anything was written.
class SnapshotDialog : public TaskDialog
{
    Q_OBJECT

public:
    /// The name of a new snapshot is asked for.
    SnapshotDialog(ImageDocument& document, SnapshotTask task, QWidget* parent = nullptr);

Q_SIGNALS:
    void finishedWith(const QString& sentence); ///< what was done
    void amendRequested(); ///< the width is too narrow: the user wants to change it
    void repairRequested(); ///< the image must be repaired before it can be changed

protected:
    void prepare() override;
    void go() override;
    void jobFailed(const Error& error) override;
    QString remainsText() const override;

private:
    void makeBody();
    void findCost();
    void showCost(const SnapshotCost& cost, std::shared_ptr<const ShownPreview> preview);
    void finish(const Snapshot& snapshot);
    void updateReady();
    void updateNameHint();
    bool isName() const;
    bool mayOverflow() const;

    ImageDocument& m_document;
    SnapshotTask m_task;
    const std::shared_ptr<EditDesk> m_desk;
    std::optional<SnapshotCost> m_cost;
    QLineEdit* m_name;
    QLabel* m_nameHint;
    QCheckBox* m_copy;
    QWidget* m_costs; ///< hidden where there are none to show
    FactList* m_facts;
    PreviewPanel* m_panel;
    QPushButton* m_amend;
    QPushButton* m_repair;
};

/// What the operation costs, for people.
QList<Fact> costFacts(const SnapshotCost& cost, std::uint64_t clusterSize);

} // namespace cowscope::ui
