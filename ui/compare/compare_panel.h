// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/common/empty_state.h"
#include "ui/compare/comparison.h"
#include "ui/document/image_document.h"

#include <memory>

class QCheckBox;
class QComboBox;
class QLabel;
class QPushButton;
class QTableView;

namespace cowscope::ui
{

class ChangeMap;
class DiffModel;

/// How the open image differs from another file, or from what it was when its state was remembered: header, tables,
/// counts, with a map of changes, and on request what the guests see.
class ComparePanel : public EmptyState
{
    Q_OBJECT

public:
    explicit ComparePanel(ImageDocument& document, QWidget* parent = nullptr);

public Q_SLOTS:
    void compareWith(const QString& path);

private:
    QWidget* makeBar();
    void refresh();
    void chooseFile();
    void remember();
    void compareWithRemembered();
    void startJob(const QString& title, Job::Work work, std::function<void(const std::any&)> done);
    void showResult(
        std::shared_ptr<const Comparison> comparison, const QString& first, const QString& second, bool imageIsSecond);
    void clearResult(const QString& text);
    void fillParts();
    QString summary(const Comparison& comparison) const;
    void updateButtons();
    void goTo(int row);

    ImageDocument& m_document;
    QPushButton* m_file;
    QPushButton* m_remember;
    QPushButton* m_before;
    QCheckBox* m_contents;
    QLabel* m_summary;
    ChangeMap* m_map;
    QComboBox* m_part;
    QTableView* m_view;
    DiffModel* m_model;
    EmptyState* m_result;
    std::unique_ptr<Job> m_job;
    RememberedState m_remembered;
    QString m_rememberedPath; ///< the image that it is of
    std::shared_ptr<const Comparison> m_comparison;
    bool m_imageIsSecond = false; ///< the open image is the second of the comparison
};

} // namespace cowscope::ui
