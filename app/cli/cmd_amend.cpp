// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/amend_options.h"
#include "app/cli/cache_mode.h"
#include "app/cli/command.h"
#include "app/cli/interrupt.h"
#include "app/cli/progress.h"

#include "core/edit/amend/amend.h"
#include "core/edit/amend/amend_image.h"
#include "core/edit/amend/undo_amend.h"
#include "core/image/backing_chain.h"
#include "core/report/amend_report.h"
#include "core/report/json_report.h"
#include "core/report/text_report.h"

#include "core/base/number_text.h"

#include <algorithm>
#include <fmt/format.h>

namespace cowscope::cli
{

namespace
{

struct AmendArguments {
    ImageArguments image;
    std::vector<std::string> options;
    std::string cache;
    bool progress = false;
    bool plan = false;
    bool splitShared = false;
    bool undo = false;
};

// A change of nothing but the width has a plan of its own, which the desktop program shows too.
// ------------------------

int showWidthPlan(const AmendArguments& arguments, unsigned order, std::stop_token stop)
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

int amendWidth(const AmendArguments& arguments, const std::string& path, unsigned order, const TaskContext& task)
{
    auto storage = FileStorage::open(path, Access::ReadWrite);
    if (!storage)
        return report(storage.error());
    auto plan = amendStorage(std::move(*storage), order, nullptr, task);
    if (!plan)
        return report(std::move(plan.error()).in(path));
    if (arguments.image.json())
        printJson({{"filename", path}, {"format", "qcow2"}, {"refcount-bits", 1U << plan->newOrder},
            {"old-refcount-bits", 1U << plan->oldOrder}, {"file-size", plan->fileBytesAfter},
            {"old-file-size", plan->fileBytesBefore}});
    return kExitOk;
}

// Everything else. ----------------------------------------------------------------------------------------------------

/// A larger disk must not show what its backing file has behind the present end: that has to be looked at.
Result<GuestFiles> openBacking(const std::shared_ptr<Storage>& storage, const std::string& path,
    const AmendRequest& request, const TaskContext& task)
{
    GuestFiles files;
    if (!request.size)
        return files;
    auto image = Image::open(storage, task);
    if (!image)
        return failed(image);
    auto below = BackingChain::openBelow(**image, path, Sharing::Locked, task);
    if (!below)
        return failed(below);
    if (*below)
        files.backing = std::make_unique<GuestReader>(std::move(**below));
    return files;
}

int amendOptions(
    const AmendArguments& arguments, const std::string& path, const AmendRequest& request, const TaskContext& task)
{
    auto opened = FileStorage::open(path, arguments.plan ? Access::ReadOnly : Access::ReadWrite);
    if (!opened)
        return report(opened.error());
    const std::shared_ptr<Storage> storage = std::move(*opened);
    auto files = openBacking(storage, path, request, task);
    if (!files)
        return report(std::move(files.error()).in(path));
    auto summary = arguments.plan ? previewAmend(storage, std::move(*files), request, task)
                                  : amendImage(storage, std::move(*files), request, task);
    if (!summary)
        return report(std::move(summary.error()).in(path));
    if (arguments.image.json())
        printJson(amendJson(*summary, path));
    else if (arguments.plan)
        printText(stdout, amendText(*summary) + "Nothing has been written.\n");
    return kExitOk;
}

// Undo. ---------------------------------------------------------------------------------------------------------------

int showUndo(const AmendArguments& arguments, const TaskContext& task)
{
    auto opened = openImage(arguments.image);
    if (!opened)
        return report(opened.error());
    auto census = takeCensus(*opened->image, task);
    if (!census)
        return report(std::move(census.error()).in(opened->path));
    auto found = findOldRefcounts(*opened->image, **census, task);
    if (!found)
        return report(std::move(found.error()).in(opened->path));
    if (arguments.image.json()) {
        nlohmann::json widths = nlohmann::json::array();
        for (const OldRefcounts& old : *found)
            widths.push_back({{"refcount-bits", 1U << old.order}, {"reftable-offset", old.reftable.value()},
                {"file-size", old.fileBytesAfter}});
        printJson({{"filename", opened->path}, {"undo", widths}});
    } else {
        for (const OldRefcounts& old : *found)
            fmt::print("Refcounts of {} are intact: reftable at offset {:#x}, file size afterwards {} bytes\n",
                bitsText(1U << old.order), old.reftable.value(), old.fileBytesAfter);
        fmt::print("{}Nothing has been written.\n",
            found->empty() ? "There are no intact refcount structures to go back to.\n" : "");
    }
    return found->empty() ? kExitError : kExitOk;
}

int undo(const AmendArguments& arguments, const std::string& path, const AmendRequest& request, const TaskContext& task)
{
    auto storage = FileStorage::open(path, Access::ReadWrite);
    if (!storage)
        return report(storage.error());
    auto old = undoAmend(std::move(*storage), request.order, task);
    if (!old)
        return report(std::move(old.error()).in(path));
    if (arguments.image.json())
        printJson({{"filename", path}, {"refcount-bits", 1U << old->order}, {"file-size", old->fileBytesAfter}});
    else if (!arguments.image.quiet)
        fmt::print("Undone: counts have {} again\n", bitsText(1U << old->order));
    return kExitOk;
}

int run(const AmendArguments& arguments)
{
    if (std::ranges::any_of(arguments.options, [](const std::string& text) { return text == "help" || text == "?"; })) {
        fmt::print("{}", amendOptionsHelp());
        return kExitOk;
    }
    auto request = parseAmendOptions(arguments.options);
    if (!request)
        return report(request.error());
    request->splitShared = arguments.splitShared;
    if (arguments.image.file.empty())
        return report({ErrorKind::Invalid, "Say which image: FILENAME is required", {}, {}});
    if (arguments.options.empty() && !arguments.undo)
        return report(
            {ErrorKind::Invalid, "Nothing to amend", {}, "Say what: -o NAME=VALUE (-o help lists the names)"});
    auto path = arguments.image.path();
    if (!path)
        return report(path.error());
    const InterruptStop interrupt;
    if (auto may = arguments.image.mayChange(); !may && !arguments.plan)
        return report(may.error());
    const ProgressLine line(arguments.image.showsProgress(arguments.progress));
    const TaskContext task = line.task(interrupt.token());
    if (arguments.undo)
        return arguments.plan ? showUndo(arguments, {interrupt.token(), {}}) : undo(arguments, *path, *request, task);
    if (!request->onlyWidth())
        return amendOptions(arguments, *path, *request, task);
    return arguments.plan ? showWidthPlan(arguments, *request->order, interrupt.token())
                          : amendWidth(arguments, *path, *request->order, task);
}

} // namespace

void addAmend(CLI::App& app, int& exitCode)
{
    auto arguments = std::make_shared<AmendArguments>();
    CLI::App* command = app.add_subcommand(
        "amend", "Change refcount width, compat level, size or backing file of an image at one stroke");
    arguments->image.addTo(*command);
    command->get_option("FILENAME")->required(false); // -o help needs none
    command->add_option("-o,--options", arguments->options, "NAME=VALUE,...; -o help lists the names")
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    addCacheMode(*command, "-t", arguments->cache, "cache mode of the image");
    command->add_flag("-p,--progress", arguments->progress, "show progress");
    command->add_flag("--plan", arguments->plan, "only tell what would be done");
    command->add_flag("--split-shared", arguments->splitShared, "copy clusters whose counts do not fit the width");
    command->add_flag("--undo", arguments->undo, "go back to the refcounts before an amend while they are intact");
    command->callback([arguments, &exitCode] { exitCode = run(*arguments); });
}

} // namespace cowscope::cli
