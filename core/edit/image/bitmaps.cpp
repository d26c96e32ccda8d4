// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/image/bitmaps.h"

#include "core/base/big_endian.h"
#include "core/format/limits.h"

#include <algorithm>
#include <bit>
#include <fmt/format.h>

namespace cowscope
{

namespace
{

constexpr std::uint64_t kAllOnes = 1; ///< a table entry without a cluster: all bits are set
constexpr std::uint64_t kLeastDefaultGranularity = 4096;
constexpr std::uint64_t kMostDefaultGranularity = 65536;
constexpr std::size_t kMaxNameBytes = 1023;

/// What a bitmap of a disk consists of.
struct Shape {
    std::uint64_t bits = 0;
    std::uint64_t bytes = 0;
    std::uint64_t entries = 0; ///< of its table: clusters of bits
};

Shape shapeOf(const Geometry& geometry, std::uint64_t diskBytes, unsigned granularityBits)
{
    Shape shape;
    shape.bits = divideUp(diskBytes, std::uint64_t{1} << granularityBits);
    shape.bytes = divideUp(shape.bits, 8);
    shape.entries = geometry.clustersFor(shape.bytes);
    return shape;
}

std::uint64_t bitsInCluster(const ImageEditor& editor)
{
    return editor.geometry().clusterSize() * 8;
}

Result<void> checkShape(const Shape& shape, const std::string& name)
{
    if (shape.bits == 0)
        return fail(ErrorKind::Refused, "A disk without a byte has nothing that a bitmap could track");
    if (shape.bytes > kMaxBitmapBytes || shape.entries > kMaxBitmapTableEntries)
        return fail(ErrorKind::Refused,
            fmt::format("Bitmap '{}' would take {} bytes; {} is the limit", name, shape.bytes, kMaxBitmapBytes),
            std::nullopt, "Use a larger granularity");
    return {};
}

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

// Tables ------------------------------------------------------------------------------------------------------------

/// Entries [first, first + words.size()) of a bitmap's table, checked.
Result<void> readEntries(ImageEditor& editor, const Bitmap& bitmap, std::uint64_t first, std::span<std::uint64_t> words)
{
    const HostOffset at = bitmap.tableOffset + first * 8;
    std::vector<std::byte> bytes(words.size() * 8);
    if (auto read = editor.storage().read(at.value(), bytes); !read)
        return failed(read);
    for (std::size_t i = 0; i < words.size(); ++i) {
        words[i] = loadBigEndian<std::uint64_t>(bytes, i * 8);
        const BitmapTableEntry entry{words[i]};
        if (entry.hasReservedBits() || !editor.geometry().isAligned(entry.dataOffset()))
            return fail(ErrorKind::Invalid,
                fmt::format("Bitmap '{}' has an entry that cannot be followed", bitmap.name), at.value() + i * 8,
                "Check the image");
    }
    return {};
}

Result<std::vector<std::uint64_t>> readTable(ImageEditor& editor, const Bitmap& bitmap)
{
    std::vector<std::uint64_t> words(bitmap.tableSize);
    if (auto read = readEntries(editor, bitmap, 0, words); !read)
        return failed(read);
    return words;
}

/// The table of a bitmap whose size must be what the disk demands.
Result<std::vector<std::uint64_t>> readSoundTable(ImageEditor& editor, const Bitmap& bitmap)
{
    const Shape shape = shapeOf(editor.geometry(), editor.geometry().virtualSize(), bitmap.granularityBits);
    if (bitmap.tableSize != shape.entries)
        return fail(ErrorKind::Invalid,
            fmt::format("The table of bitmap '{}' has {} entries; the disk needs {}", bitmap.name, bitmap.tableSize,
                shape.entries),
            bitmap.tableOffset.value(), "Remove the bitmap");
    return readTable(editor, bitmap);
}

/// Writes a table to new clusters, and lets the bitmap point to it.
Result<void> placeTable(ImageEditor& editor, Bitmap& bitmap, std::span<const std::uint64_t> words)
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

Result<void> releaseTable(ImageEditor& editor, const Bitmap& bitmap)
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

/// Writes a cluster of bits to a new place and returns its table entry.
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

// The list ----------------------------------------------------------------------------------------------------------

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

Result<void> refuseInUse(const Bitmap& bitmap)
{
    if ((bitmap.flags & kBitmapInUse) == 0)
        return {};
    return fail(ErrorKind::Refused, fmt::format("Bitmap '{}' was not saved properly and cannot be used", bitmap.name),
        std::nullopt, "Remove the bitmap");
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
    const Shape shape = shapeOf(editor.geometry(), editor.geometry().virtualSize(), *granularityBits);
    if (auto legal = checkShape(shape, request.name); !legal)
        return legal;
    Bitmap bitmap;
    bitmap.name = request.name;
    bitmap.granularityBits = static_cast<std::uint8_t>(*granularityBits);
    bitmap.flags = request.enabled ? kBitmapAuto : 0;
    if (auto placed = placeTable(editor, bitmap, std::vector<std::uint64_t>(shape.entries)); !placed)
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
    auto words = readTable(editor, bitmaps[*index]);
    if (!words)
        return failed(words);
    if (auto released = releaseBits(editor, *words); !released)
        return released;
    if (auto released = releaseTable(editor, bitmaps[*index]); !released)
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
    if (auto usable = refuseInUse(bitmap); !usable)
        return usable;
    auto words = readTable(editor, bitmap);
    if (!words)
        return failed(words);
    if (std::ranges::all_of(*words, [](std::uint64_t raw) { return raw == 0; }))
        return {};
    const Bitmap old = bitmap;
    if (auto placed = placeTable(editor, bitmap, std::vector<std::uint64_t>(words->size())); !placed)
        return placed;
    if (auto released = releaseBits(editor, *words); !released)
        return released;
    if (auto released = releaseTable(editor, old); !released)
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
    if (auto usable = refuseInUse(bitmap); !usable)
        return usable;
    const std::uint32_t flags = enabled ? bitmap.flags | kBitmapAuto : bitmap.flags & ~kBitmapAuto;
    if (flags == bitmap.flags)
        return {};
    bitmap.flags = flags;
    return editor.replaceBitmaps(std::move(bitmaps));
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
    if (auto read = readEntries(editor, bitmap, firstEntry, words); !read)
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

/// Whether the bitmap changed.
Result<bool> resizeOne(ImageEditor& editor, Bitmap& bitmap, std::uint64_t size)
{
    if (auto usable = refuseInUse(bitmap); !usable)
        return failed(usable);
    const Geometry& geometry = editor.geometry();
    const Shape now = shapeOf(geometry, geometry.virtualSize(), bitmap.granularityBits);
    const Shape then = shapeOf(geometry, size, bitmap.granularityBits);
    if (auto legal = checkShape(then, bitmap.name); !legal)
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
    if (auto placed = placeTable(editor, bitmap, *words); !placed)
        return failed(placed);
    if (auto released = releaseTable(editor, old); !released)
        return failed(released);
    return true;
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
    auto bitmaps = listOf(editor);
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
