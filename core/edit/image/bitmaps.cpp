// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/image/bitmaps.h"

#include "core/edit/image/bitmap_table.h"
#include "core/format/limits.h"

#include <algorithm>
#include <bit>
#include <fmt/format.h>

namespace cowscope
{

namespace
{

constexpr std::uint64_t kLeastDefaultGranularity = 4096;
constexpr std::uint64_t kMostDefaultGranularity = 65536;
constexpr std::size_t kMaxNameBytes = 1023;

std::vector<Bitmap> listOf(const ImageEditor& editor)
{
    return {editor.bitmaps().begin(), editor.bitmaps().end()};
}

Result<std::size_t> findBitmap(std::span<const Bitmap> bitmaps, const std::string& name)
{
    const auto found = std::ranges::find(bitmaps, name, &Bitmap::name);
    if (found == bitmaps.end())
        return fail(ErrorKind::NotFound, fmt::format("There is no bitmap '{}'", name));
    return static_cast<std::size_t>(found - bitmaps.begin());
}

/// Commits what a change of the list has prepared, or takes it back.
Result<void> finish(ImageEditor& editor, Result<void> done, const TaskContext& task)
{
    if (done)
        done = editor.commit(task);
    if (!done)
        (void)editor.rollback(); // the first error is the one to tell
    return done;
}

Result<unsigned> granularityOf(const ImageEditor& editor, std::uint64_t asked)
{
    if (asked == 0)
        asked = std::clamp(editor.geometry().clusterSize(), kLeastDefaultGranularity, kMostDefaultGranularity);
    const auto bits = static_cast<unsigned>(std::countr_zero(asked));
    if (!std::has_single_bit(asked) || bits < kMinBitmapGranularityBits || bits > kMaxBitmapGranularityBits)
        return fail(ErrorKind::Refused,
            fmt::format(
                "A granularity of {} bytes is not possible: it must be a power of two from 512 bytes to 2 GiB", asked));
    return bits;
}

Result<void> checkName(const ImageEditor& editor, const std::string& name)
{
    if (name.empty())
        return fail(ErrorKind::Refused, "The name of a bitmap cannot be empty");
    if (name.size() > kMaxNameBytes)
        return fail(ErrorKind::Refused,
            fmt::format("The name of the bitmap has {} bytes; {} is the limit", name.size(), kMaxNameBytes));
    if (std::ranges::find(editor.bitmaps(), name, &Bitmap::name) != editor.bitmaps().end())
        return fail(ErrorKind::Refused, fmt::format("There is a bitmap '{}' already", name));
    return {};
}

Result<void> prepareAdd(ImageEditor& editor, const BitmapRequest& request)
{
    if (editor.header().version < 3)
        return fail(ErrorKind::Refused, "Version 2 images (compat=0.10) cannot have bitmaps");
    if (auto legal = checkName(editor, request.name); !legal)
        return legal;
    auto granularityBits = granularityOf(editor, request.granularity);
    if (!granularityBits)
        return failed(granularityBits);
    const BitmapShape shape = bitmapShape(editor.geometry(), editor.geometry().virtualSize(), *granularityBits);
    if (auto legal = checkBitmapShape(shape, request.name); !legal)
        return legal;
    Bitmap bitmap;
    bitmap.name = request.name;
    bitmap.granularityBits = static_cast<std::uint8_t>(*granularityBits);
    bitmap.flags = request.enabled ? kBitmapAuto : 0;
    if (auto placed = placeBitmapTable(editor, bitmap, std::vector<std::uint64_t>(shape.entries)); !placed)
        return placed;
    auto bitmaps = listOf(editor);
    bitmaps.push_back(std::move(bitmap));
    return editor.replaceBitmaps(std::move(bitmaps));
}

Result<void> prepareRemove(ImageEditor& editor, const std::string& name)
{
    auto bitmaps = listOf(editor);
    auto index = findBitmap(bitmaps, name);
    if (!index)
        return failed(index);
    auto words = readBitmapTable(editor, bitmaps[*index]);
    if (!words)
        return failed(words);
    if (auto released = releaseBits(editor, *words); !released)
        return released;
    if (auto released = releaseBitmapTable(editor, bitmaps[*index]); !released)
        return released;
    bitmaps.erase(bitmaps.begin() + static_cast<std::ptrdiff_t>(*index));
    return editor.replaceBitmaps(std::move(bitmaps));
}

/// Beside the old table, so that a crash leaves the bitmap as it was or empty.
Result<void> prepareClear(ImageEditor& editor, const std::string& name)
{
    auto bitmaps = listOf(editor);
    auto index = findBitmap(bitmaps, name);
    if (!index)
        return failed(index);
    Bitmap& bitmap = bitmaps[*index];
    if (auto usable = refuseBitmapInUse(bitmap); !usable)
        return usable;
    auto words = readBitmapTable(editor, bitmap);
    if (!words)
        return failed(words);
    if (std::ranges::all_of(*words, [](std::uint64_t raw) { return raw == 0; }))
        return {};
    const Bitmap old = bitmap;
    if (auto placed = placeBitmapTable(editor, bitmap, std::vector<std::uint64_t>(words->size())); !placed)
        return placed;
    if (auto released = releaseBits(editor, *words); !released)
        return released;
    if (auto released = releaseBitmapTable(editor, old); !released)
        return released;
    return editor.replaceBitmaps(std::move(bitmaps));
}

Result<void> prepareEnable(ImageEditor& editor, const std::string& name, bool enabled)
{
    auto bitmaps = listOf(editor);
    auto index = findBitmap(bitmaps, name);
    if (!index)
        return failed(index);
    Bitmap& bitmap = bitmaps[*index];
    if (auto usable = refuseBitmapInUse(bitmap); !usable)
        return usable;
    const std::uint32_t flags = enabled ? bitmap.flags | kBitmapAuto : bitmap.flags & ~kBitmapAuto;
    if (flags == bitmap.flags)
        return {};
    bitmap.flags = flags;
    return editor.replaceBitmaps(std::move(bitmaps));
}

} // namespace

Result<void> addBitmap(ImageEditor& editor, const BitmapRequest& request, const TaskContext& task)
{
    return finish(editor, prepareAdd(editor, request), task);
}

Result<void> removeBitmap(ImageEditor& editor, const std::string& name, const TaskContext& task)
{
    return finish(editor, prepareRemove(editor, name), task);
}

Result<void> clearBitmap(ImageEditor& editor, const std::string& name, const TaskContext& task)
{
    return finish(editor, prepareClear(editor, name), task);
}

Result<void> enableBitmap(ImageEditor& editor, const std::string& name, bool enabled, const TaskContext& task)
{
    return finish(editor, prepareEnable(editor, name, enabled), task);
}

} // namespace cowscope
