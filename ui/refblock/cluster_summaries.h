// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/cluster_map.h"
#include "core/base/task.h"
#include "ui/common/verdict.h"

#include <vector>

namespace cowscope::ui
{

/// What a cell of the heatmap says of the clusters that it stands for: the worst and the rarest of them win, so that a
/// single bad cluster among thousands is seen.
struct CellSummary {
    ClusterOwner owner = ClusterOwner::Free;
    CountVerdict verdict = CountVerdict::Right;
    std::uint64_t largest = 0; ///< largest count

    void add(const CellSummary& other);
};

/// Summaries of stretches of the map, so that drawing costs by the cell and not by the cluster. At most kMaxStretches
/// of them, 16 bytes each.
class ClusterSummaries
{
public:
    static constexpr std::uint64_t kMaxStretches = 1U << 20;

    /// One pass over the map. Errors: Cancelled.
    static Result<ClusterSummaries> build(const ClusterMap& map, const TaskContext& task);

    /// The summary of `count` clusters, a power of two, from a multiple of it on. Reads at most a few dozen clusters
    /// one by one.
    CellSummary cell(const ClusterMap& map, HostCluster first, std::uint64_t count) const;

private:
    std::uint64_t m_stretch = 0; ///< clusters in each; 0: there are none yet
    std::vector<CellSummary> m_summaries;
};

/// The summary of some clusters, one by one.
CellSummary summarize(const ClusterMap& map, HostCluster first, std::uint64_t count);

} // namespace cowscope::ui
