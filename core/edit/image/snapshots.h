// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/edit/image/image_editor.h"

#include <string>

namespace cowscope
{

/// What to do when a snapshot would raise a count past the width's maximum.
enum class OnOverflow {
    Refuse, ///< an error that names the cluster, its count and the width needed; nothing is written
    Copy, ///< copy the clusters that would overflow, L2 tables included
};

struct SnapshotRequest {
    std::string name;
    std::uint32_t dateSeconds = 0; ///< since 1970, UTC
    std::uint32_t dateNanoseconds = 0;
    OnOverflow onOverflow = OnOverflow::Refuse;
};

/// What an operation would do to counts and file, for the Snapshots panel and for messages; made without writing.
struct SnapshotCost {
    std::uint64_t raised = 0; ///< clusters whose count rises
    std::uint64_t lowered = 0; ///< clusters whose count falls
    std::uint64_t freed = 0; ///< clusters that become free
    std::uint64_t copied = 0; ///< clusters that are copied because their count would overflow
    std::uint64_t newClusters = 0; ///< of the file, copies included
};

// Each commits. On an error the editor is rolled back: no leak is left behind. As qemu-img has it, the snapshot to
// apply is looked up as an id first, the one to delete as a name first (there an id is our addition). Applying gives
// the disk the size that it had, and sets all bits of bitmaps that record writes. Progress in bytes of L2 tables.
// Memory: counts and 8 bytes for each guest cluster whose copied flag changes. Errors: NotFound, Refused (a count would
// overflow; data file; limits), Invalid (entries that cannot be followed: check the image), Io, NoSpace, Cancelled.
Result<Snapshot> createSnapshot(ImageEditor& editor, const SnapshotRequest& request, const TaskContext& task);
Result<void> applySnapshot(
    ImageEditor& editor, const std::string& idOrName, OnOverflow onOverflow, const TaskContext& task);
Result<void> deleteSnapshot(ImageEditor& editor, const std::string& nameOrId, const TaskContext& task);

// What they would cost, without writing anything. The editor is rolled back.
Result<SnapshotCost> costOfCreate(ImageEditor& editor, OnOverflow onOverflow, const TaskContext& task);
Result<SnapshotCost> costOfApply(
    ImageEditor& editor, const std::string& idOrName, OnOverflow onOverflow, const TaskContext& task);
Result<SnapshotCost> costOfDelete(ImageEditor& editor, const std::string& nameOrId, const TaskContext& task);

} // namespace cowscope
