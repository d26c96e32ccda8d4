// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/result.h"
#include "core/base/strong_index.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace cowscope
{

inline constexpr std::uint32_t kMagic = 0x514649fb;
inline constexpr std::size_t kHeaderBytesV2 = 72;
inline constexpr std::size_t kHeaderBytesV3 = 104; ///< least length of a version 3 header

// Specification, "Header", incompatible_features.
inline constexpr std::uint64_t kIncompatibleDirty = 1U << 0;
inline constexpr std::uint64_t kIncompatibleCorrupt = 1U << 1;
inline constexpr std::uint64_t kIncompatibleDataFile = 1U << 2;
inline constexpr std::uint64_t kIncompatibleCompression = 1U << 3;
inline constexpr std::uint64_t kIncompatibleExtendedL2 = 1U << 4;
inline constexpr std::uint64_t kIncompatibleKnown = 0x1f;
// compatible_features
inline constexpr std::uint64_t kCompatibleLazyRefcounts = 1U << 0;
// autoclear_features
inline constexpr std::uint64_t kAutoclearBitmaps = 1U << 0;
inline constexpr std::uint64_t kAutoclearRawDataFile = 1U << 1;
inline constexpr std::uint64_t kAutoclearKnown = 0x3;

enum class CryptMethod : std::uint32_t { None = 0, Aes = 1, Luks = 2 };
enum class CompressionType : std::uint8_t { Zlib = 0, Zstd = 1 };

/// The image header, decoded (specification, "Header" and "Additional fields"). Version 2 images have the values that
/// the specification lays down for them: no features, order 4, length 72.
struct Header {
    std::uint32_t version = 3;
    HostOffset backingFileOffset; ///< 0: no backing file
    std::uint32_t backingFileSize = 0; ///< bytes
    std::uint32_t clusterBits = 16;
    std::uint64_t size = 0; ///< of the virtual disk, bytes
    CryptMethod cryptMethod = CryptMethod::None;
    std::uint32_t l1Size = 0; ///< entries
    HostOffset l1TableOffset;
    HostOffset refcountTableOffset;
    std::uint32_t refcountTableClusters = 0;
    std::uint32_t snapshotCount = 0;
    HostOffset snapshotsOffset;
    std::uint64_t incompatibleFeatures = 0;
    std::uint64_t compatibleFeatures = 0;
    std::uint64_t autoclearFeatures = 0;
    std::uint32_t refcountOrder = 4;
    std::uint32_t headerLength = 104; ///< bytes
    CompressionType compressionType = CompressionType::Zlib;
    std::vector<std::byte> unknownTail; ///< bytes from 105 up to headerLength, kept as they are

    bool isDirty() const { return (incompatibleFeatures & kIncompatibleDirty) != 0; }
    bool isCorrupt() const { return (incompatibleFeatures & kIncompatibleCorrupt) != 0; }
    bool hasDataFile() const { return (incompatibleFeatures & kIncompatibleDataFile) != 0; }
    bool hasExtendedL2() const { return (incompatibleFeatures & kIncompatibleExtendedL2) != 0; }
    bool hasLazyRefcounts() const { return (compatibleFeatures & kCompatibleLazyRefcounts) != 0; }
    unsigned refcountBits() const { return 1U << refcountOrder; }

    bool operator==(const Header&) const = default;
};

/// Decodes the header at the start of `bytes` (as much of the first cluster as the file has) and checks everything
/// that needs nothing but the header itself: magic, version, ranges, alignment, limits.
/// It does not refuse unknown incompatible features, since their names stand behind the header: see
/// refuseUnknownFeatures(). A missing refcount table passes, so that a damaged image can be looked at. Errors:
/// NotQcow2, Truncated, Unsupported, Invalid, TooLarge.
Result<Header> decodeHeader(std::span<const std::byte> bytes);

/// The header as it stands on disk: headerLength bytes (72 for version 2).
std::vector<std::byte> encodeHeader(const Header& header);

} // namespace cowscope
