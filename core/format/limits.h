// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

namespace cowscope
{

// Limits on what an image may claim. Those marked (Q) are QEMU's own, so that no image that QEMU opens is refused;
// the others are the specification's. Nothing is allocated from a claim before it has passed these and the file size.

inline constexpr std::uint32_t kMinClusterBits = 9; ///< specification: 512 bytes
inline constexpr std::uint32_t kMaxClusterBits = 21; ///< (Q) 2 MiB
inline constexpr std::uint32_t kMinExtendedL2ClusterBits = 14; ///< specification: 16 KiB
inline constexpr std::uint32_t kMaxRefcountOrder = 6; ///< specification: 64 bits
inline constexpr std::uint32_t kVersion2RefcountOrder = 4; ///< specification: always 16 bits
inline constexpr std::uint64_t kMaxL1Bytes = std::uint64_t{32} << 20; ///< (Q)
inline constexpr std::uint64_t kMaxReftableBytes = std::uint64_t{8} << 20; ///< (Q)
inline constexpr std::uint32_t kMaxSnapshots = 65536; ///< (Q)
inline constexpr std::uint64_t kMaxSnapshotTableBytes = std::uint64_t{64} << 20; ///< (Q) 1 KiB a snapshot
inline constexpr std::uint32_t kMaxSnapshotExtraBytes = 1024; ///< (Q)
inline constexpr std::uint32_t kMaxBackingNameBytes = 1023; ///< specification
inline constexpr std::uint32_t kMaxBackingFormatBytes = 15; ///< (Q)
inline constexpr std::uint32_t kMaxBitmaps = 65535; ///< (Q)
inline constexpr std::uint64_t kMaxBitmapDirectoryBytes = std::uint64_t{64} << 20; ///< (Q) 1 KiB a bitmap
inline constexpr std::uint64_t kMaxBitmapTableEntries = 0x8000000; ///< (Q)
inline constexpr std::uint64_t kMaxBitmapBytes = std::uint64_t{0x20000000}; ///< (Q) of one bitmap, uncompressed
inline constexpr unsigned kMinBitmapGranularityBits = 9; ///< (Q)
inline constexpr unsigned kMaxBitmapGranularityBits = 31; ///< (Q)
inline constexpr std::uint64_t kMaxVirtualBytes = INT64_MAX; ///< (Q)

} // namespace cowscope
