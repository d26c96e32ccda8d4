// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/cache_mode.h"
#include "app/cli/command.h"
#include "app/cli/create_options.h"
#include "app/cli/interrupt.h"
#include "app/cli/progress.h"

#include "core/edit/guest/convert.h"

#include <algorithm>
#include <fmt/format.h>

namespace cowscope::cli
{

namespace
{

struct ConvertArguments {
    std::string source;
    std::string target;
    std::string sourceFormat;
    std::string targetFormat = "raw";
    std::vector<std::string> options;
    std::string snapshot;
    std::string backingFile;
    std::string backingFormat;
    std::string sourceCache;
    std::string targetCache;
    unsigned coroutines = 8;
    bool outOfOrder = false;
    bool overExisting = false;
    bool compressed = false;
    bool progress = false;
    bool quiet = false;
    bool forceShare = false;

    Sharing sharing() const { return forceShare ? Sharing::Unlocked : Sharing::Locked; }
};

/// What -l names: both where both are given.
struct SnapshotWish {
    std::optional<std::string> id;
    std::optional<std::string> name;

    bool matches(const Snapshot& snapshot) const
    {
        return (!id || *id == snapshot.id) && (!name || *name == snapshot.name);
    }
};

Result<std::size_t> indexOf(const Image& image, const SnapshotWish& wish)
{
    const auto found = std::ranges::find_if(image.snapshots(), [&](const Snapshot& s) { return wish.matches(s); });
    if (found == image.snapshots().end())
        return fail(ErrorKind::NotFound, "The image has no such snapshot", {}, "List them with info");
    return static_cast<std::size_t>(found - image.snapshots().begin());
}

/// "snapshot.id=1,snapshot.name=a", or an id or else a name.
Result<std::size_t> findSnapshot(const Image& image, const std::string& text)
{
    if (!text.starts_with("snapshot.")) {
        auto byId = indexOf(image, {text, {}});
        return byId ? byId : indexOf(image, {{}, text});
    }
    auto options = parseOptions(text);
    if (!options)
        return failed(options);
    SnapshotWish wish;
    for (auto& [name, value] : *options) {
        if (name == "snapshot.id")
            wish.id = value;
        else if (name == "snapshot.name")
            wish.name = value;
        else
            return fail(ErrorKind::Invalid, fmt::format("Unknown option '{}'", name), {},
                "Known are snapshot.id and snapshot.name");
    }
    return indexOf(image, wish);
}

struct Source {
    BackingChain chain;
    std::uint64_t size = 0; ///< of the copy: that of the disk as it is now, or of a larger snapshot
};

Result<Source> openSource(const ConvertArguments& arguments, const TaskContext& task)
{
    if (arguments.snapshot.empty()) {
        if (arguments.forceShare)
            warnOfUse(arguments.source);
        auto chain = BackingChain::openFile(arguments.source, arguments.sourceFormat, arguments.sharing(), task);
        if (!chain)
            return failed(chain);
        const std::uint64_t size = chain->size();
        return Source{std::move(*chain), size};
    }
    auto opened = openImage({.file = arguments.source,
        .format = arguments.sourceFormat,
        .objects = {},
        .forceShare = arguments.forceShare});
    if (!opened)
        return failed(opened);
    auto index = findSnapshot(*opened->image, arguments.snapshot);
    if (!index)
        return std::unexpected(std::move(index.error()).in(opened->path));
    auto chain = BackingChain::openSnapshot(opened->image, *index, opened->path, arguments.sharing(), task);
    if (!chain)
        return failed(chain);
    const std::uint64_t size = std::max(chain->size(), opened->image->geometry().virtualSize());
    return Source{std::move(*chain), size};
}

/// What to make, without its size.
Result<ConvertOptions> requestedOptions(const ConvertArguments& arguments)
{
    const bool plain = arguments.options.empty() && arguments.backingFile.empty() && arguments.backingFormat.empty();
    if (arguments.targetFormat == "raw" && (!plain || arguments.compressed))
        return fail(ErrorKind::Invalid, "A raw file has no options, no backing file and no compressed clusters", {},
            "Write an image with -O qcow2");
    if (arguments.targetFormat != "raw" && arguments.targetFormat != "qcow2")
        return fail(ErrorKind::Unsupported,
            fmt::format("Unknown format '{}'; raw and qcow2 are written", arguments.targetFormat));
    if (arguments.overExisting && !plain)
        return fail(ErrorKind::Invalid, "With -n the target is there already, so that options of a new one have no use",
            {}, "Leave out -o, -B and -F, or -n");
    auto create = parseCreateOptions(arguments.options);
    if (!create)
        return failed(create);
    create->size = 0; // the source tells
    if (!arguments.backingFile.empty())
        create->backingFile = arguments.backingFile;
    if (!arguments.backingFormat.empty())
        create->backingFormat = arguments.backingFormat;
    return ConvertOptions{std::move(*create), arguments.compressed};
}

int run(const ConvertArguments& arguments)
{
    if (asksForHelp(arguments.options)) {
        fmt::print("{}", createOptionsHelp());
        return kExitOk;
    }
    if (arguments.source.empty() || arguments.target.empty())
        return report({ErrorKind::Invalid, "Two files are needed: the source and the target", {}, {}, {}});
    auto options = requestedOptions(arguments);
    if (!options)
        return report(options.error());
    const InterruptStop interrupt;
    auto source = openSource(arguments, {interrupt.token(), {}});
    if (!source)
        return report(source.error());
    options->create.size = source->size;
    GuestReader reader(std::move(source->chain));
    const auto format = arguments.targetFormat == "raw" ? ConvertFormat::Raw : ConvertFormat::Qcow2;
    Result<void> done;
    {
        const ProgressLine progress(arguments.progress && !arguments.quiet);
        const TaskContext task = progress.task(interrupt.token());
        done = arguments.overExisting ? convertOverFile(reader, format, options->compressed, arguments.target, task)
                                      : convertToFile(reader, format, std::move(*options), arguments.target, task);
    }
    return done ? kExitOk : report(done.error());
}

} // namespace

void addConvert(CLI::App& app, int& exitCode)
{
    auto arguments = std::make_shared<ConvertArguments>();
    CLI::App* command = app.add_subcommand("convert", "Copy what the guest sees into a new file, sparse");
    command->add_option("SOURCE", arguments->source, "the disk to copy, with its backing files");
    command->add_option("TARGET", arguments->target, "the file to make; one that exists is written over");
    command->add_option("-f,--format", arguments->sourceFormat, "format of the source: qcow2 or raw");
    command->add_option("-O,--target-format", arguments->targetFormat, "format of the target: raw or qcow2");
    command->add_flag("-c,--compress", arguments->compressed, "compress the clusters of the target");
    command->add_option("-o,--options", arguments->options, "options of the target, as for create")
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    command->add_option("-l,--snapshot", arguments->snapshot,
        "copy an internal snapshot: its id or name, or snapshot.id=ID,snapshot.name=NAME");
    command->add_option("-B,--backing", arguments->backingFile,
        "backing file of the target; what the source's own file does not hold is left to it");
    command->add_option("-F,--backing-format", arguments->backingFormat, "format of that backing file");
    command->add_flag("-U,--force-share", arguments->forceShare, "read even if another program is using the source");
    addCacheMode(*command, "-T", arguments->sourceCache, "cache mode of the source");
    addCacheMode(*command, "-t", arguments->targetCache, "cache mode of the target");
    command
        ->add_option("-m", arguments->coroutines, "coroutines, 1 to 16; accepted for qemu-img's sake, without effect")
        ->check(CLI::Range(1, 16));
    command->add_flag(
        "-n", arguments->overExisting, "write over the disk of a target that exists; it must be large enough");
    command->add_flag("-W", arguments->outOfOrder,
        "write in any order; accepted for qemu-img's sake: the order stays that of the disk");
    command->add_flag("-p,--progress", arguments->progress, "show progress");
    command->add_flag("-q,--quiet", arguments->quiet, "print errors only");
    command->callback([arguments, &exitCode] { exitCode = run(*arguments); });
}

} // namespace cowscope::cli
