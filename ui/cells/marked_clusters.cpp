// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/cells/marked_clusters.h"

#include <algorithm>

namespace cowscope::ui
{

MarkedClusters::MarkedClusters(std::vector<ClusterRange> ranges)
{
    std::ranges::sort(ranges, {}, &ClusterRange::first);
    for (const ClusterRange& range : ranges) {
        const HostCluster end = range.first + range.count;
        if (m_runs.empty() || m_runs.back().first + m_runs.back().count < range.first)
            m_runs.push_back(range);
        else
            m_runs.back().count = std::max(m_runs.back().first + m_runs.back().count, end) - m_runs.back().first;
    }
    for (const ClusterRange& run : m_runs)
        m_size += run.count;
}

bool MarkedClusters::touches(std::uint64_t first, std::uint64_t count) const
{
    const auto behind
        = std::ranges::upper_bound(m_runs, HostCluster(first), {}, [](const ClusterRange& run) { return run.first; });
    if (behind != m_runs.begin()) {
        const ClusterRange& before = *std::prev(behind);
        if (before.first.value() + before.count > first)
            return true;
    }
    return behind != m_runs.end() && behind->first.value() - first < count;
}

} // namespace cowscope::ui
