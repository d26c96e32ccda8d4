// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/common/empty_state.h"
#include "ui/document/image_document.h"

#include <memory>

class QTableView;

namespace cowscope::ui
{

class ReftableModel;

/// The refcount table: where the refblocks are and how full they are.
class ReftablePanel : public EmptyState
{
    Q_OBJECT

public:
    explicit ReftablePanel(ImageDocument& document, QWidget* parent = nullptr);

private:
    void refresh();
    void showSelection();

    ImageDocument& m_document;
    ReftableModel* m_model;
    QTableView* m_view;
    std::unique_ptr<Job> m_job; ///< counts what each refblock holds
};

} // namespace cowscope::ui
