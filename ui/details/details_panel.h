// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/common/empty_state.h"
#include "ui/document/image_document.h"

class QTextBrowser;

namespace cowscope::ui
{

/// Explains what is selected, with links to what it refers to and what refers to it.
class DetailsPanel : public EmptyState
{
    Q_OBJECT

public:
    explicit DetailsPanel(ImageDocument& document, QWidget* parent = nullptr);

private:
    void refresh();

    ImageDocument& m_document;
    QTextBrowser* m_text;
};

} // namespace cowscope::ui
