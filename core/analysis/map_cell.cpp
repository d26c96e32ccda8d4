// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/map_cell.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace cowscope
{

namespace
{

/// Largest count of each class but the last.
constexpr std::array<std::uint64_t, kFullCountClass> kClassEnds{
    0, 1, 2, 4, 8, 16, 64, 256, 4096, 0xffff, 0xff'ffff, 0xffff'ffff, std::numeric_limits<std::uint64_t>::max()};

/// Indexed by ClusterOwner.
constexpr std::array<std::uint8_t, kOwnerCount> kRank{
    0, // Free
    14, // Leaked
    13, // Header
    10, // Reftable
    5, // Refblock
    9, // ActiveL1
    4, // L2Table
    12, // SnapshotTable
    8, // SnapshotL1
    1, // Data
    2, // CompressedData
    11, // BitmapDirectory
    6, // BitmapTable
    3, // BitmapData
    7, // EncryptionHeader
};

template <typename Mask, typename Enum>
Mask bit(Enum value)
{
    return static_cast<Mask>(Mask{1} << static_cast<unsigned>(value));
}

std::uint32_t saturated(std::uint64_t clusters)
{
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(clusters, UINT32_MAX));
}

} // namespace

std::size_t countClass(std::uint64_t count, std::uint64_t maximum)
{
    if (count >= maximum && maximum > 1)
        return kFullCountClass;
    return static_cast<std::size_t>(std::ranges::lower_bound(kClassEnds, count) - kClassEnds.begin());
}

std::uint64_t countClassFirst(std::size_t countClass)
{
    return countClass == 0 ? 0 : kClassEnds[countClass - 1] + 1;
}

std::uint64_t countClassLast(std::size_t countClass)
{
    return kClassEnds[countClass];
}

unsigned ownerRank(ClusterOwner owner)
{
    return kRank[static_cast<std::size_t>(owner)];
}

ClusterOwner rarestOwner(std::uint16_t owners)
{
    auto rarest = ClusterOwner::Free;
    for (unsigned rest = owners; rest != 0; rest &= rest - 1) {
        const auto owner = static_cast<ClusterOwner>(std::countr_zero(rest));
        if (ownerRank(owner) > ownerRank(rarest))
            rarest = owner;
    }
    return rarest;
}

RefblockFill refblockFill(std::uint64_t counted, std::uint64_t clusters)
{
    if (counted == 0)
        return RefblockFill::Empty;
    if (counted >= clusters)
        return RefblockFill::Full;
    constexpr std::array kSteps{
        RefblockFill::UpToQuarter, RefblockFill::UpToHalf, RefblockFill::UpToThreeQuarters, RefblockFill::NotFull};
    return kSteps[static_cast<std::size_t>((counted * 4 - 1) / clusters)];
}

void MapCell::add(const MapFacts& facts, std::uint64_t clusters, std::uint64_t maximum)
{
    MapCell run;
    run.largest = facts.count;
    run.counted = facts.count == 0 ? 0 : saturated(clusters);
    run.dominantClusters = saturated(clusters);
    run.owners = bit<std::uint16_t>(facts.owner);
    run.counts = bit<std::uint16_t>(countClass(facts.count, maximum));
    run.verdicts = bit<std::uint8_t>(facts.verdict);
    run.shares = bit<std::uint8_t>(facts.share);
    run.dominant = facts.owner;
    run.known = true;
    add(run);
}

void MapCell::add(const MapCell& other)
{
    largest = std::max(largest, other.largest);
    counted = saturated(std::uint64_t{counted} + other.counted);
    owners |= other.owners;
    counts |= other.counts;
    verdicts |= other.verdicts;
    shares |= other.shares;
    known = known || other.known;
    if (dominant == other.dominant) {
        dominantClusters = saturated(std::uint64_t{dominantClusters} + other.dominantClusters);
    } else if (other.dominantClusters > dominantClusters) {
        dominant = other.dominant;
        dominantClusters = other.dominantClusters;
    }
}

MapVerdict MapCell::worst() const
{
    return static_cast<MapVerdict>(std::bit_width(std::max<unsigned>(verdicts, 1)) - 1);
}

void MapTotals::add(const MapFacts& facts, std::uint64_t clusters, std::uint64_t maximum)
{
    owners[static_cast<std::size_t>(facts.owner)] += clusters;
    counts[countClass(facts.count, maximum)] += clusters;
    verdicts[static_cast<std::size_t>(facts.verdict)] += clusters;
    shares[static_cast<std::size_t>(facts.share)] += clusters;
}

} // namespace cowscope
