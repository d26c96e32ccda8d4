// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/group_text.h"

#include "core/base/number_text.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <set>

namespace cowscope
{

namespace
{

/// "3.5 GiB"
std::string size(std::uint64_t bytes)
{
    static constexpr std::array units{"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    for (; value >= 1024 && unit + 1 < units.size(); ++unit)
        value /= 1024;
    return fmt::format("{:.4g} {}", value, units[unit]);
}

std::string counted(std::uint64_t count, std::string_view one, std::string_view several)
{
    return count == 1 ? fmt::format("1 {}", one) : fmt::format("{} {}", groupedNumber(count), several);
}

std::string clusters(std::uint64_t count)
{
    return counted(count, "cluster", "clusters");
}

std::string guestText(const std::optional<GuestRange>& guest)
{
    return guest
        ? fmt::format(", guest {} to {}", size(guest->first.value()), size(guest->first.value() + guest->bytes))
        : std::string();
}

std::string placeText(HostCluster cluster, const Image& image)
{
    return fmt::format(
        "cluster {} (offset {:#x})", groupedNumber(cluster.value()), image.geometry().offset(cluster).value());
}

void describeDouble(FindingGroup& group, const Finding& finding, const Image& image)
{
    group.title = fmt::format("Double allocation: {} has {}", placeText(finding.cluster, image),
        counted(group.owners.size(), "owner", "owners"));
    if (finding.clusters > 1)
        group.title += fmt::format(", and {} behind it", counted(finding.clusters - 1, "one", "more"));
    group.why = "The cluster was handed out while it was in use, usually because its count had been too low. What was "
                "written through one owner has replaced what the other had.";
    group.repair
        = "Makes the counts fit and, where it can, gives each owner a cluster of its own. What one wrote over the "
          "other stays lost: compare both places with a backup.";
}

/// Title, explanation and repair by cause, where they need no numbers but the places.
void describeByCause(FindingGroup& group, const Finding& first, const Image& image)
{
    const std::string places = clusters(group.places);
    switch (group.cause) {
    case GroupCause::DoubleAllocation:
        return describeDouble(group, first, image);
    case GroupCause::CutOff:
        group.title = fmt::format("The file lost its end: it has {} and more are referred to", size(image.fileSize()));
        group.why = "Entries lead behind the end of the file to clusters that still have a count, so these were in the "
                    "file once. It was cut, by a copy that was stopped or a disk that was full.";
        group.repair
            = "Drops the entries: what they mapped reads as zeros, or as the backing file. A longer copy of the "
              "file, if there is one, has the data.";
        return;
    case GroupCause::MissingRefblocks:
        group.title = fmt::format("Refblocks are missing or empty: {} in use have no count", places);
        group.why = "All clusters that one refblock counts lost their counts together. The refblock, or the entry that "
                    "leads to it, was overwritten or never written.";
        group.repair = "Rebuilds the counts from the tables. No data is touched.";
        return;
    case GroupCause::OverwrittenL2Table:
        group.title = fmt::format("The L2 table in {} holds something else{}",
            placeText(image.geometry().cluster(*first.offset), image), guestText(group.guest));
        group.why = fmt::format("{} of one table are impossible at once: not entries went wrong, the table was "
                                "overwritten. Clusters that it mapped show up as leaks.",
            counted(group.findings.size(), "entry", "entries"));
        group.repair = "Drops the impossible entries; what they mapped cannot be read any more. Leaked clusters may be "
                       "that data: copy the image before they are given back.";
        return;
    case GroupCause::NotClosed:
        group.title = fmt::format("The image was not closed: counts of {} were not written", places);
        group.why
            = "The dirty bit is set. A writer with lazy refcounts keeps counts in memory and ended before it wrote "
              "them. That is expected, and the tables tell the true counts.";
        group.repair = "Writes the counts that the tables tell and clears the dirty bit. No data is touched.";
        return;
    case GroupCause::StaleCounts:
        group.title = fmt::format("Counts of {} include references that are gone", places);
        group.why = "The clusters are in use, but less than their counts say. A deleted snapshot whose counts were not "
                    "all lowered leaves this.";
        return;
    case GroupCause::Unlinked:
        group.title = fmt::format("{} allocated but used by nothing", clusters(group.places));
        group.why
            = "A writer allocates a cluster before it links it into a table, and unlinks it before it frees it. One "
              "that was stopped in between leaves such clusters.";
        return;
    case GroupCause::FlagsFollowCounts:
        group.title = fmt::format("{} right, but about counts that are wrong",
            group.places == 1 ? "1 copied flag is" : groupedNumber(group.places) + " copied flags are");
        group.why = "The flags fit the references that there are; the counts do not. Once the counts are mended, the "
                    "flags need no repair.";
        group.repair = "Nothing by itself: the counts are mended.";
        return;
    default:
        group.title = fmt::format("{}: {}", findingText(first.kind).title, counted(group.places, "place", "places"));
        return;
    }
}

/// The rules that the findings of a group break, each once; of many only that of the first.
std::string rulesOf(const FindingGroup& group, const Census& census)
{
    constexpr std::size_t kMostRules = 3;
    std::set<FindingKind> kinds;
    for (const std::size_t i : group.findings)
        kinds.insert(census.findings[i].kind);
    if (kinds.size() > kMostRules)
        return std::string(findingText(census.findings[group.findings.front()].kind).rule);
    std::vector<std::string_view> rules;
    for (const FindingKind kind : kinds) {
        const std::string_view rule = findingText(kind).rule;
        std::erase_if(rules, [&](std::string_view each) { return rule.starts_with(each); });
        if (std::ranges::none_of(rules, [&](std::string_view each) { return each.starts_with(rule); }))
            rules.push_back(rule);
    }
    return fmt::format("{}", fmt::join(rules, " "));
}

} // namespace

void describeLostTables(FindingGroup& group, const LostTables& tables, const Image& image)
{
    const std::string lost = counted(tables.l2.size(), "lost L2 table", "lost L2 tables");
    const std::string where = placeText(tables.l2.front(), image);
    if (tables.l1.empty()) {
        group.title = fmt::format("{} leaked {} {}{}", groupedNumber(tables.clusters),
            tables.clusters == 1 ? "cluster is" : "clusters are", lost, guestText(tables.guest));
        group.why = fmt::format("{} no L1 entry leads to any more, the first in {}, still {} the other clusters. ",
            tables.l2.size() == 1 ? "An L2 table that" : "L2 tables that", where,
            tables.l2.size() == 1 ? "maps" : "map");
        group.why += tables.guest ? "The active L1 table lacks just as many tables, at that part of the disk."
                                  : "Which part of the disk it was cannot be told for sure.";
        group.repair
            = "Gives the space back, and with it the last trace of that guest data. Copy the image first if the "
              "data may be wanted.";
        return;
    }
    group.title = fmt::format(
        "{} leaked clusters are what a lost snapshot used: an L1 table and {}", groupedNumber(tables.clusters), lost);
    group.why = fmt::format("An L1 table in {} that nothing refers to leads to L2 tables and data. A snapshot that was "
                            "deleted half, or whose entry was lost, leaves this.",
        placeText(tables.l1.front(), image));
    group.repair = "Gives the space back. What the snapshot held alone is gone then.";
}

void describeGroup(FindingGroup& group, const Image& image, const Census& census)
{
    const Finding& first = census.findings[group.findings.front()];
    const FindingText& catalogue = findingText(first.kind);
    if (group.title.empty())
        describeByCause(group, first, image);
    group.rule = rulesOf(group, census);
    if (group.repair.empty())
        group.repair = catalogue.repair;
    if (census.findingsDropped > 0)
        group.title += ", or more";
}

} // namespace cowscope
