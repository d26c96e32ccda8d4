// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/cluster_map.h"

#include <array>
#include <cstdint>

namespace cowscope
{

/// 0xrrggbb, on a light and on a dark background.
struct OwnerColor {
    std::uint32_t light;
    std::uint32_t dark;
};

/// The colours of owners in every view and report, indexed by ClusterOwner. Based on the Okabe-Ito set; red means a
/// finding and nothing else.
inline constexpr std::array<OwnerColor, kOwnerCount> kOwnerColors{{
    {0xe4e7ea, 0x2c3238}, // Free
    {0xd32f2f, 0xff5a52}, // Leaked
    {0x6a3d9a, 0xa984dc}, // Header
    {0x0072b2, 0x3d9be0}, // Reftable
    {0x56b4e9, 0x84cbf3}, // Refblock
    {0x00674b, 0x149a73}, // ActiveL1
    {0x2bb58a, 0x56d3ad}, // L2Table
    {0xa34079, 0xc85f9d}, // SnapshotTable
    {0xdf9cc3, 0xe9b4d3}, // SnapshotL1
    {0xf0c27a, 0xd9a441}, // Data
    {0xb8790a, 0xa8721c}, // CompressedData
    {0x77770f, 0x9a9a2e}, // BitmapDirectory
    {0xb5b02a, 0xc4be48}, // BitmapTable
    {0xf0e442, 0xf0e878}, // BitmapData
    {0x6d4c41, 0xa98274}, // EncryptionHeader
}};

} // namespace cowscope
