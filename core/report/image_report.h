// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/compatibility.h"
#include "core/analysis/finding_groups.h"
#include "core/analysis/fragmentation.h"
#include "core/analysis/space_ledger.h"
#include "core/edit/amend/amend_plan.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

namespace cowscope
{

/// Everything that a report of an image tells. An immutable value.
struct ImageReport {
    std::string path; ///< how the user named the file
    std::shared_ptr<const Image> image;
    std::shared_ptr<const Census> census;
    SpaceLedger ledger;
    std::vector<FindingGroup> groups;
    CompatibilityCard card;
    Fragmentation fragmentation;
    RefblockUsage refblocks;
    std::array<WidthAssessment, kWidthCount> widths;
};

/// Gathers it. `census` is that of the image, complete, or null: then it is taken. Errors: Cancelled, Io, TooLarge.
Result<ImageReport> makeReport(std::shared_ptr<const Image> image, std::shared_ptr<const Census> census,
    const std::string& path, const TaskContext& task);

/// The report as JSON: what `info` and `check` give, and ledger, groups, compatibility and figures beside it.
nlohmann::json reportJson(const ImageReport& report);

} // namespace cowscope
