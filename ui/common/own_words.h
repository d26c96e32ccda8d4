// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

namespace cowscope::ui
{

/// Plain text of the core for the desktop: where it advises an option of the command, the program's own action is named
/// instead, and where there is none the whole command.
QString inOwnWords(QString text);

} // namespace cowscope::ui
