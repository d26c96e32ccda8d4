// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/details/html.h"
#include "ui/document/selection.h"

namespace cowscope
{
class Image;
}

namespace cowscope::ui
{

/// A stretch of a virtual disk: how its beginning is mapped and where that is in the file. One small read.
void writeGuestRange(HtmlPage& page, const Image& image, const GuestRange& range);

} // namespace cowscope::ui
