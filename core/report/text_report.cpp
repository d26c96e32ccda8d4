// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/report/text_report.h"

#include "core/base/number_text.h"
#include "core/format/field_catalog.h"
#include "core/report/json_report.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <iterator>

namespace cowscope
{

namespace
{

using Json = nlohmann::json;
using Out = std::back_insert_iterator<std::string>;

std::string scalarText(const Json& value)
{
    return value.is_string() ? spelledOut(value.get<std::string>()) : value.dump();
}

/// "compression type: zlib", nested values further in; list items are numbered, as qemu-img does it.
void appendTree(std::string& text, const Json& tree, std::size_t depth)
{
    for (const auto& item : tree.items()) {
        std::string name = tree.is_array() ? fmt::format("[{}]", item.key()) : item.key();
        std::replace(name.begin(), name.end(), '-', ' ');
        const std::string indent(depth * 4, ' ');
        if (item.value().is_structured()) {
            text += fmt::format("{}{}:\n", indent, name);
            appendTree(text, item.value(), depth + 1);
        } else {
            text += fmt::format("{}{}: {}\n", indent, name, scalarText(item.value()));
        }
    }
}

/// Padded by bytes, whatever they look like, as qemu-img does it.
std::string padded(std::string text, std::size_t bytes)
{
    text.resize(std::max(text.size(), bytes), ' ');
    return text;
}

std::string percent(std::uint64_t part, std::uint64_t whole)
{
    return fmt::format("{:.2f}%", whole == 0 ? 0.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

} // namespace

std::string spelledOut(std::string_view text)
{
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f)
            out += fmt::format("\\x{:02x}", byte);
        else
            out += c;
    }
    return out;
}

std::string humanBytes(std::uint64_t bytes)
{
    static constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    // 1000, not 1024: three digits must do, so 1000 KiB is shown as 0.977 MiB.
    while (value >= 1000 && unit + 1 < units.size()) {
        value /= 1024;
        ++unit;
    }
    return fmt::format("{:.3g} {}", value, units[unit]);
}

std::string snapshotsText(const Image& image)
{
    if (image.snapshots().empty())
        return {};
    std::string text = "Snapshot list:\n";
    text += fmt::format("{:<10}{:<17}{:>8}{:>20}{:>13}{:>11}\n", "ID", "TAG", "VM SIZE", "DATE", "VM CLOCK", "ICOUNT");
    for (const Snapshot& snapshot : image.snapshots()) {
        const std::uint64_t milliseconds = snapshot.vmClockNanoseconds / 1'000'000;
        const std::string clock = fmt::format("{:02}:{:02}:{:02}.{:03}", milliseconds / 3'600'000,
            milliseconds / 60'000 % 60, milliseconds / 1000 % 60, milliseconds % 1000);
        const std::time_t date = snapshot.dateSeconds;
        std::tm local{};
        ::localtime_r(&date, &local);
        const std::string icount
            = snapshot.icount && *snapshot.icount != ~std::uint64_t{0} ? std::to_string(*snapshot.icount) : "";
        const std::string day = fmt::format("{:%Y-%m-%d %H:%M:%S}", local); // fmt 9 takes no width for a time
        text += fmt::format("{} {} {:>8}{:>20}{:>13}{:>11}\n", padded(spelledOut(snapshot.id), 9),
            padded(spelledOut(snapshot.name), 16), humanBytes(snapshot.vmStateSize), day, clock, icount);
    }
    return text;
}

std::string infoText(const Image& image, const std::string& path)
{
    const Json info = infoJson(image, path);
    std::string text = fmt::format("image: {}\nfile format: qcow2\nvirtual size: {} ({} bytes)\n", path,
        humanBytes(info["virtual-size"]), info["virtual-size"].get<std::uint64_t>());
    if (info.contains("actual-size"))
        text += fmt::format("disk size: {}\n", humanBytes(info["actual-size"]));
    if (info.contains("encrypted"))
        text += "encrypted: yes\n";
    text += fmt::format("cluster_size: {}\n", image.geometry().clusterSize());
    if (image.header().isDirty())
        text += "cleanly shut down: no\n";
    if (info.contains("backing-filename")) {
        text += fmt::format("backing file: {}", image.backingFile());
        if (info["full-backing-filename"] != info["backing-filename"])
            text += fmt::format(" (actual path: {})", scalarText(info["full-backing-filename"]));
        text += '\n';
    }
    if (info.contains("backing-filename-format"))
        text += fmt::format("backing file format: {}\n", scalarText(info["backing-filename-format"]));
    text += snapshotsText(image);
    text += "Format specific information:\n";
    appendTree(text, info["format-specific"]["data"], 1);
    return text;
}

std::string rawInfoText(const Storage& storage, const std::string& path)
{
    const Json info = rawInfoJson(storage, path);
    return fmt::format("image: {}\nfile format: raw\nvirtual size: {} ({} bytes)\ndisk size: {}\n", path,
        humanBytes(info["virtual-size"]), info["virtual-size"].get<std::uint64_t>(), humanBytes(info["actual-size"]));
}

std::string headerFieldsText(const Image& image)
{
    std::string text = "Header fields:\n";
    for (const Field& field : fieldsOf(Structure::Header)) {
        const FieldValue value = readField(field, image.headerCluster().first(image.header().headerLength));
        if (!value.present)
            continue;
        const bool hex
            = field.unit == FieldUnit::Offset || field.unit == FieldUnit::Flags || field.unit == FieldUnit::Magic;
        text += fmt::format("{:>4}-{:<4} {:<24} {:<20} {}\n", field.offset, field.offset + field.bytes - 1, field.name,
            hex ? fmt::format("{:#x}", value.number) : std::to_string(value.number), field.meaning);
    }
    return text;
}

std::string findingsText(const Image& image, const Census& census)
{
    std::string text;
    for (const Finding& finding : census.findings)
        text += fmt::format(
            "{}: {}\n", severityName(finding.severity()), describe(finding, image.geometry().clusterBits()));
    if (census.findingsDropped > 0)
        text += fmt::format("... and {} more findings\n", census.findingsDropped);
    if (census.count(FindingKind::RefcountOverflow) > 0)
        text += "Some clusters have more references than the refcount width can count: amend the image to a wider one "
                "(cowscope-cli amend -o refcount_bits=N), then repair it.\n";
    return text;
}

std::string checkSummaryText(const Census& census)
{
    std::string text;
    if (census.isClean())
        text += "No errors were found on the image.\n";
    if (census.corruptions > 0)
        text += fmt::format(
            "\n{} errors were found on the image.\nData may be corrupted, or further writes to the image may "
            "corrupt it.\n",
            census.corruptions);
    if (census.leaks > 0)
        text += fmt::format(
            "\n{} leaked clusters were found on the image.\nThis means waste of disk space, but no harm to "
            "data.\n",
            census.leaks);
    if (census.checkErrors > 0)
        text += fmt::format("\n{} parts of the image could not be checked.\n", census.checkErrors);
    const AllocationFigures& figures = census.allocation;
    if (figures.total > 0)
        text += fmt::format("{}/{} = {} allocated, {} fragmented, {} compressed clusters\n", figures.allocated,
            figures.total, percent(figures.allocated, figures.total), percent(figures.fragmented, figures.allocated),
            percent(figures.compressed, figures.allocated));
    text += fmt::format("Image end offset: {}\n", census.imageEndOffset);
    return text;
}

std::string assessmentText(const Image& image, const WidthAssessment& assessment)
{
    const AmendPlan& plan = assessment.plan;
    const Geometry& geometry = image.geometry();
    const std::uint64_t clusterSize = geometry.clusterSize();
    std::string text = fmt::format("Refcount width: {} now, {} wanted (counts up to {})\n",
        bitsText(image.header().refcountBits()), bitsText(assessment.bits()), assessment.maximum);
    text += fmt::format("Largest count: {} at cluster {} (offset {:#x})\n", plan.largest.count,
        plan.largest.cluster.value(), geometry.offset(plan.largest.cluster).value());
    text += fmt::format("Further internal snapshots that fit: {}\n", assessment.snapshotsThatFit);
    for (const std::string& warning : assessment.warnings)
        text += fmt::format("Warning: {}\n", warning);
    for (const std::string& refusal : assessment.refusals)
        text += fmt::format("Refused: {}\n", refusal);
    if (assessment.state == WidthState::Refused && assessment.obstacles.clusters > 0)
        text += "With --split-shared what is shared is copied, so that the counts fit.\n";
    if (assessment.state == WidthState::Refused)
        return text;
    if (plan.changesNothing())
        return text + "The image has this width already: nothing to do.\n";
    text += fmt::format("Will write: {} refblocks and a reftable of {} clusters, {} bytes at offset {:#x}\n",
        plan.newRefblocks.size(), plan.newReftableClusters, plan.newClusters() * clusterSize,
        geometry.offset(plan.firstNewCluster).value());
    text += fmt::format("Will free: {} refblocks and a reftable of {} clusters, {} bytes\n", plan.oldRefblocks.size(),
        plan.oldReftableClusters, plan.oldClusters() * clusterSize);
    text += fmt::format("File size: {} bytes before, {} bytes after\n", plan.fileBytesBefore, plan.fileBytesAfter);
    return text;
}

} // namespace cowscope
