// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/task.h"
#include "core/image/image.h"
#include "core/storage/storage.h"

namespace cowscope
{

struct MetadataCopyOptions {
    /// Replace backing and data file names, snapshot and bitmap names by letters of equal length. Different names stay
    /// different where their length allows it.
    bool maskNames = false;
};

/// Copies what a check reads of an image (header, tables, refblocks, snapshot table, bitmap directory and tables) to
/// the same offsets of an empty storage of equal length. Guest data, the bits of bitmaps, key material and whatever
/// stands unused behind a structure are left out as holes; of a LUKS header the fields stay that show what it is. A
/// check of the copy gives the verdict of a check of the source. Where a damaged image has guest data in the place of a
/// table, that is in the copy, since the check reads it. Works on an image with problems(). Progress in bytes.
Result<void> copyMetadata(
    const Image& image, Storage& target, const MetadataCopyOptions& options, const TaskContext& task);

} // namespace cowscope
