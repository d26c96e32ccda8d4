// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/references/cluster_references.h"

#include <algorithm>
#include <array>

namespace cowscope::ui
{

Result<ClusterReferences> ClusterReferences::find(const Image& image, HostCluster cluster, const TaskContext& task)
{
    const std::array wanted{cluster};
    auto referrers = findReferrers(image, wanted, kMostReferrers, task);
    if (!referrers)
        return failed(referrers);
    ClusterReferences found{cluster, {}, std::move(*referrers), {}};
    for (const Referrer& each : found.referrers)
        if (std::ranges::find(found.roles, each.as) == found.roles.end())
            found.roles.push_back(each.as);
    auto references = findReferences(image, cluster, found.roles, kMostReferences);
    if (!references)
        return failed(references);
    found.references = std::move(*references);
    return found;
}

ReferenceGraph ReferenceGraph::of(const Image& image, const ClusterReferences& found)
{
    ReferenceGraph graph;
    std::vector<std::vector<PathStep>> paths;
    std::size_t asked = 0; // the column of the cluster itself: behind the longest way
    for (const Referrer& referrer : found.referrers) {
        paths.push_back(pathTo(image, referrer));
        asked = std::max(asked, paths.back().size() - 1);
    }
    graph.left.resize(asked + 2);
    const auto isAsked = [&](const PathStep& step) { return step.cluster == found.cluster; };
    for (const auto& path : paths) {
        std::optional<std::size_t> before;
        for (std::size_t i = 0; i < path.size(); ++i) {
            const bool last = i + 1 == path.size();
            const auto node = graph.add({path[i].as, path[i].cluster, 1, last ? asked : i, last || isAsked(path[i])});
            if (!node)
                break;
            if (before)
                graph.connect(*before, *node);
            before = node;
        }
    }
    if (found.referrers.empty())
        graph.add({ClusterOwner::Leaked, found.cluster, 1, asked, true});
    const auto roots = graph.column(asked);
    for (const Reference& reference : found.references.list) {
        const auto target = graph.add({reference.as, reference.first, reference.clusters, asked + 1, false});
        if (target && !roots.empty())
            graph.connect(roots.front(), *target);
    }
    graph.left.back() += found.references.dropped;
    return graph;
}

std::vector<std::size_t> ReferenceGraph::column(std::size_t index) const
{
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < nodes.size(); ++i)
        if (nodes[i].column == index)
            found.push_back(i);
    return found;
}

/// Nothing where the column is full.
std::optional<std::size_t> ReferenceGraph::add(const Node& node)
{
    const auto known = std::ranges::find(nodes, node);
    if (known != nodes.end())
        return known - nodes.begin();
    if (column(node.column).size() == kMostInColumn) {
        ++left[node.column];
        return std::nullopt;
    }
    nodes.push_back(node);
    return nodes.size() - 1;
}

void ReferenceGraph::connect(std::size_t from, std::size_t to)
{
    if (std::ranges::find(edges, Edge{from, to}) == edges.end())
        edges.push_back({from, to});
}

} // namespace cowscope::ui
