// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/amend_options.h"

#include "app/cli/command.h"
#include "app/cli/option_values.h"

#include "core/edit/amend/amend_plan.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace cowscope::cli
{

namespace
{

Result<unsigned> parseWidth(const std::string& value)
{
    std::uint64_t bits = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), bits);
    const auto order = error == std::errc() && end == value.data() + value.size() ? orderOfWidth(bits) : std::nullopt;
    if (!order)
        return fail(ErrorKind::Invalid, fmt::format("refcount_bits={} is not a refcount width", value), {},
            "Choose 1, 2, 4, 8, 16, 32 or 64");
    return *order;
}

struct OptionRow {
    std::string_view name;
    std::string_view help;
    Result<void> (*set)(AmendRequest& request, const std::string& value);
};

constexpr OptionRow kRows[] = {
    {"backing_file", "name of the backing file, empty for none; contents are not rebased",
        [](AmendRequest& r, const std::string& v) { return store(r.backingFile, Result<std::string>(v)); }},
    {"backing_fmt", "format of the backing file",
        [](AmendRequest& r, const std::string& v) { return store(r.backingFormat, Result<std::string>(v)); }},
    {"compat", "version of the format: 0.10 (v2) or 1.1 (v3)",
        [](AmendRequest& r, const std::string& v) { return store(r.version, parseCompat(v)); }},
    {"data_file_raw", "off: the data file need no longer be readable by itself",
        [](AmendRequest& r, const std::string& v) { return store(r.dataFileRaw, parseSwitch("data_file_raw", v)); }},
    {"lazy_refcounts", "on or off: counts may be written late, and are repaired after a crash",
        [](AmendRequest& r, const std::string& v) { return store(r.lazyRefcounts, parseSwitch("lazy_refcounts", v)); }},
    {"refcount_bits", "width of the counts: 1, 2, 4, 8, 16, 32 or 64",
        [](AmendRequest& r, const std::string& v) { return store(r.order, parseWidth(v)); }},
    {"size", "size of the virtual disk; only larger than now",
        [](AmendRequest& r, const std::string& v) { return store(r.size, parseSize(v)); }},
};

Result<void> setOption(AmendRequest& request, const std::string& name, const std::string& value)
{
    const auto* row = std::ranges::find(kRows, name, &OptionRow::name);
    if (row != std::end(kRows))
        return row->set(request, value);
    std::string known;
    for (const OptionRow& each : kRows)
        known += fmt::format("{}{}", known.empty() ? "" : ", ", each.name);
    return fail(ErrorKind::Invalid, fmt::format("Cannot amend '{}'", name), {}, fmt::format("Possible are {}", known));
}

} // namespace

Result<AmendRequest> parseAmendOptions(const std::vector<std::string>& texts)
{
    AmendRequest request;
    for (const std::string& text : texts) {
        auto options = parseOptions(text);
        if (!options)
            return failed(options);
        for (const auto& [name, value] : *options) {
            if (auto set = setOption(request, name, value); !set)
                return failed(set);
        }
    }
    return request;
}

std::string amendOptionsHelp()
{
    std::string text = "Amend options:\n";
    for (const OptionRow& row : kRows)
        text += fmt::format("  {}=<value> - {}\n", row.name, row.help);
    return text;
}

} // namespace cowscope::cli
