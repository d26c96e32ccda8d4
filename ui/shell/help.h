// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

class QWidget;

namespace cowscope::ui
{

/// Small windows of the Help menu; they delete themselves when closed.
void showAbout(QWidget* parent);
void showGuide(QWidget* parent); ///< resources/help
void showKeys(QWidget* parent);

} // namespace cowscope::ui
