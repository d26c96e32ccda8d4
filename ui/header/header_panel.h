// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/common/empty_state.h"
#include "ui/document/image_document.h"

class QTableView;

namespace cowscope::ui
{

class HeaderModel;

/// The header field by field, then its features and extensions and what they lead to.
class HeaderPanel : public EmptyState
{
    Q_OBJECT

public:
    explicit HeaderPanel(ImageDocument& document, QWidget* parent = nullptr);

    /// What else can be done with the header: in the context menu of its fields.
    void setActions(const QList<QAction*>& actions);

private:
    void refresh();
    void showSelection();

    ImageDocument& m_document;
    HeaderModel* m_model;
    QTableView* m_view;
};

} // namespace cowscope::ui
