// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/image/bitmap_table.h"

#include "core/base/big_endian.h"
#include "core/format/limits.h"

#include <fmt/format.h>

namespace cowscope
{

BitmapShape bitmapShape(const Geometry& geometry, std::uint64_t diskBytes, unsigned granularityBits)
{
    BitmapShape shape;
    shape.bits = divideUp(diskBytes, std::uint64_t{1} << granularityBits);
    shape.bytes = divideUp(shape.bits, 8);
    shape.entries = geometry.clustersFor(shape.bytes);
    return shape;
}

Result<void> checkBitmapShape(const BitmapShape& shape, const std::string& name)
{
    if (shape.bits == 0)
        return fail(ErrorKind::Refused, "A disk without a byte has nothing that a bitmap could track");
    if (shape.bytes > kMaxBitmapBytes || shape.entries > kMaxBitmapTableEntries)
        return fail(ErrorKind::Refused,
            fmt::format("Bitmap '{}' would take {} bytes; {} is the limit", name, shape.bytes, kMaxBitmapBytes),
            std::nullopt, "Use a larger granularity");
    return {};
}

Result<void> readBitmapEntries(const Storage& storage, const Geometry& geometry, const Bitmap& bitmap,
    std::uint64_t first, std::span<std::uint64_t> words)
{
    const HostOffset at = bitmap.tableOffset + first * 8;
    std::vector<std::byte> bytes(words.size() * 8);
    if (auto read = storage.read(at.value(), bytes); !read)
        return failed(read);
    for (std::size_t i = 0; i < words.size(); ++i) {
        words[i] = loadBigEndian<std::uint64_t>(bytes, i * 8);
        const BitmapTableEntry entry{words[i]};
        if (entry.hasReservedBits() || !geometry.isAligned(entry.dataOffset()))
            return fail(ErrorKind::Invalid,
                fmt::format("Bitmap '{}' has an entry that cannot be followed", bitmap.name), at.value() + i * 8,
                "Check the image");
    }
    return {};
}

Result<std::vector<std::uint64_t>> readBitmapTable(ImageEditor& editor, const Bitmap& bitmap)
{
    std::vector<std::uint64_t> words(bitmap.tableSize);
    if (auto read = readBitmapEntries(editor.storage(), editor.geometry(), bitmap, 0, words); !read)
        return failed(read);
    return words;
}

Result<void> placeBitmapTable(ImageEditor& editor, Bitmap& bitmap, std::span<const std::uint64_t> words)
{
    const std::uint64_t clusters = editor.geometry().clustersFor(words.size() * 8);
    auto first = editor.allocate(clusters);
    if (!first)
        return failed(first);
    std::vector<std::byte> bytes(clusters * editor.geometry().clusterSize());
    for (std::size_t i = 0; i < words.size(); ++i)
        storeBigEndian(std::span(bytes), i * 8, words[i]);
    const HostOffset at = editor.geometry().offset(*first);
    if (auto written = editor.writeNew(at, bytes); !written)
        return written;
    bitmap.tableOffset = at;
    bitmap.tableSize = static_cast<std::uint32_t>(words.size());
    return {};
}

Result<void> releaseBitmapTable(ImageEditor& editor, const Bitmap& bitmap)
{
    return editor.release(bitmap.tableOffset, std::uint64_t{bitmap.tableSize} * 8);
}

Result<void> releaseBits(ImageEditor& editor, std::span<const std::uint64_t> words)
{
    for (const std::uint64_t raw : words) {
        const HostOffset data = BitmapTableEntry{raw}.dataOffset();
        if (data.value() == 0)
            continue;
        if (auto released = editor.release(data, editor.geometry().clusterSize()); !released)
            return released;
    }
    return {};
}

Result<std::uint64_t> placeBits(ImageEditor& editor, std::span<const std::byte> bits)
{
    auto cluster = editor.allocate(1);
    if (!cluster)
        return failed(cluster);
    const HostOffset at = editor.geometry().offset(*cluster);
    if (auto written = editor.writeNew(at, bits); !written)
        return failed(written);
    return at.value();
}

Result<void> refuseBitmapInUse(const Bitmap& bitmap)
{
    if ((bitmap.flags & kBitmapInUse) == 0)
        return {};
    return fail(ErrorKind::Refused, fmt::format("Bitmap '{}' was not saved properly and cannot be used", bitmap.name),
        std::nullopt, "Remove the bitmap");
}

} // namespace cowscope
