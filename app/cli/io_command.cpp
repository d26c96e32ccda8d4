// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/io_command.h"

#include "app/cli/option_values.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <sstream>
#include <string_view>
#include <vector>

namespace cowscope::cli
{

namespace
{

constexpr std::uint64_t kSectorBytes = 512; ///< what alloc looks at when it is given no length

struct VerbRow {
    std::string_view name;
    std::string_view alias;
    IoVerb verb;
    std::string_view options; ///< letters; P takes a value
    std::size_t leastNumbers;
    std::size_t mostNumbers;
    std::string_view usage;
};

constexpr VerbRow kVerbs[] = {
    {"read", "r", IoVerb::Read, "Pvq", 2, 2, "[-P PATTERN] [-v] [-q] OFFSET LENGTH"},
    {"write", "w", IoVerb::Write, "Pzucq", 2, 2, "[-P PATTERN] [-z [-u]] [-c] [-q] OFFSET LENGTH"},
    {"discard", "d", IoVerb::Discard, "q", 2, 2, "[-q] OFFSET LENGTH"},
    {"flush", "f", IoVerb::Flush, "", 0, 0, ""},
    {"alloc", "", IoVerb::Alloc, "", 1, 2, "OFFSET [LENGTH]"},
    {"map", "", IoVerb::Map, "", 0, 0, ""},
    {"length", "l", IoVerb::Length, "", 0, 0, ""},
    {"quit", "q", IoVerb::Quit, "", 0, 0, ""},
};

std::unexpected<Error> misuse(const VerbRow& row, std::string what)
{
    return fail(ErrorKind::Invalid, std::move(what), {},
        fmt::format("Usage: {}{}{}", row.name, row.usage.empty() ? "" : " ", row.usage));
}

/// A byte: decimal, 0x hexadecimal or 0 octal.
std::optional<std::uint8_t> parsePattern(std::string_view text)
{
    int base = 10;
    if (text.starts_with("0x")) {
        base = 16;
        text.remove_prefix(2);
    } else if (text.size() > 1 && text[0] == '0') {
        base = 8;
        text.remove_prefix(1);
    }
    std::uint8_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return value;
}

void setFlag(IoCommand& command, char letter)
{
    switch (letter) {
    case 'v':
        command.verbose = true;
        break;
    case 'q':
        command.quiet = true;
        break;
    case 'z':
        command.zero = true;
        break;
    case 'u':
        command.unmap = true;
        break;
    default:
        command.compressed = true;
    }
}

using Words = std::vector<std::string>;

/// The letters of one word ("-qP5"); a value may be in the next word, which is then taken.
Result<void> parseOptionWord(const VerbRow& row, const Words& words, std::size_t& at, IoCommand& command)
{
    const std::string& word = words[at];
    for (std::size_t i = 1; i < word.size(); ++i) {
        if (row.options.find(word[i]) == std::string_view::npos)
            return misuse(row, fmt::format("{} has no option -{}", row.name, word[i]));
        if (word[i] != 'P') {
            setFlag(command, word[i]);
            continue;
        }
        std::string value = word.substr(i + 1);
        if (value.empty() && at + 1 < words.size())
            value = words[++at];
        command.pattern = parsePattern(value);
        if (!command.pattern)
            return misuse(row, fmt::format("'{}' is not a valid pattern byte", value));
        return {};
    }
    return {};
}

Result<void> checkTogether(const VerbRow& row, const IoCommand& command)
{
    if (command.zero && command.pattern)
        return misuse(row, "Only one of -z and -P can be given at the same time");
    if (command.unmap && !command.zero)
        return misuse(row, "-u needs -z");
    return {};
}

} // namespace

Result<IoCommand> parseIoCommand(const std::string& line)
{
    std::istringstream stream(line);
    const Words words{std::istream_iterator<std::string>(stream), {}};
    const std::string name = words.empty() ? "" : words[0];
    const auto* row = std::ranges::find_if(
        kVerbs, [&](const VerbRow& each) { return !name.empty() && (name == each.name || name == each.alias); });
    if (row == std::end(kVerbs))
        return fail(
            ErrorKind::Invalid, fmt::format("command \"{}\" not found", name), {}, "Commands:\n" + ioCommandHelp());
    IoCommand command{.verb = row->verb, .pattern = {}};
    std::vector<std::uint64_t> numbers;
    for (std::size_t i = 1; i < words.size(); ++i) {
        if (words[i].size() > 1 && words[i][0] == '-') {
            if (auto parsed = parseOptionWord(*row, words, i, command); !parsed)
                return failed(parsed);
            continue;
        }
        auto number = parseSize(words[i]);
        if (!number)
            return failed(number);
        numbers.push_back(*number);
    }
    if (numbers.size() < row->leastNumbers || numbers.size() > row->mostNumbers)
        return misuse(*row, fmt::format("bad argument count {} to {}", numbers.size(), row->name));
    if (auto legal = checkTogether(*row, command); !legal)
        return failed(legal);
    command.offset = numbers.empty() ? 0 : numbers[0];
    command.length = numbers.size() > 1 ? numbers[1] : kSectorBytes;
    return command;
}

std::string ioCommandHelp()
{
    std::string text;
    for (const VerbRow& row : kVerbs)
        text += fmt::format("  {} {}\n", row.name, row.usage);
    return text;
}

} // namespace cowscope::cli
