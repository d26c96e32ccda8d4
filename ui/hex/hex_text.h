// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

#include <expected>
#include <span>
#include <vector>

namespace cowscope::ui
{

/// Bytes as text for the clipboard: "51 46 49 fb", 16 in a line.
QString hexText(std::span<const std::byte> bytes);

/// "const unsigned char bytes[4] = {\n    0x51, 0x46, 0x49, 0xfb,\n};\n"
QString cArrayText(std::span<const std::byte> bytes);

/// UTF-8 as far as it is that; what cannot be shown becomes a dot.
QString plainText(std::span<const std::byte> bytes);

/// The character that stands for a byte in the text column.
QChar byteCharacter(std::byte byte);

/// What to search for. `asHex`: pairs of hex digits, apart or together, with or without 0x; else text, as UTF-8. An
/// error is a sentence for the user.
std::expected<std::vector<std::byte>, QString> searchPattern(const QString& text, bool asHex);

} // namespace cowscope::ui
