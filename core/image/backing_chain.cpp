// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/image/backing_chain.h"

#include "core/base/big_endian.h"
#include "core/format/limits.h"
#include "core/image/guest_lookup.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fmt/format.h>

namespace cowscope
{

namespace
{

constexpr std::uint64_t kSectorBytes = 512;

Result<bool> looksLikeQcow2(const Storage& storage)
{
    std::array<std::byte, 4> magic{};
    if (auto read = storage.read(0, magic); !read)
        return failed(read);
    return loadBigEndian<std::uint32_t>(magic) == kMagic;
}

/// Whether the file takes clearly less space than its counted clusters would: then clusters were allocated ahead, and
/// the holes of the file are worth asking for.
bool wasPreallocated(const Image& image)
{
    const auto allocated = image.storage().allocatedBytes();
    if (!allocated)
        return false;
    const std::uint64_t onDisk = *allocated / image.geometry().clusterSize();
    const std::uint64_t threshold = std::max(onDisk * 10 / 9, onDisk + 2);
    const std::uint64_t entries = image.geometry().refblockEntries();
    std::vector<std::uint64_t> counts;
    std::uint64_t counted = 0;
    for (std::uint64_t index = 0; index < image.reftable().size() && counted < threshold; ++index) {
        if (!image.usableRefblock(index) || index * entries >= image.fileClusters())
            continue;
        counts.resize(std::min(entries, image.fileClusters() - index * entries));
        if (!image.readRefcounts(HostCluster(index * entries), counts))
            return false;
        counted += static_cast<std::uint64_t>(
            std::ranges::count_if(counts, [](std::uint64_t count) { return count != 0; }));
    }
    return counted >= threshold;
}

} // namespace

std::string resolveBackingPath(const std::string& imagePath, const std::string& backingFile)
{
    const std::filesystem::path name(backingFile);
    return name.is_absolute() ? backingFile : (std::filesystem::path(imagePath).parent_path() / name).string();
}

Result<std::optional<std::string>> dataFilePath(const Image& image, const std::string& imagePath)
{
    if (!image.header().hasDataFile())
        return std::nullopt;
    const auto& name = image.extensions().dataFile;
    if (!name)
        return std::unexpected(Error{
            ErrorKind::Invalid, "The image keeps its data in another file but does not name it", {}, "", imagePath});
    return resolveBackingPath(imagePath, *name);
}

bool ChainExtent::continuedBy(const ChainExtent& next) const
{
    return start + length == next.start && depth == next.depth && present == next.present && zero == next.zero
        && data == next.data && offset.has_value() == next.offset.has_value()
        && (!offset || *offset + length == *next.offset);
}

BackingChain::LayerPointer BackingChain::layerOf(std::shared_ptr<const Image> image, std::string path)
{
    auto layer = std::make_unique<Layer>();
    layer->path = std::move(path);
    layer->size = image->geometry().virtualSize();
    layer->image = std::move(image);
    layer->map.emplace(*layer->image);
    return layer;
}

BackingChain::BackingChain(std::shared_ptr<const Image> image, std::string path)
{
    m_layers.push_back(layerOf(std::move(image), std::move(path)));
}

Result<BackingChain> BackingChain::open(
    std::shared_ptr<const Image> image, const std::string& path, Sharing sharing, const TaskContext& task)
{
    return openFrom(layerOf(std::move(image), path), sharing, task);
}

Result<BackingChain> BackingChain::openSnapshot(std::shared_ptr<const Image> image, std::size_t index,
    const std::string& path, Sharing sharing, const TaskContext& task)
{
    const Snapshot& snapshot = image->snapshots()[index];
    auto l1 = readSnapshotL1(*image, index);
    if (!l1)
        return std::unexpected(std::move(l1.error()).in(path));
    const std::uint64_t size = snapshot.diskSize.value_or(image->geometry().virtualSize());
    if (size > kMaxVirtualBytes)
        return std::unexpected(
            Error{ErrorKind::TooLarge, fmt::format("Snapshot '{}' claims a disk of {} bytes", snapshot.name, size),
                snapshot.entryOffset.value(), "Check the image", path});
    auto layer = layerOf(std::move(image), path);
    layer->map.emplace(*layer->image, std::move(*l1));
    layer->size = size / kSectorBytes * kSectorBytes;
    return openFrom(std::move(layer), sharing, task);
}

Result<BackingChain> BackingChain::openFile(
    const std::string& path, const std::string& format, Sharing sharing, const TaskContext& task)
{
    auto layer = openLayer(path, format, sharing, task);
    if (!layer)
        return failed(layer);
    return openFrom(std::move(*layer), sharing, task);
}

Result<std::optional<BackingChain>> BackingChain::openBelow(
    const Image& image, const std::string& path, Sharing sharing, const TaskContext& task)
{
    if (image.backingFile().empty())
        return std::nullopt;
    auto chain = openFile(
        resolveBackingPath(path, image.backingFile()), image.extensions().backingFormat.value_or(""), sharing, task);
    if (!chain)
        return failed(chain);
    return std::optional(std::move(*chain));
}

/// `first`, whose data file is not open yet, and everything underneath.
Result<BackingChain> BackingChain::openFrom(LayerPointer first, Sharing sharing, const TaskContext& task)
{
    BackingChain chain;
    chain.m_layers.push_back(std::move(first));
    while (true) {
        Layer& above = *chain.m_layers.back();
        if (auto opened = openDataFile(above, sharing); !opened)
            return failed(opened);
        if (!above.image || above.image->backingFile().empty())
            return chain;
        if (chain.m_layers.size() > kMaxDepth)
            return fail(ErrorKind::TooLarge, fmt::format("The backing chain is longer than {} files", kMaxDepth), {},
                "Look for an image that is its own backing file");
        auto layer = openLayer(resolveBackingPath(above.path, above.image->backingFile()),
            above.image->extensions().backingFormat.value_or(""), sharing, task);
        if (!layer)
            return failed(layer);
        chain.m_layers.push_back(std::move(*layer));
    }
}

/// The file at `path`, without its data file.
Result<BackingChain::LayerPointer> BackingChain::openLayer(
    const std::string& path, const std::string& format, Sharing sharing, const TaskContext& task)
{
    if (!format.empty() && format != "qcow2" && format != "raw")
        return std::unexpected(Error{ErrorKind::Unsupported,
            fmt::format("The format is '{}'; only qcow2 and raw are read", format), {}, "", path});
    auto file = FileStorage::open(path, Access::ReadOnly, sharing);
    if (!file)
        return failed(file);
    std::shared_ptr<const Storage> storage = std::move(*file);
    auto isImage = format.empty() ? looksLikeQcow2(*storage) : format == "qcow2";
    if (!isImage)
        return failed(isImage);
    if (*isImage) {
        auto image = Image::open(std::move(storage), task);
        if (!image)
            return std::unexpected(std::move(image.error()).in(path));
        if (!(*image)->problems().empty())
            return std::unexpected(Error((*image)->problems().front()).in(path));
        return layerOf(std::move(*image), path);
    }
    auto size = storage->size();
    if (!size)
        return failed(size);
    auto layer = std::make_unique<Layer>();
    layer->path = path;
    layer->size = alignUp(*size, kSectorBytes);
    layer->raw = std::move(storage);
    return layer;
}

Result<void> BackingChain::openDataFile(Layer& layer, Sharing sharing)
{
    if (!layer.image)
        return {};
    auto path = dataFilePath(*layer.image, layer.path);
    if (!path)
        return failed(path);
    if (!*path)
        return {};
    auto file = FileStorage::open(**path, Access::ReadOnly, sharing);
    if (!file)
        return failed(file);
    layer.data = std::move(*file);
    return {};
}

const Storage* BackingChain::data(unsigned depth) const
{
    const Layer& layer = *m_layers[depth];
    if (layer.raw)
        return layer.raw.get();
    return layer.image->header().hasDataFile() ? layer.data.get() : &layer.image->storage();
}

Result<ChainExtent> BackingChain::at(std::uint64_t start, std::uint64_t most, Holes holes)
{
    for (std::size_t depth = 0;; ++depth) {
        auto extent = layerAt(depth, start, most, holes);
        if (!extent || extent->zero || extent->data)
            return extent;
        most = extent->length; // below, the answer holds for that much only
    }
}

Result<ChainExtent> BackingChain::layerAt(std::size_t depth, std::uint64_t start, std::uint64_t most, Holes holes)
{
    Layer& layer = *m_layers[depth];
    most = std::min(most, layer.size - start);
    auto extent = layer.raw ? rawAt(layer, start, most, holes) : imageAt(layer, start, most, holes);
    if (!extent)
        return std::unexpected(std::move(extent.error()).in(layer.path));
    extent->depth = static_cast<unsigned>(depth);
    if (extent->present)
        return extent;
    // What no layer holds reads as zeros, and so does what lies behind the end of a shorter backing file.
    if (depth + 1 == m_layers.size() || start >= m_layers[depth + 1]->size)
        extent->zero = true;
    else
        extent->length = std::min(extent->length, m_layers[depth + 1]->size - start);
    return extent;
}

Result<ChainExtent> BackingChain::rawAt(Layer& layer, std::uint64_t start, std::uint64_t most, Holes holes)
{
    ChainExtent extent{
        .start = start, .length = most, .present = true, .data = true, .offset = start, .compressed = {}};
    if (holes == Holes::Ignore)
        return extent;
    auto stretch = layer.extents.at(*layer.raw, start);
    if (!stretch)
        return failed(stretch);
    extent.length = std::min(most, alignUp(std::max<std::uint64_t>(stretch->length, 1), kSectorBytes));
    extent.zero = !stretch->data;
    extent.data = stretch->data;
    return extent;
}

Result<ChainExtent> BackingChain::imageAt(Layer& layer, std::uint64_t start, std::uint64_t most, Holes holes)
{
    auto mapped = layer.map->at(GuestOffset(start), most);
    if (!mapped)
        return failed(mapped);
    ChainExtent extent{.start = start, .length = mapped->length, .present = true, .compressed = mapped->compressed};
    if (mapped->host && layer.image->header().cryptMethod == CryptMethod::None)
        extent.offset = mapped->host->value();
    switch (mapped->kind) {
    case MappingKind::Unallocated:
    case MappingKind::UnallocatedHere:
        extent.present = false;
        break;
    case MappingKind::Zero:
    case MappingKind::ZeroAllocated:
        extent.zero = true;
        break;
    case MappingKind::Data:
    case MappingKind::Compressed:
        extent.data = true;
        break;
    }
    if (!extent.data || !extent.offset || holes == Holes::Ignore)
        return extent;
    if (!layer.preallocated)
        layer.preallocated = wasPreallocated(*layer.image);
    if (*layer.preallocated) {
        const Storage& holder = layer.data ? *layer.data : layer.image->storage();
        const auto stretch = layer.extents.at(holder, *extent.offset);
        if (stretch && stretch->length == 0) {
            extent.zero = true; // behind the end of the file
        } else if (stretch) {
            extent.zero = !stretch->data;
            extent.length = std::min(extent.length, stretch->length);
        }
    }
    return extent;
}

} // namespace cowscope
