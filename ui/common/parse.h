// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

#include <cstdint>
#include <optional>

namespace cowscope::ui
{

// Numbers as users type them, without spaces around them. Nothing for other text, and for what 64 bits do not hold.

/// "1234", "1,234"
std::optional<std::uint64_t> parseNumber(const QString& text);

/// "0x50000", "12M", "1.5 GiB": a number of bytes that says that it is one.
std::optional<std::uint64_t> parseBytes(const QString& text);

} // namespace cowscope::ui
