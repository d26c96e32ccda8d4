// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/finding.h"
#include "core/image/image.h"

#include <optional>

namespace cowscope
{

// What becomes of a table entry that is damaged. Pure. Nothing for an entry that can stay as it is; copied flags and
// counts are not looked at, but for the flag on entries that may never have it.

/// Data that cannot be reached any more reads as zeros afterwards. A version 2 image has no zero clusters: there it is
/// unallocated, and reads as the backing file has it, if there is one.
struct L2Fix {
    FindingKind kind = FindingKind::L2EntryReserved; ///< the worst that is wrong with it
    std::uint64_t entry = 0;
    std::uint64_t bitmap = 0; ///< of an extended entry
    std::string_view lost = {}; ///< why data is given up; empty: nothing is lost

    bool operator==(const L2Fix&) const = default;
};
/// `guest` is where the entry stands in the active disk, if it does.
std::optional<L2Fix> fixL2Entry(
    const Image& image, L2Entry entry, SubclusterBitmap bitmap, std::optional<GuestOffset> guest);

/// A table that cannot be reached is dropped: the entry becomes 0.
struct L1Fix {
    FindingKind kind = FindingKind::L1EntryReserved;
    std::uint64_t entry = 0;
    std::string_view lost = {}; ///< why the table is given up; empty: nothing is lost

    bool operator==(const L1Fix&) const = default;
};
std::optional<L1Fix> fixL1Entry(const Image& image, const ClusterMap& map, L1Entry entry);

/// Bits of a persistent bitmap that cannot be read count as set: a backup copies too much rather than too little.
struct BitmapFix {
    std::uint64_t entry = 0;
    bool allSet = false; ///< what it said is given up

    bool operator==(const BitmapFix&) const = default;
};
std::optional<BitmapFix> fixBitmapEntry(const Image& image, BitmapTableEntry entry);

/// An L2 entry that reads as zeros, in the image's version.
inline constexpr std::uint64_t kZeroEntry = kZeroFlag;
inline constexpr std::uint64_t kZeroSubclusters = bitRange(32, 32); ///< bitmap of an extended entry all of zeros

} // namespace cowscope
