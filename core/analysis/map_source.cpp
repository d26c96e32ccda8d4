// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/map_source.h"

#include <algorithm>
#include <bit>

namespace cowscope
{

namespace
{

MapVerdict verdictOf(FindingKind kind)
{
    switch (kind) {
    case FindingKind::Leak:
        return MapVerdict::Free; // whether it is a leak or a count that is too high, the counts themselves tell
    case FindingKind::RefcountTooLow:
        return MapVerdict::TooLow;
    case FindingKind::RefcountOverflow:
        return MapVerdict::Overflow;
    case FindingKind::DoubleOwner:
        return MapVerdict::SeveralOwners;
    case FindingKind::CountPastEnd:
        return MapVerdict::Free; // not on the map
    default:
        return MapVerdict::BadEntry;
    }
}

MapVerdict compared(const ClusterState& state)
{
    if (state.refcount == 0 && state.references == 0)
        return MapVerdict::Free;
    if (state.refcount < state.references)
        return state.exact ? MapVerdict::TooLow : MapVerdict::Right; // a finding tells of what is not exact
    if (state.refcount == state.references || !state.exact)
        return MapVerdict::Right;
    return state.references == 0 ? MapVerdict::Leaked : MapVerdict::TooHigh;
}

SnapshotShare shareOf(const ClusterState& state)
{
    if (!isGuestOwner(state.owner) || state.references == 0)
        return SnapshotShare::None;
    if (!state.snapshot)
        return SnapshotShare::ActiveOnly;
    if (!state.active)
        return SnapshotShare::SnapshotsOnly;
    return state.references <= 2 ? SnapshotShare::UpToHalf : SnapshotShare::MoreThanHalf;
}

} // namespace

RefblockFill refblockFill(const MapSource& source, std::uint64_t index, const MapCell& cell)
{
    if (!source.hasRefblock(index))
        return RefblockFill::Missing;
    const std::uint64_t entries = std::uint64_t{1} << source.refblockLevel();
    const std::uint64_t first = std::min(source.clusters(), index * entries);
    return refblockFill(cell.counted, std::min(entries, source.clusters() - first));
}

CensusMapSource::CensusMapSource(std::shared_ptr<const Image> image, std::shared_ptr<const Census> census)
    : m_image(std::move(image))
    , m_census(std::move(census))
{
    // Findings may overlap: a sweep over their ends keeps, for each stretch, how many there are of each verdict.
    struct End {
        HostCluster cluster;
        MapVerdict verdict;
        int change;
    };
    std::vector<End> ends;
    for (const Finding& finding : m_census->findings) {
        const MapVerdict verdict = verdictOf(finding.kind);
        if (verdict == MapVerdict::Free || finding.clusters == 0)
            continue;
        const auto behind = checkedAdd(finding.cluster.value(), finding.clusters).value_or(UINT64_MAX);
        ends.push_back({finding.cluster, verdict, 1});
        ends.push_back({HostCluster(behind), verdict, -1});
    }
    std::ranges::sort(ends, {}, &End::cluster);
    std::array<std::int64_t, kMapVerdictCount> open{};
    for (std::size_t i = 0; i < ends.size(); ++i) {
        if (i == 0 || ends[i].cluster != ends[i - 1].cluster) {
            unsigned worst = kMapVerdictCount - 1;
            while (worst > 0 && open[worst] == 0)
                --worst;
            m_stretches.push_back({ends[i].cluster, static_cast<MapVerdict>(worst)});
        }
        open[static_cast<std::size_t>(ends[i].verdict)] += ends[i].change;
    }
}

unsigned CensusMapSource::refblockLevel() const
{
    return static_cast<unsigned>(std::countr_zero(m_image->geometry().refblockEntries()));
}

bool CensusMapSource::hasRefblock(std::uint64_t index) const
{
    return index < m_image->reftable().size() && m_image->usableRefblock(index).has_value();
}

const CensusMapSource::Stretch* CensusMapSource::stretchAt(HostCluster cluster) const
{
    const auto found = std::ranges::upper_bound(m_stretches, cluster, {}, &Stretch::end);
    return found == m_stretches.end() ? nullptr : &*found;
}

MapFacts CensusMapSource::facts(const ClusterState& state, MapVerdict found) const
{
    MapVerdict verdict = std::max(compared(state), found);
    if (state.references > maximum())
        verdict = MapVerdict::Overflow;
    else if (state.severalOwners)
        verdict = std::max(verdict, MapVerdict::SeveralOwners);
    return {state.owner, verdict, shareOf(state), state.refcount};
}

MapFacts CensusMapSource::facts(HostCluster cluster) const
{
    const Stretch* stretch = stretchAt(cluster);
    return facts(m_census->map.state(cluster), stretch == nullptr ? MapVerdict::Free : stretch->verdict);
}

void CensusMapSource::summarize(HostCluster first, unsigned level, std::span<MapCell> out, MapTotals* totals) const
{
    const ClusterMap& map = m_census->map;
    const std::uint64_t most = maximum();
    const HostCluster last(map.clusters());
    const Stretch* stretch = stretchAt(first);
    const Stretch* const noStretch = m_stretches.data() + m_stretches.size();
    HostCluster known = map.nextKnown(first);
    for (std::size_t i = 0; i < out.size(); ++i) {
        HostCluster at = first + (std::uint64_t{i} << level);
        const HostCluster end = std::min(last, at + (std::uint64_t{1} << level));
        out[i] = {};
        while (at < end) {
            while (stretch != nullptr && stretch->end <= at)
                stretch = stretch + 1 == noStretch ? nullptr : stretch + 1;
            HostCluster runEnd = stretch == nullptr ? end : std::min(end, stretch->end);
            if (known < at)
                known = map.nextKnown(at);
            ClusterState state;
            if (known > at) {
                runEnd = std::min(runEnd, known);
            } else {
                state = map.state(at);
                runEnd = at + map.runOfEqual(at, runEnd - at);
            }
            const MapFacts all = facts(state, stretch == nullptr ? MapVerdict::Free : stretch->verdict);
            out[i].add(all, runEnd - at, most);
            if (totals != nullptr)
                totals->add(all, runEnd - at, most);
            at = runEnd;
        }
    }
}

} // namespace cowscope
