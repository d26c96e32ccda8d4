// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QStringView>

#include <optional>

namespace cowscope::ui
{

/// How well `pattern` fits `text`: its letters, spaces apart, stand in the text in that order, in either case. Letters
/// in a row and at the beginnings of words count more, gaps count against. Nothing if it does not fit at all.
std::optional<int> fuzzyScore(QStringView pattern, QStringView text);

} // namespace cowscope::ui
