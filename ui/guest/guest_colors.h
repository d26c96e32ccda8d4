// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/guest_overview.h"

#include <QColor>
#include <QString>

namespace cowscope::ui
{

/// Data and compressed data have their colours of every other view, what cannot be followed that of findings.
QColor guestColor(GuestUse use, bool dark);

QString guestUseText(GuestUse use); ///< "data", "zeros, no cluster", "backing file", ...
QString guestUseMeaning(GuestUse use); ///< a sentence for tooltips
QString guestLetter(GuestUse use); ///< one letter, so that no view depends on colour alone; empty for unallocated

} // namespace cowscope::ui
