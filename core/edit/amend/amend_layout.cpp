// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/amend/amend_layout.h"

#include "core/base/checked_math.h"

#include <algorithm>

namespace cowscope
{

namespace
{

constexpr std::uint64_t kClustersBetweenStops = 1U << 16; ///< some milliseconds
constexpr std::size_t kMaxFreeRuns = 1U << 16; ///< more are not remembered: the end of the image always does

/// For loops over clusters: whether to stop, asked only every so often.
class StopNowAndThen
{
public:
    explicit StopNowAndThen(const std::stop_token& stop)
        : m_stop(stop)
    {
    }
    bool operator()() { return ++m_seen % kClustersBetweenStops == 0 && m_stop.stop_requested(); }

private:
    const std::stop_token& m_stop;
    std::uint64_t m_seen = 0;
};

std::vector<HostCluster> usedRefblocks(const Image& image)
{
    std::vector<HostCluster> refblocks;
    for (std::uint64_t i = 0; i < image.reftable().size(); ++i) {
        if (const auto offset = image.usableRefblock(i))
            refblocks.push_back(image.geometry().cluster(*offset));
    }
    std::sort(refblocks.begin(), refblocks.end());
    refblocks.erase(std::unique(refblocks.begin(), refblocks.end()), refblocks.end());
    return refblocks;
}

/// Whether the cluster keeps a count after the old refcount structures are gone.
bool staysCounted(const ClusterState& state, CountBasis basis)
{
    const bool goes = state.owner == ClusterOwner::Refblock || state.owner == ClusterOwner::Reftable;
    return (basis == CountBasis::Stored ? state.refcount : state.references) > (goes ? 1 : 0);
}

void addFreeRun(AmendSurvey& survey, HostCluster first, HostCluster end)
{
    if (end - first >= 2 && survey.freeRuns.size() < kMaxFreeRuns)
        survey.freeRuns.push_back({first, end - first});
}

/// Refblocks and table for a run of `count` clusters at `first`.
AmendLayout layoutFor(const Geometry& geometry, const std::vector<std::uint64_t>& counted, std::uint64_t entries,
    HostCluster first, std::uint64_t count)
{
    AmendLayout layout{first, {}, 0};
    std::vector<std::uint64_t> own;
    for (std::uint64_t i = first.value() / entries; i <= (first.value() + count - 1) / entries; ++i)
        own.push_back(i);
    std::set_union(counted.begin(), counted.end(), own.begin(), own.end(), std::back_inserter(layout.refblocks));
    layout.reftableClusters = geometry.clustersFor((layout.refblocks.back() + 1) * 8);
    return layout;
}

HostCluster firstRoom(const AmendSurvey& survey, std::uint64_t clusters)
{
    for (const ClusterRun& run : survey.freeRuns) {
        if (run.count >= clusters)
            return run.first;
    }
    return survey.end;
}

} // namespace

AmendSurvey surveyForAmend(const Image& image, const Census& census, CountBasis basis, const std::stop_token& stop)
{
    AmendSurvey survey;
    survey.chunkClusters = image.geometry().clusterSize() / 8;
    survey.oldRefblocks = usedRefblocks(image);
    const ClusterMap& map = census.map;
    const HostCluster end(map.clusters());
    HostCluster freeFrom(0);
    StopNowAndThen stopped(stop);
    for (HostCluster cluster = map.nextKnown(HostCluster(0)); cluster < end && !stopped();
         cluster = map.nextKnown(cluster + 1)) {
        const ClusterState state = map.state(cluster);
        if (state.owner == ClusterOwner::Free)
            continue;
        addFreeRun(survey, freeFrom, cluster);
        freeFrom = cluster + 1;
        const std::uint64_t chunk = cluster.value() / survey.chunkClusters;
        const bool known = !survey.chunksInUse.empty() && survey.chunksInUse.back() == chunk;
        if (!known && staysCounted(state, basis))
            survey.chunksInUse.push_back(chunk);
    }
    survey.end = freeFrom;
    return survey;
}

AmendSurvey surveyForAmend(const Image& image, const CompactCounts& counts, const std::stop_token& stop)
{
    AmendSurvey survey;
    survey.chunkClusters = image.geometry().clusterSize() / 8;
    survey.oldRefblocks = usedRefblocks(image);
    HostCluster freeFrom(0);
    StopNowAndThen stopped(stop);
    for (HostCluster used = counts.nextUsed(freeFrom); used < counts.end() && !stopped();
         used = counts.nextUsed(freeFrom)) {
        addFreeRun(survey, freeFrom, used);
        freeFrom = counts.nextFree(used);
    }
    survey.end = freeFrom;

    // In a sound image each old structure has a count of 1, so a chunk with more in use than those stays.
    std::vector<HostCluster> old = survey.oldRefblocks;
    for (std::uint64_t i = 0; i < image.header().refcountTableClusters; ++i)
        old.push_back(image.geometry().cluster(image.header().refcountTableOffset) + i);
    std::ranges::sort(old);
    for (HostCluster used = counts.nextUsed(HostCluster(0)); used < survey.end && !stopped();) {
        const std::uint64_t chunk = used.value() / survey.chunkClusters;
        const HostCluster first(chunk * survey.chunkClusters);
        const HostCluster end = first + survey.chunkClusters;
        const auto goes = std::ranges::lower_bound(old, end) - std::ranges::lower_bound(old, first);
        if (counts.used(first, survey.chunkClusters) > static_cast<std::uint64_t>(goes))
            survey.chunksInUse.push_back(chunk);
        used = end < survey.end ? counts.nextUsed(end) : survey.end;
    }
    return survey;
}

std::uint64_t mostRefcountBytes(const Image& image, unsigned order)
{
    if (order == image.header().refcountOrder)
        return 0;
    const std::uint64_t clusterSize = image.geometry().clusterSize();
    const std::uint64_t entries = RefcountCodec(order).entriesIn(clusterSize);
    const std::uint64_t forFile = image.fileClusters() / entries + 2;
    const std::uint64_t refblocks = (image.fileClusters() + 2 * forFile) / entries + 3; // they count themselves, too
    return (refblocks + divideUp(refblocks * 8, clusterSize) + 1) * clusterSize;
}

AmendLayout layOutRefcounts(const Geometry& geometry, const AmendSurvey& survey, unsigned order)
{
    const std::uint64_t entries = geometry.clusterSize() * 8 >> order;
    const std::uint64_t chunksPerRefblock = entries / survey.chunkClusters;
    std::vector<std::uint64_t> counted;
    for (const std::uint64_t chunk : survey.chunksInUse) {
        if (counted.empty() || counted.back() != chunk / chunksPerRefblock)
            counted.push_back(chunk / chunksPerRefblock);
    }
    // The run only ever grows, and each refblock covers at least 64 clusters, so this settles after a few rounds.
    std::uint64_t clusters = counted.size() + 1;
    while (true) {
        AmendLayout layout = layoutFor(geometry, counted, entries, firstRoom(survey, clusters), clusters);
        const std::uint64_t needed = layout.refblocks.size() + layout.reftableClusters;
        if (needed <= clusters) {
            layout.reftableClusters += clusters - needed; // a longer table is legal; it keeps the count exact
            return layout;
        }
        clusters = needed;
    }
}

} // namespace cowscope
