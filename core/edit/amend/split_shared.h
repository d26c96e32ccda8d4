// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/task.h"
#include "core/edit/amend/table_rewriter.h"

namespace cowscope
{

/// What a split copied.
struct SplitCost {
    std::uint64_t clusters = 0; ///< L2 tables and clusters of data; pieces of compressed data count as one each
    std::uint64_t bytes = 0;

    bool operator==(const SplitCost&) const = default;
};

/// Copies what more references lead to than a width of `order` counts, L2 tables and data alike, until every count
/// fits:
///
///     before   disk -> table (2) -> data (2)          after, for counts up to 1   disk     -> table (1) -> data (1)
///              snapshot -^                                                        snapshot -> copy  (1) -> copy (1)
///
/// The disk keeps what is there, the snapshots get the copies. Copied flags are right afterwards. Counts must be those
/// of the references: check the image first. With `writeCopies` false nothing is written and only the cost is told.
/// Errors: Refused for clusters encrypted with LUKS (they can be read at their own place only), those of the editor.
Result<SplitCost> splitShared(
    ImageEditor& editor, TableRewriter& tables, unsigned order, bool writeCopies, const TaskContext& task);

} // namespace cowscope
