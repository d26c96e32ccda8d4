// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/references.h"

#include <vector>

namespace cowscope::ui
{

/// Everything about one cluster that its references tell.
struct ClusterReferences {
    static constexpr std::size_t kMostReferrers = 256;
    static constexpr std::size_t kMostReferences = 1024;

    HostCluster cluster;
    std::vector<ClusterOwner> roles; ///< what structures take it for, each once; several: they contradict each other
    std::vector<Referrer> referrers; ///< at most kMostReferrers
    References references; ///< at most kMostReferences

    /// One walk over the metadata. Errors: Cancelled, Io.
    static Result<ClusterReferences> find(const Image& image, HostCluster cluster, const TaskContext& task);
};

/// A drawing of the ways from the header to a cluster, and of what it refers to: columns of boxes, left to right.
struct ReferenceGraph {
    static constexpr std::size_t kMostInColumn = 7;

    struct Node {
        ClusterOwner as = ClusterOwner::Header;
        HostCluster first;
        std::uint64_t clusters = 1;
        std::size_t column = 0;
        bool asked = false; ///< the cluster that the graph is about

        bool operator==(const Node&) const = default;
    };
    struct Edge {
        std::size_t from = 0; ///< indexes of nodes
        std::size_t to = 0;

        bool operator==(const Edge&) const = default;
    };

    std::vector<Node> nodes;
    std::vector<Edge> edges;
    std::vector<std::uint64_t> left; ///< nodes left out of each column past kMostInColumn; as many as columns

    static ReferenceGraph of(const Image& image, const ClusterReferences& found);
    std::vector<std::size_t> column(std::size_t index) const; ///< its nodes

private:
    std::optional<std::size_t> add(const Node& node);
    void connect(std::size_t from, std::size_t to);
};

} // namespace cowscope::ui
