// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/census.h"

#include <array>
#include <cstdint>
#include <vector>

namespace cowscope
{

/// How the active disk's data lies in the file: a run is a stretch of guest clusters in a row whose host clusters are
/// in a row too, so that one read fetches it. Compressed clusters are no part of runs.
struct Fragmentation {
    static constexpr std::size_t kBuckets = 64;

    std::array<std::uint64_t, kBuckets> runs{}; ///< with a length in [2^i, 2^(i+1)) clusters
    std::array<std::uint64_t, kBuckets> clusters{}; ///< that lie in those runs
    std::uint64_t allRuns = 0;
    std::uint64_t allClusters = 0;
    std::uint64_t longest = 0; ///< clusters
    std::uint64_t compressed = 0; ///< compressed clusters

    void addRun(std::uint64_t length);
};

/// Reads every L2 table of the active disk once, in guest order. Tables that cannot be used or read count as empty.
/// Errors: Cancelled.
Result<Fragmentation> measureFragmentation(const Image& image, const TaskContext& task);

/// How full the refblocks are.
struct RefblockUsage {
    static constexpr std::size_t kBuckets = 12;

    /// Refblocks without a used entry, with up to 10 %, 20 %, ... 90 % of their entries used, with more, and full ones.
    std::array<std::uint64_t, kBuckets> refblocks{};
    std::uint64_t missing = 0; ///< reftable entries for clusters of the file that lead to no refblock
};

/// Counts of clusters past the end of the file are not looked at. One pass over the map. Errors: Cancelled.
Result<RefblockUsage> measureRefblockUsage(const Image& image, const Census& census, const TaskContext& task);

} // namespace cowscope
