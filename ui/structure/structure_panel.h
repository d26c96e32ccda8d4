// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/common/empty_state.h"
#include "ui/document/image_document.h"

class QTreeView;

namespace cowscope::ui
{

class StructureModel;

/// The tree of the image's structures, in step with the selection.
class StructurePanel : public EmptyState
{
    Q_OBJECT

public:
    explicit StructurePanel(ImageDocument& document, QWidget* parent = nullptr);

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    void refresh();
    void showSelection();
    void selectRow(const QModelIndex& index);

    ImageDocument& m_document;
    StructureModel* m_model;
    QTreeView* m_view;
};

} // namespace cowscope::ui
