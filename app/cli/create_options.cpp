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
    Result<void> (*set)(CreateOptions& options, const std::string& value);
};

constexpr OptionRow kRows[] = {
    {"backing_file",
        [](CreateOptions& o, const std::string& v) { return store(o.backingFile, Result<std::string>(v)); }},
    {"backing_fmt",
        [](CreateOptions& o, const std::string& v) { return store(o.backingFormat, Result<std::string>(v)); }},
    {"cluster_size", [](CreateOptions& o, const std::string& v) { return store(o.clusterSize, parseSize(v)); }},
    {"compat", [](CreateOptions& o, const std::string& v) { return store(o.version, parseCompat(v)); }},
    {"compression_type",
        [](CreateOptions& o, const std::string& v) { return store(o.compression, parseCompression(v)); }},
    {"data_file", [](CreateOptions& o, const std::string& v) { return store(o.dataFile, Result<std::string>(v)); }},
    {"data_file_raw",
        [](CreateOptions& o, const std::string& v) { return store(o.dataFileRaw, parseSwitch("data_file_raw", v)); }},
    {"extended_l2",
        [](CreateOptions& o, const std::string& v) { return store(o.extendedL2, parseSwitch("extended_l2", v)); }},
    {"lazy_refcounts",
        [](CreateOptions& o, const std::string& v) {
            return store(o.lazyRefcounts, parseSwitch("lazy_refcounts", v));
        }},
    {"preallocation",
        [](CreateOptions& o, const std::string& v) { return store(o.preallocation, parsePreallocation(v)); }},
    {"refcount_bits",
        [](CreateOptions& o, const std::string& v) { return store(o.refcountBits, parseNumber("refcount_bits", v)); }},
    {"size", [](CreateOptions& o, const std::string& v) { return store(o.size, parseSize(v)); }},
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

} // namespace cowscope::cli
