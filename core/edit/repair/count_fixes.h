// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/census.h"
#include "core/base/task.h"
#include "core/edit/repair/sector_patch.h"
#include "core/storage/storage.h"

#include <optional>

namespace cowscope
{

/// Sets counts in the refblocks where they are. Clusters are set in ascending order.
class RefblockPatch
{
public:
    RefblockPatch(const Image& image, Storage& storage)
        : m_image(image)
        , m_storage(storage)
    {
    }

    /// A count past the width's maximum becomes the maximum. Errors: Invalid where no refblock counts the cluster, Io.
    Result<void> set(HostCluster cluster, std::uint64_t count);

    /// Writes what is left to write. Does not flush.
    Result<void> finish();

private:
    const Image& m_image;
    Storage& m_storage;
    std::uint64_t m_index = 0; ///< of the refblock in m_patch
    std::optional<SectorPatch> m_patch;
};

enum class CountChange {
    Raise, ///< counts that are lower than the references, as far as the width allows
    Lower, ///< counts that are higher than the references
};

/// Sets the counts that are wrong in one direction to the references found, and flushes if any was. Any part of the
/// writes is sound without the others. Returns how many clusters were set. Errors: Cancelled, Io, Invalid (a refblock
/// is missing).
Result<std::uint64_t> fixCounts(
    const Image& image, const Census& census, Storage& storage, CountChange change, const TaskContext& task);

/// Sets the copied flags of the active tables where there is one reference and clears them elsewhere, and flushes if
/// any changed. A cluster with more references than the width can count never gets the flag, whatever its count. Tables
/// that something else uses too are not touched. Returns how many entries changed. Errors: Cancelled, Io.
Result<std::uint64_t> fixCopiedFlags(
    const Image& image, const Census& census, Storage& storage, const TaskContext& task);

} // namespace cowscope
