// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/census.h"
#include "core/base/run_list.h"
#include "core/base/task.h"
#include "ui/common/verdict.h"
#include "ui/document/selection.h"

#include <optional>

namespace cowscope::ui
{

/// Which clusters to list; an empty part lets every cluster through.
struct ClusterFilter {
    std::optional<ClusterOwner> owner;
    std::optional<CountVerdict> verdict;
    std::uint64_t leastCount = 0; ///< as stored

    bool matchesAll() const { return *this == ClusterFilter(); }
    bool matches(const ClusterMap& map, HostCluster cluster) const;
    bool operator==(const ClusterFilter&) const = default;
};

/// By what to sort; clusters that are alike in it stay in their order.
struct ClusterOrder {
    enum class By { Cluster, Owner, Count, References, Verdict };

    By by = By::Cluster;
    bool descending = false;

    bool operator==(const ClusterOrder&) const = default;
};

/// A list of clusters, kept as runs: memory by the run, not by the cluster.
class ClusterList
{
public:
    static constexpr std::size_t kMostSortedRuns = std::size_t{1} << 22; ///< 192 MiB while sorting

    ClusterList() = default;

    /// All clusters below `count`.
    static ClusterList all(std::uint64_t count);

    /// Those of the map that match. Cost: one pass over the map. Errors: Cancelled; TooLarge where another order than
    /// that of the clusters cuts them into more than kMostSortedRuns runs.
    static Result<ClusterList> matching(
        const ClusterMap& map, const ClusterFilter& filter, const TaskContext& task, const ClusterOrder& order = {});

    std::uint64_t size() const { return m_runs.size(); }
    HostCluster at(std::uint64_t position) const
    {
        return HostCluster(m_runs.at(inRuns(position)));
    } ///< position < size()

    /// Where `cluster` stands in the list, if it does.
    std::optional<std::uint64_t> positionOf(HostCluster cluster) const
    {
        const auto position = m_runs.positionOf(cluster.value());
        return position ? std::optional(inRuns(*position)) : std::nullopt;
    }

private:
    /// From a position in the list to one in the runs, and the other way round.
    std::uint64_t inRuns(std::uint64_t position) const { return m_backward ? size() - 1 - position : position; }

    RunList m_runs;
    bool m_backward = false; ///< the last cluster comes first
};

} // namespace cowscope::ui
