// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/edit/image/raw_refcount.h"
#include "ui/common/notice_box.h"
#include "ui/document/image_document.h"
#include "ui/header_editor/locked_edit.h"
#include "ui/jobs/task_dialog.h"

#include <QTimer>

class QCheckBox;
class QLabel;
class QLineEdit;
class QPushButton;

namespace cowscope::ui
{

/// Writes the reference count of one cluster by hand: an expert's tool, with a loud warning. Says before what the check
/// will say afterwards, and can write the old count back. The document must have an open image and outlive the dialog;
/// it is reloaded after anything was written.
class RefcountDialog : public TaskDialog
{
    Q_OBJECT

public:
    RefcountDialog(ImageDocument& document, HostCluster cluster, QWidget* parent = nullptr);

Q_SIGNALS:
    void finishedWith(const QString& sentence); ///< what was done

protected:
    void prepare() override;
    void go() override;
    void writeStopped() override;
    QString remainsText() const override;

private:
    void makeBody();
    void showImage();
    void showForecast();
    void startPreview();
    void showPreview(std::shared_ptr<LockedPreview> preview);
    void updateReady();
    void wrote(const RawRefcountChange& change);
    void undo();
    QString facts() const;

    ImageDocument& m_document;
    const HostCluster m_cluster;
    const std::string m_path;
    std::shared_ptr<const Image> m_image;
    std::shared_ptr<const Census> m_census;
    RawRefcountForecast m_now; ///< of the count as it is
    RawRefcountChange m_change; ///< that is asked for
    std::optional<RawRefcountChange> m_written; ///< what an undo would take back
    QLabel* m_facts;
    QLineEdit* m_count;
    QLabel* m_forecast;
    QLabel* m_verdict; ///< of the whole image
    QCheckBox* m_accept;
    QPushButton* m_undo;
    QTimer m_settle; ///< the check runs when the user pauses
    bool m_failed = false; ///< a write has failed: why stays on the screen until the user goes on
    std::shared_ptr<LockedPreview> m_preview; ///< null: not known yet
};

} // namespace cowscope::ui
