// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/guest_links.h"

#include "core/analysis/referrers.h"

#include <algorithm>

namespace cowscope
{

namespace
{

constexpr std::size_t kMostEach = 64; ///< compressed clusters share a host cluster, and snapshots share tables

/// How much of the disk depends on one reference; 0 for what is no part of the mapping.
std::uint64_t reach(const Image& image, ClusterOwner as)
{
    switch (as) {
    case ClusterOwner::Data:
    case ClusterOwner::CompressedData:
        return image.geometry().clusterSize();
    case ClusterOwner::L2Table:
        return image.geometry().l2Coverage();
    default:
        return 0;
    }
}

} // namespace

Result<std::vector<GuestLink>> findGuestLinks(
    const Image& image, DiskChoice disk, HostCluster first, std::uint64_t count, const TaskContext& task)
{
    std::vector<HostCluster> clusters;
    for (std::uint64_t i = 0; i < std::min(count, kMostLinkedClusters); ++i)
        clusters.push_back(first + i);
    auto referrers = findReferrers(image, clusters, kMostEach, task);
    if (!referrers)
        return failed(referrers);
    const std::uint64_t size = diskSize(image, disk);
    std::vector<GuestLink> links;
    for (const Referrer& each : *referrers) {
        const std::uint64_t bytes = reach(image, each.as);
        if (bytes != 0 && each.guest && each.snapshot == disk && each.guest->value() < size)
            links.push_back({*each.guest, std::min(bytes, size - each.guest->value())});
    }
    std::ranges::sort(links, {}, &GuestLink::start);
    std::vector<GuestLink> joined;
    for (const GuestLink& link : links) {
        const bool joins = !joined.empty() && link.start <= joined.back().start + joined.back().bytes;
        if (!joins)
            joined.push_back(link);
        else
            joined.back().bytes = std::max(joined.back().bytes, link.start - joined.back().start + link.bytes);
    }
    return joined;
}

} // namespace cowscope
