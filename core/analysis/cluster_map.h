// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/strong_index.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace cowscope
{

/// What a host cluster is used for. The order is that of legends and reports.
enum class ClusterOwner : std::uint8_t {
    Free, ///< count 0 and no reference
    Leaked, ///< count above 0 and no reference
    Header,
    Reftable,
    Refblock,
    ActiveL1,
    L2Table,
    SnapshotTable,
    SnapshotL1,
    Data,
    CompressedData,
    BitmapDirectory,
    BitmapTable,
    BitmapData,
    EncryptionHeader,
};
inline constexpr std::size_t kOwnerCount = 15;

/// "header", "L2 table", ...
std::string_view ownerName(ClusterOwner owner);

/// One letter an owner, so that no view depends on colour alone.
char ownerLetter(ClusterOwner owner);

/// All that a ClusterMap knows of one cluster.
struct ClusterState {
    ClusterOwner owner = ClusterOwner::Free;
    std::uint64_t refcount = 0; ///< as stored in the image; a lower bound unless `exact`
    std::uint64_t references = 0; ///< found
    bool exact = true;
    bool active = false; ///< see ClusterMap::usedByActive()
    bool snapshot = false; ///< see ClusterMap::usedBySnapshot()
    bool severalOwners = false;
};

/// What a block of neighbouring clusters adds up to; see ClusterMap::summarize().
struct BlockSummary {
    std::array<std::uint64_t, kOwnerCount> clustersByOwner{}; ///< indexed by ClusterOwner
    std::uint64_t used = 0; ///< clusters up to and with the last one that is not free, counted from the block's start
    std::uint64_t largestShared = 0; ///< largest count of a cluster that a snapshot of the active disk would share
};

/// Whether an internal snapshot raises the counts of clusters with that owner.
constexpr bool isGuestOwner(ClusterOwner owner)
{
    return owner == ClusterOwner::L2Table || owner == ClusterOwner::Data || owner == ClusterOwner::CompressedData;
}

/// Owner, stored count and found references of every host cluster: at most 4 bytes a cluster (8 around
/// clusters with 255 references and more), nothing for stretches of
/// free space. Counts above what a cluster's slot holds are kept beside it, exactly, for the first kMaxExact of them.
class ClusterMap
{
public:
    static constexpr std::uint64_t kCountCeiling = 0xffff; ///< larger stored counts are kept beside
    static constexpr std::uint64_t kReferenceCeiling = 0xff;
    static constexpr std::size_t kMaxExact = 1U << 16;

    ClusterMap() = default;
    /// Covers `clusters` clusters, all free.
    explicit ClusterMap(std::uint64_t clusters);

    /// Clusters of the file, a last partial one included.
    std::uint64_t clusters() const { return m_clusters; }

    /// Everything at once, for loops over many clusters.
    ClusterState state(HostCluster cluster) const;

    ClusterOwner owner(HostCluster cluster) const { return state(cluster).owner; }

    /// The count that the image stores. Where it is above the ceiling and was not kept: see isExact().
    std::uint64_t refcount(HostCluster cluster) const { return state(cluster).refcount; }

    /// False where refcount() is only a lower bound.
    bool isExact(HostCluster cluster) const { return state(cluster).exact; }

    /// How many references the structures of the image make; exact.
    std::uint64_t references(HostCluster cluster) const { return state(cluster).references; }

    bool usedByActive(HostCluster cluster) const
    {
        return state(cluster).active;
    } ///< a reference comes from the active L1 table
    bool usedBySnapshot(HostCluster cluster) const
    {
        return state(cluster).snapshot;
    } ///< a reference comes from a snapshot
    bool hasSeveralOwners(HostCluster cluster) const
    {
        return state(cluster).severalOwners;
    } ///< structures of different kinds claim it: owner() is the first

    /// The first cluster at or after `from` that may have a count or a reference; clusters() if there is none. Loops
    /// over sparse images skip free space with it, a page at a time.
    HostCluster nextKnown(HostCluster from) const;

    /// How many clusters from `first` on, at most `limit` (at least 1), are known to have the state of the first one.
    std::uint64_t runOfEqual(HostCluster first, std::uint64_t limit) const;

    /// Sums up the `count` clusters from `first` on, or nothing where one of them needs a look of its own: a count that
    /// is not the number of references, several owners, compressed data, a number kept beside. Fast.
    std::optional<BlockSummary> summarize(HostCluster first, std::uint64_t count) const;

    /// Whether the copied flag `copied` is right for all `count` clusters from `first` on: set exactly where the count
    /// is 1.
    bool copiedIsRight(HostCluster first, std::uint64_t count, bool copied) const;

    /// Whether more clusters are in use than the map has memory for: it is of no use then.
    bool isFull() const { return m_spill != nullptr; }

    /// Takes the last cluster off the map again.
    void dropLast() { --m_clusters; }

    // For the census that builds the map. Clusters are below clusters(). The forms for runs do what the others do one
    // by one.
    void setRefcount(HostCluster cluster, std::uint64_t count);
    void setRefcounts(HostCluster first, std::span<const std::uint64_t> counts);
    void addReferences(HostCluster cluster, ClusterOwner owner, std::uint64_t active, std::uint64_t snapshots);
    void addReferencesToRun(
        HostCluster first, std::uint64_t count, ClusterOwner owner, std::uint64_t active, std::uint64_t snapshots);

private:
    static constexpr std::uint64_t kPageClusters = 1U << 16;
    static constexpr std::uint64_t kMaxPages = 1U << 14; ///< 4 GiB of memory, 2^30 clusters in use

    struct Page {
        std::array<std::uint8_t, kPageClusters> owner{}; ///< kOwnerMask and the flags above it
        std::array<std::uint8_t, kPageClusters> references{}; ///< kReferenceCeiling: see `wide`
        std::array<std::uint16_t, kPageClusters> counts{}; ///< kCountCeiling: see m_largeCounts
        std::unique_ptr<std::array<std::uint32_t, kPageClusters>>
            wide; ///< all references, once one reached the ceiling
    };

    const Page* page(HostCluster cluster) const;
    Page& pageForWriting(HostCluster cluster);

    std::uint64_t m_clusters = 0;
    std::vector<std::unique_ptr<Page>> m_pages;
    std::unordered_map<std::uint64_t, std::uint64_t> m_largeCounts;
    std::uint64_t m_pagesInUse = 0;
    std::unique_ptr<Page> m_spill; ///< takes what would go past kMaxPages; see isFull()
};

} // namespace cowscope
