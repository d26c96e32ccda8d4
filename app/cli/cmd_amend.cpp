// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"
#include "app/cli/interrupt.h"
#include "app/cli/progress.h"

#include "core/edit/amend/amend.h"
#include "core/report/json_report.h"
#include "core/report/text_report.h"

#include <charconv>
#include <fmt/format.h>

namespace cowscope::cli
{

namespace
{

struct AmendArguments {
    ImageArguments image;
    std::vector<std::string> options;
    bool progress = false;
    bool plan = false;
};

Result<unsigned> parseWidth(const std::string& value)
{
    std::uint64_t bits = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), bits);
    const auto order = error == std::errc() && end == value.data() + value.size() ? orderOfWidth(bits) : std::nullopt;
    if (!order)
        return fail(ErrorKind::Invalid, fmt::format("refcount_bits={} is not a refcount width", value), {},
            "Choose 1, 2, 4, 8, 16, 32 or 64");
    return *order;
}

/// The refcount order that the options ask for.
Result<unsigned> requestedOrder(const std::vector<std::string>& texts)
{
    std::optional<unsigned> wanted;
    for (const std::string& text : texts) {
        auto options = parseOptions(text);
        if (!options)
            return failed(options);
        for (const auto& [name, value] : *options) {
            if (name != "refcount_bits")
                return fail(
                    ErrorKind::Invalid, fmt::format("Cannot amend '{}'; this command changes refcount_bits", name));
            auto order = parseWidth(value);
            if (!order)
                return order;
            wanted = *order;
        }
    }
    if (!wanted)
        return fail(ErrorKind::Invalid, "Nothing to amend", {}, "Say what: -o refcount_bits=N");
    return *wanted;
}

int showPlan(const AmendArguments& arguments, unsigned order, std::stop_token stop)
{
    auto opened = openImage(arguments.image);
    if (!opened)
        return report(opened.error());
    auto census = takeCensus(*opened->image, {stop, {}});
    if (!census)
        return report(std::move(census.error()).in(opened->path));
    const WidthAssessment assessment = assessWidth(*opened->image, **census, order);
    if (arguments.image.json())
        printJson(assessmentJson(*opened->image, assessment, opened->path));
    else
        fmt::print("{}Nothing has been written.\n", assessmentText(*opened->image, assessment));
    return assessment.state == WidthState::Refused ? kExitError : kExitOk;
}

int amend(const AmendArguments& arguments, unsigned order, std::stop_token stop)
{
    auto path = arguments.image.path();
    if (!path)
        return report(path.error());
    auto storage = FileStorage::open(*path, Access::ReadWrite);
    if (!storage)
        return report(storage.error());
    auto plan = [&] {
        const ProgressLine line(arguments.progress && !arguments.image.quiet);
        return amendStorage(std::move(*storage), order, nullptr, line.task(stop));
    }();
    if (!plan)
        return report(std::move(plan.error()).in(*path));
    if (arguments.image.json())
        printJson({{"filename", *path}, {"format", "qcow2"}, {"refcount-bits", 1U << plan->newOrder},
            {"old-refcount-bits", 1U << plan->oldOrder}, {"file-size", plan->fileBytesAfter},
            {"old-file-size", plan->fileBytesBefore}});
    return kExitOk;
}

int run(const AmendArguments& arguments)
{
    auto order = requestedOrder(arguments.options);
    if (!order)
        return report(order.error());
    const InterruptStop interrupt;
    return arguments.plan ? showPlan(arguments, *order, interrupt.token())
                          : amend(arguments, *order, interrupt.token());
}

} // namespace

void addAmend(CLI::App& app, int& exitCode)
{
    auto arguments = std::make_shared<AmendArguments>();
    CLI::App* command = app.add_subcommand("amend", "Change the refcount width of an image, at one stroke");
    arguments->image.addTo(*command);
    command->add_option("-o,--options", arguments->options, "refcount_bits=N: 1, 2, 4, 8, 16, 32 or 64")
        ->required()
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    command->add_flag("-p,--progress", arguments->progress, "show progress");
    command->add_flag("--plan", arguments->plan, "only tell what would be done");
    command->callback([arguments, &exitCode] { exitCode = run(*arguments); });
}

} // namespace cowscope::cli
