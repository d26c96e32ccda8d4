// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/report/analysis_json.h"

#include <fmt/format.h>

namespace cowscope
{

namespace
{

using Json = nlohmann::json;

constexpr std::size_t kRunsEach = 16; ///< runs of clusters that JSON lists for each line

Json runsJson(std::span<const ClusterSpan> runs)
{
    Json out = Json::array();
    for (const ClusterSpan& run : runs.first(std::min(runs.size(), kRunsEach)))
        out.push_back({{"cluster", run.first.value()}, {"clusters", run.clusters}});
    return out;
}

Json shareJson(const SpaceShare& share)
{
    return {
        {"exclusive", share.exclusive}, {"shared", share.shared}, {"first-exclusive-runs", runsJson(share.firstRuns)}};
}

} // namespace

Json groupsJson(std::span<const FindingGroup> groups)
{
    Json out = Json::array();
    for (const FindingGroup& group : groups) {
        Json each{{"cause", causeName(group.cause)}, {"severity", severityName(group.severity)}, {"title", group.title},
            {"why", group.why}, {"rule", group.rule}, {"repair", group.repair}, {"findings", group.findings},
            {"places", group.places}};
        if (!group.owners.empty())
            each["owners"] = group.owners;
        if (group.guest)
            each["guest"] = {{"start", group.guest->first.value()}, {"length", group.guest->bytes}};
        out.push_back(std::move(each));
    }
    return out;
}

std::string groupsText(std::span<const FindingGroup> groups)
{
    std::string text;
    for (const FindingGroup& group : groups) {
        text += fmt::format("{} ({})\n", group.title, severityName(group.severity));
        if (!group.why.empty())
            text += fmt::format("    Likely cause: {}\n", group.why);
        text += fmt::format("    Rule: {}\n    Repair: {}\n", group.rule, group.repair);
        for (const std::string& owner : group.owners)
            text += fmt::format("    Owner: {}\n", owner);
    }
    return text.empty() ? text : "What was found, by likely cause:\n" + text + "\n";
}

Json ledgerJson(const Image& image, const SpaceLedger& ledger)
{
    Json lines = Json::array();
    for (std::size_t i = 0; i < kSpaceUseCount; ++i) {
        const SpaceSum& sum = ledger.uses[i];
        if (sum.clusters == 0)
            continue;
        lines.push_back({{"use", spaceUseName(static_cast<SpaceUse>(i))}, {"bytes", sum.bytes}, {"holes", sum.holes},
            {"clusters", sum.clusters}, {"runs", sum.runs}, {"first-runs", runsJson(sum.firstRuns)}});
    }
    Json snapshots = Json::array();
    for (std::size_t i = 0; i < ledger.snapshots.size(); ++i) {
        Json each = shareJson(ledger.snapshots[i]);
        each["id"] = image.snapshots()[i].id;
        each["name"] = image.snapshots()[i].name;
        snapshots.push_back(std::move(each));
    }
    return {{"file-size", ledger.fileBytes}, {"holes", ledger.holes}, {"lines", std::move(lines)},
        {"active", shareJson(ledger.active)}, {"snapshots", std::move(snapshots)}};
}

Json compatibilityJson(const CompatibilityCard& card)
{
    Json demands = Json::array();
    for (const Demand& demand : card.demands)
        demands.push_back(
            {{"name", demand.name}, {"value", demand.value}, {"special", demand.special}, {"meaning", demand.meaning}});
    Json readers = Json::array();
    for (const ReaderVerdict& reader : card.readers)
        readers.push_back({{"reader", reader.reader}, {"opens", opensName(reader.opens)}, {"reasons", reader.reasons},
            {"source", reader.source}});
    Json changes = Json::array();
    for (const CompatibilityChange& change : card.changes)
        changes.push_back({{"what", change.what}, {"how", change.how}});
    return {{"demands", std::move(demands)}, {"readers", std::move(readers)}, {"changes", std::move(changes)}};
}

Json fragmentationJson(const Fragmentation& fragmentation)
{
    Json lengths = Json::array();
    for (std::size_t i = 0; i < Fragmentation::kBuckets; ++i) {
        if (fragmentation.runs[i] > 0)
            lengths.push_back({{"from-clusters", std::uint64_t{1} << i}, {"runs", fragmentation.runs[i]},
                {"clusters", fragmentation.clusters[i]}});
    }
    return {{"runs", fragmentation.allRuns}, {"clusters", fragmentation.allClusters},
        {"longest", fragmentation.longest}, {"compressed-clusters", fragmentation.compressed},
        {"by-length", std::move(lengths)}};
}

Json refblockUsageJson(const RefblockUsage& usage)
{
    return {{"missing", usage.missing}, {"by-tenths", usage.refblocks}};
}

} // namespace cowscope
