// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/census.h"
#include "core/base/task.h"

#include <string>
#include <vector>

namespace cowscope
{

/// A guest cluster that gets a place of its own, since something else uses the one it has.
struct Move {
    HostOffset slot; ///< of its L2 entry
    L2Entry entry;
    SubclusterBitmap bitmap; ///< of an extended entry
    std::uint64_t uses = 0; ///< L1 tables through which the entry is reached
    bool active = false; ///< the active one is among them
    std::optional<GuestOffset> guest = {}; ///< where it is known
    ClusterOwner other = ClusterOwner::Data; ///< metadata that uses the cluster too, if any does

    /// Whether the bytes are most likely not the guest's: the tables could be followed, so they hold what tables hold.
    bool isDoubtful() const { return other != ClusterOwner::Data; }
};

/// What can be done about clusters with two owners: guest data moves, everything else must stay.
struct Separation {
    std::vector<Move> moves;
    std::vector<std::string> unresolved; ///< clusters that keep two owners, and whose
};

/// `refcountsMove`: the refcount structures will be written anew, elsewhere. Errors: Cancelled, Io.
Result<Separation> planSeparation(
    const Image& image, const Census& census, bool refcountsMove, const TaskContext& task);

/// The bytes of a cluster that moves, plain. Errors: Invalid (damaged compressed data), Io.
Result<std::vector<std::byte>> movedContents(const Image& image, const Move& move);

} // namespace cowscope
