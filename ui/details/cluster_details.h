// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/census.h"
#include "core/image/image.h"
#include "ui/details/html.h"

namespace cowscope::ui
{

/// The part of writeDetails() for clusters.
void writeClusters(HtmlPage& page, const Image& image, const Census& census, const ClusterRange& range);

} // namespace cowscope::ui
