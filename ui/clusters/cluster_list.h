// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/census.h"
#include "core/base/task.h"
#include "ui/common/verdict.h"
#include "ui/document/selection.h"

#include <optional>
#include <vector>

namespace cowscope::ui
{

/// Which clusters to list; an empty part lets every cluster through.
struct ClusterFilter {
    std::optional<ClusterOwner> owner;
    std::optional<CountVerdict> verdict;

    bool matchesAll() const { return !owner && !verdict; }
    bool matches(const ClusterMap& map, HostCluster cluster) const;
    bool operator==(const ClusterFilter&) const = default;
};

/// A list of clusters in ascending order, kept as runs: memory by the run, not by the cluster.
class ClusterList
{
public:
    ClusterList() = default;

    /// All clusters below `count`.
    static ClusterList all(std::uint64_t count);

    /// Those of the map that match. Cost: one pass over the map. Errors: Cancelled.
    static Result<ClusterList> matching(const ClusterMap& map, const ClusterFilter& filter, const TaskContext& task);

    std::uint64_t size() const { return m_size; }
    HostCluster at(std::uint64_t position) const; ///< position < size()

    /// Where `cluster` stands in the list, if it does.
    std::optional<std::uint64_t> positionOf(HostCluster cluster) const;

private:
    struct Run {
        std::uint64_t position; ///< of its first cluster in the list
        ClusterRange clusters;
    };

    void append(HostCluster cluster, std::uint64_t count);

    std::vector<Run> m_runs;
    std::uint64_t m_size = 0;
};

} // namespace cowscope::ui
