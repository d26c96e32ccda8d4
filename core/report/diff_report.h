// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/content_diff.h"
#include "core/analysis/image_diff.h"

#include <nlohmann/json.hpp>
#include <string>

namespace cowscope
{

/// "data at 0x50000, copied", "no entry"; what an image says of a guest cluster.
std::string entryText(const EntryState& state);

/// One line a difference, then totals; "The metadata is identical." where there is none.
std::string metadataDiffText(const ImageDiff& diff);

/// "identical", and lists of differences under "header", "names", "l1", "mapping", "refcounts".
nlohmann::json metadataDiffJson(const ImageDiff& diff);

/// What `qemu-img compare` prints; `strict` as in the comparison.
std::string contentDiffText(const ContentDiff& diff, bool strict);

/// "identical", the two sizes, and where the first difference is.
nlohmann::json contentDiffJson(const ContentDiff& diff, bool strict);

/// Whether `qemu-img compare` calls the two identical: disks of different size are, unless strict, where the rest is
/// zeros.
bool isIdentical(const ContentDiff& diff, bool strict);

} // namespace cowscope
