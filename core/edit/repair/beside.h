// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/edit/repair/separate.h"
#include "core/edit/repair/snapshot_fixes.h"
#include "core/edit/repair/table_fixes.h"

namespace cowscope
{

/// Everything that a repair writes to new clusters before anything refers to it.
struct BesideWork {
    std::vector<std::byte> snapshotTable; ///< empty: the old one stays
    std::uint32_t snapshotCount = 0;
    std::vector<LostTable> lostTables; ///< each gets an L2 table full of zeros
    std::vector<Move> moves;

    bool isEmpty() const { return snapshotTable.empty() && lostTables.empty() && moves.empty(); }

    /// The counts that its clusters will have, in the order in which they are laid out.
    std::vector<std::uint64_t> counts(const Geometry& geometry) const;
};

/// Writes the work to clusters from `first` on, which have these counts already, flushes, and then lets the header and
/// the table entries lead there. Errors: Io, NoSpace, Refused (the header has changed), those of movedContents().
Result<void> writeBeside(const Image& image, const BesideWork& work, HostCluster first, Storage& storage);

} // namespace cowscope
