// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/finding_groups.h"

#include "core/analysis/group_text.h"
#include "core/analysis/referrers.h"

#include <algorithm>
#include <map>
#include <set>

namespace cowscope
{

namespace
{

constexpr std::size_t kMostDoubles = 64; ///< double allocations with a group of their own
constexpr std::size_t kMostOwners = 8;
constexpr std::size_t kOverwrittenEntries = 4; ///< from so many bad entries on, not the entries but the table is bad

class FindingGrouper
{
public:
    FindingGrouper(const Image& image, const Census& census, const TaskContext& task)
        : m_image(image)
        , m_census(census)
        , m_task(task)
        , m_grouped(census.findings.size(), false)
    {
    }

    Result<std::vector<FindingGroup>> run()
    {
        if (auto grouped = groupLostTables(); !grouped)
            return failed(grouped);
        if (auto grouped = groupDoubles(); !grouped)
            return failed(grouped);
        groupCutOff();
        groupMissingRefblocks();
        groupOverwrittenTables();
        groupNotClosed();
        groupFlags();
        groupLeaks();
        groupTheRest();
        for (FindingGroup& group : m_groups)
            describeGroup(group, m_image, m_census);
        std::ranges::stable_sort(m_groups, [](const FindingGroup& a, const FindingGroup& b) {
            return a.severity != b.severity ? a.severity > b.severity : a.cause < b.cause;
        });
        return std::move(m_groups);
    }

private:
    const Finding& finding(std::size_t index) const { return m_census.findings[index]; }

    /// Findings without a group for which `belongs`, in their order.
    template <typename Belongs>
    std::vector<std::size_t> ungrouped(Belongs belongs) const
    {
        std::vector<std::size_t> found;
        for (std::size_t i = 0; i < m_grouped.size(); ++i) {
            if (!m_grouped[i] && belongs(finding(i)))
                found.push_back(i);
        }
        return found;
    }

    /// A group of those of `findings` that have none yet; null if there are none.
    FindingGroup* addGroup(GroupCause cause, std::span<const std::size_t> findings)
    {
        FindingGroup group;
        group.cause = cause;
        for (const std::size_t i : findings) {
            if (m_grouped[i])
                continue;
            m_grouped[i] = true;
            group.findings.push_back(i);
            group.places += finding(i).clusters;
            group.severity = std::max(group.severity, finding(i).severity());
        }
        if (group.findings.empty())
            return nullptr;
        std::ranges::sort(group.findings);
        m_groups.push_back(std::move(group));
        return &m_groups.back();
    }

    Result<void> groupLostTables()
    {
        auto lost = findLostTables(m_image, m_census, m_task);
        if (!lost)
            return failed(lost);
        for (const LostTables& tables : *lost) {
            const GroupCause cause = tables.l1.empty() ? GroupCause::LostL2Tables : GroupCause::LostSnapshot;
            if (FindingGroup* group = addGroup(cause, tables.findings)) {
                group->guest = tables.guest;
                group->places = tables.clusters;
                describeLostTables(*group, tables, m_image);
            }
        }
        return {};
    }

    /// Clusters that two structures claim, or two places of one disk.
    Result<void> groupDoubles()
    {
        std::vector<std::size_t> suspects = ungrouped([](const Finding& each) {
            return each.kind == FindingKind::DoubleOwner || each.kind == FindingKind::RefblockShared
                || (each.kind == FindingKind::RefcountTooLow && each.actual > 0 && each.expected > 1);
        });
        suspects.resize(std::min(suspects.size(), 4 * kMostDoubles));
        std::vector<HostCluster> clusters;
        for (const std::size_t i : suspects)
            clusters.push_back(finding(i).cluster);
        std::ranges::sort(clusters);
        clusters.erase(std::ranges::unique(clusters).begin(), clusters.end());
        if (clusters.empty())
            return {};
        auto found = findReferrers(m_image, clusters, kMostOwners, m_task);
        if (!found)
            return failed(found);
        std::size_t doubles = 0;
        for (const HostCluster cluster : clusters) {
            const auto owners = std::ranges::equal_range(*found, cluster, {}, &Referrer::cluster);
            const auto all
                = ungrouped([&](const Finding& each) { return each.cluster == cluster && isAboutClaims(each); });
            const bool certain = std::ranges::any_of(
                all, [this](std::size_t i) { return finding(i).kind != FindingKind::RefcountTooLow; });
            if (doubles == kMostDoubles || !(certain || isDouble({owners.begin(), owners.end()})))
                continue;
            FindingGroup* group = addGroup(GroupCause::DoubleAllocation, all);
            if (group == nullptr)
                continue;
            ++doubles;
            for (const Referrer& owner : owners)
                group->owners.push_back(owner.text(m_image));
        }
        return {};
    }

    static bool isAboutClaims(const Finding& finding)
    {
        return finding.kind == FindingKind::DoubleOwner || finding.kind == FindingKind::RefblockShared
            || finding.kind == FindingKind::RefcountTooLow;
    }

    /// Whether the referrers contradict each other. Snapshots share clusters by right, at one place of the disk; so do
    /// compressed clusters, at any.
    static bool isDouble(std::span<const Referrer> owners)
    {
        std::set<ClusterOwner> kinds;
        std::map<std::optional<std::size_t>, std::set<HostOffset>> slots;
        for (const Referrer& owner : owners) {
            kinds.insert(owner.as);
            if (owner.as != ClusterOwner::CompressedData && owner.as != ClusterOwner::SnapshotL1)
                slots[owner.snapshot].insert(owner.slot);
        }
        return kinds.size() > 1 || std::ranges::any_of(slots, [](const auto& each) { return each.second.size() > 1; });
    }

    /// References past the end to clusters that have counts: they were in the file once.
    void groupCutOff()
    {
        std::map<HostCluster, HostCluster> counted; // first to behind last
        const auto counts = ungrouped([](const Finding& each) { return each.kind == FindingKind::CountPastEnd; });
        for (const std::size_t i : counts)
            counted[finding(i).cluster] = finding(i).cluster + finding(i).clusters;
        const auto isCounted = [&](HostCluster cluster) {
            const auto after = counted.upper_bound(cluster);
            return after != counted.begin() && cluster < std::prev(after)->second;
        };
        auto cut = ungrouped([&](const Finding& each) {
            return each.kind == FindingKind::ReferencePastEnd
                && isCounted(m_image.geometry().cluster(HostOffset(each.actual)));
        });
        if (cut.empty())
            return;
        cut.insert(cut.end(), counts.begin(), counts.end());
        if (FindingGroup* group = addGroup(GroupCause::CutOff, cut))
            group->guest = cutOffGuest(group->findings);
    }

    /// From the first to the last guest byte that the entries map, where it is known.
    std::optional<GuestRange> cutOffGuest(std::span<const std::size_t> findings) const
    {
        const Geometry& geometry = m_image.geometry();
        std::uint64_t begin = UINT64_MAX;
        std::uint64_t end = 0;
        for (const std::size_t i : findings) {
            if (!finding(i).guest)
                continue;
            const std::uint64_t first = finding(i).guest->value();
            begin = std::min(begin, first);
            end = std::max(
                end, first + (finding(i).as == ClusterOwner::L2Table ? geometry.l2Coverage() : geometry.clusterSize()));
        }
        end = std::min(end, geometry.virtualSize());
        return begin < end ? std::optional(GuestRange{GuestOffset(begin), end - begin}) : std::nullopt;
    }

    void groupMissingRefblocks()
    {
        std::map<std::uint64_t, std::vector<std::size_t>> byRefblock;
        for (const std::size_t i :
            ungrouped([](const Finding& each) { return each.kind == FindingKind::RefcountTooLow && each.actual == 0; }))
            byRefblock[m_image.geometry().refblockIndex(finding(i).cluster)].push_back(i);
        std::vector<std::size_t> missing;
        for (const auto& [index, findings] : byRefblock) {
            if (index >= m_image.reftable().size() || !m_image.usableRefblock(index) || countsNothing(index))
                missing.insert(missing.end(), findings.begin(), findings.end());
        }
        if (missing.empty())
            return;
        for (const std::size_t i : ungrouped([](const Finding& each) {
                 return each.kind == FindingKind::ReftableReserved || each.kind == FindingKind::RefblockUnaligned
                     || each.kind == FindingKind::RefblockPastEnd
                     || (each.kind == FindingKind::ReferencePastEnd && each.as == ClusterOwner::Reftable);
             }))
            missing.push_back(i);
        addGroup(GroupCause::MissingRefblocks, missing);
    }

    /// Whether a refblock has no count for any of several clusters that are in use.
    bool countsNothing(std::uint64_t index) const
    {
        const std::uint64_t entries = m_image.geometry().refblockEntries();
        const HostCluster end(std::min(m_census.map.clusters(), (index + 1) * entries));
        std::uint64_t inUse = 0;
        for (HostCluster at = m_census.map.nextKnown(HostCluster(index * entries)); at < end;
             at = m_census.map.nextKnown(at + 1)) {
            const ClusterState state = m_census.map.state(at);
            if (state.refcount != 0)
                return false;
            inUse += state.references != 0 ? 1 : 0;
        }
        return inUse > 1;
    }

    void groupOverwrittenTables()
    {
        std::map<HostCluster, std::vector<std::size_t>> byTable;
        for (const std::size_t i : ungrouped([](const Finding& each) { return each.offset.has_value(); })) {
            const HostCluster table = m_image.geometry().cluster(*finding(i).offset);
            if (m_census.map.owner(table) == ClusterOwner::L2Table)
                byTable[table].push_back(i);
        }
        for (const auto& [table, findings] : byTable) {
            const auto bad = std::ranges::count_if(
                findings, [this](std::size_t i) { return finding(i).kind != FindingKind::CopiedFlagWrong; });
            if (static_cast<std::size_t>(bad) < kOverwrittenEntries)
                continue;
            FindingGroup* group = addGroup(GroupCause::OverwrittenL2Table, findings);
            const auto known
                = std::ranges::find_if(group->findings, [this](std::size_t i) { return finding(i).guest.has_value(); });
            if (known != group->findings.end()) {
                const std::uint64_t coverage = m_image.geometry().l2Coverage();
                group->guest = GuestRange{GuestOffset(finding(*known).guest->value() / coverage * coverage), coverage};
            }
        }
    }

    void groupNotClosed()
    {
        if (!m_image.header().isDirty())
            return;
        FindingGroup* group = addGroup(GroupCause::NotClosed, ungrouped([](const Finding& each) {
            return each.kind == FindingKind::Leak || each.kind == FindingKind::RefcountTooLow
                || each.kind == FindingKind::CopiedFlagWrong;
        }));
        if (group != nullptr)
            group->places = countedClusters(group->findings);
    }

    /// The clusters that findings about counts and copied flags are about. A flag and the count that it follows are
    /// about the same cluster.
    std::uint64_t countedClusters(std::span<const std::size_t> findings) const
    {
        std::vector<std::pair<HostCluster, HostCluster>> runs; // first and behind last
        for (const std::size_t i : findings) {
            const bool flag = finding(i).kind == FindingKind::CopiedFlagWrong;
            // Offset and flag stand where those of an L2 entry do.
            const HostCluster first
                = flag ? m_image.geometry().cluster(L1Entry{finding(i).actual}.l2Offset()) : finding(i).cluster;
            runs.emplace_back(first, first + finding(i).clusters);
        }
        std::ranges::sort(runs);
        std::uint64_t clusters = 0;
        HostCluster counted(0);
        for (const auto& [first, end] : runs) {
            const HostCluster from = std::max(first, counted);
            clusters += end > from ? end - from : 0;
            counted = std::max(counted, end);
        }
        return clusters;
    }

    /// Flags that would be right if the counts were.
    void groupFlags()
    {
        addGroup(GroupCause::FlagsFollowCounts, ungrouped([this](const Finding& each) {
            if (each.kind != FindingKind::CopiedFlagWrong)
                return false;
            const L1Entry entry{each.actual}; // offset and flag stand where those of an L2 entry do
            const ClusterState state = m_census.map.state(m_image.geometry().cluster(entry.l2Offset()));
            return state.refcount != state.references && entry.copied() == (state.references == 1);
        }));
    }

    void groupLeaks()
    {
        addGroup(GroupCause::StaleCounts,
            ungrouped([](const Finding& each) { return each.kind == FindingKind::Leak && each.expected > 0; }));
        addGroup(GroupCause::Unlinked, ungrouped([](const Finding& each) { return each.kind == FindingKind::Leak; }));
    }

    void groupTheRest()
    {
        for (std::size_t kind = 0; kind < kFindingKindCount; ++kind)
            addGroup(GroupCause::Alike,
                ungrouped([kind](const Finding& each) { return each.kind == static_cast<FindingKind>(kind); }));
    }

    const Image& m_image;
    const Census& m_census;
    const TaskContext& m_task;
    std::vector<bool> m_grouped; ///< by finding
    std::vector<FindingGroup> m_groups;
};

} // namespace

std::string_view causeName(GroupCause cause)
{
    switch (cause) {
    case GroupCause::DoubleAllocation:
        return "double-allocation";
    case GroupCause::CutOff:
        return "cut-off";
    case GroupCause::MissingRefblocks:
        return "missing-refblocks";
    case GroupCause::OverwrittenL2Table:
        return "overwritten-l2-table";
    case GroupCause::LostL2Tables:
        return "lost-l2-tables";
    case GroupCause::LostSnapshot:
        return "lost-snapshot";
    case GroupCause::NotClosed:
        return "not-closed";
    case GroupCause::StaleCounts:
        return "stale-counts";
    case GroupCause::Unlinked:
        return "unlinked";
    case GroupCause::FlagsFollowCounts:
        return "flags-follow-counts";
    case GroupCause::Alike:
        return "alike";
    }
    return "";
}

Result<std::vector<FindingGroup>> groupFindings(const Image& image, const Census& census, const TaskContext& task)
{
    if (census.findings.empty())
        return std::vector<FindingGroup>{};
    return FindingGrouper(image, census, task).run();
}

} // namespace cowscope
