// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/compatibility.h"
#include "core/analysis/finding_groups.h"
#include "core/analysis/fragmentation.h"
#include "core/analysis/space_ledger.h"

#include <nlohmann/json.hpp>
#include <string>

namespace cowscope
{

// Analyses as JSON, and as text where the command prints them.

/// A list: cause, title, why, rule, repair, owners, guest range, indexes of "findings".
nlohmann::json groupsJson(std::span<const FindingGroup> groups);

/// The same for people, a paragraph a group; empty without any.
std::string groupsText(std::span<const FindingGroup> groups);

/// Lines that are not empty, in their order, with bytes, holes and first runs; shares of active disk and snapshots.
nlohmann::json ledgerJson(const Image& image, const SpaceLedger& ledger);

nlohmann::json compatibilityJson(const CompatibilityCard& card);
nlohmann::json fragmentationJson(const Fragmentation& fragmentation);
nlohmann::json refblockUsageJson(const RefblockUsage& usage);

} // namespace cowscope
