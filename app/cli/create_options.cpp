// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/create_options.h"

#include "app/cli/command.h"
#include "app/cli/option_values.h"

#include <algorithm>
#include <fmt/format.h>
#include <string_view>

namespace cowscope::cli
{

namespace
{

Result<Preallocation> parsePreallocation(const std::string& value)
{
    constexpr std::pair<std::string_view, Preallocation> kModes[] = {{"off", Preallocation::Off},
        {"metadata", Preallocation::Metadata}, {"falloc", Preallocation::Falloc}, {"full", Preallocation::Full}};
    for (const auto& [name, mode] : kModes)
        if (value == name)
            return mode;
    return badValue("preallocation", value, "off, metadata, falloc or full");
}

Result<CompressionType> parseCompression(const std::string& value)
{
    if (value == "zlib")
        return CompressionType::Zlib;
    if (value == "zstd")
        return CompressionType::Zstd;
    return badValue("compression_type", value, "zlib or zstd");
}

struct OptionRow {
    std::string_view name;
    std::string_view value; ///< what it takes
    std::string_view help;
    Result<void> (*set)(CreateOptions& options, const std::string& value);
};

constexpr OptionRow kRows[] = {
    {"backing_file", "str", "File name of the base image",
        [](CreateOptions& o, const std::string& v) { return store(o.backingFile, Result<std::string>(v)); }},
    {"backing_fmt", "str", "Format of the base image: raw or qcow2",
        [](CreateOptions& o, const std::string& v) { return store(o.backingFormat, Result<std::string>(v)); }},
    {"cluster_size", "size", "Bytes of a cluster, 512 to 2M",
        [](CreateOptions& o, const std::string& v) { return store(o.clusterSize, parseSize(v)); }},
    {"compat", "str", "Compatibility level: v2 [0.10] or v3 [1.1]",
        [](CreateOptions& o, const std::string& v) { return store(o.version, parseCompat(v)); }},
    {"compression_type", "str", "Method of compressed clusters: zlib or zstd",
        [](CreateOptions& o, const std::string& v) { return store(o.compression, parseCompression(v)); }},
    {"data_file", "str", "File that keeps the guest data",
        [](CreateOptions& o, const std::string& v) { return store(o.dataFile, Result<std::string>(v)); }},
    {"data_file_raw", "bool", "The data file is to be readable as a raw image",
        [](CreateOptions& o, const std::string& v) { return store(o.dataFileRaw, parseSwitch("data_file_raw", v)); }},
    {"extended_l2", "bool", "Extended L2 entries, with subclusters",
        [](CreateOptions& o, const std::string& v) { return store(o.extendedL2, parseSwitch("extended_l2", v)); }},
    {"lazy_refcounts", "bool", "Reference counts may be written late",
        [](CreateOptions& o, const std::string& v) {
            return store(o.lazyRefcounts, parseSwitch("lazy_refcounts", v));
        }},
    {"preallocation", "str", "What is allocated at once: off, metadata, falloc or full",
        [](CreateOptions& o, const std::string& v) { return store(o.preallocation, parsePreallocation(v)); }},
    {"refcount_bits", "num", "Width of a reference count in bits: 1, 2, 4, 8, 16, 32 or 64",
        [](CreateOptions& o, const std::string& v) { return store(o.refcountBits, parseNumber("refcount_bits", v)); }},
    {"size", "size", "Size of the disk",
        [](CreateOptions& o, const std::string& v) { return store(o.size, parseSize(v)); }},
};

Result<void> setOption(CreateOptions& options, const std::string& name, const std::string& value)
{
    const auto* row = std::ranges::find(kRows, name, &OptionRow::name);
    if (row != std::end(kRows))
        return row->set(options, value);
    if (name == "encryption" || name.starts_with("encrypt."))
        return fail(ErrorKind::Unsupported, fmt::format("'{}': this program does not write encrypted images", name));
    std::string known;
    for (const OptionRow& each : kRows)
        known += fmt::format("{}{}", known.empty() ? "" : ", ", each.name);
    return fail(ErrorKind::Invalid, fmt::format("Unknown option '{}'", name), {}, fmt::format("Known are {}", known));
}

} // namespace

Result<CreateOptions> parseCreateOptions(const std::vector<std::string>& texts, CreateOptions start)
{
    for (const std::string& text : texts) {
        auto options = parseOptions(text);
        if (!options)
            return failed(options);
        for (const auto& [name, value] : *options) {
            if (auto set = setOption(start, name, value); !set)
                return failed(set);
        }
    }
    return start;
}

std::string createOptionsHelp()
{
    std::string text = "Supported qcow2 options:\n";
    for (const OptionRow& row : kRows)
        text += fmt::format("  {:<24} - {}\n", fmt::format("{}=<{}>", row.name, row.value), row.help);
    return text;
}

bool asksForHelp(const std::vector<std::string>& texts)
{
    return std::ranges::any_of(texts, [](const std::string& text) {
        const std::string among = "," + text + ",";
        return among.find(",help,") != std::string::npos || among.find(",?,") != std::string::npos;
    });
}

} // namespace cowscope::cli
