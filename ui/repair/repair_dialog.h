// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/document/image_document.h"
#include "ui/jobs/task_dialog.h"
#include "ui/preview/preview_panel.h"
#include "ui/repair/repair_text.h"

class QCheckBox;
class QListWidget;
class QTableWidget;

namespace cowscope::ui
{

/// Repairs the document's image: what would be done, the repair, what it did. The document must have an open image and
/// outlive the dialog; it is reloaded after anything was written.
class RepairDialog : public TaskDialog
{
    Q_OBJECT

public:
    RepairDialog(ImageDocument& document, RepairMode mode, QWidget* parent = nullptr);

    const std::optional<RepairOutcome>& outcome() const { return m_outcome; } ///< once the repair has ended well

Q_SIGNALS:
    void amendRequested(); ///< the width is too narrow for the references: the user wants to change it

protected:
    void prepare() override;
    void go() override;
    QString remainsText() const override;

private:
    void makeBody();
    void findPlan();
    void showPreview(RepairPreview preview);
    void showActions();
    void showGivenUp();
    void showOutcome(const RepairOutcome& outcome);
    void updateReady();

    ImageDocument& m_document;
    const RepairMode m_mode;
    const std::shared_ptr<EditDesk> m_desk;
    RepairPreview m_preview;
    std::optional<RepairOutcome> m_outcome;
    QLabel* m_headline;
    QTableWidget* m_actions;
    NoticeBox* m_givenUp;
    QListWidget* m_givenUpList;
    QCheckBox* m_accept;
    NoticeBox* m_remains;
    PreviewPanel* m_panel;
    QPushButton* m_amend;
};

} // namespace cowscope::ui
