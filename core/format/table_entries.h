// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/checked_math.h"
#include "core/base/strong_index.h"

#include <cstdint>
#include <optional>

namespace cowscope
{

// Table entries are values: the raw 64-bit number in host byte order goes in, its parts come out, nothing is checked
// against the file. Specification: "L1 table entry", "L2 table entry", "Extended L2 Entries", "Host cluster
// management".

inline constexpr std::uint64_t kCopiedFlag = std::uint64_t{1} << 63;
inline constexpr std::uint64_t kCompressedFlag = std::uint64_t{1} << 62;
inline constexpr std::uint64_t kZeroFlag = 1;
inline constexpr std::uint64_t kTableOffsetMask = bitRange(9, 47); ///< bits 9 to 55 of L1 and L2 entries
inline constexpr std::uint64_t kReftableOffsetMask = bitRange(9, 55); ///< bits 9 to 63 of reftable entries
inline constexpr std::uint64_t kL1ReservedMask = ~(kCopiedFlag | kTableOffsetMask);
inline constexpr std::uint64_t kL2ReservedMask = ~(kCopiedFlag | kCompressedFlag | kTableOffsetMask | kZeroFlag);
inline constexpr std::uint64_t kReftableReservedMask = ~kReftableOffsetMask;
static_assert(kTableOffsetMask == 0x00fffffffffffe00);
static_assert(kReftableOffsetMask == 0xfffffffffffffe00);

struct ReftableEntry {
    std::uint64_t raw = 0;

    HostOffset refblockOffset() const { return HostOffset(raw & kReftableOffsetMask); } ///< 0: no refblock
    bool hasReservedBits() const { return (raw & kReftableReservedMask) != 0; }
};

struct L1Entry {
    std::uint64_t raw = 0;

    bool copied() const { return (raw & kCopiedFlag) != 0; }
    HostOffset l2Offset() const { return HostOffset(raw & kTableOffsetMask); } ///< 0: no L2 table
    bool hasReservedBits() const { return (raw & kL1ReservedMask) != 0; }
};

/// What a compressed descriptor says (specification, "Compressed Clusters Descriptor").
struct CompressedDescriptor {
    HostOffset offset; ///< first byte of the compressed data, not aligned
    std::uint64_t sectors = 0; ///< 512-byte sectors that the data touches, its first one included

    /// Bytes from `offset` to the end of the last sector: the data ends somewhere within.
    std::uint64_t maxBytes() const { return sectors * 512 - (offset.value() & 511); }
};

struct L2Entry {
    std::uint64_t raw = 0;

    bool copied() const { return (raw & kCopiedFlag) != 0; }
    bool compressed() const { return (raw & kCompressedFlag) != 0; }
    bool zeroFlag() const { return !compressed() && (raw & kZeroFlag) != 0; } ///< meaningless with extended entries
    HostOffset hostOffset() const { return HostOffset(raw & kTableOffsetMask); } ///< of a standard descriptor
    bool hasReservedBits() const { return !compressed() && (raw & kL2ReservedMask) != 0; }
    CompressedDescriptor compressedDescriptor(unsigned clusterBits) const;
};

/// The raw number of a compressed descriptor; offset and sectors must fit their bits (the caller checks).
std::uint64_t encodeCompressed(const CompressedDescriptor& descriptor, unsigned clusterBits);

inline constexpr unsigned kSubclusters = 32; ///< in each cluster of an image with extended L2 entries

/// The second half of an extended L2 entry.
struct SubclusterBitmap {
    std::uint64_t raw = 0;

    std::uint32_t allocated() const { return static_cast<std::uint32_t>(raw); }
    std::uint32_t zero() const { return static_cast<std::uint32_t>(raw >> 32); }
    bool contradicts() const { return (allocated() & zero()) != 0; } ///< a subcluster both allocated and zero
};

struct BitmapTableEntry {
    std::uint64_t raw = 0;

    HostOffset dataOffset() const { return HostOffset(raw & kTableOffsetMask); } ///< 0: all bits alike
    bool allOnes() const { return (raw & 1) != 0; }
    bool hasReservedBits() const
    {
        return (raw & ~(kTableOffsetMask | 1)) != 0 || (dataOffset().value() != 0 && allOnes());
    }
};

} // namespace cowscope
