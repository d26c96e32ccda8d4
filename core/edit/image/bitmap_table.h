// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/edit/image/image_editor.h"

#include <span>
#include <string>
#include <vector>

namespace cowscope
{

// The tables of bitmaps, and the clusters of bits that they lead to: what bitmaps.cpp and bitmap_bits.cpp share.

/// What a bitmap of a disk consists of.
struct BitmapShape {
    std::uint64_t bits = 0;
    std::uint64_t bytes = 0;
    std::uint64_t entries = 0; ///< of its table: clusters of bits
};
BitmapShape bitmapShape(const Geometry& geometry, std::uint64_t diskBytes, unsigned granularityBits);

/// Errors: Refused for a bitmap past the limits, or one of nothing.
Result<void> checkBitmapShape(const BitmapShape& shape, const std::string& name);

/// Refuses a bitmap that was not saved properly.
Result<void> refuseBitmapInUse(const Bitmap& bitmap);

/// Bits that one cluster holds.
inline std::uint64_t bitsInCluster(const ImageEditor& editor)
{
    return editor.geometry().clusterSize() * 8;
}

/// Entries [first, first + words.size()) of a bitmap's table. Errors: Io, Invalid for one that cannot be followed.
Result<void> readBitmapEntries(const Storage& storage, const Geometry& geometry, const Bitmap& bitmap,
    std::uint64_t first, std::span<std::uint64_t> words);
Result<std::vector<std::uint64_t>> readBitmapTable(ImageEditor& editor, const Bitmap& bitmap);

/// Writes a table to new clusters, and lets the bitmap point to it.
Result<void> placeBitmapTable(ImageEditor& editor, Bitmap& bitmap, std::span<const std::uint64_t> words);

/// Writes a cluster of bits to a new place and returns its table entry.
Result<std::uint64_t> placeBits(ImageEditor& editor, std::span<const std::byte> bits);

Result<void> releaseBitmapTable(ImageEditor& editor, const Bitmap& bitmap);

/// Releases the clusters of bits that some entries lead to.
Result<void> releaseBits(ImageEditor& editor, std::span<const std::uint64_t> words);

} // namespace cowscope
