// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/entry_list.h"

#include "core/image/guest_lookup.h"

#include <algorithm>

namespace cowscope
{

namespace
{

/// The tables of one query. Keeps the L1 table and the L2 table that it read last.
class Tables
{
public:
    Tables(const Image& image, const EntryQuery& query)
        : m_image(image)
        , m_query(query)
    {
    }

    Result<void> open()
    {
        m_l1Offset = m_image.header().l1TableOffset;
        if (!m_query.snapshot) {
            m_l1 = m_image.l1Table();
            return {};
        }
        if (*m_query.snapshot >= m_image.snapshots().size())
            return fail(ErrorKind::Invalid, "The image has no such snapshot");
        auto table = readSnapshotL1(m_image, *m_query.snapshot);
        if (!table)
            return failed(table);
        m_ownL1 = std::move(*table);
        m_l1Offset = m_image.snapshots()[*m_query.snapshot].l1TableOffset;
        m_l1 = m_ownL1;
        return {};
    }

    std::span<const std::uint64_t> l1() const { return m_l1; }

    /// Whether L1 entry `index` leads to an L2 table that can be read.
    bool hasTable(std::uint64_t index) const
    {
        const HostOffset table = L1Entry{m_l1[index]}.l2Offset();
        return table.value() != 0 && m_image.geometry().isAligned(table) && table.value() < m_image.fileSize();
    }

    TableEntry l1Entry(std::uint64_t index) const { return {index, m_l1Offset + index * 8, m_l1[index], 0}; }

    /// The entry of a guest cluster; hasTable() of its L1 index.
    Result<TableEntry> l2Entry(std::uint64_t guestCluster)
    {
        const Geometry& geometry = m_image.geometry();
        const HostOffset table = L1Entry{m_l1[guestCluster / geometry.l2Entries()]}.l2Offset();
        if (auto loaded = load(table); !loaded)
            return failed(loaded);
        const std::uint64_t index = guestCluster % geometry.l2Entries();
        const std::uint64_t word = index * geometry.l2EntryBytes() / 8;
        return TableEntry{guestCluster, table + index * geometry.l2EntryBytes(), m_words[word],
            geometry.extendedL2() ? m_words[word + 1] : 0};
    }

private:
    Result<void> load(HostOffset table)
    {
        if (m_loaded == table)
            return {};
        m_loaded = HostOffset(0);
        m_words.resize(m_image.geometry().clusterSize() / 8);
        if (auto read = m_image.readWords(table, m_words); !read)
            return read;
        m_loaded = table;
        return {};
    }

    const Image& m_image;
    const EntryQuery& m_query;
    HostOffset m_l1Offset;
    std::vector<std::uint64_t> m_ownL1;
    std::span<const std::uint64_t> m_l1;
    HostOffset m_loaded; ///< the table that m_words holds; 0, where no table is: none
    std::vector<std::uint64_t> m_words;
};

bool isAllocated(const Image& image, const TableEntry& entry)
{
    const L2Entry l2{entry.raw};
    return l2.compressed() || l2.hostOffset().value() != 0 || (image.header().hasDataFile() && l2.copied());
}

bool matches(const Image& image, const ClusterMap& map, const EntryQuery& query, const TableEntry& entry)
{
    const bool isL1 = query.level == TableLevel::L1;
    const L2Entry l2{entry.raw};
    switch (query.filter) {
    case EntryFilter::Any:
        return true;
    case EntryFilter::Allocated:
        return isL1 ? L1Entry{entry.raw}.l2Offset().value() != 0 : isAllocated(image, entry);
    case EntryFilter::Unallocated:
        return isL1 ? L1Entry{entry.raw}.l2Offset().value() == 0 : !isAllocated(image, entry);
    case EntryFilter::Zero:
        return !isL1
            && (image.geometry().extendedL2() ? SubclusterBitmap{entry.subclusters}.zero() != 0 && !l2.compressed()
                                              : l2.zeroFlag());
    case EntryFilter::Compressed:
        return !isL1 && l2.compressed();
    case EntryFilter::CopiedWrong:
        return copiedIsWrong(image, map, query, entry);
    }
    return false;
}

class Lister
{
public:
    Lister(const Image& image, const ClusterMap& map, const EntryQuery& query, const TaskContext& task)
        : m_image(image)
        , m_map(map)
        , m_query(query)
        , m_task(task)
        , m_tables(image, query)
    {
    }

    Result<RunList> run()
    {
        if (auto opened = m_tables.open(); !opened)
            return failed(opened);
        const std::uint64_t entries = m_tables.l1().size();
        for (std::uint64_t index = 0; index < entries; ++index) {
            if ((index & 0xfff) == 0 || m_query.level == TableLevel::L2)
                if (auto step = m_task.step({Phase::WalkTables, index, entries}); !step)
                    return failed(step);
            if (auto listed = m_query.level == TableLevel::L1 ? listL1(index) : listL2(index); !listed)
                return failed(listed);
            if (m_list.runs() > kMaxEntryRuns)
                return fail(ErrorKind::TooLarge, "Too many stretches of entries match the filter", {},
                    "Choose another filter.");
        }
        return std::move(m_list);
    }

private:
    Result<void> listL1(std::uint64_t index)
    {
        if (matches(m_image, m_map, m_query, m_tables.l1Entry(index)))
            m_list.append(index, 1);
        return {};
    }

    Result<void> listL2(std::uint64_t index)
    {
        if (!m_tables.hasTable(index))
            return {};
        const std::uint64_t entries = m_image.geometry().l2Entries();
        const std::uint64_t first = index * entries;
        if (m_query.filter == EntryFilter::Any) {
            m_list.append(first, entries);
            return {};
        }
        for (std::uint64_t guest = first; guest < first + entries; ++guest) {
            const auto entry = m_tables.l2Entry(guest);
            if (!entry)
                return std::unexpected(entry.error());
            if (matches(m_image, m_map, m_query, *entry))
                m_list.append(guest, 1);
        }
        return {};
    }

    const Image& m_image;
    const ClusterMap& m_map;
    const EntryQuery& m_query;
    const TaskContext& m_task;
    Tables m_tables;
    RunList m_list;
};

} // namespace

bool copiedIsWrong(const Image& image, const ClusterMap& map, const EntryQuery& query, const TableEntry& entry)
{
    if (query.snapshot)
        return false;
    const L2Entry l2{entry.raw};
    if (query.level == TableLevel::L2 && l2.compressed())
        return l2.copied();
    const HostOffset target = l2.hostOffset(); // the same bits in an L1 entry
    const HostCluster cluster = image.geometry().cluster(target);
    const bool elsewhere = query.level == TableLevel::L2 && image.header().hasDataFile();
    if (target.value() == 0 || elsewhere || cluster.value() >= map.clusters())
        return false;
    return l2.copied() != (map.refcount(cluster) == 1);
}

Result<RunList> listEntries(const Image& image, const ClusterMap& map, const EntryQuery& query, const TaskContext& task)
{
    return Lister(image, map, query, task).run();
}

Result<std::vector<TableEntry>> readEntries(const Image& image, const EntryQuery& query, const RunList& list,
    std::uint64_t first, std::uint64_t count, const TaskContext& task)
{
    Tables tables(image, query);
    if (auto opened = tables.open(); !opened)
        return failed(opened);
    std::vector<TableEntry> entries;
    const std::uint64_t end = first + std::min(count, list.size() - std::min(list.size(), first));
    for (std::uint64_t at = first; at < end; ++at) {
        if (auto step = task.step({Phase::WalkTables, at - first, end - first}); !step)
            return failed(step);
        const std::uint64_t index = list.at(at);
        if (query.level == TableLevel::L1) {
            entries.push_back(tables.l1Entry(index));
            continue;
        }
        auto entry = tables.l2Entry(index);
        if (!entry)
            return failed(entry);
        entries.push_back(*entry);
    }
    return entries;
}

} // namespace cowscope
