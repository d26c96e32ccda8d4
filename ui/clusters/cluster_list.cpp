// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/clusters/cluster_list.h"

#include <algorithm>
#include <functional>
#include <vector>

namespace cowscope::ui
{

namespace
{

constexpr std::uint64_t kClustersAStep = 1U << 18;

/// What clusters are sorted by, as a number.
std::uint64_t keyOf(const ClusterMap& map, HostCluster cluster, ClusterOrder::By by)
{
    switch (by) {
    case ClusterOrder::By::Cluster:
        return 0;
    case ClusterOrder::By::Owner:
        return static_cast<std::uint64_t>(map.owner(cluster));
    case ClusterOrder::By::Count:
        return map.refcount(cluster);
    case ClusterOrder::By::References:
        return map.references(cluster);
    case ClusterOrder::By::Verdict:
        return static_cast<std::uint64_t>(countVerdict(map, cluster));
    }
    return 0;
}

/// Matching clusters as runs that are alike in what they are sorted by.
class RunCollector
{
public:
    explicit RunCollector(const ClusterOrder& order)
        : m_order(order)
    {
    }

    void add(HostCluster first, std::uint64_t count, std::uint64_t key)
    {
        const bool continues = !m_runs.empty() && m_runs.back().key == key
            && m_runs.back().clusters.first + m_runs.back().clusters.count == first;
        if (continues)
            m_runs.back().clusters.count += count;
        else
            m_runs.push_back({key, {first, count}});
    }

    bool isTooLarge() const
    {
        return m_order.by != ClusterOrder::By::Cluster && m_runs.size() > ClusterList::kMostSortedRuns;
    }

    RunList sorted()
    {
        if (m_order.descending)
            std::ranges::stable_sort(m_runs, std::ranges::greater(), &Run::key);
        else
            std::ranges::stable_sort(m_runs, std::ranges::less(), &Run::key);
        RunList list;
        for (const Run& run : m_runs)
            list.append(run.clusters.first.value(), run.clusters.count);
        return list;
    }

private:
    struct Run {
        std::uint64_t key;
        ClusterRange clusters;
    };

    const ClusterOrder& m_order;
    std::vector<Run> m_runs;
};

} // namespace

bool ClusterFilter::matches(const ClusterMap& map, HostCluster cluster) const
{
    return (!owner || map.owner(cluster) == *owner) && (!verdict || countVerdict(map, cluster) == *verdict)
        && (leastCount == 0 || map.refcount(cluster) >= leastCount);
}

ClusterList ClusterList::all(std::uint64_t count)
{
    ClusterList list;
    list.m_runs.append(0, count);
    return list;
}

Result<ClusterList> ClusterList::matching(
    const ClusterMap& map, const ClusterFilter& filter, const TaskContext& task, const ClusterOrder& order)
{
    RunCollector runs(order);
    const HostCluster end(map.clusters());
    // A stretch that the map knows nothing of is free and right throughout, with count 0: one run, or nothing.
    const bool freeMatches = filter.owner.value_or(ClusterOwner::Free) == ClusterOwner::Free
        && filter.verdict.value_or(CountVerdict::Right) == CountVerdict::Right && filter.leastCount == 0;
    std::uint64_t untilStep = 0;
    for (HostCluster cluster(0); cluster < end; ++cluster) {
        const HostCluster known = map.nextKnown(cluster);
        if (freeMatches && known > cluster)
            runs.add(cluster, known - cluster, 0); // the key of a free cluster, whatever it is sorted by
        cluster = known;
        if (cluster >= end)
            break;
        if (untilStep-- == 0) {
            untilStep = kClustersAStep;
            if (auto step = task.step({Phase::Compare, cluster.value(), end.value()}); !step)
                return failed(step);
        }
        if (filter.matches(map, cluster))
            runs.add(cluster, 1, keyOf(map, cluster, order.by));
        if (runs.isTooLarge())
            return fail(ErrorKind::TooLarge, "There are too many different stretches to sort", {},
                "Filter the clusters first.");
    }
    ClusterList list;
    list.m_runs = runs.sorted();
    list.m_backward = order.by == ClusterOrder::By::Cluster && order.descending;
    return list;
}

} // namespace cowscope::ui
