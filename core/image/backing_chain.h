// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/image/guest_map.h"
#include "core/image/image.h"
#include "core/storage/file_storage.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cowscope
{

/// The path that a backing file name means: relative names count from the folder of the image that holds them.
std::string resolveBackingPath(const std::string& imagePath, const std::string& backingFile);

/// A stretch of the virtual disk as `qemu-img map` tells it.
struct ChainExtent {
    std::uint64_t start = 0;
    std::uint64_t length = 0;
    unsigned depth = 0; ///< 0: the image itself, 1: its backing file, ...
    bool present = false; ///< some layer down to `depth` holds it
    bool zero = false; ///< reads as zeros
    bool data = false; ///< takes space
    std::optional<std::uint64_t> offset = {}; ///< in the file of that layer

    /// Whether `next` continues this extent without a seam.
    bool continuedBy(const ChainExtent& next) const;
};

/// An image with its backing files. Opens the files that the image names, so build one only when the user has asked
/// about the whole chain: names in an image are untrusted. One thread at a time.
class BackingChain
{
public:
    static constexpr unsigned kMaxDepth = 200;

    /// The image that was opened from `path`, alone: everything it does not hold is unallocated.
    BackingChain(std::shared_ptr<const Image> image, std::string path);

    /// The image that was opened from `path`, its backing files, and the data files of them all, read-only. Files
    /// without a format are taken as qcow2 when they begin like one, else as raw. Errors name the file that is in the
    /// way.
    static Result<BackingChain> open(
        std::shared_ptr<const Image> image, const std::string& path, Sharing sharing, const TaskContext& task);

    /// Size of the virtual disk in bytes, in whole sectors as the guest sees it.
    std::uint64_t size() const { return m_layers.front()->size; }

    std::size_t layers() const { return m_layers.size(); }

    /// The image of a layer; null for a raw file.
    const Image* image(unsigned depth) const { return m_layers[depth]->image.get(); }

    /// The file of a raw layer; null for an image.
    const Storage* raw(unsigned depth) const { return m_layers[depth]->raw.get(); }

    /// The file of the layer that an extent's depth names.
    const std::string& path(unsigned depth) const { return m_layers[depth]->path; }

    /// The extent at `start` (below size()), of at most `most` bytes.
    Result<ChainExtent> at(std::uint64_t start, std::uint64_t most);

private:
    /// One file of the chain: a qcow2 image, or a raw file.
    struct Layer {
        std::string path;
        std::uint64_t size = 0; ///< bytes
        std::shared_ptr<const Image> image; ///< null for a raw file
        std::shared_ptr<const Storage> data; ///< the external data file of an image that has one, once opened
        std::shared_ptr<const Storage> raw; ///< null for an image
        std::optional<GuestMap> map;
        bool preallocated = false; ///< holes of the file tell which data reads as zeros
    };

    BackingChain() = default;
    Result<void> openDataFile(Sharing sharing);
    static std::unique_ptr<Layer> layerOf(std::shared_ptr<const Image> image, std::string path);
    Result<ChainExtent> layerAt(std::size_t depth, std::uint64_t start, std::uint64_t most);
    Result<ChainExtent> imageAt(Layer& layer, std::uint64_t start, std::uint64_t most);

    std::vector<std::unique_ptr<Layer>> m_layers;
};

} // namespace cowscope
