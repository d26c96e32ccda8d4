// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/result.h"
#include "core/base/strong_index.h"

#include <span>
#include <string>
#include <vector>

namespace cowscope
{

inline constexpr std::size_t kBitmapEntryBytes = 24; ///< before extra data and name

inline constexpr std::uint32_t kBitmapInUse = 1U << 0; ///< was not saved properly
inline constexpr std::uint32_t kBitmapAuto = 1U << 1; ///< records new writes
inline constexpr std::uint32_t kBitmapExtraCompatible = 1U << 2; ///< unknown extra data may be ignored
inline constexpr std::uint8_t kBitmapTypeDirtyTracking = 1;

/// One entry of the bitmap directory (specification, "Bitmap directory").
struct Bitmap {
    HostOffset entryOffset; ///< where the entry stands in the file
    HostOffset tableOffset;
    std::uint32_t tableSize = 0; ///< entries of 8 bytes
    std::uint32_t flags = 0;
    std::uint8_t type = kBitmapTypeDirtyTracking;
    std::uint8_t granularityBits = 16; ///< log2 of the bytes that one bit stands for
    std::string name;
    std::vector<std::byte> extraData;

    bool operator==(const Bitmap&) const = default;
};

/// Decodes a whole directory of `count` entries that stands at `at` in the file and fills `bytes` exactly.
/// Checks lengths, types, flags and granularities; not the tables, for which see Image.
/// Errors: Invalid (says which entry), Truncated.
Result<std::vector<Bitmap>> decodeBitmapDirectory(std::span<const std::byte> bytes, HostOffset at, std::uint32_t count);

/// The directory on disk, each entry padded to a multiple of 8 bytes.
std::vector<std::byte> encodeBitmapDirectory(std::span<const Bitmap> bitmaps);

} // namespace cowscope
