// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/space_ledger.h"

#include "core/analysis/sole_users.h"

#include <algorithm>

namespace cowscope
{

namespace
{

struct UseText {
    SpaceUse use;
    ClusterOwner owner;
    std::string_view name;
};

constexpr std::array kUseTexts{
    UseText{SpaceUse::Header, ClusterOwner::Header, "header"},
    UseText{SpaceUse::Reftable, ClusterOwner::Reftable, "reftable"},
    UseText{SpaceUse::Refblocks, ClusterOwner::Refblock, "refblocks"},
    UseText{SpaceUse::ActiveL1, ClusterOwner::ActiveL1, "active L1 table"},
    UseText{SpaceUse::SnapshotTable, ClusterOwner::SnapshotTable, "snapshot table"},
    UseText{SpaceUse::SnapshotL1, ClusterOwner::SnapshotL1, "L1 tables of snapshots"},
    UseText{SpaceUse::ActiveL2, ClusterOwner::L2Table, "L2 tables of the active disk only"},
    UseText{SpaceUse::SharedL2, ClusterOwner::L2Table, "L2 tables shared with snapshots"},
    UseText{SpaceUse::SnapshotL2, ClusterOwner::L2Table, "L2 tables of snapshots only"},
    UseText{SpaceUse::ActiveData, ClusterOwner::Data, "guest data of the active disk only"},
    UseText{SpaceUse::SharedData, ClusterOwner::Data, "guest data shared with snapshots"},
    UseText{SpaceUse::SnapshotData, ClusterOwner::Data, "guest data of snapshots only"},
    UseText{SpaceUse::ActiveCompressed, ClusterOwner::CompressedData, "compressed data of the active disk only"},
    UseText{SpaceUse::SharedCompressed, ClusterOwner::CompressedData, "compressed data shared with snapshots"},
    UseText{SpaceUse::SnapshotCompressed, ClusterOwner::CompressedData, "compressed data of snapshots only"},
    UseText{SpaceUse::BitmapDirectory, ClusterOwner::BitmapDirectory, "bitmap directory"},
    UseText{SpaceUse::BitmapTables, ClusterOwner::BitmapTable, "bitmap tables"},
    UseText{SpaceUse::BitmapData, ClusterOwner::BitmapData, "bitmap data"},
    UseText{SpaceUse::EncryptionHeader, ClusterOwner::EncryptionHeader, "encryption header"},
    UseText{SpaceUse::SeveralOwners, ClusterOwner::Leaked, "claimed by several structures"},
    UseText{SpaceUse::Leaked, ClusterOwner::Leaked, "leaked"},
    UseText{SpaceUse::FreeInside, ClusterOwner::Free, "free, between clusters in use"},
    UseText{SpaceUse::FreeTail, ClusterOwner::Free, "free, behind the last cluster in use"},
};
static_assert(kUseTexts.size() == kSpaceUseCount);

SpaceUse byUser(const ClusterState& state, SpaceUse active)
{
    const unsigned step = !state.snapshot ? 0 : state.active ? 1 : 2; // Active..., Shared..., Snapshot...
    return static_cast<SpaceUse>(static_cast<unsigned>(active) + step);
}

SpaceUse useOf(const ClusterState& state)
{
    if (state.severalOwners)
        return SpaceUse::SeveralOwners;
    switch (state.owner) {
    case ClusterOwner::Free:
        return SpaceUse::FreeInside;
    case ClusterOwner::Leaked:
        return SpaceUse::Leaked;
    case ClusterOwner::Header:
        return SpaceUse::Header;
    case ClusterOwner::Reftable:
        return SpaceUse::Reftable;
    case ClusterOwner::Refblock:
        return SpaceUse::Refblocks;
    case ClusterOwner::ActiveL1:
        return SpaceUse::ActiveL1;
    case ClusterOwner::SnapshotTable:
        return SpaceUse::SnapshotTable;
    case ClusterOwner::SnapshotL1:
        return SpaceUse::SnapshotL1;
    case ClusterOwner::L2Table:
        return byUser(state, SpaceUse::ActiveL2);
    case ClusterOwner::Data:
        return byUser(state, SpaceUse::ActiveData);
    case ClusterOwner::CompressedData:
        return byUser(state, SpaceUse::ActiveCompressed);
    case ClusterOwner::BitmapDirectory:
        return SpaceUse::BitmapDirectory;
    case ClusterOwner::BitmapTable:
        return SpaceUse::BitmapTables;
    case ClusterOwner::BitmapData:
        return SpaceUse::BitmapData;
    case ClusterOwner::EncryptionHeader:
        return SpaceUse::EncryptionHeader;
    }
    return SpaceUse::SeveralOwners;
}

/// Whether the active disk's L1 table leads to it, directly or not, or is it.
bool isOfActiveDisk(const ClusterState& state)
{
    return state.active && (isGuestOwner(state.owner) || state.owner == ClusterOwner::ActiveL1);
}

/// Tells how much of a range of the file has no disk blocks. Ranges are asked for in ascending order.
class HoleCounter
{
public:
    explicit HoleCounter(const Storage& storage)
        : m_storage(storage)
    {
    }

    std::uint64_t within(std::uint64_t begin, std::uint64_t end)
    {
        std::uint64_t holes = 0;
        while (begin < end) {
            if (begin >= m_extent.offset + m_extent.length) {
                const auto extent = m_storage.extentAt(begin);
                if (!extent || extent->length == 0)
                    return holes; // not known: taken for data
                m_extent = *extent;
            }
            const std::uint64_t part = std::min(end, m_extent.offset + m_extent.length) - begin;
            holes += m_extent.data ? 0 : part;
            begin += part;
        }
        return holes;
    }

private:
    const Storage& m_storage;
    StorageExtent m_extent;
};

class LedgerTaker
{
public:
    LedgerTaker(const Image& image, const Census& census, const TaskContext& task)
        : m_image(image)
        , m_census(census)
        , m_task(task)
        , m_holes(image.storage())
    {
        m_ledger.fileBytes = image.fileSize();
        m_ledger.snapshots.resize(image.snapshots().size());
    }

    Result<SpaceLedger> run()
    {
        std::vector<TableUse> tables;
        if (!m_image.snapshots().empty()) {
            FindingList ignored(0); // the check has told them
            auto all = listL2Tables(m_image, m_task, ignored);
            if (!all)
                return failed(all);
            tables = std::move(*all);
            std::erase_if(tables, [](const TableUse& use) { return use.snapshots == 0; });
        }
        m_progress.phase = Phase::WalkTables;
        m_progress.total
            = tables.size() * m_image.geometry().clusterSize() + m_census.map.clusters() * kWorkForACluster;
        auto users = SoleUsers::find(m_image, m_census, tables, m_task, m_progress);
        if (!users)
            return failed(users);
        if (auto added = addClusters(*users); !added)
            return failed(added);
        for (std::size_t i = 0; i < m_ledger.snapshots.size(); ++i) {
            SpaceShare& share = m_ledger.snapshots[i];
            share.shared = users->bytesUsedBy(i) - std::min(users->bytesUsedBy(i), share.exclusive);
        }
        return std::move(m_ledger);
    }

private:
    static constexpr std::uint64_t kWorkForACluster = 4; ///< against a byte of an L2 table
    static constexpr std::uint64_t kClustersAStep = 1U << 16;

    Result<void> addClusters(const SoleUsers& users)
    {
        const ClusterMap& map = m_census.map;
        const HostCluster end(map.clusters());
        m_progress.phase = Phase::Compare;
        for (HostCluster at(0); at < end;) {
            const HostCluster next = map.nextKnown(at);
            m_progress.done += (next - at) * kWorkForACluster;
            at = next; // free clusters in between are what no run has
            const HostCluster stop = std::min(end, at + kClustersAStep);
            for (; at < stop; ++at) {
                const ClusterState state = map.state(at);
                if (state.owner == ClusterOwner::Free)
                    continue;
                addCluster(at, useOf(state));
                addToShare(at, state, users);
            }
            m_progress.done += (at - next) * kWorkForACluster;
            if (auto go = m_task.step(m_progress); !go)
                return go;
        }
        endRun();
        addFree(m_run.first + m_run.clusters, end, SpaceUse::FreeTail);
        return {};
    }

    void addCluster(HostCluster cluster, SpaceUse use)
    {
        if (m_run.clusters > 0 && use == m_use && m_run.first + m_run.clusters == cluster) {
            ++m_run.clusters;
            return;
        }
        endRun();
        addFree(m_run.first + m_run.clusters, cluster, SpaceUse::FreeInside);
        m_use = use;
        m_run = {cluster, 1};
    }

    void endRun()
    {
        if (m_run.clusters > 0)
            addRun(m_run, m_use);
    }

    void addFree(HostCluster begin, HostCluster end, SpaceUse use)
    {
        if (begin < end)
            addRun({begin, end - begin}, use);
    }

    void addRun(const ClusterSpan& run, SpaceUse use)
    {
        SpaceSum& sum = m_ledger.uses[static_cast<std::size_t>(use)];
        const std::uint64_t begin = std::min(m_image.geometry().offset(run.first).value(), m_ledger.fileBytes);
        const std::uint64_t end
            = std::min(m_image.geometry().offset(run.first + run.clusters).value(), m_ledger.fileBytes);
        const std::uint64_t holes = m_holes.within(begin, end);
        sum.clusters += run.clusters;
        sum.bytes += end - begin;
        sum.holes += holes;
        m_ledger.holes += holes;
        if (sum.runs++ < SpaceLedger::kListedRuns)
            sum.firstRuns.push_back(run);
    }

    void addToShare(HostCluster cluster, const ClusterState& state, const SoleUsers& users)
    {
        const std::uint64_t offset = m_image.geometry().offset(cluster).value();
        const std::uint64_t bytes
            = std::min(m_image.geometry().clusterSize(), m_ledger.fileBytes - std::min(m_ledger.fileBytes, offset));
        if (isOfActiveDisk(state)) {
            if (state.snapshot)
                m_ledger.active.shared += bytes;
            else
                addExclusive(m_ledger.active, cluster, bytes, SpaceLedger::kListedRuns);
        } else if (state.snapshot && !state.active) {
            if (const auto user = users.soleUser(cluster))
                addExclusive(m_ledger.snapshots[*user], cluster, bytes, SpaceLedger::kListedShareRuns);
        }
    }

    static void addExclusive(SpaceShare& share, HostCluster cluster, std::uint64_t bytes, std::size_t listed)
    {
        share.exclusive += bytes;
        if (!share.firstRuns.empty() && share.firstRuns.back().first + share.firstRuns.back().clusters == cluster)
            ++share.firstRuns.back().clusters;
        else if (share.firstRuns.size() < listed)
            share.firstRuns.push_back({cluster, 1});
    }

    const Image& m_image;
    const Census& m_census;
    const TaskContext& m_task;
    HoleCounter m_holes;
    Progress m_progress;
    SpaceLedger m_ledger;
    SpaceUse m_use = SpaceUse::Header;
    ClusterSpan m_run; ///< of the use m_use, not yet added; afterwards the last one
};

} // namespace

std::string_view spaceUseName(SpaceUse use)
{
    return kUseTexts[static_cast<std::size_t>(use)].name;
}

ClusterOwner ownerOf(SpaceUse use)
{
    return kUseTexts[static_cast<std::size_t>(use)].owner;
}

Result<SpaceLedger> takeLedger(const Image& image, const Census& census, const TaskContext& task)
{
    return LedgerTaker(image, census, task).run();
}

} // namespace cowscope
