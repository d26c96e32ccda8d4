// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/common/empty_state.h"
#include "ui/document/image_document.h"
#include "ui/reftable/refblock_use.h"

#include <memory>

class QLabel;
class QTableView;

namespace cowscope::ui
{

class ReftableModel;
class ReftableOverview;

/// The refcount table: where the refblocks are and how full they are.
class ReftablePanel : public EmptyState
{
    Q_OBJECT

public:
    explicit ReftablePanel(ImageDocument& document, QWidget* parent = nullptr);

private:
    void refresh();
    void showSelection();
    void showUses(const std::vector<RefblockUse>& uses);

    ImageDocument& m_document;
    ReftableModel* m_model;
    QTableView* m_view;
    ReftableOverview* m_overview;
    QLabel* m_summary; ///< how many refblocks there are, and how full
    std::unique_ptr<Job> m_job; ///< counts what each refblock holds
};

} // namespace cowscope::ui
