// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/bench/synthetic_source.h"

#include <algorithm>

namespace cowscope::bench
{

namespace
{

constexpr std::uint64_t kRun = 256; ///< clusters that are alike, but for tables and damage at its start
constexpr std::uint64_t kL2Distance = 8192;
constexpr std::uint64_t kRefblockDistance = 32768;

std::uint64_t scrambled(std::uint64_t value)
{
    value ^= value >> 31;
    value *= 0x9e3779b97f4a7c15;
    value ^= value >> 29;
    value *= 0xbf58476d1ce4e5b9;
    return value ^ value >> 32;
}

MapFacts runFacts(std::uint64_t run)
{
    const std::uint64_t kind = scrambled(run) % 16;
    if (kind < 2)
        return {};
    if (kind < 5)
        return {ClusterOwner::Data, MapVerdict::Right, SnapshotShare::UpToHalf, 2 + kind};
    if (kind < 6)
        return {ClusterOwner::CompressedData, MapVerdict::Right, SnapshotShare::ActiveOnly, 3};
    return {ClusterOwner::Data, MapVerdict::Right, SnapshotShare::ActiveOnly, 1};
}

/// Of the first cluster of a run.
MapFacts headFacts(std::uint64_t cluster)
{
    if (cluster == 0)
        return {ClusterOwner::Header, MapVerdict::Right, SnapshotShare::None, 1};
    if (cluster % kRefblockDistance == 0)
        return {ClusterOwner::Refblock, MapVerdict::Right, SnapshotShare::None, 1};
    if (cluster % kL2Distance == 0)
        return {ClusterOwner::L2Table, MapVerdict::Right, SnapshotShare::ActiveOnly, 1};
    if (scrambled(cluster) % 50'000 == 0)
        return {ClusterOwner::Leaked, MapVerdict::Leaked, SnapshotShare::None, 1};
    return runFacts(cluster / kRun);
}

} // namespace

void SyntheticSource::summarize(HostCluster first, unsigned level, std::span<MapCell> out, MapTotals* totals) const
{
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = {};
        std::uint64_t at = first.value() + (std::uint64_t{i} << level);
        const std::uint64_t end = std::min(m_clusters, at + (std::uint64_t{1} << level));
        while (at < end) {
            const bool head = at % kRun == 0;
            const std::uint64_t next = std::min(end, head ? at + 1 : (at / kRun + 1) * kRun);
            const MapFacts facts = head ? headFacts(at) : runFacts(at / kRun);
            out[i].add(facts, next - at, maximum());
            if (totals != nullptr)
                totals->add(facts, next - at, maximum());
            at = next;
        }
    }
}

} // namespace cowscope::bench
