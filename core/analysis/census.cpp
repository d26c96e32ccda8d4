// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/census.h"

#include "core/analysis/finding_list.h"
#include "core/analysis/map_references.h"
#include "core/analysis/root_references.h"
#include "core/analysis/table_list.h"
#include "core/analysis/table_walk.h"

#include <algorithm>
#include <bit>
#include <fmt/format.h>
#include <limits>
#include <unordered_set>

namespace cowscope
{

namespace
{

constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

/// The steps of takeCensus() in their order, over the state that they share.
class CensusTaker
{
public:
    CensusTaker(const Image& image, const TaskContext& task)
        : m_image(image)
        , m_task(task)
        , m_census(std::make_shared<Census>())
        , m_findings(Census::kMaxFindings)
    {
        // One cluster more: a structure may legally end behind a file that was cut inside it. See settleEnd().
        m_census->map = ClusterMap(image.fileClusters() + 1);
        m_counter.emplace(image, m_census->map, m_findings);
    }

    Result<std::shared_ptr<const Census>> run(const CensusOptions& options)
    {
        if (auto looked = look(options.skipUnaligned); !looked) {
            if (looked.error().kind != ErrorKind::Cancelled || !options.keepPartial)
                return failed(looked);
            m_census->complete = false;
        }
        m_census->reached = m_progress.phase;
        finish();
        return std::shared_ptr<const Census>(std::move(m_census));
    }

private:
    Result<void> look(bool skipUnaligned)
    {
        auto tables = listL2Tables(m_image, m_task, m_findings);
        if (!tables)
            return failed(tables);
        if (skipUnaligned)
            std::erase_if(*tables, [this](const TableUse& use) { return !m_image.geometry().isAligned(use.offset); });
        const std::uint64_t clusterSize = m_image.geometry().clusterSize();
        m_progress.total = (countRefblocks() + tables->size()) * clusterSize;

        if (auto read = readCounts(); !read)
            return read;
        RootReferences roots(m_image, *m_counter, m_findings, [this] { return step(); });
        if (auto counted = roots.countRoots(); !counted)
            return counted;
        roots.countTables(*tables);
        TableWalk walk(m_image, *m_counter, m_findings, m_census->allocation);
        m_progress.phase = Phase::WalkTables;
        if (auto walked = walk.run(*tables, m_task, m_progress); !walked)
            return walked;
        if (auto counted = roots.countBitmaps(); !counted)
            return counted;
        roots.countRefcountStructures();
        settleEnd();
        walk.checkActiveL1();
        m_progress = {Phase::Compare, m_progress.total, m_progress.total};
        return compare();
    }

    /// Refblocks that will be read.
    std::uint64_t countRefblocks() const
    {
        std::uint64_t count = 0;
        for (std::uint64_t i = 0; i < m_image.reftable().size(); ++i)
            count += m_image.usableRefblock(i).has_value();
        return count;
    }

    /// Stored counts into the map, the histogram and the obstacles.
    Result<void> readCounts()
    {
        m_progress.phase = Phase::ReadRefcounts;
        const std::uint64_t entries = m_image.geometry().refblockEntries();
        std::unordered_set<std::uint64_t> seen;
        for (std::uint64_t i = 0; i < m_image.reftable().size(); ++i) {
            const auto refblock = m_image.usableRefblock(i);
            if (!refblock)
                continue;
            // A refblock that is named again is damage, found later: a million entries may name it, so read it once.
            if (seen.insert(refblock->value()).second) {
                if (auto read = readRefblock(*refblock, HostCluster(i * entries)); !read)
                    return read;
            }
            m_progress.done += m_image.geometry().clusterSize();
        }
        return step();
    }

    /// Reports, and ends the census where it was cancelled or the image has more clusters in use than the map can hold.
    Result<void> step() const
    {
        if (m_census->map.isFull())
            return std::unexpected(mapIsFull());
        return m_task.step(m_progress);
    }

    Result<void> readRefblock(HostOffset refblock, HostCluster first)
    {
        constexpr std::uint64_t kChunkBytes = 64 * 1024;
        const RefcountCodec codec = m_image.geometry().refcountCodec();
        const std::uint64_t clusterSize = m_image.geometry().clusterSize();
        m_bytes.resize(std::min(clusterSize, kChunkBytes));
        m_counts.resize(codec.entriesIn(m_bytes.size()));
        for (std::uint64_t at = 0; at < clusterSize; at += m_bytes.size()) {
            if (auto go = step(); !go)
                return go;
            if (auto read = m_image.storage().read(refblock.value() + at, m_bytes); !read) {
                m_findings.add({FindingKind::Unreadable, m_image.geometry().cluster(refblock), 1, refblock, 0, 0, 1,
                    read.error().text()});
                return {};
            }
            if (isAllZero(m_bytes))
                continue;
            codec.unpack(m_bytes, m_counts);
            addCounts(first + codec.entriesIn(at));
        }
        return {};
    }

    /// m_counts are those of the clusters from `first` on.
    void addCounts(HostCluster first)
    {
        const std::uint64_t fileEnd = m_image.fileClusters();
        const std::uint64_t room = fileEnd - std::min(fileEnd, first.value());
        const auto inFile = std::span(m_counts).first(std::min<std::uint64_t>(room, m_counts.size()));
        m_census->map.setRefcounts(first, inFile);
        std::uint64_t bits = 0;
        std::uint64_t sum = 0;
        for (const std::uint64_t count : inFile) {
            bits |= count;
            sum += count;
        }
        if (bits == 1) {
            addOnes(first, inFile, sum);
        } else if (bits > 1) {
            for (std::size_t i = 0; i < inFile.size(); ++i) {
                if (inFile[i] != 0)
                    addCount(first + i, inFile[i]);
            }
        }
        for (std::size_t i = inFile.size(); i < m_counts.size(); ++i) {
            if ((first + i).value() == fileEnd)
                m_countAtEnd = m_counts[i];
            else if (m_counts[i] != 0)
                addCountPastEnd(first + i, m_counts[i]);
        }
    }

    /// The common case: no count above 1, which every width holds.
    void addOnes(HostCluster first, std::span<const std::uint64_t> counts, std::uint64_t ones)
    {
        m_census->histogram.exact[1] += ones;
        m_counted += ones;
        if (m_census->largest.count == 0) {
            const auto one = std::ranges::find(counts, 1U);
            m_census->largest = {first + static_cast<std::uint64_t>(one - counts.begin()), 1};
        }
    }

    void addCountPastEnd(HostCluster cluster, std::uint64_t count)
    {
        ++m_census->countedPastEnd;
        m_findings.add({FindingKind::CountPastEnd, cluster, 1, std::nullopt, 0, count, 1, {}});
    }

    void addCount(HostCluster cluster, std::uint64_t count)
    {
        Census& census = *m_census;
        census.histogram.add(count);
        ++m_counted;
        if (count > census.largest.count)
            census.largest = {cluster, count};
        for (unsigned order = 0; order < kMaxRefcountOrder && count > RefcountCodec(order).maximum(); ++order) {
            addObstacle(census.obstacles[order], {cluster, count});
        }
    }

    /// The cluster right behind the file belongs to the image where a structure reaches into it; else it is no part of
    /// it.
    void settleEnd()
    {
        m_endSettled = true;
        const HostCluster end(m_image.fileClusters());
        if (m_census->map.references(end) == 0) {
            m_census->map.dropLast();
            if (m_countAtEnd != 0)
                addCountPastEnd(end, m_countAtEnd);
        } else if (m_countAtEnd != 0) {
            m_census->map.setRefcount(end, m_countAtEnd);
            addCount(end, m_countAtEnd);
        }
    }

    /// Stored counts against references, and the figures that need both. Blocks without anything special are summed up.
    Result<void> compare()
    {
        constexpr std::uint64_t kBlockClusters = 1024;
        const ClusterMap& map = m_census->map;
        const HostCluster end(map.clusters());
        m_headroom.fill(kNoLimit);
        for (HostCluster first = map.nextKnown(HostCluster(0)); first < end;) {
            if (auto go = step(); !go)
                return go;
            const std::uint64_t count = std::min(end - first, kBlockClusters);
            if (const auto block = map.summarize(first, count)) {
                addBlock(first, *block);
            } else {
                for (HostCluster cluster = first; cluster < first + count; ++cluster) {
                    if (auto compared = compareCluster(cluster); !compared)
                        return compared;
                }
            }
            first = map.nextKnown(first + count);
        }
        m_census->imageEndOffset = m_end.value() * m_image.geometry().clusterSize();
        return {};
    }

    void addBlock(HostCluster first, const BlockSummary& block)
    {
        for (std::size_t owner = 1; owner < kOwnerCount; ++owner)
            m_census->clustersByOwner[owner] += block.clustersByOwner[owner];
        m_largestShared = std::max(m_largestShared, block.largestShared);
        if (block.used > 0)
            m_end = first + block.used;
    }

    Result<void> compareCluster(HostCluster cluster)
    {
        ClusterState state = m_census->map.state(cluster);
        if (state.owner == ClusterOwner::Free)
            return {};
        m_end = cluster + 1;
        ++m_census->clustersByOwner[static_cast<std::size_t>(state.owner)];
        if (!state.exact) {
            auto count = m_image.refcount(cluster);
            if (!count)
                return failed(count);
            state.refcount = *count;
        }
        judge(cluster, state);
        limitSnapshots(cluster, state);
        return {};
    }

    void judge(HostCluster cluster, const ClusterState& state)
    {
        const std::uint64_t count = state.refcount;
        const std::uint64_t references = state.references;
        const std::uint64_t maximum = m_image.geometry().refcountCodec().maximum();
        const auto report = [&](FindingKind kind, std::uint64_t weight) {
            m_findings.add({kind, cluster, 1, std::nullopt, references, count, weight, {}});
        };
        if (references > maximum) // each reference past the maximum is an error of its own, and so is a lower count
            report(FindingKind::RefcountOverflow, references - maximum + (count < maximum ? 1 : 0));
        else if (count < references)
            report(FindingKind::RefcountTooLow, 1);
        else if (count > references)
            report(FindingKind::Leak, 1);
        // With a wrong count the cluster is in the totals already.
        if (state.severalOwners)
            report(FindingKind::DoubleOwner, count == references ? 1 : 0);
        addObstacles(cluster, count, references);
    }

    /// A repair will raise a count to the references, so a width must hold those too.
    void addObstacles(HostCluster cluster, std::uint64_t count, std::uint64_t references)
    {
        for (unsigned order = 0; order < kMaxRefcountOrder; ++order) {
            const std::uint64_t maximum = RefcountCodec(order).maximum();
            if (count <= maximum && references > maximum)
                addObstacle(m_census->obstacles[order], {cluster, references});
        }
    }

    static void addObstacle(WidthObstacles& obstacles, CountedCluster cluster)
    {
        ++obstacles.clusters;
        if (obstacles.first.size() < WidthObstacles::kListed)
            obstacles.first.push_back(cluster);
    }

    /// A snapshot raises the counts of all L2 tables and clusters of the active disk: by one, and for a host cluster
    /// with compressed data by the number of compressed clusters in it.
    void limitSnapshots(HostCluster cluster, const ClusterState& state)
    {
        const ClusterOwner owner = state.owner;
        if (!isGuestOwner(owner) || !state.active)
            return;
        const std::uint64_t count = std::max(state.refcount, state.references);
        if (owner != ClusterOwner::CompressedData) {
            m_largestShared = std::max(m_largestShared, count);
            return;
        }
        const std::uint64_t raise = std::max<std::uint64_t>(1, m_counter->activeCompressed(cluster));
        for (unsigned order = 0; order < kWidthCount; ++order)
            m_headroom[order] = std::min(m_headroom[order], headroom(order, count) / raise);
    }

    static std::uint64_t headroom(unsigned order, std::uint64_t count)
    {
        const std::uint64_t maximum = RefcountCodec(order).maximum();
        return maximum > count ? maximum - count : 0;
    }

    void finish()
    {
        if (!m_endSettled)
            settleEnd();
        Census& census = *m_census;
        census.allocation.total = m_image.geometry().clustersFor(m_image.geometry().virtualSize());
        for (WidthObstacles& obstacles : census.obstacles)
            std::ranges::sort(obstacles.first, {}, &CountedCluster::cluster);
        census.histogram.exact[0] = census.map.clusters() - m_counted;
        std::uint64_t used = 0;
        for (const std::uint64_t clusters : census.clustersByOwner)
            used += clusters;
        census.clustersByOwner[static_cast<std::size_t>(ClusterOwner::Free)] = census.map.clusters() - used;
        const std::uint64_t room
            = kMaxSnapshots - std::min<std::uint64_t>(kMaxSnapshots, m_image.header().snapshotCount);
        for (unsigned order = 0; census.complete && order < kWidthCount; ++order) {
            const std::uint64_t shared = m_largestShared == 0 ? kNoLimit : headroom(order, m_largestShared);
            census.snapshotsThatFit[order]
                = census.obstacles[order].clusters > 0 ? 0 : std::min({m_headroom[order], shared, room});
        }
        census.corruptions = m_findings.corruptions();
        census.leaks = m_findings.leaks();
        census.checkErrors = m_findings.checkErrors();
        census.findingsDropped = m_findings.dropped();
        census.findingsByKind = m_findings.byKind();
        census.findings = m_findings.take();
        std::stable_sort(census.findings.begin(), census.findings.end(), [](const Finding& a, const Finding& b) {
            return a.severity() != b.severity() ? a.severity() > b.severity() : a.cluster < b.cluster;
        });
    }

    const Image& m_image;
    const TaskContext& m_task;
    std::shared_ptr<Census> m_census;
    FindingList m_findings;
    std::optional<MapReferences> m_counter;
    Progress m_progress;
    std::vector<std::byte> m_bytes;
    std::vector<std::uint64_t> m_counts;
    HostCluster m_end{1}; ///< behind the last cluster with a count or a reference
    bool m_endSettled = false;
    std::uint64_t m_countAtEnd = 0; ///< stored count of the cluster right behind the file
    std::uint64_t m_counted = 0; ///< clusters of the file with a stored count
    std::uint64_t m_largestShared = 0; ///< largest count that a snapshot would raise by one
    std::array<std::uint64_t, kWidthCount> m_headroom{}; ///< snapshots that the compressed clusters allow
};

} // namespace

void RefcountHistogram::add(std::uint64_t count)
{
    if (count <= kExact)
        ++exact[count];
    else
        ++byLog2[static_cast<std::size_t>(std::bit_width(count)) - 1];
}

Result<std::shared_ptr<const Census>> takeCensus(
    const Image& image, const TaskContext& task, const CensusOptions& options)
{
    if (image.fileClusters() > kMaxCensusClusters)
        return fail(ErrorKind::TooLarge,
            fmt::format("The file has {} clusters; {} is the limit", image.fileClusters(), kMaxCensusClusters));
    return CensusTaker(image, task).run(options);
}

} // namespace cowscope
