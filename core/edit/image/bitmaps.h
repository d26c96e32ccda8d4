// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/edit/image/image_editor.h"

#include <string>

namespace cowscope
{

struct BitmapRequest {
    std::string name;
    std::uint64_t granularity = 0; ///< bytes, a power of two from 512 to 2 GiB; 0: the cluster size, within 4 to 64 KiB
    bool enabled = true; ///< records writes from now on
};

// Each commits; on an error the editor is rolled back. Errors: Refused (version 2, a name that exists or is too long,
// limits), NotFound.
Result<void> addBitmap(ImageEditor& editor, const BitmapRequest& request, const TaskContext& task);
Result<void> removeBitmap(ImageEditor& editor, const std::string& name, const TaskContext& task);
Result<void> clearBitmap(ImageEditor& editor, const std::string& name, const TaskContext& task);
Result<void> enableBitmap(ImageEditor& editor, const std::string& name, bool enabled, const TaskContext& task);

/// How many bits of a bitmap are set: stretches of its granularity that were written to. Reads the whole bitmap.
Result<std::uint64_t> markedBits(const Image& image, const Bitmap& bitmap);

/// Sets the bits of guest bytes [start, start + bytes) in every bitmap that records writes, on disk before it returns:
/// a crash after it shows too much as changed, never too little. Cheap where there is none or the bits are set. Commits
/// where a bitmap needs a new cluster.
Result<void> recordWrite(ImageEditor& editor, GuestOffset start, std::uint64_t bytes, const TaskContext& task);

/// Gives every bitmap a table for a disk of `size` bytes: new bits are clear, bits behind the end are dropped. Does not
/// commit. Errors: Refused for a bitmap that was not saved properly (in use).
Result<void> resizeBitmaps(ImageEditor& editor, std::uint64_t size);

} // namespace cowscope
