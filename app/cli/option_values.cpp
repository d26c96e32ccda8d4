// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/option_values.h"

#include "core/base/checked_math.h"

#include <charconv>
#include <fmt/format.h>
#include <optional>

namespace cowscope::cli
{

namespace
{

constexpr std::uint64_t kMostBytes = INT64_MAX;

std::unexpected<Error> notASize(const std::string& text)
{
    return fail(ErrorKind::Invalid, fmt::format("'{}' is not a number of bytes", text), {},
        "Write for example 65536, 64k or 1.5G; the suffixes are k, M, G, T, P and E");
}

/// The multiplier that a suffix stands for; nothing for other text.
std::optional<std::uint64_t> multiplierOf(std::string_view suffix)
{
    constexpr std::string_view kSuffixes = "BKMGTPE";
    if (suffix.empty())
        return 1;
    const char upper = suffix[0] >= 'a' && suffix[0] <= 'z' ? static_cast<char>(suffix[0] - 'a' + 'A') : suffix[0];
    const auto place = kSuffixes.find(upper);
    if (suffix.size() != 1 || place == std::string_view::npos)
        return std::nullopt;
    return std::uint64_t{1} << (10 * place);
}

/// Takes the digits at the front of `text` away. Nothing where there are none or 64 bits do not hold them.
std::optional<std::uint64_t> takeDigits(std::string_view& text, int base)
{
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc())
        return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
}

/// Takes ".digits" away: its value, at least 0 and below 1.
double takeFraction(std::string_view& text)
{
    if (text.empty() || text[0] != '.')
        return 0;
    text.remove_prefix(1);
    constexpr double kMostScale = 1e15; // so that both numbers, and with them 0.375, are exact
    double digits = 0;
    double scale = 1;
    while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
        if (scale < kMostScale) {
            digits = digits * 10 + (text[0] - '0');
            scale *= 10;
        }
        text.remove_prefix(1);
    }
    return digits / scale;
}

} // namespace

std::unexpected<Error> badValue(std::string_view name, const std::string& value, std::string_view wanted)
{
    return fail(
        ErrorKind::Invalid, fmt::format("{}={} is not possible", name, value), {}, fmt::format("Choose {}", wanted));
}

Result<std::uint64_t> parseNumber(std::string_view name, const std::string& value)
{
    const bool hex = value.starts_with("0x");
    std::string_view rest = std::string_view(value).substr(hex ? 2 : 0);
    const auto number = takeDigits(rest, hex ? 16 : 10);
    if (!number || !rest.empty())
        return badValue(name, value, "a number");
    return *number;
}

Result<bool> parseSwitch(std::string_view name, const std::string& value)
{
    for (const std::string_view yes : {"on", "yes", "true", "y"})
        if (value == yes)
            return true;
    for (const std::string_view no : {"off", "no", "false", "n"})
        if (value == no)
            return false;
    return badValue(name, value, "on or off");
}

Result<unsigned> parseCompat(const std::string& value)
{
    if (value == "1.1" || value == "v3")
        return 3U;
    if (value == "0.10" || value == "v2")
        return 2U;
    return badValue("compat", value, "0.10 (v2) or 1.1 (v3)");
}

Result<std::uint64_t> parseSize(const std::string& text)
{
    std::string_view rest = text;
    if (rest.starts_with("0x")) {
        rest.remove_prefix(2);
        const auto bytes = takeDigits(rest, 16);
        if (!bytes || !rest.empty() || *bytes > kMostBytes)
            return notASize(text);
        return *bytes;
    }
    const auto whole = takeDigits(rest, 10);
    if (!whole)
        return notASize(text);
    const double fraction = takeFraction(rest);
    const auto multiplier = multiplierOf(rest);
    if (!multiplier || (*multiplier == 1 && fraction != 0))
        return notASize(text);
    const auto part = static_cast<std::uint64_t>(fraction * static_cast<double>(*multiplier));
    const auto bytes = checkedMul(*whole, *multiplier);
    if (!bytes || *bytes > kMostBytes - part)
        return notASize(text);
    return *bytes + part;
}

} // namespace cowscope::cli
