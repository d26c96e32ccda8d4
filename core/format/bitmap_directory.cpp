// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/format/bitmap_directory.h"

#include "core/base/big_endian.h"
#include "core/base/checked_math.h"
#include "core/format/limits.h"

#include <fmt/format.h>

namespace cowscope
{

namespace
{

constexpr std::uint32_t kMaxBitmapNameBytes = 1023;
constexpr std::uint32_t kKnownFlags = kBitmapInUse | kBitmapAuto | kBitmapExtraCompatible;

Result<void> checkBitmap(const Bitmap& bitmap)
{
    const auto invalid = [&](std::string_view why) {
        return fail(ErrorKind::Invalid, fmt::format("Bitmap '{}' {}", bitmap.name, why), bitmap.entryOffset.value());
    };
    if (bitmap.name.empty() || bitmap.name.size() > kMaxBitmapNameBytes)
        return invalid("has a name of no legal length (1 to 1023 bytes)");
    if (bitmap.type != kBitmapTypeDirtyTracking)
        return invalid("is of a type that the format does not define");
    if ((bitmap.flags & ~kKnownFlags) != 0)
        return invalid("has unknown flags set");
    if (bitmap.granularityBits < kMinBitmapGranularityBits || bitmap.granularityBits > kMaxBitmapGranularityBits)
        return invalid("has a granularity outside 512 bytes to 2 GiB");
    if (bitmap.tableSize == 0 || bitmap.tableSize > kMaxBitmapTableEntries)
        return invalid("has a table of no legal size");
    if (!bitmap.extraData.empty())
        return invalid("has extra data, which its type does not define");
    return {};
}

} // namespace

Result<std::vector<Bitmap>> decodeBitmapDirectory(std::span<const std::byte> bytes, HostOffset at, std::uint32_t count)
{
    std::vector<Bitmap> bitmaps;
    std::size_t position = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
        const HostOffset here = at + position;
        const auto rest = bytes.subspan(position);
        if (rest.size() < kBitmapEntryBytes)
            return fail(ErrorKind::Truncated,
                fmt::format("The bitmap directory ends before bitmap {} of {}", i + 1, count), here.value());
        Bitmap bitmap;
        bitmap.entryOffset = here;
        bitmap.tableOffset = HostOffset(loadBigEndian<std::uint64_t>(rest, 0));
        bitmap.tableSize = loadBigEndian<std::uint32_t>(rest, 8);
        bitmap.flags = loadBigEndian<std::uint32_t>(rest, 12);
        bitmap.type = std::to_integer<std::uint8_t>(rest[16]);
        bitmap.granularityBits = std::to_integer<std::uint8_t>(rest[17]);
        const std::uint64_t nameSize = loadBigEndian<std::uint16_t>(rest, 18);
        const std::uint64_t extraSize = loadBigEndian<std::uint32_t>(rest, 20);
        const std::uint64_t length = alignUp(kBitmapEntryBytes + extraSize + nameSize, 8);
        if (length > rest.size())
            return fail(
                ErrorKind::Truncated, fmt::format("The bitmap directory ends inside bitmap {}", i + 1), here.value());
        const auto extra = rest.subspan(kBitmapEntryBytes, extraSize);
        bitmap.extraData.assign(extra.begin(), extra.end());
        bitmap.name.assign(reinterpret_cast<const char*>(rest.data()) + kBitmapEntryBytes + extraSize,
            static_cast<std::size_t>(nameSize));
        if (auto checked = checkBitmap(bitmap); !checked)
            return failed(checked);
        bitmaps.push_back(std::move(bitmap));
        position += length;
    }
    if (position != bytes.size())
        return fail(ErrorKind::Invalid,
            fmt::format(
                "The bitmap directory is {} bytes long, but its {} bitmaps take {}", bytes.size(), count, position),
            at.value());
    return bitmaps;
}

std::vector<std::byte> encodeBitmapDirectory(std::span<const Bitmap> bitmaps)
{
    std::vector<std::byte> out;
    for (const Bitmap& bitmap : bitmaps) {
        const std::size_t start = out.size();
        const std::size_t extra = bitmap.extraData.size();
        out.resize(start + alignUp(kBitmapEntryBytes + extra + bitmap.name.size(), 8), std::byte{0});
        const std::span entry(out.data() + start, out.size() - start);
        storeBigEndian(entry, 0, bitmap.tableOffset.value());
        storeBigEndian(entry, 8, bitmap.tableSize);
        storeBigEndian(entry, 12, bitmap.flags);
        entry[16] = static_cast<std::byte>(bitmap.type);
        entry[17] = static_cast<std::byte>(bitmap.granularityBits);
        storeBigEndian(entry, 18, static_cast<std::uint16_t>(bitmap.name.size()));
        storeBigEndian(entry, 20, static_cast<std::uint32_t>(extra));
        std::copy(bitmap.extraData.begin(), bitmap.extraData.end(), entry.begin() + kBitmapEntryBytes);
        std::memcpy(entry.data() + kBitmapEntryBytes + extra, bitmap.name.data(), bitmap.name.size());
    }
    return out;
}

} // namespace cowscope
