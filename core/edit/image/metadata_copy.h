// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/census.h"
#include "core/base/task.h"
#include "core/storage/storage.h"

namespace cowscope
{

struct MetadataCopyOptions {
    bool maskNames
        = false; ///< replace backing and data file names, snapshot and bitmap names by letters of equal length
};

/// Copies all metadata of the image to the same offsets of an empty storage and leaves guest data, compressed data and
/// key material out as holes. A check of the copy gives the verdict of a check of the source. Progress in bytes.
Result<void> copyMetadata(const Image& image, const Census& census, Storage& target, const MetadataCopyOptions& options,
    const TaskContext& task);

} // namespace cowscope
