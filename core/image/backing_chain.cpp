// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/image/backing_chain.h"

#include "core/base/big_endian.h"

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

bool ChainExtent::continuedBy(const ChainExtent& next) const
{
    return start + length == next.start && depth == next.depth && present == next.present && zero == next.zero
        && data == next.data && offset.has_value() == next.offset.has_value()
        && (!offset || *offset + length == *next.offset);
}

std::unique_ptr<BackingChain::Layer> BackingChain::layerOf(std::shared_ptr<const Image> image, std::string path)
{
    auto layer = std::make_unique<Layer>();
    layer->path = std::move(path);
    layer->size = image->geometry().virtualSize();
    layer->image = std::move(image);
    layer->map.emplace(*layer->image);
    layer->preallocated = wasPreallocated(*layer->image);
    return layer;
}

BackingChain::BackingChain(std::shared_ptr<const Image> image, std::string path)
{
    m_layers.push_back(layerOf(std::move(image), std::move(path)));
}

Result<BackingChain> BackingChain::open(
    std::shared_ptr<const Image> image, const std::string& path, Sharing sharing, const TaskContext& task)
{
    BackingChain chain;
    chain.m_layers.push_back(layerOf(std::move(image), path));
    while (true) {
        if (auto opened = chain.openDataFile(sharing); !opened)
            return failed(opened);
        const Layer& above = *chain.m_layers.back();
        if (!above.image || above.image->backingFile().empty())
            return chain;
        if (chain.m_layers.size() > kMaxDepth)
            return fail(ErrorKind::TooLarge, fmt::format("The backing chain is longer than {} files", kMaxDepth), {},
                "Look for an image that is its own backing file");
        const std::string name = resolveBackingPath(above.path, above.image->backingFile());
        const std::string format = above.image->extensions().backingFormat.value_or("");
        auto file = FileStorage::open(name, Access::ReadOnly, sharing);
        if (!file)
            return failed(file);
        std::shared_ptr<const Storage> storage = std::move(*file);
        auto probed = looksLikeQcow2(*storage);
        if (!probed)
            return failed(probed);
        if (format == "qcow2" || (format.empty() && *probed)) {
            auto opened = Image::open(storage, task);
            if (!opened)
                return std::unexpected(std::move(opened.error()).in(name));
            chain.m_layers.push_back(layerOf(std::move(*opened), name));
        } else if (format == "raw" || format.empty()) {
            auto size = storage->size();
            if (!size)
                return failed(size);
            auto layer = std::make_unique<Layer>();
            layer->path = name;
            layer->size = alignUp(*size, kSectorBytes);
            layer->raw = std::move(storage);
            chain.m_layers.push_back(std::move(layer));
        } else {
            return fail(ErrorKind::Unsupported,
                fmt::format("The backing file {} is of format '{}'; only qcow2 and raw are read", name, format));
        }
    }
}

/// Opens the external data file of the last layer, if it has one.
Result<void> BackingChain::openDataFile(Sharing sharing)
{
    Layer& layer = *m_layers.back();
    if (!layer.image || !layer.image->header().hasDataFile())
        return {};
    const auto& name = layer.image->extensions().dataFile;
    if (!name)
        return fail(ErrorKind::Invalid, "The image keeps its data in another file but does not name it");
    auto file = FileStorage::open(resolveBackingPath(layer.path, *name), Access::ReadOnly, sharing);
    if (!file)
        return failed(file);
    layer.data = std::move(*file);
    return {};
}

Result<ChainExtent> BackingChain::at(std::uint64_t start, std::uint64_t most)
{
    for (std::size_t depth = 0;; ++depth) {
        auto extent = layerAt(depth, start, most);
        if (!extent || extent->zero || extent->data)
            return extent;
        most = extent->length; // below, the answer holds for that much only
    }
}

Result<ChainExtent> BackingChain::layerAt(std::size_t depth, std::uint64_t start, std::uint64_t most)
{
    Layer& layer = *m_layers[depth];
    most = std::min(most, layer.size - start);
    ChainExtent extent{start, most, static_cast<unsigned>(depth), true, false, false, start};
    if (layer.raw) {
        auto stretch = layer.raw->extentAt(start);
        if (!stretch)
            return failed(stretch);
        extent.length = std::min(most, alignUp(std::max<std::uint64_t>(stretch->length, 1), kSectorBytes));
        extent.zero = !stretch->data;
        extent.data = stretch->data;
        return extent;
    }
    auto mapped = imageAt(layer, start, most);
    if (!mapped)
        return std::unexpected(std::move(mapped.error()).in(layer.path));
    extent = *mapped;
    extent.depth = static_cast<unsigned>(depth);
    if (extent.present)
        return extent;
    // What no layer holds reads as zeros, and so does what lies behind the end of a shorter backing file.
    if (depth + 1 == m_layers.size() || start >= m_layers[depth + 1]->size)
        extent.zero = true;
    else
        extent.length = std::min(extent.length, m_layers[depth + 1]->size - start);
    return extent;
}

Result<ChainExtent> BackingChain::imageAt(Layer& layer, std::uint64_t start, std::uint64_t most)
{
    auto mapped = layer.map->at(GuestOffset(start), most);
    if (!mapped)
        return failed(mapped);
    ChainExtent extent{start, mapped->length, 0, true, false, false, {}};
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
    if (extent.data && extent.offset && layer.preallocated) {
        const Storage& holder = layer.data ? *layer.data : layer.image->storage();
        const auto stretch = holder.extentAt(*extent.offset);
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
