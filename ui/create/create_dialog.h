// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/edit/image/create.h"
#include "ui/jobs/task_dialog.h"

class QCheckBox;
class QComboBox;
class QFormLayout;
class QLineEdit;

namespace cowscope::ui
{

class SizeEdit;

/// Asks what a new image shall be, says at once what is wrong with that, and makes it. Closes when it is done.
class CreateDialog : public TaskDialog
{
    Q_OBJECT

public:
    /// Makes the file; called in a worker thread. Tests put their own in its place.
    using Creator = std::function<Result<void>(
        const CreateOptions& options, const std::string& path, bool sizeFromBacking, const TaskContext& task)>;

    /// The file is proposed in `folder`.
    explicit CreateDialog(const QString& folder, QWidget* parent = nullptr);

    void setCreator(Creator creator) { m_creator = std::move(creator); }

    CreateOptions options() const; ///< as they are chosen
    QString path() const;

Q_SIGNALS:
    void created(const QString& path);

protected:
    void prepare() override { validate(); }
    void go() override;
    void writeStopped() override;
    QString remainsText() const override;

private:
    QWidget* makeForm();
    QWidget* makeDiskRows();
    QWidget* makeFormatGroup();
    QWidget* makeFilesGroup();
    QWidget* makePathRow(
        QLineEdit& edit, const QString& objectName, const QString& name, const QString& chooser, bool isNew);
    void choosePath(QLineEdit& edit, const QString& title, bool isNew);
    void orderFields();
    void validate();
    QString problem() const; ///< why there can be no such image, as rich text; empty: it can be
    QString collision() const; ///< which existing file would be replaced, or empty
    QString besideImage(const QString& name) const; ///< a name stored in the image, as a path of this system
    bool takesSizeFromBacking() const;

    Creator m_creator;
    QWidget* m_form;
    QLineEdit* m_path;
    SizeEdit* m_size;
    QLabel* m_sizeText;
    QCheckBox* m_sizeFromBacking;
    QComboBox* m_clusterSize;
    QComboBox* m_compat;
    QComboBox* m_width;
    QLabel* m_widthText;
    QComboBox* m_compression;
    QComboBox* m_preallocation;
    QCheckBox* m_lazy;
    QCheckBox* m_extendedL2;
    QLineEdit* m_backing;
    QComboBox* m_backingFormat;
    QLineEdit* m_dataFile;
    QCheckBox* m_dataFileRaw;
    QCheckBox* m_replace;
    QString m_replaced; ///< the file that m_replace speaks of
    NoticeBox* m_wrong;
    NoticeBox* m_notes;
};

} // namespace cowscope::ui
