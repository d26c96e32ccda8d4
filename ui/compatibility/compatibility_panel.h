// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/common/empty_state.h"
#include "ui/document/image_document.h"

class QTextBrowser;

namespace cowscope::ui
{

/// What the image demands of a reader, who can read it, and what would have to change.
class CompatibilityPanel : public EmptyState
{
    Q_OBJECT

public:
    explicit CompatibilityPanel(ImageDocument& document, QWidget* parent = nullptr);

protected:
    void changeEvent(QEvent* event) override;

private:
    void refresh();

    ImageDocument& m_document;
    QTextBrowser* m_page;
};

} // namespace cowscope::ui
