// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>

namespace cowscope
{

/// "1,234,567"
std::string groupedNumber(std::uint64_t number);

/// "1 bit", "16 bits"
std::string bitsText(unsigned bits);

} // namespace cowscope
