// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/result.h"
#include "core/edit/image/cluster_set.h"
#include "core/edit/image/count_runs.h"
#include "core/image/image.h"
#include "core/storage/storage.h"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace cowscope
{

/// What an edit does to counts, in clusters.
struct CountChanges {
    std::uint64_t raised = 0; ///< in use before, and more so
    std::uint64_t lowered = 0; ///< those included that become free
    std::uint64_t freed = 0;
    std::uint64_t taken = 0; ///< free before
};

/// The counts of an image that is being edited, and the allocator over them. Refblocks are loaded when asked for and
/// changed in memory; the editor writes them when it commits.
///
/// A cluster is free when its count is 0 now *and* was 0 at the last commit: what an edit frees may still be what the
/// image on disk is made of. The search is first fit from a cursor; it reads at most kScanBytes of refblocks before
/// it goes on behind the end of the file, so that a large full image costs no more than a small one. Clusters of the
/// file that no refblock counts are left alone: the refblock may be lost, and they in use.
///
/// A new refblock takes the first free cluster that an existing refblock counts, or the first one of its own reach, in
/// which case it counts itself. A reftable that is too small is laid out anew, with room to spare.
class RefcountStore
{
public:
    static constexpr std::uint64_t kScanBytes = std::uint64_t{4} << 20;

    /// Refuses clusters that must not be handed out although their count is 0.
    using Guard = std::function<Result<void>(ClusterRun)>;

    /// Starts afresh from what is on disk.
    void load(const Image& image, Storage& storage, Guard guard);

    RefcountCodec codec() const { return m_codec; }
    Result<std::uint64_t> count(HostCluster cluster);

    /// Errors: Refused for a count that would pass the width's maximum (it names cluster, count and width needed;
    /// nothing has changed) or fall below 0 (the counts are wrong: check the image).
    Result<void> change(HostCluster cluster, std::int64_t by);

    /// Adds `by` (at least 1) to the counts of a run. Stops before the first count that is 0 or would pass the maximum,
    /// for which change() would be an error. Returns how many were raised.
    Result<std::uint64_t> raise(ClusterRun run, std::uint64_t by);

    /// Takes `by` (at least 1) from the counts of a run of clusters that were in use at the last commit, and adds to
    /// the tally what they came to. Stops before the first that is smaller. Returns how many were lowered.
    Result<std::uint64_t> lower(ClusterRun run, std::uint64_t by, CountTally& tally);

    /// Between 1 and `most` clusters in a row, at least `least`, that are free; they get count 1.
    Result<ClusterRun> allocate(std::uint64_t least, std::uint64_t most);

    /// Whether the cluster had no count at the last commit.
    Result<bool> isFreeOnDisk(HostCluster cluster);

    HostCluster end() const { return m_end; } ///< behind the last cluster that was ever allocated or is in the file
    std::uint64_t pendingBytes() const { return m_pending; } ///< of refblocks that wait for a commit

    HostOffset reftableOffset() const { return m_reftableOffset; }
    std::uint32_t reftableClusters() const { return m_reftableClusters; }
    std::span<const std::uint64_t> reftable() const { return m_reftable; }

    /// What has changed since the last commit.
    CountChanges changes() const;

    /// The counts of consecutive clusters as they are now, 0 where there is no refblock. Keeps nothing that it reads.
    /// `first` and the number of counts are multiples of 8. Errors: as for count().
    Result<void> readCounts(HostCluster first, std::span<std::uint64_t> counts) const;

    /// The clusters of refblocks and reftable as they are now, ascending.
    std::vector<HostCluster> structures() const;

    /// Whether some cluster of the run holds a refblock or a part of the reftable.
    bool hasRefcountStructure(ClusterRun run) const;

    /// Behind the last cluster with a count. Reads refblocks from the end of the file backwards.
    Result<HostCluster> usedEnd();

    /// Gives up the refblocks at the end of the reftable that count nothing but themselves: they keep the file from
    /// being cut. Between two commits, with nothing else to commit.
    Result<void> dropEmptyTail();

    /// The file was cut here, or grew to it.
    void setFileEnd(HostCluster end);

    /// Moves every refblock that has changed, and the reftable, to new clusters. Then a commit touches no count that
    /// the image on disk uses, and the header's switch to the new table changes them all at one stroke.
    Result<void> relocate();

    // The parts of a commit; each returns whether it wrote anything.
    Result<bool> writeFresh(); ///< new refblocks and a moved reftable
    Result<bool> writeRaised(); ///< refblocks in place, each count the larger of old and new
    Result<bool> writeReftable(); ///< entries of new refblocks, unless the table moved
    Result<bool> writeFinal(); ///< refblocks in place as they are now
    std::vector<ClusterRun> settle(); ///< the commit is done: now is the new disk state. Returns what became free

private:
    struct Refblock {
        std::vector<std::byte> now;
        std::vector<std::byte> onDisk; ///< before changes; empty while there are none, and for a block that is new
        bool placed = false; ///< its cluster is new: on disk it is not there yet, or elsewhere
        bool lowered = false; ///< some count is below that on disk
        bool dirty() const { return placed || !onDisk.empty(); }
    };

    std::uint64_t blockIndex(HostCluster cluster) const { return cluster.value() / m_entries; }
    bool hasRefblock(std::uint64_t index) const { return index < m_reftable.size() && m_reftable[index] != 0; }
    bool isLoaded(std::uint64_t index) const { return index < m_loaded.size() && m_loaded[index] != nullptr; }
    Result<Refblock*> refblock(std::uint64_t index);
    Result<std::uint64_t> refblockOffset(std::uint64_t index) const;
    Result<Refblock*> changeable(HostCluster cluster);
    Refblock& keep(std::uint64_t index, Refblock block);
    template <typename Change>
    Result<std::uint64_t> changeRun(ClusterRun run, Change change);
    Result<bool> isFree(HostCluster cluster);
    Result<void> set(HostCluster cluster, std::uint64_t count);
    Result<HostCluster> nextFree(HostCluster from);
    Result<ClusterRun> findRun(std::uint64_t least, std::uint64_t most);
    Result<bool> addMissingRefblock(ClusterRun run);
    Result<void> addRefblock();
    Result<void> growReftable(std::uint64_t entries);
    Result<void> moveReftable(ClusterRun to);
    Result<void> release(ClusterRun run);
    Result<bool> relocateChanged();
    bool countsNothing(std::uint64_t index, const Refblock& block) const;
    std::vector<std::byte> raisedCounts(const Refblock& block) const;
    Result<void> writeChanges(std::uint64_t index, std::span<const std::byte> bytes, std::span<const std::byte> before);

    Storage* m_storage = nullptr;
    Guard m_guard;
    std::uint64_t m_clusterSize = 0;
    std::uint64_t m_entries = 0; ///< counts in a refblock
    RefcountCodec m_codec{4};
    std::vector<std::uint64_t> m_reftable;
    HostOffset m_reftableOffset;
    std::uint32_t m_reftableClusters = 0;
    bool m_reftableMoved = false;
    bool m_growing = false;
    std::set<std::uint64_t> m_dirtyReftable; ///< entries to write in place
    std::map<std::uint64_t, Refblock> m_blocks; ///< by reftable index
    std::vector<Refblock*> m_loaded; ///< the same, for a quick look: null, or too short, where there is none
    HostCluster m_cursor; ///< where the search for free clusters begins
    std::uint64_t m_scanned = 0; ///< bytes of refblocks read by the search
    ClusterSet m_refblockClusters;
    std::uint64_t m_pending = 0; ///< bytes of dirty refblocks
    HostCluster m_fileEnd; ///< end of the file at load
    HostCluster m_end;
};

} // namespace cowscope
