// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/big_endian.h"
#include "core/edit/image/bitmap_table.h"
#include "core/edit/image/bitmaps.h"

#include <algorithm>
#include <bit>
#include <fmt/format.h>

namespace cowscope
{

namespace
{

constexpr std::uint64_t kAllOnes = 1; ///< a table entry without a cluster: all bits are set

/// Sets bits [first, end) of a cluster of bits, which is filled from the least significant bit of each byte. Returns
/// whether one of them was clear.
bool setBits(std::span<std::byte> bytes, std::uint64_t first, std::uint64_t end)
{
    bool changed = false;
    while (first < end) {
        const auto inByte = static_cast<unsigned>(first % 8);
        const auto count = static_cast<unsigned>(std::min<std::uint64_t>(8 - inByte, end - first));
        const auto mask = static_cast<std::byte>(bitRange(inByte, count));
        std::byte& byte = bytes[first / 8];
        changed = changed || (byte & mask) != mask;
        byte |= mask;
        first += count;
    }
    return changed;
}

/// Clears the bits from `first` on. Returns whether one of them was set.
bool clearBitsFrom(std::span<std::byte> bytes, std::uint64_t first)
{
    bool changed = false;
    if (first % 8 != 0) {
        const auto kept = static_cast<std::byte>(bitRange(0, static_cast<unsigned>(first % 8)));
        changed = (bytes[first / 8] & ~kept) != std::byte{0};
        bytes[first / 8] &= kept;
    }
    const auto rest = bytes.subspan(divideUp(first, 8));
    changed = changed || std::ranges::any_of(rest, [](std::byte byte) { return byte != std::byte{0}; });
    std::ranges::fill(rest, std::byte{0});
    return changed;
}

// Recording ---------------------------------------------------------------------------------------------------------

/// What recording in one bitmap has done.
struct Recorded {
    bool needsCommit = false; ///< table entries wait
    bool needsFlush = false; ///< bits were written where they are
};

/// Sets bits [first, end) of the cluster of bits that entry `index` of the table leads to.
Result<void> recordInCluster(ImageEditor& editor, HostOffset slot, BitmapTableEntry entry, std::uint64_t first,
    std::uint64_t end, Recorded& recorded)
{
    if (entry.allOnes())
        return {};
    if (entry.dataOffset().value() != 0) {
        const std::uint64_t firstByte = first / 8;
        std::vector<std::byte> bytes(divideUp(end, 8) - firstByte);
        const HostOffset at = entry.dataOffset() + firstByte;
        if (auto read = editor.storage().read(at.value(), bytes); !read)
            return failed(read);
        if (!setBits(bytes, first - firstByte * 8, end - firstByte * 8))
            return {};
        recorded.needsFlush = true;
        return editor.overwrite(at, bytes);
    }
    recorded.needsCommit = true;
    if (first == 0 && end == bitsInCluster(editor)) {
        editor.setWordLater(slot, kAllOnes);
        return {};
    }
    std::vector<std::byte> bytes(editor.geometry().clusterSize());
    setBits(bytes, first, end);
    auto placed = placeBits(editor, bytes);
    if (!placed)
        return failed(placed);
    editor.setWordLater(slot, *placed);
    return {};
}

Result<void> recordInBitmap(
    ImageEditor& editor, const Bitmap& bitmap, std::uint64_t start, std::uint64_t bytes, Recorded& recorded)
{
    const std::uint64_t firstBit = start >> bitmap.granularityBits;
    const std::uint64_t endBit = ((start + bytes - 1) >> bitmap.granularityBits) + 1;
    const std::uint64_t reach = bitsInCluster(editor);
    const std::uint64_t firstEntry = firstBit / reach;
    const std::uint64_t endEntry = divideUp(endBit, reach);
    if (endEntry > bitmap.tableSize)
        return fail(ErrorKind::Invalid, fmt::format("The table of bitmap '{}' is too short for the disk", bitmap.name),
            bitmap.tableOffset.value(), "Remove the bitmap");
    std::vector<std::uint64_t> words(endEntry - firstEntry);
    if (auto read = readBitmapEntries(editor.storage(), editor.geometry(), bitmap, firstEntry, words); !read)
        return read;
    for (std::uint64_t index = firstEntry; index < endEntry; ++index) {
        const std::uint64_t base = index * reach;
        const std::uint64_t first = std::max(firstBit, base) - base;
        const std::uint64_t end = std::min(endBit - base, reach);
        if (auto done = recordInCluster(editor, bitmap.tableOffset + index * 8,
                BitmapTableEntry{words[index - firstEntry]}, first, end, recorded);
            !done)
            return done;
    }
    return {};
}

// Resizing ----------------------------------------------------------------------------------------------------------

/// Clears the bits from `bits` on in the cluster of bits that they begin in, by way of a copy: until the commit the
/// old ones count.
Result<void> cutTail(ImageEditor& editor, std::vector<std::uint64_t>& words, std::uint64_t bits)
{
    const std::uint64_t inCluster = bits % bitsInCluster(editor);
    std::uint64_t& word = words[bits / bitsInCluster(editor)];
    if (inCluster == 0 || word == 0)
        return {};
    const BitmapTableEntry entry{word};
    std::vector<std::byte> bytes(editor.geometry().clusterSize());
    if (entry.allOnes()) {
        setBits(bytes, 0, inCluster);
    } else {
        if (auto read = editor.storage().read(entry.dataOffset().value(), bytes); !read)
            return failed(read);
        if (!clearBitsFrom(bytes, inCluster))
            return {};
        if (auto released = editor.release(entry.dataOffset(), bytes.size()); !released)
            return released;
    }
    auto placed = placeBits(editor, bytes);
    if (!placed)
        return failed(placed);
    word = *placed;
    return {};
}

/// The table of a bitmap whose size must be what the disk demands.
Result<std::vector<std::uint64_t>> readSoundTable(ImageEditor& editor, const Bitmap& bitmap)
{
    const BitmapShape shape = bitmapShape(editor.geometry(), editor.geometry().virtualSize(), bitmap.granularityBits);
    if (bitmap.tableSize != shape.entries)
        return fail(ErrorKind::Invalid,
            fmt::format("The table of bitmap '{}' has {} entries; the disk needs {}", bitmap.name, bitmap.tableSize,
                shape.entries),
            bitmap.tableOffset.value(), "Remove the bitmap");
    return readBitmapTable(editor, bitmap);
}

/// Whether the bitmap changed.
Result<bool> resizeOne(ImageEditor& editor, Bitmap& bitmap, std::uint64_t size)
{
    if (auto usable = refuseBitmapInUse(bitmap); !usable)
        return failed(usable);
    const Geometry& geometry = editor.geometry();
    const BitmapShape now = bitmapShape(geometry, geometry.virtualSize(), bitmap.granularityBits);
    const BitmapShape then = bitmapShape(geometry, size, bitmap.granularityBits);
    if (auto legal = checkBitmapShape(then, bitmap.name); !legal)
        return failed(legal);
    if (now.bits == then.bits)
        return false;
    auto words = readSoundTable(editor, bitmap);
    if (!words)
        return failed(words);
    const auto before = *words;
    const std::uint64_t kept = std::min(now.bits, then.bits);
    if (kept < before.size() * bitsInCluster(editor)) {
        if (auto cut = cutTail(editor, *words, kept); !cut)
            return failed(cut);
    }
    if (then.entries < words->size()) {
        if (auto released = releaseBits(editor, std::span(*words).subspan(then.entries)); !released)
            return failed(released);
    }
    words->resize(then.entries);
    if (*words == before)
        return false;
    const Bitmap old = bitmap;
    if (auto placed = placeBitmapTable(editor, bitmap, *words); !placed)
        return failed(placed);
    if (auto released = releaseBitmapTable(editor, old); !released)
        return failed(released);
    return true;
}

// Counting ----------------------------------------------------------------------------------------------------------

std::uint64_t onesIn(std::span<const std::byte> bytes)
{
    std::uint64_t ones = 0;
    for (const std::byte byte : bytes)
        ones += static_cast<std::uint64_t>(std::popcount(std::to_integer<std::uint8_t>(byte)));
    return ones;
}

} // namespace

Result<std::uint64_t> markedBits(const Image& image, const Bitmap& bitmap)
{
    std::vector<std::uint64_t> words(bitmap.tableSize);
    if (auto read = readBitmapEntries(image.storage(), image.geometry(), bitmap, 0, words); !read)
        return failed(read);
    const BitmapShape shape = bitmapShape(image.geometry(), image.geometry().virtualSize(), bitmap.granularityBits);
    std::vector<std::byte> bytes(image.geometry().clusterSize());
    std::uint64_t ones = 0;
    for (std::uint64_t i = 0; i < words.size(); ++i) {
        const BitmapTableEntry entry{words[i]};
        const std::uint64_t before = i * bytes.size() * 8;
        if (entry.allOnes()) {
            ones += std::min<std::uint64_t>(bytes.size() * 8, shape.bits - std::min(shape.bits, before));
        } else if (entry.dataOffset().value() != 0) {
            if (auto read = image.storage().read(entry.dataOffset().value(), bytes); !read)
                return failed(read);
            ones += onesIn(bytes);
        }
    }
    return ones;
}

Result<void> recordWrite(ImageEditor& editor, GuestOffset start, std::uint64_t bytes, const TaskContext& task)
{
    if (bytes == 0)
        return {};
    Recorded recorded;
    for (const Bitmap& bitmap : editor.bitmaps()) {
        if ((bitmap.flags & kBitmapAuto) == 0 || (bitmap.flags & kBitmapInUse) != 0)
            continue;
        if (auto done = recordInBitmap(editor, bitmap, start.value(), bytes, recorded); !done)
            return done;
    }
    if (recorded.needsCommit)
        return editor.commit(task);
    return recorded.needsFlush ? editor.storage().flush() : Result<void>{};
}

Result<void> resizeBitmaps(ImageEditor& editor, std::uint64_t size)
{
    std::vector<Bitmap> bitmaps(editor.bitmaps().begin(), editor.bitmaps().end());
    bool changed = false;
    for (Bitmap& bitmap : bitmaps) {
        auto done = resizeOne(editor, bitmap, size);
        if (!done)
            return failed(done);
        changed = changed || *done;
    }
    return changed ? editor.replaceBitmaps(std::move(bitmaps)) : Result<void>{};
}

} // namespace cowscope
