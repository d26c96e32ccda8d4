// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/cluster_map.h"

#include <cstdint>

namespace cowscope
{

/// What a check says of a cluster, the worse the later.
enum class MapVerdict : std::uint8_t {
    Free, ///< neither counted nor used
    Right, ///< the count is the number of references
    Leaked, ///< counted, but nothing refers to it
    TooHigh, ///< counted more often than it is referred to
    BadEntry, ///< an entry in it is wrong, or it cannot be read
    SeveralOwners, ///< structures of different kinds claim it
    TooLow, ///< referred to more often than it is counted
    Overflow, ///< referred to more often than the width can count
};
inline constexpr std::size_t kMapVerdictCount = 8;

/// How large a part of the references to a cluster of the guest comes from snapshots.
enum class SnapshotShare : std::uint8_t {
    None, ///< free, leaked, or no cluster of the guest
    ActiveOnly,
    UpToHalf, ///< as with a cluster that the active disk shares with one snapshot
    MoreThanHalf,
    SnapshotsOnly,
};
inline constexpr std::size_t kSnapshotShareCount = 5;

/// How many of the clusters that a refblock counts have a count above 0.
enum class RefblockFill : std::uint8_t { Missing, Empty, UpToQuarter, UpToHalf, UpToThreeQuarters, NotFull, Full };
inline constexpr std::size_t kRefblockFillCount = 7;

/// Stored counts in classes that widen with the count; the last class is a count that is the width's maximum (of a
/// width that can count to 2), whatever its value.
inline constexpr std::size_t kCountClasses = 14;
inline constexpr std::size_t kFullCountClass = kCountClasses - 1;

std::size_t countClass(std::uint64_t count, std::uint64_t maximum);
std::uint64_t countClassFirst(std::size_t countClass); ///< smallest count of a class below kFullCountClass
std::uint64_t countClassLast(std::size_t countClass); ///< largest count of one

/// How much an owner deserves to be seen: 0 is free space, then the common ones, leaks are last. All differ.
unsigned ownerRank(ClusterOwner owner);

/// The owner of the highest rank among those whose bits (1 << owner) are set; Free where none is.
ClusterOwner rarestOwner(std::uint16_t owners);

RefblockFill refblockFill(std::uint64_t counted, std::uint64_t clusters);

/// What is said of one cluster, or of a run of clusters that are all alike.
struct MapFacts {
    ClusterOwner owner = ClusterOwner::Free;
    MapVerdict verdict = MapVerdict::Free;
    SnapshotShare share = SnapshotShare::None;
    std::uint64_t count = 0; ///< as stored

    bool operator==(const MapFacts&) const = default;
};

/// What a stretch of clusters adds up to on the map: everything that occurs in it, so that a single damaged cluster
/// among millions is seen, and what is most common. Masks have one bit for each value of the enumeration or class.
struct MapCell {
    std::uint64_t largest = 0; ///< largest stored count
    std::uint32_t counted = 0; ///< clusters with a count above 0; saturates
    std::uint32_t dominantClusters = 0; ///< at least; saturates
    std::uint16_t owners = 0;
    std::uint16_t counts = 0; ///< of count classes
    std::uint8_t verdicts = 0;
    std::uint8_t shares = 0;
    ClusterOwner dominant = ClusterOwner::Free; ///< the most common owner, or one that is about as common
    bool known = false; ///< false: nothing has been added yet

    void add(const MapFacts& facts, std::uint64_t clusters, std::uint64_t maximum);
    void add(const MapCell& other);

    MapVerdict worst() const; ///< of the verdicts
    bool isBad() const { return worst() >= MapVerdict::Leaked; }

    bool operator==(const MapCell&) const = default;
};
static_assert(sizeof(MapCell) == 24);

/// How many clusters of a map there are of each kind; what a legend shows.
struct MapTotals {
    std::array<std::uint64_t, kOwnerCount> owners{};
    std::array<std::uint64_t, kCountClasses> counts{};
    std::array<std::uint64_t, kMapVerdictCount> verdicts{};
    std::array<std::uint64_t, kSnapshotShareCount> shares{};
    std::array<std::uint64_t, kRefblockFillCount> refblocks{}; ///< refblocks, not clusters

    void add(const MapFacts& facts, std::uint64_t clusters, std::uint64_t maximum);
};

} // namespace cowscope
