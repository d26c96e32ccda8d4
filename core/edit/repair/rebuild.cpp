// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/repair/rebuild.h"

#include "core/analysis/reference_counter.h"
#include "core/edit/amend/amend_layout.h"
#include "core/edit/amend/refcount_switch.h"
#include "core/edit/repair/count_fixes.h"

#include <algorithm>
#include <fmt/format.h>

namespace cowscope
{

namespace
{

HostCluster reftableCluster(const Image& image)
{
    return image.geometry().cluster(image.header().refcountTableOffset);
}

bool reftableInFile(const Image& image)
{
    return isWithinFile(image, image.header().refcountTableOffset, image.reftable().size() * 8);
}

/// Whether every cluster that is referred to has a refblock.
bool allCanBeCounted(const Image& image, const ClusterMap& map)
{
    const Geometry& geometry = image.geometry();
    const HostCluster end(map.clusters());
    for (HostCluster first = map.nextKnown(HostCluster(0)); first < end;) {
        const std::uint64_t index = geometry.refblockIndex(first);
        const HostCluster blockEnd = std::min(end, HostCluster((index + 1) * geometry.refblockEntries()));
        if (!image.usableRefblock(index)) {
            for (HostCluster cluster = first; cluster < blockEnd; cluster = map.nextKnown(cluster + 1)) {
                if (map.references(cluster) > 0)
                    return false;
            }
        }
        first = map.nextKnown(blockEnd);
    }
    return true;
}

/// The clusters that the old refcount structures claim, soundly or not, once for each claim; sorted.
struct OldStructures {
    std::vector<HostCluster> counted; ///< claims that the census counts as references
    std::vector<HostCluster> all;

    bool touches(HostCluster first, HostCluster end) const
    {
        const auto next = std::ranges::lower_bound(all, first);
        return next != all.end() && *next < end;
    }
};

OldStructures oldStructures(const Image& image)
{
    const Geometry& geometry = image.geometry();
    OldStructures old;
    const std::uint64_t tableClusters = geometry.clustersFor(image.reftable().size() * 8);
    for (std::uint64_t i = 0; i < tableClusters; ++i) {
        old.all.push_back(reftableCluster(image) + i);
        if (reftableInFile(image))
            old.counted.push_back(reftableCluster(image) + i);
    }
    for (std::uint64_t i = 0; i < image.reftable().size(); ++i) {
        const ReftableEntry entry = image.reftableEntry(i);
        if (entry.raw == 0)
            continue;
        const HostCluster first = geometry.cluster(entry.refblockOffset());
        const bool aligned = geometry.isAligned(entry.refblockOffset());
        old.all.push_back(first);
        if (!aligned)
            old.all.push_back(first + 1);
        if (aligned && !entry.hasReservedBits() && first.value() < image.fileClusters())
            old.counted.push_back(first);
    }
    std::ranges::sort(old.counted);
    std::ranges::sort(old.all);
    return old;
}

/// The counts of a rebuilt image: what refers to each cluster, less the old refcount structures.
class FoundReferences
{
public:
    FoundReferences(const Image& image, const ClusterMap& map, const std::vector<HostCluster>& old,
        std::span<const std::uint64_t> reserved, HostCluster firstReserved)
        : m_map(map)
        , m_maximum(image.geometry().refcountCodec().maximum())
        , m_old(old)
        , m_reserved(reserved)
        , m_firstReserved(firstReserved)
    {
    }

    /// See CountSource.
    Result<void> operator()(HostCluster first, std::span<std::uint64_t> counts) const
    {
        for (std::size_t i = 0; i < counts.size(); ++i)
            counts[i] = m_map.references(first + i);
        const HostCluster end = first + counts.size();
        for (auto old = std::ranges::lower_bound(m_old, first); old != m_old.end() && *old < end; ++old) {
            std::uint64_t& count = counts[*old - first];
            count -= count > 0 ? 1 : 0;
        }
        for (std::size_t i = 0; i < m_reserved.size(); ++i) {
            if (m_firstReserved + i >= first && m_firstReserved + i < end)
                counts[m_firstReserved + i - first] = m_reserved[i];
        }
        for (std::uint64_t& count : counts)
            count = std::min(count, m_maximum);
        return {};
    }

private:
    const ClusterMap& m_map;
    std::uint64_t m_maximum;
    const std::vector<HostCluster>& m_old;
    std::span<const std::uint64_t> m_reserved;
    HostCluster m_firstReserved;
};

struct Places {
    HostCluster reserved;
    AmendLayout layout;
};

/// With `reserved` clusters at the end of the image, or at `end` where that is further on.
Places placesFrom(const Image& image, AmendSurvey survey, HostCluster end, std::uint64_t reserved)
{
    survey.end = std::max(survey.end, end);
    const HostCluster first = survey.end;
    for (HostCluster cluster = first; cluster < first + reserved; ++cluster) {
        const std::uint64_t chunk = cluster.value() / survey.chunkClusters;
        if (survey.chunksInUse.empty() || survey.chunksInUse.back() != chunk)
            survey.chunksInUse.push_back(chunk);
    }
    survey.end = first + reserved;
    return {first, layOutRefcounts(image.geometry(), survey, image.header().refcountOrder)};
}

/// Beside everything, the old structures included: what they claim behind the end of the file stays a hole, so that
/// they say the same until the switch.
Result<Places> findPlaces(const Image& image, AmendSurvey survey, const OldStructures& old, std::uint64_t reserved)
{
    constexpr int kMostTries = 4096;
    std::erase_if(
        survey.freeRuns, [&](const ClusterRun& run) { return old.touches(run.first, run.first + run.count); });
    HostCluster end = survey.end;
    for (int tries = 0; tries < kMostTries; ++tries) {
        const Places places = placesFrom(image, survey, end, reserved);
        const HostCluster layoutEnd
            = places.layout.first + places.layout.refblocks.size() + places.layout.reftableClusters;
        const bool apart = places.layout.first < places.reserved; // in free space further ahead
        const HostCluster endNeeded = apart ? places.reserved + reserved : layoutEnd;
        if (!old.touches(places.reserved, endNeeded))
            return places;
        end = *std::ranges::lower_bound(old.all, places.reserved) + 1;
    }
    return fail(ErrorKind::TooLarge,
        "The refcount table leads to so many places behind the end of the file that no "
        "room for a new one was found");
}

} // namespace

bool refcountsUsable(const Image& image, const Census& census)
{
    for (const FindingKind kind : {FindingKind::ReftableReserved, FindingKind::RefblockUnaligned,
             FindingKind::RefblockPastEnd, FindingKind::RefblockShared}) {
        if (census.count(kind) > 0)
            return false;
    }
    if (image.reftable().empty() || !reftableInFile(image))
        return false;
    for (std::uint64_t i = 0; i < image.header().refcountTableClusters; ++i) {
        if (census.map.hasSeveralOwners(reftableCluster(image) + i))
            return false;
    }
    return allCanBeCounted(image, census.map);
}

Result<HostCluster> rebuildRefcounts(const Image& image, const Census& census, Storage& storage,
    std::span<const std::uint64_t> reserved, const TaskContext& task)
{
    const Geometry& geometry = image.geometry();
    const OldStructures old = oldStructures(image);
    const auto places = findPlaces(image, surveyForAmend(image, census, CountBasis::References), old, reserved.size());
    if (!places)
        return std::unexpected(places.error());
    const AmendLayout& layout = places->layout;
    if (layout.reftableClusters * geometry.clusterSize() > kMaxReftableBytes)
        return fail(ErrorKind::TooLarge,
            fmt::format("The new refcount table would take {} bytes; {} is the limit",
                layout.reftableClusters * geometry.clusterSize(), kMaxReftableBytes));
    const RefcountSwitch target{image.header().refcountOrder, layout.first, layout.refblocks,
        static_cast<std::uint32_t>(layout.reftableClusters), image.fileSize()};
    const HostCluster end = std::max(layout.first + target.clusters(), places->reserved + reserved.size());
    if (geometry.offset(end).value() > image.fileSize() && !storage.canGrow())
        return fail(ErrorKind::Refused, "New refcount structures do not fit, and a device cannot grow");
    const FoundReferences counts(image, census.map, old.counted, reserved, places->reserved);
    if (auto switched = switchRefcounts(image, storage, target, counts, task); !switched)
        return failed(switched);
    return places->reserved;
}

Result<HostCluster> reserveClusters(const Image& image, const Census& census, Storage& storage,
    std::span<const std::uint64_t> counts, const TaskContext& task)
{
    const AmendSurvey survey = surveyForAmend(image, census);
    const auto isCounted = [&](HostCluster first) {
        const std::uint64_t last = image.geometry().refblockIndex(first + (counts.size() - 1));
        for (std::uint64_t i = image.geometry().refblockIndex(first); i <= last; ++i) {
            if (!image.usableRefblock(i))
                return false;
        }
        return true;
    };
    HostCluster first = survey.end;
    for (const ClusterRun& run : survey.freeRuns) {
        if (run.count >= counts.size() && isCounted(run.first)) {
            first = run.first;
            break;
        }
    }
    if (!isCounted(first))
        return rebuildRefcounts(image, census, storage, counts, task);
    RefblockPatch patch(image, storage);
    for (std::size_t i = 0; i < counts.size(); ++i) {
        if (auto set = patch.set(first + i, counts[i]); !set)
            return failed(set);
    }
    if (auto written = patch.finish(); !written)
        return failed(written);
    return first;
}

} // namespace cowscope
