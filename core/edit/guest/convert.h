// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/task.h"
#include "core/edit/image/create.h"
#include "core/edit/image/image_editor.h"
#include "core/image/guest_reader.h"

namespace cowscope
{

/// Copies the contents of a disk into an empty storage, sparse: what is known to read as zeros is not written, and
/// blocks of zeros in data neither. Progress in bytes of the disk.
Result<void> convertToRaw(GuestReader& source, Storage& target, const TaskContext& task);

struct ConvertOptions {
    CreateOptions create; ///< a size below the source's is raised to it
    bool compressed = false;
};

/// Every reason why there cannot be such an image, as checkCreateOptions() tells it.
Result<void> checkConvertOptions(const ConvertOptions& options);

/// Copies the contents of a disk into a new image in `target`, which is empty. `files` are those that the options name.
/// With a backing file in the options, what the source's own first layer does not hold is left to it. Clusters that
/// read as zeros take no space. The target is flushed at the end only: after an error it is of no use. Progress in
/// bytes of the disk. Errors: Refused for options that cannot be, and those of reading and writing.
Result<void> convertToImage(GuestReader& source, const ConvertOptions& options, std::shared_ptr<Storage> target,
    GuestFiles files, const TaskContext& task);

enum class ConvertFormat { Raw, Qcow2 };

/// The same for files: makes the file at `path` (one that exists is emptied) and the data file that the options name,
/// opens the backing file that they name. Raw files take no option but a size. On an error what was made is removed
/// again. Refuses to write over a file that the source is read from.
Result<void> convertToFile(GuestReader& source, ConvertFormat format, ConvertOptions options, const std::string& path,
    const TaskContext& task);

/// The same over what a disk holds that is at least as large as the source's: zeros are written, what lies behind the
/// source's end stays. A cancelled copy leaves the beginning changed.
Result<void> overwriteRaw(GuestReader& source, Storage& target, const TaskContext& task);
Result<void> overwriteImage(GuestReader& source, ImageEditor& target, bool compressed, const TaskContext& task);

/// The same for a file that exists. Refuses a disk that is smaller, and a file that the source is read from. Raw files
/// have no compressed clusters. Errors: those of openForEditing() and GuestWriter, Refused, NotFound.
Result<void> convertOverFile(
    GuestReader& source, ConvertFormat format, bool compressed, const std::string& path, const TaskContext& task);

} // namespace cowscope
