// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/edit/image/cluster_run.h"

#include <array>
#include <bit>
#include <optional>
#include <unordered_map>

namespace cowscope
{

/// A set of host clusters, made for the question whether anything of a long run is in it. Memory: half a KiB for each
/// 4096 clusters in a row of which one is a member.
class ClusterSet
{
public:
    void insert(HostCluster cluster) { word(m_pages[pageOf(cluster)], cluster) |= bit(cluster); }

    void erase(HostCluster cluster)
    {
        if (const auto page = m_pages.find(pageOf(cluster)); page != m_pages.end())
            word(page->second, cluster) &= ~bit(cluster);
    }

    void clear() { m_pages.clear(); }

    bool contains(HostCluster cluster) const { return firstIn({cluster, 1}).has_value(); }

    /// The first member among the clusters of the run.
    std::optional<HostCluster> firstIn(ClusterRun run) const
    {
        for (HostCluster at = run.first; at < run.end();) {
            const HostCluster next((pageOf(at) + 1) * kPageClusters);
            const HostCluster end = std::min(next, run.end());
            if (const auto page = m_pages.find(pageOf(at)); page != m_pages.end()) {
                if (const auto found = firstIn(page->second, at, end))
                    return found;
            }
            at = end;
        }
        return std::nullopt;
    }

private:
    static constexpr std::uint64_t kPageClusters = 4096;
    using Page = std::array<std::uint64_t, kPageClusters / 64>;

    static std::uint64_t pageOf(HostCluster cluster) { return cluster.value() / kPageClusters; }
    static std::uint64_t bit(HostCluster cluster) { return std::uint64_t{1} << (cluster.value() % 64); }
    static std::uint64_t& word(Page& page, HostCluster cluster) { return page[cluster.value() % kPageClusters / 64]; }

    /// All of [at, end) lies in one page.
    static std::optional<HostCluster> firstIn(const Page& page, HostCluster at, HostCluster end)
    {
        while (at < end) {
            const std::uint64_t rest = page[at.value() % kPageClusters / 64] >> (at.value() % 64);
            if (rest == 0) {
                at = HostCluster((at.value() / 64 + 1) * 64);
                continue;
            }
            at = at + static_cast<std::uint64_t>(std::countr_zero(rest));
            return at < end ? std::optional(at) : std::nullopt;
        }
        return std::nullopt;
    }

    std::unordered_map<std::uint64_t, Page> m_pages;
};

} // namespace cowscope
