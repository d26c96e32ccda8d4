// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/task.h"
#include "core/edit/image/create.h"
#include "core/image/guest_reader.h"

namespace cowscope
{

/// Copies the contents of a disk into an empty storage, sparse: what is known to read as zeros is not written, and
/// blocks of zeros in data neither. Progress in bytes of the disk.
Result<void> convertToRaw(GuestReader& source, Storage& target, const TaskContext& task);

struct ConvertOptions {
    CreateOptions create; ///< size is taken from the source
    bool compressed = false;
};

/// Copies the contents of a disk into a new image. With a backing file in the options only what differs from it by
/// allocation (not present in the source's own layers above) is left to it.
Result<void> convertToImage(GuestReader& source, const ConvertOptions& options, std::shared_ptr<Storage> target,
    std::shared_ptr<Storage> dataFile, const TaskContext& task);

} // namespace cowscope
