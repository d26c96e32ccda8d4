// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/task.h"
#include "core/image/image.h"
#include "core/storage/file_storage.h"

#include <optional>
#include <string>
#include <vector>

namespace cowscope
{

/// What a file of a chain is for.
enum class ChainRole {
    Image, ///< the one that the chain begins with
    Backing, ///< what the image above it does not hold is read from here
    Data, ///< holds the guest data of the image above it
};

/// What the header of an opened file says; of a raw file only the size.
struct LayerFacts {
    bool isImage = false; ///< qcow2; else raw
    std::uint64_t virtualSize = 0; ///< bytes
    std::uint64_t fileSize = 0; ///< bytes
    std::uint32_t version = 0;
    std::uint64_t clusterSize = 0; ///< bytes
    unsigned refcountBits = 0;
    std::size_t snapshots = 0;
    bool encrypted = false;
    std::string problem = {}; ///< the first thing that keeps QEMU from opening it; empty: none
};

/// One file of a chain, in the order in which they were met.
struct ChainFile {
    ChainRole role = ChainRole::Image;
    unsigned depth = 0; ///< 0: the image itself, 1: its backing file; a data file has the depth of its image
    std::string named = {}; ///< as the image above names it, untrusted; for the image itself the path
    std::string path = {}; ///< what the name means
    std::string namedFormat = {}; ///< as the image above tells; empty where it does not
    std::optional<LayerFacts> facts = {}; ///< nothing: not opened
    std::optional<Error> error = {}; ///< why it could not be
};

/// What the header of an image names: the image, its data file and its backing file. Opens nothing.
std::vector<ChainFile> namedFiles(const Image& image, const std::string& path);

/// The whole chain of an image that was opened from `path`: opens each file that a header names, read-only, and reads
/// its header and top-level tables. Files that cannot be opened, that are of an unknown format, or that were met
/// before (a chain in a circle) end the chain and have an error. Errors: Cancelled.
Result<std::vector<ChainFile>> surveyChain(
    const Image& image, const std::string& path, Sharing sharing, const TaskContext& task);

} // namespace cowscope
