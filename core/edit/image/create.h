// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/task.h"
#include "core/format/header.h"
#include "core/storage/storage.h"

#include <memory>
#include <string>

namespace cowscope
{

enum class Preallocation {
    Off,
    Metadata, ///< all tables, data clusters reserved
    Falloc, ///< and the space of the data on disk
    Full, ///< and zeros written over it
};

/// What a new image shall be. The defaults are qemu-img's.
struct CreateOptions {
    std::uint64_t size = 0; ///< of the virtual disk, bytes; rounded up to 512
    unsigned version = 3; ///< 2: compat=0.10
    std::uint64_t clusterSize = 65536; ///< bytes
    std::uint64_t refcountBits = 16;
    bool lazyRefcounts = false;
    bool extendedL2 = false;
    CompressionType compression = CompressionType::Zlib;
    Preallocation preallocation = Preallocation::Off;
    std::string backingFile; ///< empty: none; stored as it is
    std::string backingFormat; ///< needed with a backing file
    std::string dataFile; ///< empty: none; the name stored in the image
    bool dataFileRaw = false;
};

/// Every reason why such an image cannot be, as one error of kind Refused, or nothing. Pure.
Result<void> checkCreateOptions(const CreateOptions& options);

/// Makes the image in `storage`, which is empty, and its data file in `dataFile` (null unless the options name one).
/// Layout: header in cluster 0, reftable in 1, first refblock in 2, L1 table from 3. Progress counts bytes of
/// preallocation.
Result<void> createImage(const CreateOptions& options, std::shared_ptr<Storage> storage,
    std::shared_ptr<Storage> dataFile, const TaskContext& task);

/// The size of the disk that the options' backing file holds, in whole sectors: opens it, and all that is beneath it.
/// `path` is where the new image will be: relative names count from its folder, and it must be none of those files.
Result<std::uint64_t> backingDiskSize(const CreateOptions& options, const std::string& path, const TaskContext& task);

/// The same for files: creates (truncates) `path`, and the data file beside it. Takes the size from the backing file if
/// `size` is 0 and `sizeFromBacking`. On an error after the file was created it is removed again; a file that another
/// program uses is refused and left alone.
Result<void> createImageFile(
    CreateOptions options, const std::string& path, bool sizeFromBacking, const TaskContext& task);

} // namespace cowscope
