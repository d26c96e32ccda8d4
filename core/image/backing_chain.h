// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/image/guest_map.h"
#include "core/image/image.h"
#include "core/storage/file_storage.h"
#include "core/storage/known_extents.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cowscope
{

/// The path that a backing file name means: relative names count from the folder of the image that holds them.
std::string resolveBackingPath(const std::string& imagePath, const std::string& backingFile);

/// The path of the external data file of an image that was opened from `imagePath`; nothing where it has none. Errors:
/// Invalid for an image that keeps its data in another file but does not name it.
Result<std::optional<std::string>> dataFilePath(const Image& image, const std::string& imagePath);

/// Whether to ask the file system which data is a hole of its file. An image whose clusters were allocated ahead
/// can have much data that reads as zeros; to ask costs time, and contents are the same either way.
enum class Holes { Ask, Ignore };

/// A stretch of the virtual disk as `qemu-img map` tells it.
struct ChainExtent {
    std::uint64_t start = 0;
    std::uint64_t length = 0;
    unsigned depth = 0; ///< 0: the image itself, 1: its backing file, ...
    bool present = false; ///< some layer down to `depth` holds it
    bool zero = false; ///< reads as zeros
    bool data = false; ///< takes space
    std::optional<std::uint64_t> offset = {}; ///< in the file of that layer
    std::optional<CompressedDescriptor> compressed = {}; ///< the data of the whole cluster, in the image file

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

    /// The same for the disk as internal snapshot `index` keeps it, with the size that it had then where the snapshot
    /// tells. Errors: those of open(), and Invalid, TooLarge or Truncated for an L1 table that cannot be read.
    static Result<BackingChain> openSnapshot(std::shared_ptr<const Image> image, std::size_t index,
        const std::string& path, Sharing sharing, const TaskContext& task);

    /// The same for the file at `path`: `format` is "qcow2", "raw", or empty to look what it is. An image with any of
    /// its problems() is an error.
    static Result<BackingChain> openFile(
        const std::string& path, const std::string& format, Sharing sharing, const TaskContext& task);

    /// What is underneath an image that was opened from `path`; nothing where it has no backing file.
    static Result<std::optional<BackingChain>> openBelow(
        const Image& image, const std::string& path, Sharing sharing, const TaskContext& task);

    /// Size of the virtual disk in bytes, in whole sectors as the guest sees it.
    std::uint64_t size() const { return m_layers.front()->size; }

    std::size_t layers() const { return m_layers.size(); }

    /// The image of a layer; null for a raw file.
    const Image* image(unsigned depth) const { return m_layers[depth]->image.get(); }

    /// The file of a raw layer; null for an image.
    const Storage* raw(unsigned depth) const { return m_layers[depth]->raw.get(); }

    /// The file of the layer that an extent's depth names.
    const std::string& path(unsigned depth) const { return m_layers[depth]->path; }

    /// Where the layer's uncompressed guest data is: the raw file, the data file of an image that has one (null where
    /// it was not opened), else the image file.
    const Storage* data(unsigned depth) const;

    /// The extent at `start` (below size()), of at most `most` bytes. Without asking for holes only what the image
    /// itself says is told; a raw file is then all data.
    Result<ChainExtent> at(std::uint64_t start, std::uint64_t most, Holes holes = Holes::Ask);

private:
    /// One file of the chain: a qcow2 image, or a raw file.
    struct Layer {
        std::string path;
        std::uint64_t size = 0; ///< bytes
        std::shared_ptr<const Image> image; ///< null for a raw file
        std::shared_ptr<const Storage> data; ///< the external data file of an image that has one, once opened
        std::shared_ptr<const Storage> raw; ///< null for an image
        std::optional<GuestMap> map;
        std::optional<bool> preallocated = {}; ///< whether holes of the file tell which data is zeros, once known
        KnownExtents extents = {}; ///< of the file that holds the data
    };
    using LayerPointer = std::unique_ptr<Layer>;

    BackingChain() = default;
    static LayerPointer layerOf(std::shared_ptr<const Image> image, std::string path);
    static Result<LayerPointer> openLayer(
        const std::string& path, const std::string& format, Sharing sharing, const TaskContext& task);
    static Result<BackingChain> openFrom(LayerPointer first, Sharing sharing, const TaskContext& task);
    static Result<void> openDataFile(Layer& layer, Sharing sharing);
    Result<ChainExtent> layerAt(std::size_t depth, std::uint64_t start, std::uint64_t most, Holes holes);
    static Result<ChainExtent> rawAt(Layer& layer, std::uint64_t start, std::uint64_t most, Holes holes);
    static Result<ChainExtent> imageAt(Layer& layer, std::uint64_t start, std::uint64_t most, Holes holes);

    std::vector<LayerPointer> m_layers;
};

} // namespace cowscope
