// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/map_cell.h"

#include <QColor>
#include <QPalette>

namespace cowscope::ui
{

/// Whether colours have to suit a dark background.
bool isDark(const QPalette& palette);

/// The colour of an owner, the same in every view. Based on the Okabe-Ito set; red means a finding and nothing else.
QColor ownerColor(ClusterOwner owner, bool dark);

/// The colour of a reference count: 0 neutral, 1 pale, from 2 on the cividis scale by the logarithm of the count up to
/// `largest` (at least 2), and a colour of its own for a count that is the width's `maximum`. At a width of 1 bit,
/// where every count is the maximum, 1 stays pale.
QColor countColor(std::uint64_t count, std::uint64_t largest, std::uint64_t maximum, bool dark);

/// The cividis scale, dark at 0 and light at 1, the same in both themes.
QColor scaleColor(double position);

/// The colour of a refblock by how full it is; one that is missing has a colour of its own.
QColor fillColor(RefblockFill fill, bool dark);

/// Colour of findings.
QColor findingColor(bool dark);

/// Black or white, whichever is easier to read on `background`.
QColor textColorOn(const QColor& background);

/// Colours of the light and the dark theme for QApplication::setPalette().
QPalette lightPalette();
QPalette darkPalette();

} // namespace cowscope::ui
