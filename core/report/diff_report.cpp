// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/report/diff_report.h"

#include <fmt/format.h>

namespace cowscope
{

namespace
{

using Json = nlohmann::json;

std::string_view kindName(std::optional<MappingKind> kind)
{
    if (!kind)
        return "cannot be followed";
    switch (*kind) {
    case MappingKind::Unallocated:
        return "unallocated";
    case MappingKind::UnallocatedHere:
        return "unallocated, cluster reserved";
    case MappingKind::Zero:
        return "zeros";
    case MappingKind::ZeroAllocated:
        return "zeros, cluster reserved";
    case MappingKind::Data:
        return "data";
    case MappingKind::Compressed:
        return "compressed";
    }
    return {};
}

std::string valueText(const Field& field, std::optional<std::uint64_t> value)
{
    if (!value)
        return "absent";
    const bool hex
        = field.unit == FieldUnit::Offset || field.unit == FieldUnit::Flags || field.unit == FieldUnit::Magic;
    return hex ? fmt::format("{:#x}", *value) : fmt::format("{}", *value);
}

Json optionalJson(const auto& value)
{
    return value ? Json(*value) : Json();
}

Json stateJson(const EntryState& state)
{
    Json json{{"kind", kindName(state.kind)}, {"copied", state.copied}};
    if (state.host)
        json["offset"] = state.host->value();
    if (state.subclusters != 0)
        json["subclusters"] = state.subclusters;
    return json;
}

/// "3 entries from 5 on"
std::string runText(std::string_view what, std::uint64_t first, std::uint64_t count)
{
    return count == 1 ? fmt::format("{} {}", what, first) : fmt::format("{} {} to {}", what, first, first + count - 1);
}

} // namespace

std::string entryText(const EntryState& state)
{
    std::string text(kindName(state.kind));
    if (state.host)
        text += fmt::format(" at {:#x}", state.host->value());
    if (state.copied)
        text += ", copied";
    if (state.subclusters != 0)
        text += fmt::format(", subclusters {:#x}", state.subclusters);
    return text;
}

std::string metadataDiffText(const ImageDiff& diff)
{
    std::string text;
    for (const FieldDifference& each : diff.fields)
        text += fmt::format("header {}: {} -> {}\n", each.field->name, valueText(*each.field, each.first),
            valueText(*each.field, each.second));
    for (const NamedDifference& each : diff.names)
        text += fmt::format("{}: {} -> {}\n", each.name, each.first.value_or("absent"), each.second.value_or("absent"));
    for (const L1Difference& each : diff.l1)
        text += fmt::format(
            "{}: {:#x} -> {:#x}\n", runText("L1 entry", each.index, each.count), each.first, each.second);
    for (const MappingDifference& each : diff.mapping)
        text += fmt::format("guest {:#x} to {:#x}: {} -> {}\n", each.start.value(),
            each.start.value() + (each.bytes - 1), entryText(each.first), entryText(each.second));
    for (const CountDifference& each : diff.counts)
        text += fmt::format("count of {}: {} -> {}\n", runText("cluster", each.cluster.value(), each.clusters),
            each.first, each.second);
    if (!diff.sameClusters)
        text += "The clusters are not of the same size: neither L1 tables nor counts were compared.\n";
    if (diff.isSame())
        return text + "The metadata is identical.\n";
    if (diff.runsDropped > 0)
        text += fmt::format("{} more differences are not listed.\n", diff.runsDropped);
    return text
        + fmt::format(
            "{} header fields, {} names, {} L1 entries, {} guest bytes and the counts of {} clusters differ.\n",
            diff.fields.size(), diff.names.size(), diff.l1Entries, diff.guestBytes, diff.clusters);
}

nlohmann::json metadataDiffJson(const ImageDiff& diff)
{
    Json json{{"identical", diff.isSame()}, {"same-cluster-size", diff.sameClusters}, {"l1-entries", diff.l1Entries},
        {"guest-bytes", diff.guestBytes}, {"clusters", diff.clusters}, {"not-listed", diff.runsDropped}};
    for (const char* list : {"header", "names", "l1", "mapping", "refcounts"})
        json[list] = Json::array();
    for (const FieldDifference& each : diff.fields)
        json["header"].push_back(
            {{"name", each.field->name}, {"first", optionalJson(each.first)}, {"second", optionalJson(each.second)}});
    for (const NamedDifference& each : diff.names)
        json["names"].push_back(
            {{"name", each.name}, {"first", optionalJson(each.first)}, {"second", optionalJson(each.second)}});
    for (const L1Difference& each : diff.l1)
        json["l1"].push_back(
            {{"index", each.index}, {"count", each.count}, {"first", each.first}, {"second", each.second}});
    for (const MappingDifference& each : diff.mapping)
        json["mapping"].push_back({{"start", each.start.value()}, {"length", each.bytes},
            {"first", stateJson(each.first)}, {"second", stateJson(each.second)}});
    for (const CountDifference& each : diff.counts)
        json["refcounts"].push_back({{"cluster", each.cluster.value()}, {"clusters", each.clusters},
            {"first", each.first}, {"second", each.second}});
    return json;
}

bool isIdentical(const ContentDiff& diff, bool strict)
{
    return diff.runs.empty() && !(strict && (diff.sizesDiffer() || diff.storedDifferently));
}

std::string contentDiffText(const ContentDiff& diff, bool strict)
{
    if (strict && diff.sizesDiffer())
        return "Strict mode: Image size mismatch!\n";
    if (diff.storedDifferently)
        return fmt::format("Strict mode: Offset {} block status mismatch!\n", *diff.storedDifferently);
    const std::uint64_t common = std::min(diff.firstSize, diff.secondSize);
    const bool met = diff.runs.empty() || diff.runs.front().start >= common; // the shorter disk's end was met first
    std::string text = diff.sizesDiffer() && met ? "Warning: Image size mismatch!\n" : "";
    if (!diff.runs.empty())
        return text + fmt::format("Content mismatch at offset {}!\n", diff.runs.front().start);
    return text + "Images are identical.\n";
}

nlohmann::json contentDiffJson(const ContentDiff& diff, bool strict)
{
    Json json{
        {"identical", isIdentical(diff, strict)}, {"first-size", diff.firstSize}, {"second-size", diff.secondSize}};
    if (!diff.runs.empty())
        json["mismatch-offset"] = diff.runs.front().start;
    if (diff.storedDifferently)
        json["status-mismatch-offset"] = *diff.storedDifferently;
    return json;
}

} // namespace cowscope
