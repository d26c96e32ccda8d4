// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/preview/edit_desk.h"

#include <QString>

namespace cowscope::ui
{

/// What a check says before and after, the length of the file, how much is written and how many entries and counts
/// change: one paragraph of rich text.
QString previewSummary(const EditPreview& preview);

/// What stands in the way of committing: what a check finds only behind the edit. Rich text, empty where nothing is.
QString previewHarm(const EditPreview& preview);

/// "cluster 12: free, count 0 → refblock, count 1", or what is said of several clusters.
QString changeText(const ShownPreview& preview, const ClusterRange& range);

} // namespace cowscope::ui
