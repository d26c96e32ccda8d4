// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/clusters/cluster_list.h"

#include <algorithm>

namespace cowscope::ui
{

namespace
{
constexpr std::uint64_t kClustersAStep = 1U << 18;
}

bool ClusterFilter::matches(const ClusterMap& map, HostCluster cluster) const
{
    return (!owner || map.owner(cluster) == *owner) && (!verdict || countVerdict(map, cluster) == *verdict);
}

ClusterList ClusterList::all(std::uint64_t count)
{
    ClusterList list;
    if (count > 0)
        list.append(HostCluster(0), count);
    return list;
}

Result<ClusterList> ClusterList::matching(const ClusterMap& map, const ClusterFilter& filter, const TaskContext& task)
{
    ClusterList list;
    const HostCluster end(map.clusters());
    // A stretch that the map knows nothing of is free and right throughout: one run, or nothing.
    const bool freeMatches = filter.owner.value_or(ClusterOwner::Free) == ClusterOwner::Free
        && filter.verdict.value_or(CountVerdict::Right) == CountVerdict::Right;
    std::uint64_t untilStep = 0;
    for (HostCluster cluster(0); cluster < end; ++cluster) {
        const HostCluster known = map.nextKnown(cluster);
        if (freeMatches && known > cluster)
            list.append(cluster, known - cluster);
        cluster = known;
        if (cluster >= end)
            break;
        if (untilStep-- == 0) {
            untilStep = kClustersAStep;
            if (auto step = task.step({Phase::Compare, cluster.value(), end.value()}); !step)
                return failed(step);
        }
        if (filter.matches(map, cluster))
            list.append(cluster, 1);
    }
    return list;
}

void ClusterList::append(HostCluster cluster, std::uint64_t count)
{
    if (!m_runs.empty() && m_runs.back().clusters.first + m_runs.back().clusters.count == cluster)
        m_runs.back().clusters.count += count;
    else
        m_runs.push_back({m_size, {cluster, count}});
    m_size += count;
}

HostCluster ClusterList::at(std::uint64_t position) const
{
    const auto after = std::ranges::upper_bound(m_runs, position, {}, &Run::position);
    const Run& run = *std::prev(after);
    return run.clusters.first + (position - run.position);
}

std::optional<std::uint64_t> ClusterList::positionOf(HostCluster cluster) const
{
    const auto after = std::ranges::upper_bound(m_runs, cluster, {}, [](const Run& run) { return run.clusters.first; });
    if (after == m_runs.begin() || !std::prev(after)->clusters.contains(cluster))
        return std::nullopt;
    const Run& run = *std::prev(after);
    return run.position + (cluster - run.clusters.first);
}

} // namespace cowscope::ui
