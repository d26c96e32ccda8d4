// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/edit/image/create.h"
#include "core/edit/image/image_editor.h"

namespace cowscope
{

/// Makes guest bytes [start, start + length) ready to be written: host clusters for all of them (metadata), their space
/// on disk as well (falloc), zeros in it as well (full). What the guest reads stays the same. Only for stretches that
/// hold no data yet: of a new image, or of a disk that has just grown. Progress in bytes, once for each of the two
/// steps. Errors: those of GuestWriter.
Result<void> preallocateDisk(ImageEditor& editor, std::uint64_t start, std::uint64_t length,
    Preallocation preallocation, const TaskContext& task);

} // namespace cowscope
