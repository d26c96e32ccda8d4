// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

class QSplitter;

namespace cowscope::ui
{

/// Restores how the user has shared out a splitter before, and remembers it from now on, under its object name.
void rememberSizes(QSplitter& splitter);

} // namespace cowscope::ui
