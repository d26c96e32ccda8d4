// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/lost_tables.h"

#include "core/analysis/reference_counter.h"

#include <algorithm>
#include <map>
#include <numeric>

namespace cowscope
{

namespace
{

constexpr std::uint64_t kMaxProbes = 1U << 16; ///< leaked clusters whose beginning is read
constexpr std::uint64_t kMaxWholeBytes = std::uint64_t{256} << 20; ///< of clusters that are read whole
constexpr std::uint64_t kProbeBytes = 512;

/// Sets of numbers that grow together.
class Sets
{
public:
    explicit Sets(std::size_t size)
        : m_parent(size)
    {
        std::iota(m_parent.begin(), m_parent.end(), std::size_t{0});
    }

    std::size_t of(std::size_t index)
    {
        while (m_parent[index] != index)
            index = m_parent[index] = m_parent[m_parent[index]];
        return index;
    }

    void join(std::size_t a, std::size_t b) { m_parent[of(a)] = of(b); }

private:
    std::vector<std::size_t> m_parent;
};

struct Table {
    HostCluster cluster;
    std::size_t leak = 0; ///< the leak that it is in, as an index of LostTableFinder::m_leaks
    std::vector<HostCluster> targets; ///< leaked clusters that its entries lead to, sorted
    bool isL1 = false;
};

class LostTableFinder
{
public:
    LostTableFinder(const Image& image, const Census& census, const TaskContext& task)
        : m_image(image)
        , m_census(census)
        , m_task(task)
    {
        for (std::size_t i = 0; i < census.findings.size(); ++i) {
            if (census.findings[i].kind == FindingKind::Leak && census.findings[i].expected == 0)
                m_leaks.push_back(i);
        }
        std::ranges::sort(m_leaks, {}, [this](std::size_t i) { return m_census.findings[i].cluster; });
    }

    Result<std::vector<LostTables>> run()
    {
        if (auto probed = probeAll(); !probed)
            return failed(probed);
        tellL1FromL2();
        std::vector<LostTables> groups = groupTables();
        nameGuest(groups);
        return groups;
    }

private:
    Result<void> probeAll()
    {
        std::uint64_t probes = 0;
        for (std::size_t leak = 0; leak < m_leaks.size(); ++leak) {
            const Finding& finding = m_census.findings[m_leaks[leak]];
            for (std::uint64_t i = 0; i < finding.clusters && probes < kMaxProbes; ++i, ++probes) {
                if (auto go = m_task.step({Phase::Compare, probes, kMaxProbes}); !go)
                    return go;
                probe(finding.cluster + i, leak);
            }
        }
        return {};
    }

    void probe(HostCluster cluster, std::size_t leak)
    {
        const std::uint64_t clusterSize = m_image.geometry().clusterSize();
        m_words.resize(std::min(kProbeBytes, clusterSize) / 8);
        if (!m_image.readWords(m_image.geometry().offset(cluster), m_words) || !couldBeTable())
            return;
        if (clusterSize > kProbeBytes) {
            if (m_wholeBytes + clusterSize > kMaxWholeBytes)
                return;
            m_wholeBytes += clusterSize;
            m_words.resize(clusterSize / 8);
            if (!m_image.readWords(m_image.geometry().offset(cluster), m_words) || !couldBeTable())
                return;
        }
        Table table{cluster, leak, leakedTargets(), false};
        // Half of what a table leads to may be shared, or gone; a page of numbers leads nowhere.
        if (!table.targets.empty() && table.targets.size() * 2 >= entriesInUse()
            && !std::ranges::binary_search(table.targets, cluster))
            m_tables.push_back(std::move(table));
    }

    std::size_t entriesInUse() const
    {
        std::size_t entries = 0;
        for (std::size_t i = 0; i < m_words.size(); i += stepOf())
            entries += L2Entry{m_words[i]}.compressed() || L2Entry{m_words[i]}.hostOffset().value() != 0 ? 1 : 0;
        return entries;
    }

    std::size_t stepOf() const { return m_image.geometry().l2EntryBytes() / 8; }

    bool couldBeTable() const
    {
        for (std::size_t i = 0; i < m_words.size(); i += stepOf()) {
            if (m_words[i] != 0 && !couldBeEntry(L2Entry{m_words[i]}))
                return false;
        }
        return true;
    }

    bool couldBeEntry(L2Entry entry) const
    {
        const Geometry& geometry = m_image.geometry();
        if (entry.compressed()) {
            const CompressedDescriptor data = entry.compressedDescriptor(geometry.clusterBits());
            return !entry.copied() && data.offset.value() >= geometry.clusterSize()
                && isWithinFile(m_image, data.offset, data.maxBytes());
        }
        if (entry.hasReservedBits() || !geometry.isAligned(entry.hostOffset()))
            return false;
        return entry.hostOffset().value() == 0 ? entry.zeroFlag()
                                               : isWithinFile(m_image, entry.hostOffset(), geometry.clusterSize());
    }

    std::vector<HostCluster> leakedTargets() const
    {
        std::vector<HostCluster> targets;
        for (std::size_t i = 0; i < m_words.size(); i += stepOf()) {
            const L2Entry entry{m_words[i]};
            const HostOffset to = entry.compressed()
                ? entry.compressedDescriptor(m_image.geometry().clusterBits()).offset
                : entry.hostOffset();
            const HostCluster cluster = m_image.geometry().cluster(to);
            if (m_words[i] != 0 && m_census.map.owner(cluster) == ClusterOwner::Leaked)
                targets.push_back(cluster);
        }
        std::ranges::sort(targets);
        targets.erase(std::ranges::unique(targets).begin(), targets.end());
        return targets;
    }

    /// A table that leads to tables is an L1 table.
    void tellL1FromL2()
    {
        const auto isTable = [this](HostCluster cluster) {
            return std::ranges::binary_search(m_tables, cluster, {}, &Table::cluster);
        };
        for (Table& table : m_tables)
            table.isL1 = std::ranges::all_of(table.targets, isTable);
    }

    std::optional<std::size_t> leakOf(HostCluster cluster) const
    {
        const auto after = std::ranges::upper_bound(
            m_leaks, cluster, {}, [this](std::size_t i) { return m_census.findings[i].cluster; });
        if (after == m_leaks.begin())
            return std::nullopt;
        const Finding& finding = m_census.findings[*(after - 1)];
        if (cluster - finding.cluster >= finding.clusters)
            return std::nullopt;
        return static_cast<std::size_t>(after - 1 - m_leaks.begin());
    }

    /// Leaks that tables hold together become one group.
    std::vector<LostTables> groupTables()
    {
        Sets sets(m_leaks.size());
        for (const Table& table : m_tables) {
            for (const HostCluster target : table.targets) {
                if (const auto leak = leakOf(target))
                    sets.join(*leak, table.leak);
            }
        }
        std::map<std::size_t, LostTables> bySet;
        for (const Table& table : m_tables) {
            LostTables& group = bySet[sets.of(table.leak)];
            (table.isL1 ? group.l1 : group.l2).push_back(table.cluster);
        }
        for (std::size_t leak = 0; leak < m_leaks.size(); ++leak) {
            const auto group = bySet.find(sets.of(leak));
            if (group == bySet.end())
                continue;
            group->second.findings.push_back(m_leaks[leak]);
            group->second.clusters += m_census.findings[m_leaks[leak]].clusters;
        }
        std::vector<LostTables> groups;
        for (auto& [set, group] : bySet) {
            if (!group.l2.empty())
                groups.push_back(std::move(group));
        }
        return groups;
    }

    /// Where the active L1 table lacks a table that it needs: entries that are broken, else gaps between used ones.
    std::vector<std::uint64_t> placesWithoutTable() const
    {
        std::vector<std::uint64_t> broken;
        std::vector<std::uint64_t> gaps;
        std::vector<std::uint64_t> pending;
        for (std::uint64_t i = 0; i < m_image.l1Table().size(); ++i) {
            const HostOffset table = L1Entry{m_image.l1Table()[i]}.l2Offset();
            const Geometry& geometry = m_image.geometry();
            if (table.value() == 0) {
                pending.push_back(i);
            } else {
                gaps.insert(gaps.end(), pending.begin(), pending.end());
                pending.clear();
                const ClusterState state = m_census.map.state(geometry.cluster(table));
                if (!geometry.isAligned(table) || state.owner != ClusterOwner::L2Table || state.severalOwners)
                    broken.push_back(i);
            }
        }
        return broken.empty() ? gaps : broken;
    }

    /// The guest range can be told where there are as many places as lost tables: both are in the order in which the
    /// guest's data was written, as a rule.
    void nameGuest(std::vector<LostTables>& groups)
    {
        std::size_t lost = 0;
        for (const LostTables& group : groups)
            lost += group.l1.empty() ? group.l2.size() : 0;
        const std::vector<std::uint64_t> places = placesWithoutTable();
        if (lost == 0 || places.size() != lost)
            return;
        std::vector<HostCluster> order;
        for (const LostTables& group : groups) {
            if (group.l1.empty())
                order.insert(order.end(), group.l2.begin(), group.l2.end());
        }
        std::ranges::sort(order);
        const std::uint64_t coverage = m_image.geometry().l2Coverage();
        for (LostTables& group : groups) {
            if (!group.l1.empty())
                continue;
            std::vector<std::uint64_t> indexes;
            for (const HostCluster table : group.l2)
                indexes.push_back(
                    places[static_cast<std::size_t>(std::ranges::lower_bound(order, table) - order.begin())]);
            const auto [low, high] = std::ranges::minmax(indexes);
            const std::uint64_t end = std::min((high + 1) * coverage, alignUp(m_image.geometry().virtualSize(), 512));
            group.guest = GuestRange{GuestOffset(low * coverage), end - std::min(end, low * coverage)};
            addBrokenEntries(group, indexes);
        }
    }

    void addBrokenEntries(LostTables& group, std::span<const std::uint64_t> l1Indexes) const
    {
        for (std::size_t i = 0; i < m_census.findings.size(); ++i) {
            const Finding& finding = m_census.findings[i];
            const bool aboutL1 = finding.kind == FindingKind::L1EntryReserved
                || finding.kind == FindingKind::L1EntryUnaligned
                || (finding.kind == FindingKind::ReferencePastEnd && finding.as == ClusterOwner::L2Table);
            if (aboutL1 && finding.guest
                && std::ranges::find(l1Indexes, m_image.geometry().l1Index(*finding.guest)) != l1Indexes.end())
                group.findings.push_back(i);
        }
    }

    const Image& m_image;
    const Census& m_census;
    const TaskContext& m_task;
    std::vector<std::size_t> m_leaks; ///< indexes of findings: leaks without a reference, by cluster
    std::vector<Table> m_tables; ///< by cluster
    std::vector<std::uint64_t> m_words;
    std::uint64_t m_wholeBytes = 0;
};

} // namespace

Result<std::vector<LostTables>> findLostTables(const Image& image, const Census& census, const TaskContext& task)
{
    return LostTableFinder(image, census, task).run();
}

} // namespace cowscope
