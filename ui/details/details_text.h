// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/census.h"
#include "core/image/image.h"
#include "ui/details/html.h"

namespace cowscope::ui
{

/// Explains the selected thing: what it is, its value and bytes, what is legal, why it matters, what refers to it and
/// what it refers to. Reads at most one cluster of the file.
void writeDetails(HtmlPage& page, const Image& image, const Census& census, const Selection::Value& value);

} // namespace cowscope::ui
