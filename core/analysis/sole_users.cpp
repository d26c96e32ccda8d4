// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/sole_users.h"

#include "core/analysis/reference_counter.h"

#include <algorithm>
#include <set>

namespace cowscope
{

namespace
{

/// Where the L1 table of a snapshot begins or ends.
template <typename Position>
struct Edge {
    Position position;
    std::size_t snapshot = 0;
    bool begins = true;

    bool operator<(const Edge& other) const { return position < other.position; }
};

bool hasTable(const Image& image, const Snapshot& snapshot)
{
    const std::uint64_t bytes = std::uint64_t{snapshot.l1Size} * 8;
    return bytes != 0 && checkSnapshotL1(image, snapshot, nullptr)
        && isWithinFile(image, snapshot.l1TableOffset, bytes);
}

} // namespace

Result<SoleUsers> SoleUsers::find(const Image& image, const Census& census, std::span<const TableUse> tables,
    const TaskContext& task, Progress& progress)
{
    SoleUsers users(image, census, tables);
    users.noteL1Tables();
    if (auto noted = users.noteTables(task); !noted)
        return failed(noted);
    if (auto read = users.readTables(task, progress); !read)
        return failed(read);
    if (auto added = users.addUp(task); !added)
        return failed(added);
    return users;
}

std::optional<std::size_t> SoleUsers::soleUser(HostCluster cluster) const
{
    const auto& page = m_pages[cluster.value() / kPageClusters];
    const std::uint32_t user = page ? (*page)[cluster.value() % kPageClusters] : kNobody;
    return user == kNobody || user == kSeveral ? std::nullopt : std::optional<std::size_t>(user - 1);
}

/// The clusters of the snapshots' L1 tables, which may overlap: swept by their ends, each stretch once.
void SoleUsers::noteL1Tables()
{
    std::vector<Edge<HostCluster>> edges;
    for (std::size_t i = 0; i < m_image.snapshots().size(); ++i) {
        const Snapshot& snapshot = m_image.snapshots()[i];
        if (!hasTable(m_image, snapshot))
            continue;
        const HostCluster first = m_image.geometry().cluster(snapshot.l1TableOffset);
        const std::uint64_t clusters = m_image.geometry().clustersFor(std::uint64_t{snapshot.l1Size} * 8);
        m_bytes[i] += bytesIn(first, clusters);
        edges.push_back({first, i, true});
        edges.push_back({first + clusters, i, false});
    }
    std::sort(edges.begin(), edges.end());
    std::set<std::size_t> present;
    HostCluster position;
    for (const auto& edge : edges) {
        for (; !present.empty() && position < edge.position; ++position)
            note(position, present.size() == 1 ? static_cast<std::uint32_t>(*present.begin() + 1) : kSeveral);
        position = edge.position;
        if (edge.begins)
            present.insert(edge.snapshot);
        else
            present.erase(edge.snapshot);
    }
}

/// Who uses each L2 table, and the clusters of the tables themselves.
Result<void> SoleUsers::noteTables(const TaskContext& task)
{
    const auto visit = [this](const L1Slot& at) -> Result<void> {
        const std::size_t table = indexOf(at.entry.l2Offset());
        if (table == m_tables.size() || m_tables[table].active > 0)
            return {};
        const auto user = at.snapshots.size() == 1 ? static_cast<std::uint32_t>(*at.snapshots.begin() + 1) : kSeveral;
        std::uint32_t& known = m_userOfTable[table];
        known = known == kNobody || known == user ? user : kSeveral;
        return {};
    };
    if (auto swept = sweepL1Tables(m_image, task, visit); !swept)
        return swept;
    for (std::size_t i = 0; i < m_tables.size(); ++i) {
        m_touched.clear();
        touch(m_tables[i].offset, m_image.geometry().clusterSize());
        for (const HostCluster cluster : m_touched) {
            note(cluster, m_userOfTable[i]);
            m_reach[i].bytes += bytesIn(cluster, 1);
        }
    }
    return {};
}

Result<void> SoleUsers::readTables(const TaskContext& task, Progress& progress)
{
    const auto visit = [this](const TableUse& use, std::span<const std::uint64_t> words) -> Result<void> {
        const auto table = static_cast<std::size_t>(&use - m_tables.data());
        follow(m_reach[table], words, m_userOfTable[table]);
        if (m_full)
            return fail(ErrorKind::TooLarge, "The snapshots have more clusters than there is memory for");
        return {};
    };
    // A table that cannot be read leads nowhere; the check has said so.
    const auto unreadable = [](std::span<const TableUse>, const Error&) {};
    return readL2Tables(m_image, m_tables, {visit, unreadable}, task, progress);
}

void SoleUsers::follow(TableReach& reach, std::span<const std::uint64_t> words, std::uint32_t user)
{
    const Geometry& geometry = m_image.geometry();
    m_touched.clear();
    for (std::size_t i = 0; i < words.size(); i += geometry.l2EntryBytes() / 8) {
        const L2Entry entry{words[i]};
        if (words[i] == 0 || m_image.header().hasDataFile())
            continue;
        if (!entry.compressed()) {
            if (entry.hostOffset().value() != 0)
                touch(entry.hostOffset(), geometry.clusterSize());
            continue;
        }
        const CompressedDescriptor data = entry.compressedDescriptor(geometry.clusterBits());
        const std::size_t before = m_touched.size();
        touch(data.offset, data.maxBytes());
        if (m_touched.size() == before)
            continue;
        if (!reach.compressed)
            reach.firstCompressed = m_touched[before];
        reach.compressed = true;
        reach.lastCompressed = m_touched.back();
    }
    if (!std::ranges::is_sorted(m_touched))
        std::ranges::sort(m_touched);
    m_touched.erase(std::ranges::unique(m_touched).begin(), m_touched.end());
    for (const HostCluster cluster : m_touched) {
        note(cluster, user);
        reach.bytes += bytesIn(cluster, 1);
    }
}

/// Adds the clusters of [offset, offset + bytes) to those touched, if a check would follow the reference.
void SoleUsers::touch(HostOffset offset, std::uint64_t bytes)
{
    if (!isWithinFile(m_image, offset, bytes))
        return;
    const HostCluster last = m_image.geometry().cluster(HostOffset(offset.value() + bytes - 1));
    for (HostCluster cluster = m_image.geometry().cluster(offset); cluster <= last; ++cluster)
        m_touched.push_back(cluster);
}

/// Snapshots lie next to each other in the file as intervals: what all their tables use is a difference of two running
/// sums over the L1 entries, however many snapshots share a place.
Result<void> SoleUsers::addUp(const TaskContext& task)
{
    std::vector<Edge<HostOffset>> edges;
    for (std::size_t i = 0; i < m_image.snapshots().size(); ++i) {
        const Snapshot& snapshot = m_image.snapshots()[i];
        if (!checkSnapshotL1(m_image, snapshot, nullptr))
            continue;
        edges.push_back({snapshot.l1TableOffset, i, true});
        edges.push_back({snapshot.l1TableOffset + std::uint64_t{snapshot.l1Size} * 8, i, false});
    }
    std::sort(edges.begin(), edges.end());
    std::uint64_t sum = 0;
    const TableReach* before = nullptr; // of the L1 entry before, in the same table
    std::size_t next = 0;
    const auto pass = [&](HostOffset position) {
        for (; next < edges.size() && edges[next].position <= position; ++next) {
            std::uint64_t& bytes = m_bytes[edges[next].snapshot];
            bytes = edges[next].begins ? bytes - sum : bytes + sum; // may wrap in between
            before = nullptr;
        }
    };
    const auto visit = [&](const L1Slot& at) -> Result<void> {
        pass(at.slot);
        const std::size_t table = indexOf(at.entry.l2Offset());
        if (table == m_tables.size())
            return {};
        const TableReach& reach = m_reach[table];
        sum += reach.bytes;
        if (before != nullptr && before->compressed && reach.compressed
            && before->lastCompressed == reach.firstCompressed)
            sum -= bytesIn(reach.firstCompressed, 1); // packed data that both tables share
        before = &reach;
        return {};
    };
    if (auto swept = sweepL1Tables(m_image, task, visit); !swept)
        return swept;
    pass(HostOffset(UINT64_MAX));
    return {};
}

void SoleUsers::note(HostCluster cluster, std::uint32_t user)
{
    if (user == kNobody || cluster.value() >= m_map.clusters())
        return;
    auto& page = m_pages[cluster.value() / kPageClusters];
    if (!page) {
        m_full = m_full || m_pagesInUse == kMaxPages;
        if (m_full)
            return;
        page = std::make_unique<Page>();
        ++m_pagesInUse;
    }
    std::uint32_t& known = (*page)[cluster.value() % kPageClusters];
    known = known == kNobody || known == user ? user : kSeveral;
}

std::size_t SoleUsers::indexOf(HostOffset table) const
{
    const auto found = std::ranges::lower_bound(m_tables, table, {}, &TableUse::offset);
    return found != m_tables.end() && found->offset == table ? static_cast<std::size_t>(found - m_tables.begin())
                                                             : m_tables.size();
}

std::uint64_t SoleUsers::bytesIn(HostCluster first, std::uint64_t clusters) const
{
    const std::uint64_t fileEnd = m_image.fileSize();
    const Geometry& geometry = m_image.geometry();
    const std::uint64_t begin = std::min(geometry.offset(first).value(), fileEnd);
    return std::min(geometry.offset(first + clusters).value(), fileEnd) - begin;
}

} // namespace cowscope
