// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/census.h"
#include "core/base/task.h"
#include "core/storage/storage.h"

#include <span>

namespace cowscope
{

/// Whether counts can be set where they are: the reftable is whole, belongs to nothing else, leads to sound refblocks,
/// and there is one for every cluster in use.
bool refcountsUsable(const Image& image, const Census& census);

/// Writes the refcount structures anew, beside everything that the image refers to or counts, and switches to them: see
/// switchRefcounts(). Counts are the references found, the width's maximum where there are more. Nothing but the old
/// refcount structures must lie behind the end of the file. `reserved` are the counts of further new clusters in a row,
/// which nothing refers to yet; returns the first of them. Errors: those of switchRefcounts(), TooLarge.
Result<HostCluster> rebuildRefcounts(const Image& image, const Census& census, Storage& storage,
    std::span<const std::uint64_t> reserved, const TaskContext& task);

/// Gives `counts.size()` free clusters in a row these counts (at least one), before anything refers to them: in place
/// where refblocks are at hand, without a flush, else with a rebuild. The counts must be usable. Returns the first of
/// them; nothing remains of an image that was read before.
Result<HostCluster> reserveClusters(const Image& image, const Census& census, Storage& storage,
    std::span<const std::uint64_t> counts, const TaskContext& task);

} // namespace cowscope
