// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

class QLabel;
class QWidget;

namespace cowscope::ui
{

/// A label for text of any length: wraps, can be selected with mouse and keyboard.
QLabel* makeTextLabel(const QString& objectName, QWidget* parent = nullptr);

} // namespace cowscope::ui
