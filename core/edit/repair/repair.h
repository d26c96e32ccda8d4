// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/census.h"
#include "core/base/task.h"
#include "core/storage/storage.h"

#include <memory>
#include <string>
#include <vector>

namespace cowscope
{

enum class RepairMode {
    Leaks, ///< only lower counts that are too high
    All,
};

/// One kind of action of a repair, over all places that need it.
struct RepairAction {
    FindingKind kind = FindingKind::Leak; ///< what it mends
    std::uint64_t places = 0; ///< clusters or entries
    std::string what; ///< "Lower the counts of 12 leaked clusters"
    bool losesData = false; ///< something that a guest or a user could see is given up
};

/// What a repair will do, made without writing.
struct RepairPlan {
    RepairMode mode = RepairMode::All;
    std::vector<RepairAction> actions; ///< in the order in which they are done
    std::vector<std::string> givenUp; ///< each entry, snapshot or bitmap that is dropped, with its guest or host place
    std::vector<std::string> remains; ///< what a repair cannot mend, and what to do about it
    bool rebuild = false; ///< the refcount structures are written anew beside the old ones
    std::uint64_t leaks = 0; ///< clusters
    std::uint64_t corruptions = 0;

    bool changesNothing() const { return actions.empty(); }
};

RepairPlan planRepair(const Image& image, const Census& census, RepairMode mode);

/// What a repair did.
struct RepairResult {
    RepairPlan plan;
    std::uint64_t leaksFixed = 0; ///< as qemu-img counts them
    std::uint64_t corruptionsFixed = 0;
    std::shared_ptr<const Image> image; ///< as it is now
    std::shared_ptr<const Census> census; ///< of a fresh check after the repair
};

/// Repairs the image in `storage`, which the caller has opened for writing and locked. Every write is ordered so that a
/// crash in the middle leaves the image no worse than it was; the dirty and corrupt bits are cleared at the end, after
/// a second check that found no corruption. With `expected` (a plan that the user has agreed to) another plan is
/// Refused. Errors: Cancelled (between steps; what was done stays, and is sound), Io, NoSpace, Refused.
Result<RepairResult> repairImage(
    std::shared_ptr<Storage> storage, RepairMode mode, const RepairPlan* expected, const TaskContext& task);

} // namespace cowscope
