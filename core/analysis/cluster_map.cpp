// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/cluster_map.h"

#include <algorithm>

namespace cowscope
{

namespace
{

// The owner byte of a cluster: who references it (0: nobody) and from where.
constexpr std::uint8_t kOwnerMask = 0x1f;
constexpr std::uint8_t kActiveFlag = 0x20;
constexpr std::uint8_t kSnapshotFlag = 0x40;
constexpr std::uint8_t kSeveralFlag = 0x80;

} // namespace

std::string_view ownerName(ClusterOwner owner)
{
    switch (owner) {
    case ClusterOwner::Free:
        return "free";
    case ClusterOwner::Leaked:
        return "leaked";
    case ClusterOwner::Header:
        return "header";
    case ClusterOwner::Reftable:
        return "reftable";
    case ClusterOwner::Refblock:
        return "refblock";
    case ClusterOwner::ActiveL1:
        return "active L1 table";
    case ClusterOwner::L2Table:
        return "L2 table";
    case ClusterOwner::SnapshotTable:
        return "snapshot table";
    case ClusterOwner::SnapshotL1:
        return "snapshot L1 table";
    case ClusterOwner::Data:
        return "data";
    case ClusterOwner::CompressedData:
        return "compressed data";
    case ClusterOwner::BitmapDirectory:
        return "bitmap directory";
    case ClusterOwner::BitmapTable:
        return "bitmap table";
    case ClusterOwner::BitmapData:
        return "bitmap data";
    case ClusterOwner::EncryptionHeader:
        return "encryption header";
    }
    return "";
}

char ownerLetter(ClusterOwner owner)
{
    constexpr std::string_view letters = ".!HTRA2SsDZbtBE";
    static_assert(letters.size() == kOwnerCount);
    return letters[static_cast<std::size_t>(owner)];
}

ClusterMap::ClusterMap(std::uint64_t clusters)
    : m_clusters(clusters)
    , m_pages((clusters + kPageClusters - 1) / kPageClusters)
{
}

const ClusterMap::Page* ClusterMap::page(HostCluster cluster) const
{
    return cluster.value() < m_clusters ? m_pages[cluster.value() / kPageClusters].get() : nullptr;
}

ClusterMap::Page& ClusterMap::pageForWriting(HostCluster cluster)
{
    auto& page = m_pages[cluster.value() / kPageClusters];
    if (!page)
        page = std::make_unique<Page>();
    return *page;
}

ClusterState ClusterMap::state(HostCluster cluster) const
{
    ClusterState state;
    const Page* known = page(cluster);
    if (known == nullptr)
        return state;
    const std::uint64_t slot = cluster.value() % kPageClusters;
    const std::uint8_t owner = known->owner[slot];
    state.refcount = known->counts[slot];
    state.references = known->references[slot];
    state.owner = static_cast<ClusterOwner>(owner & kOwnerMask);
    state.active = (owner & kActiveFlag) != 0;
    state.snapshot = (owner & kSnapshotFlag) != 0;
    state.severalOwners = (owner & kSeveralFlag) != 0;
    if (state.owner == ClusterOwner::Free && state.refcount != 0)
        state.owner = ClusterOwner::Leaked;
    if (state.refcount == kCountCeiling) {
        const auto exact = m_largeCounts.find(cluster.value());
        state.exact = exact != m_largeCounts.end();
        state.refcount = state.exact ? exact->second : kCountCeiling;
    }
    if (state.references == kReferenceCeiling)
        state.references = m_manyReferences.at(cluster.value());
    return state;
}

HostCluster ClusterMap::nextKnown(HostCluster from) const
{
    if (page(from) != nullptr)
        return from;
    for (std::uint64_t i = from.value() / kPageClusters + 1; i < m_pages.size(); ++i) {
        if (m_pages[i])
            return HostCluster(i * kPageClusters);
    }
    return HostCluster(m_clusters);
}

void ClusterMap::setRefcount(HostCluster cluster, std::uint64_t count)
{
    if (count == 0)
        return;
    pageForWriting(cluster).counts[cluster.value() % kPageClusters]
        = static_cast<std::uint16_t>(std::min(count, kCountCeiling));
    if (count >= kCountCeiling && m_largeCounts.size() < kMaxExact)
        m_largeCounts[cluster.value()] = count;
}

void ClusterMap::addReferences(HostCluster cluster, ClusterOwner owner, std::uint64_t active, std::uint64_t snapshots)
{
    Page& known = pageForWriting(cluster);
    const std::uint64_t slot = cluster.value() % kPageClusters;
    std::uint8_t& byte = known.owner[slot];
    const auto present = static_cast<ClusterOwner>(byte & kOwnerMask);
    if (present == ClusterOwner::Free)
        byte |= static_cast<std::uint8_t>(owner);
    else if (present != owner)
        byte |= kSeveralFlag;
    byte |= (active != 0 ? kActiveFlag : 0) | (snapshots != 0 ? kSnapshotFlag : 0);

    std::uint8_t& references = known.references[slot];
    const std::uint64_t before = references < kReferenceCeiling ? references : m_manyReferences[cluster.value()];
    const std::uint64_t after = before + active + snapshots;
    references = static_cast<std::uint8_t>(std::min(after, kReferenceCeiling));
    if (after >= kReferenceCeiling)
        m_manyReferences[cluster.value()] = after;
}

} // namespace cowscope
