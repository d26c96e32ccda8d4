// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cowscope
{

/// Text of any origin as text of an HTML or XML document, or of an attribute in quotes. Bytes that are not UTF-8, and
/// characters that documents may not have or that reorder the text around them, become U+FFFD.
std::string escaped(std::string_view text);

/// "#rrggbb"
std::string colorText(std::uint32_t rgb);

} // namespace cowscope
