// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/report/html_sections.h"

#include "core/base/number_text.h"
#include "core/format/field_catalog.h"
#include "core/report/report_charts.h"
#include "core/report/text_report.h"

#include <algorithm>
#include <fmt/chrono.h>
#include <fmt/format.h>

namespace cowscope
{

namespace
{

constexpr std::size_t kMostFindings = 300; ///< listed one by one
constexpr std::size_t kMostSnapshots = 1000;

std::string sizeText(std::uint64_t bytes)
{
    return fmt::format("{} ({} bytes)", humanBytes(bytes), groupedNumber(bytes));
}

HtmlWriter::Cell numberCell(std::string text)
{
    return {std::move(text), true};
}

std::string percentText(std::uint64_t part, std::uint64_t whole)
{
    return fmt::format("{:.1f} %", whole == 0 ? 0.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

std::string verdictText(const Census& census)
{
    if (census.isClean())
        return "The check found no errors and no leaks.";
    return fmt::format("The check found {} corruptions, {} leaked clusters and {} parts that could not be checked.",
        groupedNumber(census.corruptions), groupedNumber(census.leaks), groupedNumber(census.checkErrors));
}

std::string dateText(std::uint32_t seconds)
{
    return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

void writeChart(HtmlWriter& out, const Chart& chart)
{
    if (!chart.bars.empty())
        out.picture(chartSvg(chart), chart.title);
}

void writeGroup(HtmlWriter& out, const FindingGroup& group)
{
    out.heading(3, fmt::format("{} ({})", group.title, severityName(group.severity)));
    if (!group.why.empty())
        out.paragraph("Likely cause: " + group.why);
    out.paragraph("Rule: " + group.rule);
    out.paragraph("Repair: " + group.repair);
    out.list(group.owners);
}

} // namespace

void writeFacts(HtmlWriter& out, const ImageReport& report)
{
    const Image& image = *report.image;
    const Geometry& geometry = image.geometry();
    out.heading(1, report.path);
    out.paragraph(verdictText(*report.census), report.census->isClean() ? "good" : "bad");
    out.beginTable({"Fact", "Value"});
    const auto fact = [&out](std::string name, std::string value) { out.row({{std::move(name)}, {std::move(value)}}); };
    fact(
        "Version", fmt::format("{} (compat {})", image.header().version, image.header().version == 2 ? "0.10" : "1.1"));
    fact("Virtual size", sizeText(geometry.virtualSize()));
    fact("File size", sizeText(image.fileSize()));
    if (const auto allocated = image.storage().allocatedBytes())
        fact("On disk", sizeText(*allocated));
    fact("Cluster size", sizeText(geometry.clusterSize()));
    fact("Refcount width", bitsText(image.header().refcountBits()));
    const CountedCluster& largest = report.census->largest;
    fact("Largest count",
        fmt::format("{} (cluster {})", groupedNumber(largest.count), groupedNumber(largest.cluster.value())));
    fact("Guest clusters allocated",
        fmt::format("{} of {}", groupedNumber(report.census->allocation.allocated),
            groupedNumber(report.census->allocation.total)));
    fact("Internal snapshots", groupedNumber(image.header().snapshotCount));
    fact("Bitmaps", groupedNumber(image.bitmaps().size()));
    if (!image.backingFile().empty())
        fact("Backing file", image.backingFile());
    if (image.extensions().dataFile)
        fact("External data file", *image.extensions().dataFile);
    out.endTable();
}

void writeFindings(HtmlWriter& out, const ImageReport& report)
{
    const Census& census = *report.census;
    if (census.findings.empty())
        return;
    out.heading(2, "Findings by likely cause");
    for (const FindingGroup& group : report.groups)
        writeGroup(out, group);
    out.heading(2, "All findings");
    out.beginTable({"Severity", "Finding"});
    const std::size_t shown = std::min(census.findings.size(), kMostFindings);
    for (const Finding& finding : std::span(census.findings).first(shown))
        out.row({{std::string(severityName(finding.severity()))},
            {describe(finding, report.image->geometry().clusterBits())}});
    out.endTable();
    if (const std::uint64_t more = census.findings.size() - shown + census.findingsDropped; more > 0)
        out.paragraph(fmt::format("... and {} more.", groupedNumber(more)), "note");
}

void writeMap(HtmlWriter& out, const ImageReport& report)
{
    out.heading(2, "Map of the file");
    out.picture(mapSvg(report.census->map),
        "From the first cluster to the last in rows; the rarest owner wins a cell. Colours as in the chart of space; "
        "red: leaks and wrong counts.");
}

void writeSpace(HtmlWriter& out, const ImageReport& report)
{
    const SpaceLedger& ledger = report.ledger;
    out.heading(2, "Where the space went");
    writeChart(out, spaceChart(ledger));
    out.beginTable({"Use", "Bytes", "Share", "Without disk blocks", "Clusters"});
    const auto line = [&](std::string name, std::uint64_t bytes, std::uint64_t holes, std::string clusters) {
        out.row({{std::move(name)}, numberCell(groupedNumber(bytes)), numberCell(percentText(bytes, ledger.fileBytes)),
            numberCell(groupedNumber(holes)), numberCell(std::move(clusters))});
    };
    for (std::size_t i = 0; i < kSpaceUseCount; ++i) {
        const SpaceSum& sum = ledger.uses[i];
        if (sum.clusters > 0)
            line(
                std::string(spaceUseName(static_cast<SpaceUse>(i))), sum.bytes, sum.holes, groupedNumber(sum.clusters));
    }
    line("the file", ledger.fileBytes, ledger.holes, groupedNumber(report.image->fileClusters()));
    out.endTable();
}

void writeSnapshots(HtmlWriter& out, const ImageReport& report)
{
    const std::span<const Snapshot> snapshots = report.image->snapshots();
    if (snapshots.empty())
        return;
    out.heading(2, "Snapshots");
    out.paragraph("Exclusive space would be free without the snapshot; shared space is used by others too.");
    writeChart(out, snapshotChart(*report.image, report.ledger));
    out.beginTable({"ID", "Name", "Date", "VM state", "Exclusive", "Shared"});
    const std::size_t shown = std::min(snapshots.size(), kMostSnapshots);
    for (std::size_t i = 0; i < shown; ++i) {
        const SpaceShare& share = report.ledger.snapshots[i];
        out.row({{snapshots[i].id}, {snapshots[i].name}, {dateText(snapshots[i].dateSeconds)},
            numberCell(humanBytes(snapshots[i].vmStateSize)), numberCell(groupedNumber(share.exclusive)),
            numberCell(groupedNumber(share.shared))});
    }
    out.endTable();
    if (shown < snapshots.size())
        out.paragraph(fmt::format("... and {} more.", groupedNumber(snapshots.size() - shown)), "note");
}

void writeCharts(HtmlWriter& out, const ImageReport& report)
{
    out.heading(2, "Counts and fragmentation");
    writeChart(out, countChart(*report.census));
    writeChart(out, refblockChart(report.refblocks));
    writeChart(out, fragmentationChart(report.fragmentation));
}

void writeWidths(HtmlWriter& out, const ImageReport& report)
{
    out.heading(2, "Refcount widths");
    writeChart(out, widthChart(report.widths));
    out.beginTable({"Width", "Further snapshots", "Bytes of counts", "What stands in the way, or is worth knowing"});
    for (const WidthAssessment& width : report.widths) {
        const bool refused = width.state == WidthState::Refused;
        std::string notes;
        for (const std::string& note : refused ? width.refusals : width.warnings)
            notes += (notes.empty() ? "" : " ") + note;
        out.row({{fmt::format("{}{}", width.bits(), width.state == WidthState::Current ? " (today)" : "")},
            numberCell(refused ? std::string("-") : groupedNumber(width.snapshotsThatFit)),
            numberCell(refused ? std::string("-") : groupedNumber(width.metadataBytes)), {std::move(notes)}});
    }
    out.endTable();
}

void writeCompatibility(HtmlWriter& out, const ImageReport& report)
{
    out.heading(2, "Who can read it");
    out.beginTable({"The image has", "Value", "What a reader must do"});
    for (const Demand& demand : report.card.demands)
        out.row({{demand.name}, {demand.value}, {demand.meaning}});
    out.endTable();
    out.beginTable({"Reader", "Opens it", "Why", "Source"});
    for (const ReaderVerdict& reader : report.card.readers) {
        std::string reasons;
        for (const std::string& reason : reader.reasons)
            reasons += (reasons.empty() ? "" : " ") + reason;
        out.row({{std::string(reader.reader)}, {std::string(opensName(reader.opens))}, {std::move(reasons)},
            {std::string(reader.source)}});
    }
    out.endTable();
    if (report.card.changes.empty())
        return;
    out.heading(3, "What would have to change");
    out.beginTable({"Change", "Command"});
    for (const CompatibilityChange& change : report.card.changes)
        out.row({{change.what}, {change.how}});
    out.endTable();
}

void writeHeader(HtmlWriter& out, const ImageReport& report)
{
    const Image& image = *report.image;
    out.heading(2, "Header");
    out.beginTable({"Bytes", "Field", "Value", "Meaning"});
    for (const Field& field : fieldsOf(Structure::Header)) {
        const FieldValue value = readField(field, image.headerCluster().first(image.header().headerLength));
        if (!value.present)
            continue;
        const bool hex
            = field.unit == FieldUnit::Offset || field.unit == FieldUnit::Flags || field.unit == FieldUnit::Magic;
        out.row({{fmt::format("{}-{}", field.offset, field.offset + field.bytes - 1)}, {std::string(field.name)},
            numberCell(hex ? fmt::format("{:#x}", value.number) : groupedNumber(value.number)),
            {std::string(field.meaning)}});
    }
    out.endTable();
    if (image.extensions().raw.empty())
        return;
    out.heading(3, "Header extensions");
    out.beginTable({"Offset", "Type", "Name", "Bytes"});
    for (const RawExtension& extension : image.extensions().raw)
        out.row({{fmt::format("{:#x}", extension.offset.value())}, {fmt::format("{:#x}", extension.type)},
            {std::string(extensionName(extension.type))}, numberCell(groupedNumber(extension.data.size()))});
    out.endTable();
}

} // namespace cowscope
