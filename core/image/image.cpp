// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/image/image.h"

#include "core/base/big_endian.h"
#include "core/base/bulk.h"
#include "core/format/field_catalog.h"
#include "core/format/limits.h"

#include <algorithm>
#include <fmt/format.h>

namespace cowscope
{

namespace
{

/// As much of the first cluster as the file has. The cluster size is taken from the header when it is sane.
Result<std::vector<std::byte>> readHeaderCluster(const Storage& storage, std::uint64_t fileSize)
{
    std::array<std::byte, kHeaderBytesV3> head{};
    auto held = storage.read(0, head);
    if (!held)
        return failed(held);
    std::uint64_t wanted = head.size();
    const auto clusterBits = loadBigEndian<std::uint32_t>(head, header_field::kClusterBits);
    if (*held == head.size() && clusterBits >= kMinClusterBits && clusterBits <= kMaxClusterBits)
        wanted = std::uint64_t{1} << clusterBits;
    std::vector<std::byte> cluster(std::min(wanted, fileSize));
    if (auto read = storage.read(0, cluster); !read)
        return failed(read);
    return cluster;
}

} // namespace

Result<std::shared_ptr<const Image>> Image::open(std::shared_ptr<const Storage> storage, const TaskContext& task)
{
    if (auto go = task.step({Phase::Open, 0, 1}); !go)
        return failed(go);
    auto size = storage->size();
    if (!size)
        return failed(size);
    auto cluster = readHeaderCluster(*storage, *size);
    if (!cluster)
        return failed(cluster);
    auto header = decodeHeader(*cluster);
    if (!header)
        return failed(header);
    auto extensions = decodeExtensions(*header, *cluster);
    // A feature that is not known may have changed what extensions mean, so it is the better message of the two.
    if (auto known = refuseUnknownFeatures(*header, extensions ? *extensions : HeaderExtensions{}); !known)
        return failed(known);
    if (!extensions)
        return failed(extensions);

    std::shared_ptr<Image> image(new Image);
    image->m_storage = std::move(storage);
    image->m_fileSize = *size;
    image->m_headerCluster = std::move(*cluster);
    image->m_header = std::move(*header);
    image->m_extensions = std::move(*extensions);
    image->m_geometry = Geometry(image->m_header);
    if (auto tables = image->readTables(); !tables)
        return failed(tables);
    for (auto part : {&Image::readBackingName, &Image::readSnapshots, &Image::readBitmaps, &Image::readLuks}) {
        if (auto read = ((*image).*part)(); !read)
            image->m_problems.push_back(std::move(read.error()));
    }
    return std::shared_ptr<const Image>(std::move(image));
}

Result<void> Image::readTables()
{
    m_reftable.resize((std::uint64_t{m_header.refcountTableClusters} << m_header.clusterBits) / 8);
    if (auto read = readWords(m_header.refcountTableOffset, m_reftable); !read)
        return read;
    m_l1Table.resize(m_header.l1Size);
    return readWords(m_header.l1TableOffset, m_l1Table);
}

Result<void> Image::readBackingName()
{
    const std::uint64_t at = m_header.backingFileOffset.value();
    if (at == 0)
        return {};
    if (at + m_header.backingFileSize > m_headerCluster.size())
        return fail(ErrorKind::Truncated, "The file ends inside the name of the backing file", at);
    const auto* begin = reinterpret_cast<const char*>(m_headerCluster.data()) + at;
    m_backingFile.assign(begin, begin + m_header.backingFileSize);
    return {};
}

Result<void> Image::readSnapshots()
{
    // Entries have no common length: read a window, decode one entry, move on by its length.
    constexpr std::size_t kWindow = kSnapshotEntryBytes + kMaxSnapshotExtraBytes + 2 * 65535;
    std::vector<std::byte> window;
    std::size_t used = 0; // bytes of the window that are behind us
    std::uint64_t position = 0;
    for (std::uint32_t i = 0; i < m_header.snapshotCount; ++i) {
        const HostOffset here = m_header.snapshotsOffset + position;
        if (used + kWindow > window.size()) {
            window.resize(8 * kWindow);
            used = 0;
            if (auto read = m_storage->read(here.value(), window); !read)
                return failed(read);
        }
        auto snapshot = decodeSnapshot(std::span(window).subspan(used), here);
        if (!snapshot)
            return failed(snapshot);
        position += snapshot->entryBytes;
        used += snapshot->entryBytes;
        if (position > kMaxSnapshotTableBytes)
            return fail(ErrorKind::TooLarge,
                fmt::format("The snapshot table is longer than {} bytes", kMaxSnapshotTableBytes), here.value());
        m_snapshots.push_back(std::move(*snapshot));
    }
    m_snapshotTableBytes = position;
    return {};
}

Result<void> Image::readBitmaps()
{
    const auto& extension = m_extensions.bitmaps;
    if (!extension || (m_header.autoclearFeatures & kAutoclearBitmaps) == 0)
        return {};
    const HostOffset at = extension->directoryOffset;
    const auto invalid = [&](std::string what) { return fail(ErrorKind::Invalid, std::move(what), at.value()); };
    if (extension->bitmapCount == 0 || extension->bitmapCount > kMaxBitmaps)
        return invalid(fmt::format(
            "The bitmaps extension claims {} bitmaps; legal are 1 to {}", extension->bitmapCount, kMaxBitmaps));
    if (!m_geometry.isAligned(at))
        return invalid("The bitmap directory does not begin at a multiple of the cluster size");
    if (extension->directorySize > kMaxBitmapDirectoryBytes)
        return invalid(fmt::format("The bitmap directory claims {} bytes", extension->directorySize));
    const auto end = checkedAdd(at.value(), extension->directorySize);
    if (!end || *end > fileClusters() * m_geometry.clusterSize())
        return invalid("The bitmap directory reaches past the end of the file");
    std::vector<std::byte> directory(extension->directorySize);
    if (auto read = m_storage->read(at.value(), directory); !read)
        return failed(read);
    auto bitmaps = decodeBitmapDirectory(directory, at, extension->bitmapCount);
    if (!bitmaps)
        return failed(bitmaps);
    for (const Bitmap& bitmap : *bitmaps) {
        if (!m_geometry.isAligned(bitmap.tableOffset) || bitmap.tableOffset.value() == 0)
            return fail(ErrorKind::Invalid,
                fmt::format("The table of bitmap '{}' does not begin at a multiple of the cluster size", bitmap.name),
                bitmap.entryOffset.value());
        if (std::uint64_t{bitmap.tableSize} * m_geometry.clusterSize() > kMaxBitmapBytes)
            return fail(ErrorKind::TooLarge,
                fmt::format("Bitmap '{}' claims a table of {} entries", bitmap.name, bitmap.tableSize),
                bitmap.entryOffset.value());
    }
    m_bitmaps = std::move(*bitmaps);
    return {};
}

Result<void> Image::readLuks()
{
    if (m_header.cryptMethod != CryptMethod::Luks)
        return {};
    if (!m_extensions.crypto)
        return fail(ErrorKind::Invalid, "The image is encrypted with LUKS but does not say where the LUKS header is",
            header_field::kCryptMethod);
    const HostOffset at = m_extensions.crypto->offset;
    if (!m_geometry.isAligned(at))
        return fail(ErrorKind::Invalid, "The LUKS header does not begin at a multiple of the cluster size", at.value());
    std::array<std::byte, kLuksHeaderBytes> bytes{};
    auto held = m_storage->read(at.value(), bytes);
    if (!held)
        return failed(held);
    auto luks = decodeLuksHeader(std::span(bytes).first(*held), at);
    if (!luks)
        return failed(luks);
    m_luks = std::move(*luks);
    return {};
}

std::optional<HostOffset> Image::usableRefblock(std::uint64_t index) const
{
    if (index >= m_reftable.size())
        return std::nullopt;
    const HostOffset offset = reftableEntry(index).refblockOffset();
    if (offset.value() == 0 || !m_geometry.isAligned(offset) || offset.value() >= m_fileSize)
        return std::nullopt;
    return offset;
}

Result<std::uint64_t> Image::refcount(HostCluster cluster) const
{
    std::uint64_t count = 0;
    if (auto read = readRefcounts(cluster, {&count, 1}); !read)
        return failed(read);
    return count;
}

Result<void> Image::readRefcounts(HostCluster first, std::span<std::uint64_t> counts) const
{
    const RefcountCodec codec = m_geometry.refcountCodec();
    const std::uint64_t entries = m_geometry.refblockEntries();
    std::vector<std::byte> bytes;
    while (!counts.empty()) {
        const std::uint64_t inBlock = first.value() % entries;
        const auto run = counts.first(std::min<std::uint64_t>(counts.size(), entries - inBlock));
        if (const auto refblock = usableRefblock(m_geometry.refblockIndex(first))) {
            // Start at a byte: the entries before the first one in it are decoded into `skipped` and dropped.
            const std::uint64_t firstByte = inBlock * codec.bits() / 8;
            const std::uint64_t skipped = inBlock - firstByte * 8 / codec.bits();
            bytes.resize(codec.bytesFor(skipped + run.size()));
            if (auto read = m_storage->read(refblock->value() + firstByte, bytes); !read)
                return failed(read);
            if (skipped == 0) {
                codec.unpack(bytes, run);
            } else {
                for (std::size_t i = 0; i < run.size(); ++i)
                    run[i] = codec.get(bytes, skipped + i);
            }
        } else {
            std::fill(run.begin(), run.end(), 0);
        }
        first = first + run.size();
        counts = counts.subspan(run.size());
    }
    return {};
}

Result<void> Image::readWords(HostOffset offset, std::span<std::uint64_t> words) const
{
    if (auto read = m_storage->read(offset.value(), std::as_writable_bytes(words)); !read)
        return failed(read);
    swapWords(words);
    return {};
}

} // namespace cowscope
