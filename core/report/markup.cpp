// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/report/markup.h"

#include <fmt/format.h>

namespace cowscope
{

namespace
{

constexpr std::string_view kReplacement = "\xEF\xBF\xBD"; // U+FFFD

struct Decoded {
    std::uint32_t character = 0;
    std::size_t bytes = 0; ///< 0: not UTF-8
};

Decoded decodeUtf8(std::string_view text)
{
    const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(0);
    if (first < 0x80)
        return {first, 1};
    const std::size_t bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.size() < bytes)
        return {};
    std::uint32_t character = first & (0xffU >> (bytes + 1));
    for (std::size_t i = 1; i < bytes; ++i) {
        if ((byte(i) & 0xc0) != 0x80)
            return {};
        character = character << 6 | (byte(i) & 0x3fU);
    }
    constexpr std::uint32_t least[]{0, 0, 0x80, 0x800, 0x10000};
    return character < least[bytes] ? Decoded{} : Decoded{character, bytes};
}

bool mayStand(std::uint32_t character)
{
    const bool control
        = (character < 0x20 && character != '\n' && character != '\t') || (character >= 0x7f && character < 0xa0);
    const bool surrogate = character >= 0xd800 && character < 0xe000;
    const bool noCharacter = (character & 0xfffe) == 0xfffe || character > 0x10ffff;
    const bool reorders = (character >= 0x202a && character <= 0x202e) || (character >= 0x2066 && character <= 0x2069);
    return !control && !surrogate && !noCharacter && !reorders;
}

} // namespace

std::string escaped(std::string_view text)
{
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const Decoded next = decodeUtf8(text);
        const std::string_view taken = text.substr(0, next.bytes == 0 ? 1 : next.bytes);
        text.remove_prefix(taken.size());
        if (next.bytes == 0 || !mayStand(next.character))
            out += kReplacement;
        else if (next.character == '&')
            out += "&amp;";
        else if (next.character == '<')
            out += "&lt;";
        else if (next.character == '>')
            out += "&gt;";
        else if (next.character == '"')
            out += "&quot;";
        else if (next.character == '\'')
            out += "&#39;";
        else
            out += taken;
    }
    return out;
}

std::string colorText(std::uint32_t rgb)
{
    return fmt::format("#{:06x}", rgb);
}

} // namespace cowscope
