// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/sound_census.h"

#include "core/analysis/root_references.h"
#include "core/analysis/table_list.h"
#include "core/analysis/table_walk.h"
#include "core/base/two_threads.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <set>

namespace cowscope
{

namespace
{

/// References as one worker finds them, without owners: data, compressed data and metadata apart, since no cluster may
/// hold two of them.
class CompactReferences final : public ReferenceCounter
{
public:
    CompactReferences(const Image& image, FindingList& findings, const CompactCounts& stored)
        : ReferenceCounter(image, findings)
        , data(image.fileClusters())
        , compressed(image.fileClusters())
        , activeCompressed(image.fileClusters())
        , metadata(image.fileClusters())
        , m_stored(stored)
    {
    }

    void addRun(HostCluster first, std::uint64_t count, ClusterOwner owner, Uses uses) override
    {
        if ((first + count).value() > m_image.fileClusters()) {
            m_unsure = true; // a structure that ends behind the file
            return;
        }
        if (uses.active > 0 && (owner == ClusterOwner::Data || owner == ClusterOwner::L2Table))
            m_largestShared = std::max(m_largestShared, m_stored.largest(first, count));
        if (owner == ClusterOwner::CompressedData)
            activeCompressed.addRun(first, count, uses.active);
        if (owner == ClusterOwner::Data || owner == ClusterOwner::CompressedData)
            return (owner == ClusterOwner::Data ? data : compressed).addRun(first, count, uses.total());
        // Structures come once each, with all their uses: what is there already is something else.
        m_unsure = m_unsure || metadata.largest(first, count) != 0;
        metadata.addRun(first, count, uses.total());
    }

    bool addDataRun(HostCluster first, std::uint64_t count, bool copied, Uses uses) override
    {
        if (uses.active > 0 && !copiedIsRight(first, count, copied))
            return false;
        if (count == 1)
            data.add(first, uses.total());
        else
            data.addRun(first, count, uses.total());
        return true;
    }

    std::uint64_t refcount(HostCluster cluster) const override { return m_stored.count(cluster); }
    std::uint64_t references(HostCluster cluster) const override { return metadata.count(cluster); }

    /// Whether this cannot end in a proof any more.
    bool isFull() const override
    {
        return m_unsure || m_findings.dropped() > 0 || data.isFull() || compressed.isFull() || activeCompressed.isFull()
            || metadata.isFull();
    }

    /// The largest stored count of an L2 table or a cluster of data that the active disk uses.
    std::uint64_t largestShared() const { return m_largestShared; }

    CompactCounts data;
    CompactCounts compressed;
    CompactCounts activeCompressed; ///< those of `compressed` that the active disk refers to
    CompactCounts metadata;

private:
    /// Where all counts of a page are 0 or 1 every flag must be set: a reference to a count of 0 is found at the end.
    bool copiedIsRight(HostCluster first, std::uint64_t count, bool copied)
    {
        const std::uint64_t inPage = CompactCounts::kPageClusters - first.value() % CompactCounts::kPageClusters;
        if (count <= inPage && m_stored.isPageOfBits(first)) {
            m_largestShared = std::max<std::uint64_t>(m_largestShared, 1);
            return copied;
        }
        const CompactCounts::Look look = m_stored.look(first, count);
        m_largestShared = std::max(m_largestShared, look.largest);
        return copied ? !look.others : !look.ones;
    }

    const CompactCounts& m_stored;
    std::uint64_t m_largestShared = 0;
    bool m_unsure = false;
};

/// What one thread has of its own.
struct Worker {
    Worker(const Image& image, const CompactCounts& stored)
        : references(image, findings, stored)
    {
    }

    FindingList findings{0};
    CompactReferences references;
    AllocationFigures figures;
};

/// The steps of takeSoundCensus() in their order. Those that are done by both workers hand out their work in pieces by
/// an atomic counter; what they find does not depend on who did which piece.
class SoundCensusTaker
{
public:
    SoundCensusTaker(const Image& image, const TaskContext& task)
        : m_image(image)
        , m_task(task)
        , m_stored(image.fileClusters())
    {
    }

    Result<std::optional<SoundCensus>> run()
    {
        FindingList findings(0);
        auto tables = listL2Tables(m_image, m_task, findings);
        if (!tables)
            return failed(tables);
        if (findings.dropped() > 0)
            return std::nullopt;
        m_total = m_stored.pages() * pageBytes() + tables->size() * m_image.geometry().clusterSize();
        readCounts();
        if (ended())
            return result();
        for (auto& worker : m_workers)
            worker = std::make_unique<Worker>(m_image, m_stored);
        if (auto counted = countRoots(*tables); !counted)
            return failed(counted);
        walk(*tables);
        if (!ended())
            compare();
        return result();
    }

private:
    bool ended() const { return m_unsure || m_stopped; }

    Result<std::optional<SoundCensus>> result()
    {
        if (m_stopped)
            return fail(ErrorKind::Cancelled, "Cancelled");
        if (m_unsure)
            return std::nullopt;
        return makeCensus();
    }

    /// Takes pieces 0 to count - 1 in turn, on both threads, until there are none left, something is unsure, or the
    /// task is stopped. `bytes` is the work of a piece.
    template <typename Piece>
    void share(Phase phase, std::uint64_t count, std::uint64_t bytes, const Piece& piece)
    {
        std::atomic<std::uint64_t> next{0};
        onTwoThreads([&](std::size_t worker) {
            for (std::uint64_t i = next++; i < count && !ended(); i = next++) {
                piece(worker, i);
                const std::uint64_t done = m_done += bytes;
                // Progress is the caller's thread's to report.
                const bool go = worker == 0 ? m_task.step({phase, std::min(done, m_total), m_total}).has_value()
                                            : !m_task.stop.stop_requested();
                if (!go)
                    m_stopped = true;
            }
        });
    }

    /// Stored counts, a page at a time, and behind the end of the file that there are none.
    void readCounts()
    {
        std::array<std::vector<std::uint64_t>, kWorkers> counts;
        share(Phase::ReadRefcounts, m_stored.pages(), pageBytes(), [&](std::size_t worker, std::uint64_t page) {
            if (!readPage(HostCluster(page * CompactCounts::kPageClusters), counts[worker]))
                m_unsure = true;
        });
        if (!ended() && !nothingCountedBehind())
            m_unsure = true;
    }

    /// Bytes of the counts of a page.
    std::uint64_t pageBytes() const
    {
        return CompactCounts::kPageClusters * m_image.geometry().refcountCodec().bits() / 8;
    }

    /// Whether no refblock counts anything behind the last page. Few reach there: one that ends there, and whole ones
    /// are left to the other census.
    bool nothingCountedBehind() const
    {
        const Geometry& geometry = m_image.geometry();
        const std::uint64_t entries = geometry.refblockEntries();
        const std::uint64_t inLast = m_stored.end().value() % entries;
        std::uint64_t index = geometry.refblockIndex(m_stored.end());
        if (const auto refblock = m_image.usableRefblock(index); refblock && inLast != 0) {
            const std::uint64_t read = inLast * geometry.refcountCodec().bits() / 8;
            std::vector<std::byte> rest(geometry.clusterSize() - read);
            if (!m_image.storage().read(refblock->value() + read, rest) || !isAllZero(rest))
                return false;
        }
        index += inLast != 0 ? 1 : 0;
        const auto table = m_image.reftable();
        return index >= table.size()
            || std::ranges::all_of(table.subspan(index), [](std::uint64_t entry) { return entry == 0; });
    }

    bool readPage(HostCluster first, std::vector<std::uint64_t>& counts)
    {
        constexpr std::uint64_t kSlice = 4096;
        const std::uint64_t entries = m_image.geometry().refblockEntries();
        const std::uint64_t slice = std::min(kSlice, entries);
        counts.resize(slice);
        const HostCluster end = first + CompactCounts::kPageClusters;
        for (HostCluster at = first; at < end; at = at + slice) {
            if (!m_image.usableRefblock(m_image.geometry().refblockIndex(at))) {
                at = HostCluster((at.value() / entries + 1) * entries - slice);
                continue;
            }
            if (!m_image.readRefcounts(at, counts) || !m_stored.set(at, counts))
                return false;
        }
        return true;
    }

    /// Whatever is not in an L2 table, by the first worker.
    Result<void> countRoots(std::span<const TableUse> tables)
    {
        Worker& worker = *m_workers.front();
        RootReferences roots(m_image, worker.references, worker.findings, [this] {
            return m_task.step({Phase::WalkTables, std::min(m_done.load(), m_total), m_total});
        });
        if (auto counted = roots.countRoots(); !counted)
            return counted;
        roots.countTables(tables);
        if (auto counted = roots.countBitmaps(); !counted)
            return counted;
        roots.countRefcountStructures();
        TableWalk(m_image, worker.references, worker.findings, worker.figures).checkActiveL1();
        if (worker.references.isFull())
            m_unsure = true;
        return {};
    }

    void walk(std::span<const TableUse> tables)
    {
        constexpr std::uint64_t kPieceBytes = std::uint64_t{1} << 20;
        const std::uint64_t clusterSize = m_image.geometry().clusterSize();
        const std::uint64_t size = std::max<std::uint64_t>(1, kPieceBytes / clusterSize);
        std::array<std::optional<TableWalk>, kWorkers> walks;
        for (std::size_t i = 0; i < kWorkers; ++i)
            walks[i].emplace(m_image, m_workers[i]->references, m_workers[i]->findings, m_workers[i]->figures);
        const TaskContext quiet{m_task.stop, {}};
        share(Phase::WalkTables, divideUp(tables.size(), size), size * clusterSize,
            [&](std::size_t worker, std::uint64_t piece) {
                Progress progress;
                const auto part = tables.subspan(piece * size, std::min(size, tables.size() - piece * size));
                const auto walked = walks[worker]->run(part, quiet, progress);
                const bool cancelled = !walked && walked.error().kind == ErrorKind::Cancelled;
                if (cancelled)
                    m_stopped = true;
                else if (!walked || m_workers[worker]->references.isFull())
                    m_unsure = true;
            });
    }

    /// References against stored counts.
    void compare()
    {
        std::array<std::vector<const CompactCounts*>, 3> groups;
        for (const auto& worker : m_workers) {
            groups[0].push_back(&worker->references.data);
            groups[1].push_back(&worker->references.compressed);
            groups[2].push_back(&worker->references.metadata);
        }
        share(Phase::Compare, m_stored.pages(), 0, [&](std::size_t, std::uint64_t page) {
            if (!addsUp(m_stored, groups, page))
                m_unsure = true;
        });
    }

    std::optional<SoundCensus> makeCensus()
    {
        Census census;
        census.map = ClusterMap(m_image.fileClusters());
        std::uint64_t largestShared = 0;
        for (const auto& worker : m_workers) {
            census.allocation.allocated += worker->figures.allocated;
            census.allocation.fragmented += worker->figures.fragmented;
            census.allocation.compressed += worker->figures.compressed;
            largestShared = std::max(largestShared, worker->references.largestShared());
        }
        census.allocation.total = m_image.geometry().clustersFor(m_image.geometry().virtualSize());
        lookAtCounts(census);
        const std::uint64_t room
            = kMaxSnapshots - std::min<std::uint64_t>(kMaxSnapshots, m_image.header().snapshotCount);
        const auto compressed = compressedCounts();
        for (unsigned order = 0; order < kWidthCount; ++order) {
            if (census.obstacles[order].clusters != 0)
                continue;
            const std::uint64_t maximum = RefcountCodec(order).maximum();
            std::uint64_t& fits = census.snapshotsThatFit[order];
            fits = largestShared == 0 ? room : std::min(maximum - largestShared, room);
            for (const auto& [count, raise] : compressed)
                fits = std::min(fits, (maximum - count) / raise);
        }
        return SoundCensus{std::move(census), std::move(m_stored)};
    }

    /// For the host clusters with compressed data of the active disk: their counts, and by how much a snapshot raises
    /// them, which is the number of compressed clusters in them. Each pair once.
    std::set<std::pair<std::uint64_t, std::uint64_t>> compressedCounts() const
    {
        std::set<std::pair<std::uint64_t, std::uint64_t>> pairs;
        std::pair<std::uint64_t, std::uint64_t> last;
        for (std::uint64_t page = 0; page < m_stored.pages(); ++page) {
            const HostCluster end((page + 1) * CompactCounts::kPageClusters);
            for (const auto& worker : m_workers) {
                const CompactCounts& active = worker->references.activeCompressed;
                if (active.isEmptyPage(page))
                    continue;
                for (HostCluster at = active.nextUsed(HostCluster(page * CompactCounts::kPageClusters)); at < end;
                     at = active.nextUsed(at + 1)) {
                    std::uint64_t raise = 0;
                    for (const auto& each : m_workers)
                        raise += each->references.activeCompressed.count(at);
                    const std::pair now{m_stored.count(at), raise};
                    if (now != last)
                        pairs.insert(now);
                    last = now;
                }
            }
        }
        return pairs;
    }

    /// The largest count, what does not fit which width, and the end of the image.
    void lookAtCounts(Census& census) const
    {
        HostCluster end(0);
        for (std::uint64_t page = 0; page < m_stored.pages(); ++page) {
            if (m_stored.isEmptyPage(page))
                continue;
            const HostCluster first(page * CompactCounts::kPageClusters);
            const HostCluster pageEnd = first + CompactCounts::kPageClusters;
            for (end = pageEnd; m_stored.count(HostCluster(end.value() - 1)) == 0;)
                end = HostCluster(end.value() - 1);
            const std::uint64_t largest = m_stored.largest(first, CompactCounts::kPageClusters);
            if (largest > census.largest.count) {
                HostCluster cluster = m_stored.nextUsed(first);
                while (m_stored.count(cluster) != largest)
                    ++cluster;
                census.largest = {cluster, largest};
            }
            if (largest > 1)
                addObstacles(census, first);
        }
        census.imageEndOffset = m_image.geometry().offset(end).value();
    }

    void addObstacles(Census& census, HostCluster first) const
    {
        const std::uint64_t page = first.value() / CompactCounts::kPageClusters;
        for (unsigned order = 0; order < kWidthCount && RefcountCodec(order).maximum() < CompactCounts::kMost;
             ++order) {
            WidthObstacles& obstacles = census.obstacles[order];
            const std::uint64_t maximum = RefcountCodec(order).maximum();
            const std::uint64_t above = m_stored.above(page, maximum);
            obstacles.clusters += above;
            std::uint64_t toList = std::min<std::uint64_t>(above, WidthObstacles::kListed - obstacles.first.size());
            for (HostCluster cluster = first; toList > 0; ++cluster) {
                const std::uint64_t count = m_stored.count(cluster);
                if (count <= maximum)
                    continue;
                obstacles.first.push_back({cluster, count});
                --toList;
            }
        }
    }

    const Image& m_image;
    const TaskContext& m_task;
    CompactCounts m_stored;
    std::array<std::unique_ptr<Worker>, kWorkers> m_workers;
    std::uint64_t m_total = 0; ///< bytes of work
    std::atomic<std::uint64_t> m_done{0};
    std::atomic<bool> m_unsure{false};
    std::atomic<bool> m_stopped{false};
};

} // namespace

Result<std::optional<SoundCensus>> takeSoundCensus(const Image& image, const TaskContext& task)
{
    if (image.header().hasDataFile() || image.fileClusters() > kMaxSoundClusters || !image.problems().empty())
        return std::nullopt;
    return SoundCensusTaker(image, task).run();
}

Result<std::shared_ptr<const Census>> checkImage(
    const Image& image, const TaskContext& task, const CensusOptions& options)
{
    // Where the second census is needed, progress waits until it has caught up with the first.
    constexpr std::uint64_t kUnits = std::uint64_t{1} << 20;
    std::uint64_t furthest = 0;
    Phase reached = Phase::Open;
    const TaskContext watched{task.stop, [&](const Progress& progress) {
                                  reached = progress.phase;
                                  const double share = progress.total == 0
                                      ? 0
                                      : static_cast<double>(progress.done) / static_cast<double>(progress.total);
                                  furthest = std::max(furthest, static_cast<std::uint64_t>(share * kUnits));
                                  if (task.report)
                                      task.report({progress.phase, std::min(furthest, kUnits), kUnits});
                              }};
    auto sound = takeSoundCensus(image, watched);
    if (!sound && sound.error().kind == ErrorKind::Cancelled && options.keepPartial) {
        Census census;
        census.complete = false;
        census.reached = reached;
        return std::make_shared<const Census>(std::move(census));
    }
    if (sound && *sound)
        return std::make_shared<const Census>(std::move((*sound)->census));
    if (!sound && sound.error().kind == ErrorKind::Cancelled)
        return failed(sound);
    return takeCensus(image, watched, options);
}

} // namespace cowscope
