// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/image/refblock_entry.h"

#include <QPalette>
#include <QString>

namespace cowscope::ui
{

/// The entry as rich text: where it is, its bytes in hex and all their bits, those of the entry set off.
QString entryText(const RefblockEntry& entry, const QPalette& palette);

} // namespace cowscope::ui
