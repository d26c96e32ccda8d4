// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QKeyEvent>

namespace cowscope::ui
{

/// Whether a key is an arrow with more than Shift: no move in a view that paints itself. Such a key is the program's
/// (Alt+Left goes back), also while what it would do is not to be had.
inline bool isArrowOfTheProgram(const QKeyEvent& event)
{
    return event.key() >= Qt::Key_Left && event.key() <= Qt::Key_Down
        && event.modifiers() & (Qt::AltModifier | Qt::ControlModifier | Qt::MetaModifier);
}

} // namespace cowscope::ui
