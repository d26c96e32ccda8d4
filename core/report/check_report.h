// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/census.h"
#include "core/edit/repair/repair.h"
#include "core/image/image.h"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace cowscope
{

/// For each of the first findings of a census, in their order: who refers to its first cluster, in words.
using FindingReferrers = std::vector<std::vector<std::string>>;

/// One more walk over the metadata, none where there are no findings. Errors: Cancelled, Io.
Result<FindingReferrers> referrersOfFindings(const Image& image, const Census& census, const TaskContext& task);

/// checkJson() with "referrers" in the findings that `referrers` has, and "interrupted" for an incomplete census.
nlohmann::json explainedCheckJson(
    const Image& image, const Census& census, const std::string& path, const FindingReferrers& referrers);

/// findingsText() with the rule, the repair and the referrers of each finding below it, further in.
std::string explainedFindingsText(const Image& image, const Census& census, const FindingReferrers& referrers);

/// What an incomplete census lacks; empty for a complete one.
std::string interruptedText(const Census& census);

/// "plan" of `check --plan`: what a repair would do.
nlohmann::json repairPlanJson(const RepairPlan& plan);
std::string repairPlanText(const RepairPlan& plan);

/// `qemu-img check -r --output=json`: the image as it is now, what was fixed, and our lists of what was done, given up,
/// and remains.
nlohmann::json repairJson(const RepairResult& result, const std::string& path, const FindingReferrers& referrers);

/// What `qemu-img check -r` prints before it checks again; empty where nothing was fixed.
std::string repairedText(const RepairResult& result);

} // namespace cowscope
