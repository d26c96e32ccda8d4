// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/edit/repair/table_fixes.h"
#include "core/image/image.h"

#include <vector>

namespace cowscope
{

/// What becomes of the snapshot table.
struct SnapshotFixes {
    std::size_t readable = 0; ///< the table is cut behind this many entries: what follows are none
    std::vector<std::size_t> dropped; ///< of the readable ones, those whose disk cannot be reached; ascending
    std::uint64_t incomplete = 0; ///< of those that stay, version 3 entries without sizes
    LossList losses;

    bool cuts(const Image& image) const { return readable != image.header().snapshotCount; }
    bool rewrites() const { return !dropped.empty() || incomplete > 0; }
};

/// `foreignL1`: snapshots whose L1 table turned out to be something else's, by index.
SnapshotFixes planSnapshotFixes(const Image& image, std::span<const std::size_t> foreignL1);

/// Makes snapshots that will be dropped refer to nothing, in place, where they refer to space behind the end of the
/// file: the file may grow over it. Does not flush. Returns whether anything was written.
Result<bool> disarmSnapshots(const Image& image, const SnapshotFixes& fixes, Storage& storage);

/// The table with the entries that stay, complete.
std::vector<std::byte> newSnapshotTable(const Image& image, const SnapshotFixes& fixes);

} // namespace cowscope
