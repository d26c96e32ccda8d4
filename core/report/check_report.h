// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/finding_groups.h"
#include "core/edit/repair/repair.h"
#include "core/image/image.h"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace cowscope
{

/// For each of the first findings of a census, in their order: who refers to its first cluster, in words.
using FindingReferrers = std::vector<std::vector<std::string>>;

/// What explains the findings of a census: likely causes, and who refers to what.
struct Explanation {
    std::vector<FindingGroup> groups;
    FindingReferrers referrers;
};

/// Some more walks over the metadata, none where there are no findings. Errors: Cancelled, Io.
Result<Explanation> explainFindings(const Image& image, const Census& census, const TaskContext& task);

/// checkJson() with "groups", "referrers" in the findings that have them, and "interrupted" for an incomplete census.
nlohmann::json explainedCheckJson(
    const Image& image, const Census& census, const std::string& path, const Explanation& explanation);

/// groupsText(), then findingsText() with the rule, the repair and the referrers of each finding below it, further in.
std::string explainedFindingsText(const Image& image, const Census& census, const Explanation& explanation);

/// What an incomplete census lacks; empty for a complete one.
std::string interruptedText(const Census& census);

/// "plan" of `check --plan`: what a repair would do.
nlohmann::json repairPlanJson(const RepairPlan& plan);
std::string repairPlanText(const RepairPlan& plan);

/// `qemu-img check -r --output=json`: the image as it is now, what was fixed, and our lists of what was done, given up,
/// and remains.
nlohmann::json repairJson(const RepairResult& result, const std::string& path, const Explanation& explanation);

/// What `qemu-img check -r` prints before it checks again; empty where nothing was fixed.
std::string repairedText(const RepairResult& result);

} // namespace cowscope
