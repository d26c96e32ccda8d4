// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/task.h"
#include "core/edit/amend/table_rewriter.h"

namespace cowscope
{

/// What an expansion did.
struct ZeroExpansion {
    std::uint64_t entries = 0; ///< that had the zero flag, each table counted once
    std::uint64_t clusters = 0; ///< of zeros that were written

    bool operator==(const ZeroExpansion&) const = default;
};

/// Rewrites every L2 entry with the zero flag, of the disk and of all snapshots, so that version 2 of the format can
/// say the same: without a backing file the entry is unallocated; with one it leads to a cluster of zeros, which up to
/// 4096 entries share. Clusters that were kept behind the flag are released; nothing is overwritten. Errors: those of
/// the editor, Cancelled.
Result<ZeroExpansion> expandZeroClusters(
    ImageEditor& editor, TableRewriter& tables, bool hasBacking, const TaskContext& task);

} // namespace cowscope
