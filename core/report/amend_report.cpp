// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/report/amend_report.h"

#include <fmt/format.h>

namespace cowscope
{

namespace
{

std::string_view compatOf(std::uint32_t version)
{
    return version == 2 ? "0.10" : "1.1";
}

std::string bitsOf(unsigned order)
{
    return order == 0 ? "1 bit" : fmt::format("{} bits", 1U << order);
}

template <typename T>
std::string changeText(std::string_view name, const T& before, const T& after)
{
    return before == after ? std::string() : fmt::format("{}: {} now, {} wanted\n", name, before, after);
}

std::string_view onOff(bool on)
{
    return on ? "on" : "off";
}

} // namespace

std::string amendText(const AmendSummary& summary)
{
    std::string text;
    text += changeText("Compat level", compatOf(summary.oldVersion), compatOf(summary.newVersion));
    text += changeText("Refcount width", bitsOf(summary.oldOrder), bitsOf(summary.newOrder));
    text += changeText("Lazy refcounts", onOff(summary.oldLazyRefcounts), onOff(summary.newLazyRefcounts));
    text += changeText("Disk size", summary.oldSize, summary.newSize);
    text += changeText("Backing file", summary.oldBackingFile, summary.newBackingFile);
    for (const std::string& warning : summary.warnings)
        text += fmt::format("Warning: {}\n", warning);
    if (summary.zeros.entries > 0)
        text += fmt::format("Will expand: {} entries with the zero flag, into {} clusters of zeros\n",
            summary.zeros.entries, summary.zeros.clusters);
    if (summary.split.clusters > 0)
        text += fmt::format(
            "Will copy: {} clusters that are shared, {} bytes\n", summary.split.clusters, summary.split.bytes);
    if (summary.tablesMoved > 0)
        text += fmt::format("Will write anew: {} L2 tables\n", summary.tablesMoved);
    return text
        + fmt::format("File size: {} bytes before, {} bytes after\n", summary.fileBytesBefore, summary.fileBytesAfter);
}

nlohmann::json amendJson(const AmendSummary& summary, const std::string& path)
{
    nlohmann::json json = {{"filename", path}, {"format", "qcow2"}, {"compat", compatOf(summary.newVersion)},
        {"old-compat", compatOf(summary.oldVersion)}, {"refcount-bits", 1U << summary.newOrder},
        {"old-refcount-bits", 1U << summary.oldOrder}, {"lazy-refcounts", summary.newLazyRefcounts},
        {"old-lazy-refcounts", summary.oldLazyRefcounts}, {"virtual-size", summary.newSize},
        {"old-virtual-size", summary.oldSize}, {"file-size", summary.fileBytesAfter},
        {"old-file-size", summary.fileBytesBefore}, {"zero-entries-expanded", summary.zeros.entries},
        {"zero-clusters-written", summary.zeros.clusters}, {"clusters-copied", summary.split.clusters},
        {"bytes-copied", summary.split.bytes}, {"l2-tables-rewritten", summary.tablesMoved},
        {"warnings", summary.warnings}};
    if (!summary.newBackingFile.empty())
        json["backing-filename"] = summary.newBackingFile;
    if (!summary.oldBackingFile.empty())
        json["old-backing-filename"] = summary.oldBackingFile;
    return json;
}

} // namespace cowscope
