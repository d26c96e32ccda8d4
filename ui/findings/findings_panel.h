// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/common/empty_state.h"
#include "ui/document/image_document.h"

class QLabel;
class QTableView;

namespace cowscope::ui
{

class FindingModel;

/// What is wrong with the image. A double click or Enter selects the clusters concerned.
class FindingsPanel : public EmptyState
{
    Q_OBJECT

public:
    explicit FindingsPanel(ImageDocument& document, QWidget* parent = nullptr);

private:
    void refresh();

    ImageDocument& m_document;
    FindingModel* m_model;
    QLabel* m_summary;
    QTableView* m_view;
};

} // namespace cowscope::ui
