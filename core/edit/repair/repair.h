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
    bool isDoubtful = false; ///< what is kept is most likely not what its owner wrote: see RepairPlan::cautions

    bool operator==(const RepairAction&) const = default;
};

/// What a repair will do, made without writing.
struct RepairPlan {
    RepairMode mode = RepairMode::All;
    std::vector<RepairAction> actions; ///< in the order in which they are done
    std::vector<std::string> givenUp; ///< each entry, snapshot or bitmap that is dropped, with its guest or host place
    std::vector<std::string> cautions; ///< what is most likely lost already, and where it may still be
    std::vector<std::string> remains; ///< what a repair cannot mend, and what to do about it
    bool rebuild = false; ///< the refcount structures are written anew beside the old ones
    std::uint64_t leaks = 0; ///< clusters
    std::uint64_t corruptions = 0;

    bool changesNothing() const { return actions.empty(); }

    bool operator==(const RepairPlan&) const = default;
};

/// Without writing; reads tables again where their entries are damaged. The census must be complete. Where nothing can
/// be done the plan has no actions, and `remains` says why.
RepairPlan planRepair(const Image& image, const Census& census, RepairMode mode);

/// Opens an image for a look at what a repair of everything could do. As Image::open, but a header that claims more
/// snapshots than any image can have is taken to claim the most there can be.
Result<std::shared_ptr<const Image>> openForRepair(std::shared_ptr<const Storage> storage, const TaskContext& task);

/// What a repair did.
struct RepairResult {
    RepairPlan plan; ///< as carried out; `remains` is what a fresh check found afterwards
    std::uint64_t leaksFixed = 0; ///< as qemu-img counts them
    std::uint64_t corruptionsFixed = 0;
    std::shared_ptr<const Image> image; ///< as it is now
    std::shared_ptr<const Census> census; ///< of a fresh check after the repair: see checkImage(); the first if nothing
                                          ///< was to be done
};

/// Repairs the image in `storage`, which the caller has opened for writing and locked. Every write is ordered so that a
/// crash in the middle leaves the image no worse than it was:
///
///     1  entries that cannot be followed, each mended or dropped in place, flush;  damaged snapshot table and bitmaps
///        off the header, flush
///     2  refcount structures that cannot be used: new ones beside everything, flush, header, flush
///     3  what needs new clusters (snapshot table, tables of zeros, guest data that shares its place with something
///        else): counts and contents, flush, then header and entries, flush
///     4  counts that are too low, flush
///     5  copied flags, flush
///     6  counts that are too high, flush
///     7  a second check; the dirty and corrupt bits if it found no corruption, flush
///
/// In between a copied flag may disagree with the count of its cluster, as counts and flags cannot change at once: it
/// is then missing where there is one reference, or the count is higher than the references. Neither does harm.
/// The file must not change while this runs. With `expected` (a plan that the user has agreed to) another plan is
/// Refused. Errors: Cancelled (between steps; what was done stays, and is sound), Io, NoSpace, Refused.
Result<RepairResult> repairImage(
    std::shared_ptr<Storage> storage, RepairMode mode, const RepairPlan* expected, const TaskContext& task);

} // namespace cowscope
