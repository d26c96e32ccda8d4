// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/refblock/cluster_summaries.h"

#include "core/analysis/map_cell.h"
#include "core/base/checked_math.h"

#include <algorithm>
#include <bit>

namespace cowscope::ui
{

namespace
{

constexpr std::uint64_t kLeastStretch = 64;

} // namespace

void CellSummary::add(const CellSummary& other)
{
    if (ownerRank(other.owner) > ownerRank(owner))
        owner = other.owner;
    verdict = std::max(verdict, other.verdict);
    largest = std::max(largest, other.largest);
}

CellSummary summarize(const ClusterMap& map, HostCluster first, std::uint64_t count)
{
    CellSummary summary;
    const HostCluster end(std::min(map.clusters(), first.value() + count));
    for (HostCluster cluster = map.nextKnown(first); cluster < end; cluster = map.nextKnown(cluster + 1))
        summary.add({map.owner(cluster), countVerdict(map, cluster), map.refcount(cluster)});
    return summary;
}

Result<ClusterSummaries> ClusterSummaries::build(const ClusterMap& map, const TaskContext& task)
{
    ClusterSummaries summaries;
    const std::uint64_t needed = std::max<std::uint64_t>(1, divideUp(map.clusters(), kMaxStretches));
    summaries.m_stretch = std::max(kLeastStretch, std::bit_ceil(needed));
    const std::uint64_t stretches = divideUp(map.clusters(), summaries.m_stretch);
    summaries.m_summaries.resize(stretches);
    for (std::uint64_t i = 0; i < stretches; ++i) {
        if (i % 1024 == 0)
            if (auto step = task.step({Phase::Compare, i, stretches}); !step)
                return failed(step);
        summaries.m_summaries[i] = summarize(map, HostCluster(i * summaries.m_stretch), summaries.m_stretch);
    }
    return summaries;
}

CellSummary ClusterSummaries::cell(const ClusterMap& map, HostCluster first, std::uint64_t count) const
{
    if (m_stretch == 0 || count < m_stretch)
        return summarize(map, first, m_stretch == 0 ? std::min(count, kLeastStretch) : count);
    CellSummary summary;
    const std::uint64_t begin = std::min<std::uint64_t>(first.value() / m_stretch, m_summaries.size());
    const std::uint64_t end = std::min<std::uint64_t>(begin + count / m_stretch, m_summaries.size());
    for (std::uint64_t i = begin; i < end; ++i)
        summary.add(m_summaries[i]);
    return summary;
}

} // namespace cowscope::ui
