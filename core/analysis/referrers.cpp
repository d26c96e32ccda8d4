// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/referrers.h"

#include "core/analysis/reference_counter.h"
#include "core/analysis/table_list.h"
#include "core/format/field_catalog.h"

#include <algorithm>
#include <bitset>
#include <fmt/format.h>
#include <unordered_map>

namespace cowscope
{

namespace
{

/// The clusters that are asked about. Almost every cluster of an image is not: a small filter says so first.
class Wanted
{
public:
    explicit Wanted(std::span<const HostCluster> clusters)
        : m_clusters(clusters)
    {
        for (const HostCluster cluster : clusters)
            m_filter.set(cluster.value() % m_filter.size());
    }

    /// Those from `first` to `last`.
    std::span<const HostCluster> within(HostCluster first, HostCluster last) const
    {
        if (last - first < 2 && !mayHold(first) && !mayHold(last))
            return {};
        const auto begin = std::ranges::lower_bound(m_clusters, first);
        return {begin, std::upper_bound(begin, m_clusters.end(), last)};
    }

    std::size_t size() const { return m_clusters.size(); }
    std::size_t indexOf(HostCluster cluster) const
    {
        return static_cast<std::size_t>(std::ranges::lower_bound(m_clusters, cluster) - m_clusters.begin());
    }

private:
    bool mayHold(HostCluster cluster) const { return m_filter.test(cluster.value() % m_filter.size()); }

    std::span<const HostCluster> m_clusters;
    std::bitset<1U << 16> m_filter;
};

/// Up to a number of referrers for each cluster.
class ReferrerList
{
public:
    ReferrerList(const Wanted& wanted, std::size_t mostEach)
        : m_wanted(wanted)
        , m_mostEach(mostEach)
        , m_found(wanted.size())
    {
    }

    void add(Referrer referrer)
    {
        std::vector<Referrer>& found = m_found[m_wanted.indexOf(referrer.cluster)];
        if (found.size() < m_mostEach)
            found.push_back(referrer);
    }

    const std::vector<std::vector<Referrer>>& byCluster() const { return m_found; }

    std::vector<Referrer> take()
    {
        std::vector<Referrer> all;
        for (const std::vector<Referrer>& found : m_found)
            all.insert(all.end(), found.begin(), found.end());
        return all;
    }

private:
    const Wanted& m_wanted;
    std::size_t m_mostEach;
    std::vector<std::vector<Referrer>> m_found;
};

/// The steps of findReferrers() in their order.
class ReferrerSearch
{
public:
    ReferrerSearch(
        const Image& image, std::span<const HostCluster> clusters, std::size_t mostEach, const TaskContext& task)
        : m_image(image)
        , m_task(task)
        , m_wanted(clusters)
        , m_list(m_wanted, mostEach)
        , m_hits(m_wanted, mostEach)
    {
    }

    Result<std::vector<Referrer>> run()
    {
        addRoots();
        if (auto found = searchL2Tables(); !found)
            return failed(found);
        if (auto found = searchL1Tables(); !found)
            return failed(found);
        if (auto found = searchBitmaps(); !found)
            return failed(found);
        addRefcountStructures();
        return m_list.take();
    }

private:
    using Place = Referrer; ///< of which `cluster` is still to be filled in

    void add(ReferrerList& list, HostOffset offset, std::uint64_t bytes, Place place) const
    {
        if (bytes == 0 || !isWithinFile(m_image, offset, bytes))
            return;
        const Geometry& geometry = m_image.geometry();
        for (const HostCluster cluster :
            m_wanted.within(geometry.cluster(offset), geometry.cluster(offset + (bytes - 1)))) {
            place.cluster = cluster;
            list.add(place);
        }
    }

    void add(HostOffset offset, std::uint64_t bytes, ClusterOwner as, HostOffset slot)
    {
        add(m_list, offset, bytes, {HostCluster(0), as, slot});
    }

    void addRoots()
    {
        const Header& header = m_image.header();
        add(HostOffset(0), clusterSize(), ClusterOwner::Header, HostOffset(0));
        add(header.l1TableOffset, std::uint64_t{header.l1Size} * 8, ClusterOwner::ActiveL1,
            HostOffset(header_field::kL1TableOffset));
        for (std::size_t i = 0; i < m_image.snapshots().size(); ++i) {
            const Snapshot& snapshot = m_image.snapshots()[i];
            if (checkSnapshotL1(m_image, snapshot, nullptr))
                add(m_list, snapshot.l1TableOffset, std::uint64_t{snapshot.l1Size} * 8,
                    {HostCluster(0), ClusterOwner::SnapshotL1, snapshot.entryOffset, std::nullopt, i});
        }
        add(header.snapshotsOffset, m_image.snapshotTableBytes(), ClusterOwner::SnapshotTable,
            HostOffset(header_field::kSnapshotsOffset));
        if (const auto& crypto = m_image.extensions().crypto)
            add(crypto->offset, crypto->length, ClusterOwner::EncryptionHeader, extensionOffset(kExtensionCrypto));
    }

    HostOffset extensionOffset(std::uint32_t type) const
    {
        const auto found = std::ranges::find(m_image.extensions().raw, type, &RawExtension::type);
        return found == m_image.extensions().raw.end() ? HostOffset(0) : found->offset;
    }

    std::uint64_t clusterSize() const { return m_image.geometry().clusterSize(); }

    /// The entries of L2 tables that lead to wanted clusters. Who uses those tables is looked up afterwards.
    Result<void> searchL2Tables()
    {
        FindingList ignored(0);
        auto tables = listL2Tables(m_image, m_task, ignored);
        if (!tables)
            return failed(tables);
        Progress progress{Phase::WalkTables, 0, tables->size() * clusterSize()};
        const auto visit = [this](const TableUse& use, std::span<const std::uint64_t> words) -> Result<void> {
            searchL2Table(use.offset, words);
            return {};
        };
        if (auto read = readL2Tables(m_image, *tables, {visit, [](auto, const Error&) {}}, m_task, progress); !read)
            return read;
        for (const std::vector<Referrer>& hits : m_hits.byCluster()) {
            for (const Referrer& hit : hits)
                m_hitsByTable[hit.guest->value()].push_back(hit);
        }
        return {};
    }

    void searchL2Table(HostOffset table, std::span<const std::uint64_t> words)
    {
        const std::size_t step = m_image.geometry().l2EntryBytes() / 8;
        for (std::size_t i = 0; i < words.size(); i += step) {
            const L2Entry entry{words[i]};
            if ((entry.raw & ~kCopiedFlag) == 0 || m_image.header().hasDataFile())
                continue;
            // Until the users of the table are known, a hit keeps the table's offset where its guest offset will be.
            Place place{HostCluster(0), ClusterOwner::Data, table + i * 8, GuestOffset(table.value())};
            if (entry.compressed()) {
                const auto data = entry.compressedDescriptor(m_image.geometry().clusterBits());
                place.as = ClusterOwner::CompressedData;
                add(m_hits, data.offset, data.maxBytes(), place);
            } else if (entry.hostOffset().value() != 0) {
                add(m_hits, entry.hostOffset(), clusterSize(), place);
            }
        }
    }

    /// L1 entries that lead to wanted clusters, or to tables with entries that do.
    Result<void> searchL1Tables()
    {
        return sweepL1Tables(m_image, m_task, [this](const L1Slot& at) -> Result<void> {
            const HostOffset table = at.entry.l2Offset();
            if (table.value() == 0)
                return {};
            const auto hits = m_hitsByTable.find(table.value());
            if (at.active > 0)
                addUser(at.slot, table, hits, m_image.header().l1TableOffset, std::nullopt);
            for (const std::size_t snapshot : at.snapshots)
                addUser(at.slot, table, hits, m_image.snapshots()[snapshot].l1TableOffset, snapshot);
            return {};
        });
    }

    using HitsByTable = std::unordered_map<std::uint64_t, std::vector<Referrer>>;

    /// What one L1 table does with the L2 table at `table`, through the entry at `slot`.
    void addUser(HostOffset slot, HostOffset table, HitsByTable::const_iterator hits, HostOffset l1Table,
        std::optional<std::size_t> snapshot)
    {
        const Geometry& geometry = m_image.geometry();
        const GuestOffset covered((slot - l1Table) / 8 * geometry.l2Coverage());
        add(m_list, table, clusterSize(), {HostCluster(0), ClusterOwner::L2Table, slot, covered, snapshot});
        if (hits == m_hitsByTable.end())
            return;
        for (Referrer hit : hits->second) {
            hit.guest = covered + (hit.slot - table) / geometry.l2EntryBytes() * geometry.clusterSize();
            hit.snapshot = snapshot;
            m_list.add(hit);
        }
    }

    Result<void> searchBitmaps()
    {
        if (m_image.bitmaps().empty())
            return {};
        const BitmapsExtension& extension = *m_image.extensions().bitmaps;
        add(extension.directoryOffset, extension.directorySize, ClusterOwner::BitmapDirectory,
            extensionOffset(kExtensionBitmaps));
        std::uint64_t tableBytes = 0;
        for (const Bitmap& bitmap : m_image.bitmaps()) {
            tableBytes += std::uint64_t{bitmap.tableSize} * 8;
            if (tableBytes > m_image.fileSize() + clusterSize())
                break; // tables cannot be larger than the file: the directory is damaged
            add(bitmap.tableOffset, std::uint64_t{bitmap.tableSize} * 8, ClusterOwner::BitmapTable, bitmap.entryOffset);
            if (auto found = searchBitmapTable(bitmap); !found)
                return found;
        }
        return {};
    }

    Result<void> searchBitmapTable(const Bitmap& bitmap)
    {
        constexpr std::uint64_t kPieceWords = 1U << 16;
        std::vector<std::uint64_t> words;
        const std::uint64_t inFile = m_image.fileSize() - std::min(m_image.fileSize(), bitmap.tableOffset.value());
        const std::uint64_t entries = std::min<std::uint64_t>(bitmap.tableSize, inFile / 8);
        for (std::uint64_t first = 0; first < entries; first += words.size()) {
            if (auto go = m_task.step({Phase::WalkTables, 0, 0}); !go)
                return go;
            words.resize(std::min(entries - first, kPieceWords));
            const HostOffset at = bitmap.tableOffset + first * 8;
            if (auto read = m_image.readWords(at, words); !read)
                return read;
            for (std::size_t i = 0; i < words.size(); ++i) {
                const BitmapTableEntry entry{words[i]};
                if (entry.dataOffset().value() != 0 && !entry.hasReservedBits())
                    add(entry.dataOffset(), clusterSize(), ClusterOwner::BitmapData, at + i * 8);
            }
        }
        return {};
    }

    void addRefcountStructures()
    {
        const HostOffset table = m_image.header().refcountTableOffset;
        add(table, m_image.reftable().size() * 8, ClusterOwner::Reftable,
            HostOffset(header_field::kRefcountTableOffset));
        for (std::uint64_t i = 0; i < m_image.reftable().size(); ++i) {
            const HostOffset refblock = m_image.reftableEntry(i).refblockOffset();
            if (refblock.value() != 0)
                add(refblock, clusterSize(), ClusterOwner::Refblock, table + i * 8);
        }
    }

    const Image& m_image;
    const TaskContext& m_task;
    Wanted m_wanted;
    ReferrerList m_list;
    ReferrerList m_hits; ///< L2 entries
    HitsByTable m_hitsByTable;
};

std::string entryText(const Referrer& referrer, const Image& image)
{
    const Geometry& geometry = image.geometry();
    const HostOffset slot = referrer.slot;
    switch (referrer.as) {
    case ClusterOwner::Header:
        return "every image begins with it";
    case ClusterOwner::ActiveL1:
        return "header field l1_table_offset";
    case ClusterOwner::SnapshotTable:
        return "header field snapshots_offset";
    case ClusterOwner::Reftable:
        return "header field refcount_table_offset";
    case ClusterOwner::EncryptionHeader:
        return fmt::format("encryption header extension at {:#x}", slot.value());
    case ClusterOwner::BitmapDirectory:
        return fmt::format("bitmaps extension at {:#x}", slot.value());
    case ClusterOwner::BitmapTable:
        return fmt::format("bitmap directory entry at {:#x}", slot.value());
    case ClusterOwner::BitmapData:
        return fmt::format("bitmap table entry at {:#x}", slot.value());
    case ClusterOwner::SnapshotL1:
        return fmt::format("snapshot table entry at {:#x}", slot.value());
    case ClusterOwner::Refblock:
        return fmt::format("reftable entry {}", (slot - image.header().refcountTableOffset) / 8);
    case ClusterOwner::L2Table:
        return fmt::format("L1 entry {}", referrer.guest->value() / geometry.l2Coverage());
    default:
        return fmt::format("L2 entry {} of table {:#x}", geometry.offsetInCluster(slot) / geometry.l2EntryBytes(),
            slot.value() - geometry.offsetInCluster(slot));
    }
}

} // namespace

std::string Referrer::text(const Image& image) const
{
    std::string text = entryText(*this, image);
    if (guest)
        text += fmt::format(" (guest {:#x})", guest->value());
    if (snapshot && *snapshot < image.snapshots().size())
        text += fmt::format(", snapshot '{}'", image.snapshots()[*snapshot].name);
    return text;
}

Result<std::vector<Referrer>> findReferrers(
    const Image& image, std::span<const HostCluster> clusters, std::size_t mostEach, const TaskContext& task)
{
    return ReferrerSearch(image, clusters, mostEach, task).run();
}

} // namespace cowscope
