// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"
#include "app/cli/create_options.h"
#include "app/cli/interrupt.h"
#include "app/cli/option_values.h"
#include "app/cli/progress.h"

#include "core/base/checked_math.h"
#include "core/edit/guest/preallocate.h"
#include "core/edit/image/open_for_editing.h"
#include "core/edit/image/resize.h"

#include <algorithm>
#include <fmt/format.h>

namespace cowscope::cli
{

namespace
{

struct ResizeArguments {
    ImageArguments image;
    std::string size;
    std::string preallocation = "off";
    bool shrink = false;
    bool progress = false;
};

/// A size in bytes, or how much larger or smaller.
struct WantedSize {
    char sign = 0; ///< '+', '-' or 0
    std::uint64_t bytes = 0;

    /// Nothing where the new size is not positive.
    std::optional<std::uint64_t> from(std::uint64_t old) const
    {
        if (sign == '-')
            return bytes < old ? std::optional(old - bytes) : std::nullopt;
        const std::uint64_t size = sign == '+' ? old + bytes : bytes; // both below 2^63
        return size > 0 && size <= static_cast<std::uint64_t>(INT64_MAX) ? std::optional(size) : std::nullopt;
    }
};

Result<WantedSize> parseWanted(const std::string& text)
{
    WantedSize wanted;
    if (text.starts_with('+') || text.starts_with('-'))
        wanted.sign = text[0];
    auto bytes = parseSize(wanted.sign == 0 ? text : text.substr(1));
    if (!bytes)
        return failed(bytes);
    wanted.bytes = *bytes;
    return wanted;
}

Result<void> resize(
    ImageEditor& editor, const WantedSize& wanted, Preallocation preallocation, bool mayShrink, const TaskContext& task)
{
    const std::uint64_t old = editor.geometry().virtualSize();
    const auto size = wanted.from(old);
    if (!size)
        return fail(ErrorKind::Refused, "New image size must be positive");
    if (*size <= old && preallocation != Preallocation::Off)
        return fail(ErrorKind::Refused, "Preallocation can only be used for growing images");
    // Where space is reserved, that is what takes the time.
    const TaskContext quiet{task.stop, {}};
    if (auto done = resizeDisk(editor, *size, mayShrink, preallocation == Preallocation::Off ? task : quiet); !done)
        return done;
    return preallocateDisk(editor, old, *size - std::min(old, *size), preallocation, task);
}

int run(const ResizeArguments& arguments)
{
    auto path = arguments.image.path();
    if (!path)
        return report(path.error());
    auto wanted = parseWanted(arguments.size);
    if (!wanted)
        return report(wanted.error());
    auto options = parseCreateOptions({"preallocation=" + arguments.preallocation});
    if (!options)
        return report(options.error());
    const InterruptStop interrupt;
    Result<void> done;
    {
        const ProgressLine progress(arguments.image.showsProgress(arguments.progress));
        const TaskContext task = progress.task(interrupt.token());
        auto editor = openForEditing(*path, OpenFiles::WholeChain, task);
        if (!editor)
            return report(editor.error());
        done = resize(**editor, *wanted, options->preallocation, arguments.shrink, task);
    }
    if (!done)
        return report(std::move(done.error()).in(*path));
    if (!arguments.image.quiet)
        fmt::print("Image resized.\n");
    return kExitOk;
}

} // namespace

void addResize(CLI::App& app, int& exitCode)
{
    auto arguments = std::make_shared<ResizeArguments>();
    CLI::App* command = app.add_subcommand("resize", "Make the disk of an image larger or smaller");
    command->add_option("FILENAME", arguments->image.file, "the image file")->required();
    command
        ->add_option(
            "SIZE", arguments->size, "new size in bytes, or with k, M, G, T, P or E; +SIZE and -SIZE change it by that")
        ->required();
    command->add_option("-f,--format", arguments->image.format, "format of the image; only qcow2 is known");
    command->add_flag(
        "--image-opts", arguments->image.imageOpts, "FILENAME is a list of options: driver=qcow2,file.filename=PATH");
    command->add_option("--object", arguments->image.objects, "accepted for qemu-img's sake")
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    command->add_option("--preallocation", arguments->preallocation, "of the new part: off, metadata, falloc or full");
    command->add_flag(
        "--shrink", arguments->shrink, "allow the disk to get smaller: what is behind its new end is lost");
    command->add_flag("-p,--progress", arguments->progress, "show progress");
    command->add_flag("-q,--quiet", arguments->image.quiet, "print errors only");
    command->callback([arguments, &exitCode] { exitCode = run(*arguments); });
}

} // namespace cowscope::cli
