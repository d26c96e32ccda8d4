// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/common/tool_button.h"

#include <QToolButton>

namespace cowscope::ui
{

QToolButton* makeToolButton(const QString& objectName, const QString& text, const QString& help, QWidget* parent)
{
    auto* button = new QToolButton(parent);
    button->setObjectName(objectName);
    button->setText(text);
    button->setToolTip(help);
    button->setAccessibleName(help);
    return button;
}

} // namespace cowscope::ui
