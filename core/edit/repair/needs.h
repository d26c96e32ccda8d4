// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/edit/repair/repair.h"
#include "core/edit/repair/snapshot_fixes.h"
#include "core/edit/repair/table_fixes.h"

namespace cowscope
{

/// What an image needs, for the plan that people read and for the repair itself.
struct RepairNeeds {
    RepairPlan plan;
    TableFixes tables;
    SnapshotFixes snapshots;
    bool dropsBitmaps = false;
};

/// Looks at an image without writing. Reads tables again where entries are damaged. Errors: Cancelled, Io.
Result<RepairNeeds> assessRepair(const Image& image, const Census& census, RepairMode mode, const TaskContext& task);

/// What is still wrong after a repair, or cannot be mended by one, and what to do about it.
std::vector<std::string> whatRemains(const Image& image, const Census& census, RepairMode mode);

} // namespace cowscope
