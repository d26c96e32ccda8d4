// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/edit/amend/amend_image.h"
#include "ui/document/image_document.h"
#include "ui/jobs/task_dialog.h"
#include "ui/preview/preview_panel.h"

class QCheckBox;
class QComboBox;
class QLabel;
class QLineEdit;

namespace cowscope::ui
{

/// Changes compat level, refcount width, lazy refcounts and the backing file's name of the document's image by one
/// commit, and copies what a narrower width cannot count when asked to. Shows first what that changes and costs, with
/// all reasons that stand in the way. The document must have an open image and outlive the dialog; it is reloaded after
/// anything was written.
class AmendOptionsDialog : public TaskDialog
{
    Q_OBJECT

public:
    explicit AmendOptionsDialog(ImageDocument& document, QWidget* parent = nullptr);

    /// What the controls ask for: only what is not as it is.
    AmendRequest request() const;

Q_SIGNALS:
    void finishedWith(const QString& sentence); ///< what was done

protected:
    void prepare() override;
    void go() override;
    void jobFailed(const Error& error) override;
    QString remainsText() const override;

private:
    void makeBody();
    void fill();
    void enableControls(bool enabled);
    void findCost();
    void showPreview(std::shared_ptr<const ShownPreview> preview);

    ImageDocument& m_document;
    const std::shared_ptr<const Image> m_image;
    const std::shared_ptr<EditDesk> m_desk;
    QComboBox* m_compat;
    QComboBox* m_width;
    QCheckBox* m_split;
    QCheckBox* m_lazy;
    QLineEdit* m_backingFile;
    QComboBox* m_backingFormat;
    QLabel* m_preview;
    PreviewPanel* m_panel;
};

} // namespace cowscope::ui
