// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/referrers.h"

#include <vector>

namespace cowscope
{

/// Entries in a row that lead to clusters in a row.
struct Reference {
    ClusterOwner as = ClusterOwner::Data; ///< what the targets are taken for
    HostOffset slot; ///< of the first entry; of the header field for what the header leads to
    HostCluster first;
    std::uint64_t clusters = 1;
};

/// What one cluster refers to, read as each of `roles` (a cluster that several structures claim has several).
struct References {
    std::vector<Reference> list;
    std::uint64_t dropped = 0; ///< references past the `most` first ones
};

/// Reads no more than the cluster. Targets are as the entries say, in the file or not; with an external data file the
/// data of the guest is no cluster of the image. Errors: Io.
Result<References> findReferences(
    const Image& image, HostCluster cluster, std::span<const ClusterOwner> roles, std::size_t most);

/// One structure on the way from the header to a cluster, and the entry that leads to it from the one before.
struct PathStep {
    ClusterOwner as = ClusterOwner::Header;
    HostCluster cluster;
    HostOffset slot;

    bool operator==(const PathStep&) const = default;
};

/// The way from the header to `referrer.cluster` by that reference: the first step is the header, the last the cluster.
/// Pure: a referrer tells the way by its snapshot and its place on the guest's disk.
std::vector<PathStep> pathTo(const Image& image, const Referrer& referrer);

} // namespace cowscope
