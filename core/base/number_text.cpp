// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/number_text.h"

namespace cowscope
{

std::string groupedNumber(std::uint64_t number)
{
    const std::string digits = std::to_string(number);
    std::string grouped;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (i > 0 && (digits.size() - i) % 3 == 0)
            grouped += ',';
        grouped += digits[i];
    }
    return grouped;
}

std::string bitsText(unsigned bits)
{
    return bits == 1 ? "1 bit" : std::to_string(bits) + " bits";
}

} // namespace cowscope
