// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/finding_list.h"
#include "core/base/task.h"
#include "core/image/image.h"

#include <optional>
#include <vector>

namespace cowscope
{

/// An L2 table and how many L1 entries refer to it.
struct TableUse {
    HostOffset offset;
    std::uint32_t active = 0; ///< references from the active L1 table
    std::uint32_t snapshots = 0; ///< references from L1 tables of snapshots
    std::optional<std::uint32_t> l1Index; ///< of the first reference from the active L1 table
};

/// Every L2 table of the image once, by host offset, with its multiplicity. However many snapshots share an L1 table,
/// and however L1 tables overlap, each L1 slot of the file is read once: the tables are swept as intervals of the file.
/// Bad L1 entries become findings, weighted by how many tables hold them. L1 tables must have passed checkSnapshotL1().
Result<std::vector<TableUse>> listL2Tables(const Image& image, const TaskContext& task, FindingList& findings);

/// Whether a snapshot's L1 table can be walked at all: aligned and within the size limit. Adds a finding if not.
bool checkSnapshotL1(const Image& image, const Snapshot& snapshot, FindingList* findings);

} // namespace cowscope
