// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/cluster_map.h"
#include "core/analysis/finding.h"
#include "core/base/error.h"
#include "core/base/strong_index.h"
#include "core/base/task.h"
#include "core/format/field_catalog.h"

#include <QString>

#include <string_view>

namespace cowscope::ui
{

/// Text of the engine, which is UTF-8.
QString toQString(std::string_view text);

/// A tooltip that shows `text` as it is. A bare tooltip with a tag in it is taken for HTML, and names from an image are
/// not to be trusted with that.
QString plainToolTip(const QString& text);

/// "1,234,567"
QString formatCount(std::uint64_t count);

/// "3.1 GiB", "64 KiB", "512 B"; exact below 1 KiB, else at most three significant digits.
QString formatBytes(std::uint64_t bytes);

/// "3,327,066,112 bytes", for tooltips.
QString formatExactBytes(std::uint64_t bytes);

/// "0x4d20000"
QString formatOffset(HostOffset offset);
QString formatHex(std::uint64_t number);

/// "12 %", "< 1 %", "> 99 %": never 0 % or 100 % unless exactly so.
QString formatPercent(std::uint64_t part, std::uint64_t whole);

/// A catalogue field's number with its unit: "0x30000", "64 KiB (2^16)", "20 GiB".
QString formatField(const Field& field, std::uint64_t number);

/// "active L1 table", ...: translated, for legends and tables.
QString ownerText(ClusterOwner owner);

/// "reading refblocks", ...
QString phaseText(Phase phase);

/// "corruption", ...
QString severityText(Severity severity);

/// An error for the user: what, where, and what to do next, as rich text.
QString errorText(const Error& error);

} // namespace cowscope::ui
