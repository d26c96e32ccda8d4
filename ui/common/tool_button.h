// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

class QToolButton;
class QWidget;

namespace cowscope::ui
{

/// A button of a view's bar. `help` is its tool tip and what a screen reader says.
QToolButton* makeToolButton(const QString& objectName, const QString& text, const QString& help, QWidget* parent);

} // namespace cowscope::ui
