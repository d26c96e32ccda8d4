// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/edit/image/image_editor.h"

namespace cowscope
{

/// Sets the size of the virtual disk (bytes, a multiple of 512) and commits. Growing shows zeros, whatever a backing
/// file or the last cluster holds there. Shrinking gives up what lies behind the new end: it must be asked for with
/// `mayShrink`. Bitmaps change with the disk. Errors: Refused (shrink not allowed, version 2 with snapshots, an L1
/// table past its limit), and those of the editor, which is rolled back.
Result<void> resizeDisk(ImageEditor& editor, std::uint64_t size, bool mayShrink, const TaskContext& task);

/// Makes the disk larger without a commit, or does nothing and says false: something behind its present end would show
/// that must be zeroed first, or a data file has to grow too, so that it takes resizeDisk(). Errors: as for
/// resizeDisk(); the caller rolls the editor back.
Result<bool> growWithoutZeroing(ImageEditor& editor, std::uint64_t size);

} // namespace cowscope
