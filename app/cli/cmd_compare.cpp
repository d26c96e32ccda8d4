// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/cache_mode.h"
#include "app/cli/command.h"
#include "app/cli/interrupt.h"
#include "app/cli/progress.h"

#include "core/report/diff_report.h"

#include <fmt/format.h>

namespace cowscope::cli
{

namespace
{

constexpr int kExitDifferent = 1;
constexpr int kExitNotOpened = 2;
constexpr int kExitNotLookedUp = 3;
constexpr int kExitNotRead = 4;

struct CompareArguments {
    ImageArguments first; ///< with the options that are for both
    std::string second;
    std::string secondFormat;
    std::string cache; ///< accepted for qemu-img's sake
    bool strict = false;
    bool progress = false;
    bool metadata = false;

    ImageArguments secondImage() const
    {
        ImageArguments image = first;
        image.file = second;
        image.format = secondFormat;
        return image;
    }
};

int reportAs(int exitCode, const Error& error)
{
    report(error);
    return exitCode;
}

void print(const CompareArguments& arguments, const nlohmann::json& json, const std::string& text)
{
    if (arguments.first.json())
        printJson(json);
    else if (!arguments.first.quiet)
        printText(stdout, text);
}

/// The format that was given for a file, which image options may tell too; the path is what they say.
Result<GuestReader> openContents(const ImageArguments& image, const TaskContext& task)
{
    std::string path = image.file;
    std::string format = image.format;
    if (image.imageOpts) {
        auto named = image.path();
        if (!named)
            return failed(named);
        path = std::move(*named);
        format = "qcow2";
    }
    auto chain = BackingChain::openFile(path, format, image.sharing(), task);
    if (!chain)
        return failed(chain);
    for (unsigned depth = 0; depth < chain->layers(); ++depth) {
        const Image* layer = chain->image(depth);
        if (layer != nullptr && layer->header().cryptMethod != CryptMethod::None)
            return std::unexpected(
                Error{ErrorKind::Unsupported, "The guest's data is encrypted, which this program does not read", {},
                    "Use qemu-img with the image's secret"}
                    .in(chain->path(depth)));
    }
    return GuestReader(std::move(*chain));
}

int compareGuests(const CompareArguments& arguments, std::stop_token stop)
{
    const TaskContext silent{stop, {}};
    auto first = openContents(arguments.first, silent);
    if (!first)
        return reportAs(kExitNotOpened, first.error());
    auto second = openContents(arguments.secondImage(), silent);
    if (!second)
        return reportAs(kExitNotOpened, second.error());
    auto diff = [&] {
        const ProgressLine line(arguments.progress && !arguments.first.quiet);
        return compareContents(*first, *second, {.strict = arguments.strict}, line.task(stop));
    }();
    if (!diff)
        return reportAs(diff.error().reading ? kExitNotRead : kExitNotLookedUp, diff.error().error);
    print(arguments, contentDiffJson(*diff, arguments.strict), contentDiffText(*diff, arguments.strict));
    return isIdentical(*diff, arguments.strict) ? kExitOk : kExitDifferent;
}

int compareTables(const CompareArguments& arguments, std::stop_token stop)
{
    auto first = openImage(arguments.first, Purpose::Check);
    if (!first)
        return reportAs(kExitNotOpened, first.error());
    auto second = openImage(arguments.secondImage(), Purpose::Check);
    if (!second)
        return reportAs(kExitNotOpened, second.error());
    auto diff = [&] {
        const ProgressLine line(arguments.progress && !arguments.first.quiet);
        return compareMetadata(*first->image, *second->image, line.task(stop));
    }();
    if (!diff)
        return reportAs(kExitNotLookedUp, diff.error());
    print(arguments, metadataDiffJson(*diff), metadataDiffText(*diff));
    return diff->isSame() ? kExitOk : kExitDifferent;
}

int run(const CompareArguments& arguments)
{
    const InterruptStop interrupt;
    return arguments.metadata ? compareTables(arguments, interrupt.token())
                              : compareGuests(arguments, interrupt.token());
}

} // namespace

void addCompare(CLI::App& app, int& exitCode)
{
    auto arguments = std::make_shared<CompareArguments>();
    CLI::App* command = app.add_subcommand("compare", "Compare what two guests see, or with --metadata two images");
    arguments->first.addTo(*command);
    command->add_option("FILENAME2", arguments->second, "the second file")->required();
    command->add_option("-F", arguments->secondFormat, "format of the second file");
    addCacheMode(*command, "-T", arguments->cache, "cache mode of both files");
    command->add_flag("-p,--progress", arguments->progress, "show progress");
    command->add_flag("-s,--strict", arguments->strict, "different sizes and different allocation are differences too");
    command->add_flag("--metadata", arguments->metadata,
        "compare headers, tables and counts of two qcow2 images instead; opens no other file");
    command->callback([arguments, &exitCode] { exitCode = run(*arguments); });
}

} // namespace cowscope::cli
