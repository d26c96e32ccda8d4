// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/report/check_report.h"

#include "core/analysis/referrers.h"
#include "core/report/analysis_json.h"
#include "core/report/json_report.h"
#include "core/report/text_report.h"

#include <algorithm>
#include <fmt/format.h>

namespace cowscope
{

namespace
{

using Json = nlohmann::json;

constexpr std::size_t kExplainedFindings = 1000;
constexpr std::size_t kReferrersEach = 8;

Json actionsJson(const RepairPlan& plan)
{
    Json out = Json::array();
    for (const RepairAction& action : plan.actions)
        out.push_back({{"mends", findingText(action.kind).title}, {"places", action.places}, {"text", action.what},
            {"loses-data", action.losesData}});
    return out;
}

void appendList(std::string& text, std::string_view prefix, const std::vector<std::string>& lines)
{
    for (const std::string& line : lines)
        text += fmt::format("{}{}\n", prefix, line);
}

} // namespace

namespace
{

Result<FindingReferrers> referrersOfFindings(const Image& image, const Census& census, const TaskContext& task)
{
    const auto findings = std::span(census.findings).first(std::min(census.findings.size(), kExplainedFindings));
    std::vector<HostCluster> clusters;
    for (const Finding& finding : findings)
        clusters.push_back(finding.cluster);
    std::ranges::sort(clusters);
    clusters.erase(std::ranges::unique(clusters).begin(), clusters.end());
    const auto found = findReferrers(image, clusters, kReferrersEach, task);
    if (!found)
        return std::unexpected(found.error());
    FindingReferrers out(findings.size());
    for (std::size_t i = 0; i < findings.size(); ++i) {
        for (const Referrer& each : std::ranges::equal_range(*found, findings[i].cluster, {}, &Referrer::cluster))
            out[i].push_back(each.text(image));
    }
    return out;
}

} // namespace

Result<Explanation> explainFindings(const Image& image, const Census& census, const TaskContext& task)
{
    if (census.findings.empty())
        return Explanation{};
    auto groups = groupFindings(image, census, task);
    if (!groups)
        return failed(groups);
    auto referrers = referrersOfFindings(image, census, task);
    if (!referrers)
        return failed(referrers);
    return Explanation{std::move(*groups), std::move(*referrers)};
}

Json explainedCheckJson(
    const Image& image, const Census& census, const std::string& path, const Explanation& explanation)
{
    Json out = checkJson(image, census, path);
    for (std::size_t i = 0; i < explanation.referrers.size(); ++i)
        out["findings"][i]["referrers"] = explanation.referrers[i];
    if (!explanation.groups.empty())
        out["groups"] = groupsJson(explanation.groups);
    if (!census.complete) {
        out["interrupted"] = true;
        out["interrupted-phase"] = phaseName(census.reached);
    }
    return out;
}

std::string explainedFindingsText(const Image& image, const Census& census, const Explanation& explanation)
{
    std::string text = groupsText(explanation.groups);
    for (std::size_t i = 0; i < census.findings.size(); ++i) {
        const Finding& finding = census.findings[i];
        const FindingText& entry = findingText(finding.kind);
        text += fmt::format("{}: {}\n    Rule: {}\n    Repair: {}\n", severityName(finding.severity()),
            describe(finding, image.geometry().clusterBits()), entry.rule, entry.repair);
        if (i < explanation.referrers.size())
            appendList(text, "    Referred to by: ", explanation.referrers[i]);
    }
    if (census.findingsDropped > 0)
        text += fmt::format("... and {} more findings\n", census.findingsDropped);
    return text;
}

std::string interruptedText(const Census& census)
{
    if (census.complete)
        return {};
    return fmt::format("The check was stopped while {}: what was found until then is true, but not all there is. "
                       "Clusters are not called leaked before all references are known.\n",
        phaseName(census.reached));
}

Json repairPlanJson(const RepairPlan& plan)
{
    return {{"mode", plan.mode == RepairMode::All ? "all" : "leaks"}, {"actions", actionsJson(plan)},
        {"given-up", plan.givenUp}, {"cautions", plan.cautions}, {"remains", plan.remains}, {"rebuild", plan.rebuild}};
}

std::string repairPlanText(const RepairPlan& plan)
{
    std::string text;
    if (plan.changesNothing())
        text += "A repair would change nothing.\n";
    else
        text += "A repair would:\n";
    for (const RepairAction& action : plan.actions)
        text += fmt::format("    {}{}\n", action.what,
            action.losesData        ? " (something is given up)"
                : action.isDoubtful ? " (the contents are in doubt)"
                                    : "");
    appendList(text, "Would be given up: ", plan.givenUp);
    appendList(text, "Mind: ", plan.cautions);
    appendList(text, "Would remain: ", plan.remains);
    return text;
}

Json repairJson(const RepairResult& result, const std::string& path, const Explanation& explanation)
{
    Json out = explainedCheckJson(*result.image, *result.census, path, explanation);
    if (result.leaksFixed > 0)
        out["leaks-fixed"] = result.leaksFixed;
    if (result.corruptionsFixed > 0)
        out["corruptions-fixed"] = result.corruptionsFixed;
    out["repair"] = repairPlanJson(result.plan);
    return out;
}

std::string repairedText(const RepairResult& result)
{
    if (result.leaksFixed == 0 && result.corruptionsFixed == 0)
        return {};
    return fmt::format("The following inconsistencies were found and repaired:\n\n    {} leaked clusters\n    {} "
                       "corruptions\n\nDouble checking the fixed image now...\n",
        result.leaksFixed, result.corruptionsFixed);
}

} // namespace cowscope
