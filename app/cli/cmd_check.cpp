// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/cache_mode.h"
#include "app/cli/command.h"
#include "app/cli/interrupt.h"
#include "app/cli/progress.h"

#include "core/analysis/sound_census.h"
#include "core/edit/repair/repair.h"
#include "core/report/check_report.h"
#include "core/report/json_report.h"
#include "core/report/text_report.h"

#include <fmt/format.h>

namespace cowscope::cli
{

namespace
{

struct CheckArguments {
    ImageArguments image;
    std::string repair; ///< "leaks", "all", or empty: only look
    std::string cache;
    bool progress = false;
    bool explain = false;
    bool plan = false;

    RepairMode mode() const { return repair == "leaks" ? RepairMode::Leaks : RepairMode::All; }
};

int verdict(const Census& census)
{
    if (census.checkErrors > 0 || !census.complete)
        return kExitError;
    if (census.corruptions > 0)
        return kExitCorrupt;
    return census.leaks > 0 ? kExitLeaks : kExitOk;
}

int reportOpening(const CheckArguments& arguments, const Error& error)
{
    const bool otherFormat = error.kind == ErrorKind::NotQcow2 && arguments.image.format.empty();
    report(error);
    return otherFormat ? kExitNoCheck : kExitError;
}

Result<std::shared_ptr<const Census>> takeCensusWithProgress(
    const CheckArguments& arguments, const Image& image, std::stop_token stop)
{
    const ProgressLine line(arguments.image.showsProgress(arguments.progress));
    return checkImage(image, line.task(stop), {.keepPartial = true});
}

Result<RepairResult> repairWithProgress(
    const CheckArguments& arguments, std::shared_ptr<Storage> storage, std::stop_token stop)
{
    const ProgressLine line(arguments.image.showsProgress(arguments.progress));
    return repairImage(std::move(storage), arguments.mode(), nullptr, line.task(stop));
}

/// An explanation where it will be shown; none when the user has stopped the command or tables cannot be read.
Explanation explanationToShow(
    const CheckArguments& arguments, const Image& image, const Census& census, std::stop_token stop)
{
    if (!census.complete || !(arguments.explain || arguments.image.json()))
        return {};
    return explainFindings(image, census, {stop, {}}).value_or(Explanation{});
}

void printFindings(
    const CheckArguments& arguments, const Image& image, const Census& census, const Explanation& explanation)
{
    printText(
        stderr, arguments.explain ? explainedFindingsText(image, census, explanation) : findingsText(image, census));
}

int check(const CheckArguments& arguments, std::stop_token stop)
{
    auto opened = openImage(arguments.image, Purpose::Check);
    if (!opened)
        return reportOpening(arguments, opened.error());
    auto census = takeCensusWithProgress(arguments, *opened->image, stop);
    if (!census)
        return report(std::move(census.error()).in(opened->path));
    const Explanation explanation = explanationToShow(arguments, *opened->image, **census, stop);
    if (arguments.image.json()) {
        printJson(explainedCheckJson(*opened->image, **census, opened->path, explanation));
    } else if (!arguments.image.quiet) {
        printFindings(arguments, *opened->image, **census, explanation);
        fmt::print("{}", (*census)->complete ? checkSummaryText(**census) : std::string());
        printText(stderr, interruptedText(**census));
    }
    return verdict(**census);
}

int showPlan(const CheckArguments& arguments, std::stop_token stop)
{
    auto path = arguments.image.path();
    if (!path)
        return report(path.error());
    if (arguments.image.forceShare)
        warnOfUse(*path);
    auto storage = FileStorage::open(*path, Access::ReadOnly, arguments.image.sharing());
    if (!storage)
        return report(storage.error());
    auto image = openForRepair(std::move(*storage), {});
    if (!image)
        return reportOpening(arguments, std::move(image.error()).in(*path));
    auto census = takeCensus(**image, {stop, {}});
    if (!census)
        return report(std::move(census.error()).in(*path));
    const RepairPlan plan = planRepair(**image, **census, arguments.mode());
    if (arguments.image.json()) {
        auto json = explainedCheckJson(**image, **census, *path, explanationToShow(arguments, **image, **census, stop));
        json["repair"] = repairPlanJson(plan);
        printJson(json);
    } else {
        printText(stdout, repairPlanText(plan));
        fmt::print("Nothing has been written.\n");
    }
    return verdict(**census);
}

void printRepair(const CheckArguments& arguments, const RepairResult& result, const Explanation& explanation)
{
    for (const RepairAction& action : result.plan.actions)
        printText(stderr, fmt::format("Repair: {}\n", action.what));
    for (const std::string& lost : result.plan.givenUp)
        printText(stderr, fmt::format("Given up: {}\n", lost));
    for (const std::string& caution : result.plan.cautions)
        printText(stderr, fmt::format("Mind: {}\n", caution));
    for (const std::string& rest : result.plan.remains)
        printText(stderr, fmt::format("Remains: {}\n", rest));
    fmt::print("{}", repairedText(result));
    std::fflush(stdout);
    printFindings(arguments, *result.image, *result.census, explanation);
    fmt::print("{}", checkSummaryText(*result.census));
}

int repair(const CheckArguments& arguments, std::stop_token stop)
{
    auto path = arguments.image.path();
    if (!path)
        return report(path.error());
    if (auto may = arguments.image.mayChange(); !may)
        return report(may.error());
    auto storage = FileStorage::open(*path, Access::ReadWrite);
    if (!storage)
        return report(storage.error());
    auto result = repairWithProgress(arguments, std::move(*storage), stop);
    if (!result)
        return reportOpening(arguments, std::move(result.error()).in(*path));
    const Explanation explanation = explanationToShow(arguments, *result->image, *result->census, stop);
    if (arguments.image.json())
        printJson(repairJson(*result, *path, explanation));
    else if (!arguments.image.quiet)
        printRepair(arguments, *result, explanation);
    const std::span<const Error> problems = result->image->problems();
    return problems.empty() ? verdict(*result->census) : report(Error(problems.front()).in(*path));
}

int run(const CheckArguments& arguments)
{
    const InterruptStop interrupt;
    if (arguments.plan)
        return showPlan(arguments, interrupt.token());
    return arguments.repair.empty() ? check(arguments, interrupt.token()) : repair(arguments, interrupt.token());
}

} // namespace

void addCheck(CLI::App& app, int& exitCode)
{
    auto arguments = std::make_shared<CheckArguments>();
    CLI::App* command = app.add_subcommand("check",
        "Check an image, and repair it if asked to. Exit code: 0 sound, 1 could not be checked, 2 corruptions, 3 leaks "
        "only, 63 not qcow2");
    arguments->image.addTo(*command);
    command->add_option("-r,--repair", arguments->repair, "leaks: give leaked clusters back; all: mend everything")
        ->check(CLI::IsMember({"leaks", "all"}));
    addCacheMode(*command, "-T", arguments->cache, "cache mode of the image");
    command->add_flag("-p,--progress", arguments->progress, "show progress");
    command->add_flag("--explain", arguments->explain, "tell the rule, the repair and who refers to each finding");
    command->add_flag("--plan", arguments->plan, "only tell what a repair would do");
    command->callback([arguments, &exitCode] { exitCode = run(*arguments); });
}

} // namespace cowscope::cli
