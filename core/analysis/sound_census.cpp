// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/sound_census.h"

#include "core/analysis/root_references.h"
#include "core/analysis/table_walk.h"
#include "core/base/task_sequence.h"

#include <algorithm>

namespace cowscope
{

namespace
{

/// References as one worker finds them, without owners. Where the stored counts are bits, all workers have them
/// together; elsewhere data, compressed data and metadata apart, since no cluster may hold two of them. Structures come
/// once each, with all their uses, so that of them it is known at once whether they are right.
class CompactReferences final : public ReferenceCounter
{
public:
    CompactReferences(const Image& image, FindingList& findings, const CompactCounts& stored, SingleUses& singles)
        : ReferenceCounter(image, findings)
        , data(image.fileClusters())
        , compressed(image.fileClusters())
        , activeCompressed(image.fileClusters())
        , metadata(image.fileClusters())
        , m_stored(stored)
        , m_singles(singles)
    {
    }

    void addRun(HostCluster first, std::uint64_t count, ClusterOwner owner, Uses uses) override
    {
        if ((first + count).value() > m_image.fileClusters())
            m_unsure = true; // a structure that ends behind the file
        if (m_unsure)
            return;
        for (std::uint64_t part = 0; count > 0; first = first + part, count -= part) {
            part = std::min(count, leftInPage(first));
            if (m_stored.isPageOfBits(first))
                addSingles(first, part, owner, uses);
            else
                addShared(first, part, owner, uses);
        }
    }

    bool addDataRun(HostCluster first, std::uint64_t count, bool copied, Uses uses) override
    {
        // Where all counts are 0 or 1 every flag must be set: a reference to a count of 0 is found at the end.
        const bool inPage = count <= leftInPage(first);
        const bool bits = inPage && m_stored.isPageOfBits(first);
        if (uses.active > 0 && !(bits ? copied : copiedIsRight(first, count, copied)))
            return false;
        if (bits)
            addSingles(first, count, ClusterOwner::Data, uses);
        else if (count == 1)
            data.add(first, uses.total());
        else if (inPage)
            data.addRun(first, count, uses.total());
        else
            addRun(first, count, ClusterOwner::Data, uses);
        return true;
    }

    std::uint64_t refcount(HostCluster cluster) const override { return m_stored.count(cluster); }
    std::uint64_t references(HostCluster cluster) const override
    {
        return m_stored.isPageOfBits(cluster) ? std::uint64_t{m_singles.has(cluster)} : metadata.count(cluster);
    }

    /// Whether this cannot end in a proof any more.
    bool isFull() const override
    {
        return m_unsure || m_findings.dropped() > 0 || data.isFull() || compressed.isFull() || activeCompressed.isFull()
            || metadata.isFull();
    }

    /// The largest stored count of an L2 table or a cluster of data that the active disk uses.
    std::uint64_t largestShared() const { return m_largestShared; }

    /// Whether the active disk has a compressed cluster to itself, in a page of bits.
    bool singleCompressed() const { return m_singleCompressed; }

    CompactCounts data;
    CompactCounts compressed;
    CompactCounts activeCompressed; ///< those of `compressed` that the active disk refers to
    CompactCounts metadata; ///< 1, whatever the count is, which was found to be right

private:
    static std::uint64_t leftInPage(HostCluster first)
    {
        return CompactCounts::kPageClusters - first.value() % CompactCounts::kPageClusters;
    }

    void addSingles(HostCluster first, std::uint64_t count, ClusterOwner owner, Uses uses)
    {
        if (uses.total() != 1 || !m_singles.add(first, count))
            m_unsure = true;
        if (uses.active == 0)
            return;
        if (owner == ClusterOwner::CompressedData)
            m_singleCompressed = true;
        else if (owner == ClusterOwner::Data || owner == ClusterOwner::L2Table)
            m_largestShared = std::max<std::uint64_t>(m_largestShared, 1);
    }

    void addShared(HostCluster first, std::uint64_t count, ClusterOwner owner, Uses uses)
    {
        if (uses.active > 0 && (owner == ClusterOwner::Data || owner == ClusterOwner::L2Table))
            m_largestShared = std::max(m_largestShared, m_stored.largest(first, count));
        if (owner == ClusterOwner::CompressedData)
            activeCompressed.addRun(first, count, uses.active);
        if (owner == ClusterOwner::Data || owner == ClusterOwner::CompressedData)
            return (owner == ClusterOwner::Data ? data : compressed).addRun(first, count, uses.total());
        m_unsure = m_unsure || metadata.used(first, count) != 0 || !haveCount(first, count, uses.total());
        metadata.addRun(first, count, 1);
    }

    bool haveCount(HostCluster first, std::uint64_t count, std::uint64_t number) const
    {
        if (number == 1) // what may be long
            return !m_stored.look(first, count).others;
        const HostCluster end = first + count;
        while (first < end && m_stored.count(first) == number)
            ++first;
        return first == end;
    }

    bool copiedIsRight(HostCluster first, std::uint64_t count, bool copied)
    {
        const CompactCounts::Look look = m_stored.look(first, count);
        m_largestShared = std::max(m_largestShared, look.largest);
        return copied ? !look.others : !look.ones;
    }

    const CompactCounts& m_stored;
    SingleUses& m_singles;
    std::uint64_t m_largestShared = 0;
    bool m_singleCompressed = false;
    bool m_unsure = false;
};

} // namespace

/// What one thread has of its own. Work is handed out in pieces by an atomic counter; what is found does not depend on
/// who did which piece.
struct SoundnessProof::Worker {
    Worker(const Image& image, const CompactCounts& stored, SingleUses& singles)
        : references(image, findings, stored, singles)
    {
    }

    FindingList findings{0};
    CompactReferences references;
    AllocationFigures figures;
};

SoundnessProof::SoundnessProof(const Image& image)
    : m_image(image)
    , m_stored(image.fileClusters())
{
}

SoundnessProof::~SoundnessProof() = default;

Result<std::unique_ptr<SoundnessProof>> SoundnessProof::begin(const Image& image, const TaskContext& task)
{
    if (image.header().hasDataFile() || image.fileClusters() > kMaxSoundClusters || !image.problems().empty())
        return nullptr;
    FindingList findings(0);
    auto tables = listL2Tables(image, task, findings);
    if (!tables)
        return failed(tables);
    if (findings.dropped() > 0)
        return nullptr;
    std::unique_ptr<SoundnessProof> proof(new SoundnessProof(image));
    proof->m_tables = std::move(*tables);
    return proof;
}

Result<bool> SoundnessProof::outcome() const
{
    if (m_stopped)
        return fail(ErrorKind::Cancelled, "Cancelled");
    return !m_unsure;
}

/// Takes pieces 0 to count - 1 in turn, on both threads, until there are none left, something is unsure, or the task
/// is stopped. `bytes` is the work of a piece.
template <typename Piece>
void SoundnessProof::share(
    const TaskContext& task, Phase phase, std::uint64_t count, std::uint64_t bytes, const Piece& piece)
{
    // Here, since the other thread may be the one that does all there is to do.
    if (!task.step({phase, std::min(m_done.load(), m_total), m_total})) {
        m_stopped = true;
        return;
    }
    std::atomic<std::uint64_t> next{0};
    onTwoThreads([&](std::size_t worker) {
        for (std::uint64_t i = next++; i < count && !ended(); i = next++) {
            piece(worker, i);
            const std::uint64_t done = m_done += bytes;
            // Progress is the caller's thread's to report.
            const bool go = worker == 0 ? task.step({phase, std::min(done, m_total), m_total}).has_value()
                                        : !task.stop.stop_requested();
            if (!go)
                m_stopped = true;
        }
    });
}

// Stored counts. ------------------------------------------------------------------------------------------------------

std::uint64_t SoundnessProof::bytesToRead() const
{
    return m_stored.pages() * pageBytes();
}

/// Bytes of the counts of a page.
std::uint64_t SoundnessProof::pageBytes() const
{
    return CompactCounts::kPageClusters * m_image.geometry().refcountCodec().bits() / 8;
}

/// A page at a time, and behind the end of the file that there are none.
Result<bool> SoundnessProof::readCounts(const TaskContext& task)
{
    m_total = bytesToRead();
    m_done = 0;
    std::array<std::vector<std::uint64_t>, kWorkers> counts;
    share(task, Phase::ReadRefcounts, m_stored.pages(), pageBytes(), [&](std::size_t worker, std::uint64_t page) {
        if (!readPage(HostCluster(page * CompactCounts::kPageClusters), counts[worker]))
            m_unsure = true;
    });
    if (!ended() && !(nothingCountedBehind() && nothingListedBehind()))
        m_unsure = true;
    if (!ended())
        lookAtCounts();
    return outcome();
}

/// Whether refblocks and L2 tables begin inside the file. The first are taken for zeros where they do not.
bool SoundnessProof::nothingListedBehind() const
{
    for (std::uint64_t i = 0; i < m_image.reftable().size(); ++i) {
        if (m_image.reftable()[i] != 0 && !m_image.usableRefblock(i))
            return false;
    }
    return m_tables.empty() || m_tables.back().offset.value() < m_image.fileSize();
}

/// Whether no refblock counts anything behind the end of the file. Few reach behind the last page: one that ends there,
/// and whole ones are left to the other census.
bool SoundnessProof::nothingCountedBehind() const
{
    if (m_stored.nextUsed(HostCluster(m_image.fileClusters())) < m_stored.end())
        return false;
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

bool SoundnessProof::readPage(HostCluster first, std::vector<std::uint64_t>& counts)
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
    m_stored.compact(first.value() / CompactCounts::kPageClusters);
    return true;
}

/// The largest count, what does not fit which width, and the end of the image.
void SoundnessProof::lookAtCounts()
{
    m_census.map = ClusterMap(m_image.fileClusters());
    m_census.allocation.total = m_image.geometry().clustersFor(m_image.geometry().virtualSize());
    HostCluster end(0);
    for (std::uint64_t page = 0; page < m_stored.pages(); ++page) {
        if (m_stored.isEmptyPage(page))
            continue;
        const HostCluster first(page * CompactCounts::kPageClusters);
        const HostCluster pageEnd = first + CompactCounts::kPageClusters;
        for (end = pageEnd; m_stored.count(HostCluster(end.value() - 1)) == 0;)
            end = HostCluster(end.value() - 1);
        const std::uint64_t largest = m_stored.largest(first, CompactCounts::kPageClusters);
        if (largest > m_census.largest.count) {
            HostCluster cluster = m_stored.nextUsed(first);
            while (m_stored.count(cluster) != largest)
                ++cluster;
            m_census.largest = {cluster, largest};
        }
        if (largest > 1)
            addObstacles(first);
    }
    m_census.imageEndOffset = m_image.geometry().offset(end).value();
}

void SoundnessProof::addObstacles(HostCluster first)
{
    const std::uint64_t page = first.value() / CompactCounts::kPageClusters;
    for (unsigned order = 0; order < kWidthCount && RefcountCodec(order).maximum() < CompactCounts::kMost; ++order) {
        WidthObstacles& obstacles = m_census.obstacles[order];
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

// References. ---------------------------------------------------------------------------------------------------------

std::uint64_t SoundnessProof::bytesToWalk() const
{
    return m_tables.size() * m_image.geometry().clusterSize();
}

Result<bool> SoundnessProof::walk(const TaskContext& task)
{
    m_total = bytesToWalk();
    m_done = 0;
    m_singles = std::make_unique<SingleUses>(m_stored);
    for (auto& worker : m_workers)
        worker = std::make_unique<Worker>(m_image, m_stored, *m_singles);
    if (auto counted = countRoots(task); !counted)
        return failed(counted);
    walkTables(task);
    if (!ended())
        compare(task);
    if (!ended())
        lookAtReferences();
    m_singles.reset();
    m_workers = {};
    return outcome();
}

/// Whatever is not in an L2 table, by the first worker.
Result<void> SoundnessProof::countRoots(const TaskContext& task)
{
    Worker& worker = *m_workers.front();
    RootReferences roots(m_image, worker.references, worker.findings, [this, &task] {
        return task.step({Phase::WalkTables, std::min(m_done.load(), m_total), m_total});
    });
    if (auto counted = roots.countRoots(); !counted)
        return counted;
    roots.countTables(m_tables);
    if (auto counted = roots.countBitmaps(); !counted)
        return counted;
    roots.countRefcountStructures();
    TableWalk(m_image, worker.references, worker.findings, worker.figures).checkActiveL1();
    if (worker.references.isFull())
        m_unsure = true;
    return {};
}

void SoundnessProof::walkTables(const TaskContext& task)
{
    constexpr std::uint64_t kPieceBytes = std::uint64_t{1} << 20;
    const std::span<const TableUse> tables = m_tables;
    const std::uint64_t clusterSize = m_image.geometry().clusterSize();
    const std::uint64_t size = std::max<std::uint64_t>(1, kPieceBytes / clusterSize);
    std::array<std::optional<TableWalk>, kWorkers> walks;
    for (std::size_t i = 0; i < kWorkers; ++i)
        walks[i].emplace(m_image, m_workers[i]->references, m_workers[i]->findings, m_workers[i]->figures);
    const TaskContext quiet{task.stop, {}};
    share(task, Phase::WalkTables, divideUp(tables.size(), size), size * clusterSize,
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
void SoundnessProof::compare(const TaskContext& task)
{
    std::array<std::vector<const CompactCounts*>, 2> groups;
    for (const auto& worker : m_workers) {
        groups[0].push_back(&worker->references.data);
        groups[1].push_back(&worker->references.compressed);
    }
    const CompactCounts& metadata = m_workers.front()->references.metadata; // it has counted the roots
    share(task, Phase::Compare, m_stored.pages(), 0, [&](std::size_t, std::uint64_t page) {
        const bool bits = m_stored.isPageOfBits(HostCluster(page * CompactCounts::kPageClusters));
        if (!(bits ? m_singles->isAll(m_stored, page) : addsUp(m_stored, groups, metadata, page)))
            m_unsure = true;
    });
}

/// The figures of the disk, and how many snapshots fit.
void SoundnessProof::lookAtReferences()
{
    std::uint64_t largestShared = 0;
    for (const auto& worker : m_workers) {
        m_census.allocation.allocated += worker->figures.allocated;
        m_census.allocation.fragmented += worker->figures.fragmented;
        m_census.allocation.compressed += worker->figures.compressed;
        largestShared = std::max(largestShared, worker->references.largestShared());
    }
    const std::uint64_t room = kMaxSnapshots - std::min<std::uint64_t>(kMaxSnapshots, m_image.header().snapshotCount);
    const auto compressed = compressedCounts();
    for (unsigned order = 0; order < kWidthCount; ++order) {
        if (m_census.obstacles[order].clusters != 0)
            continue;
        const std::uint64_t maximum = RefcountCodec(order).maximum();
        std::uint64_t& fits = m_census.snapshotsThatFit[order];
        fits = largestShared == 0 ? room : std::min(maximum - largestShared, room);
        for (const auto& [count, raise] : compressed)
            fits = std::min(fits, (maximum - count) / raise);
    }
}

/// For the host clusters with compressed data of the active disk: their counts, and by how much a snapshot raises
/// them, which is the number of compressed clusters in them. Each pair once.
std::set<std::pair<std::uint64_t, std::uint64_t>> SoundnessProof::compressedCounts() const
{
    std::set<std::pair<std::uint64_t, std::uint64_t>> pairs;
    std::pair<std::uint64_t, std::uint64_t> last;
    if (std::ranges::any_of(m_workers, [](const auto& worker) { return worker->references.singleCompressed(); }))
        pairs.insert({1, 1});
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

Result<std::optional<SoundCensus>> takeSoundCensus(const Image& image, const TaskContext& task)
{
    TaskSequence steps(task);
    auto proof = SoundnessProof::begin(image, {task.stop, {}});
    if (!proof)
        return failed(proof);
    if (*proof == nullptr)
        return std::nullopt;
    auto proved = (*proof)->readCounts(steps.next((*proof)->bytesToWalk()));
    if (proved && *proved)
        proved = (*proof)->walk(steps.next(0));
    if (!proved)
        return failed(proved);
    return *proved ? std::optional(std::move(**proof).take()) : std::nullopt;
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
