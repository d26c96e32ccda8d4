// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"
#include "app/cli/interrupt.h"
#include "app/cli/progress.h"

#include "core/edit/image/metadata_copy.h"

#include <filesystem>

namespace cowscope::cli
{

namespace
{

struct MetadataCopyArguments {
    ImageArguments image;
    std::string target;
    MetadataCopyOptions options;
    bool progress = false;
};

/// Creating the target empties it, so it must not be the image by another name.
Result<void> refuseSameFile(const std::string& path, const std::string& target)
{
    std::error_code ignored; // one that does not exist yet is another file
    if (std::filesystem::equivalent(path, target, ignored))
        return std::unexpected(
            Error{ErrorKind::Refused, "The copy would overwrite the image itself", {}, "Name another file", target});
    return {};
}

int copy(const MetadataCopyArguments& arguments, const std::string& path, const Image& image, std::stop_token stop)
{
    auto target = FileStorage::create(arguments.target);
    if (!target)
        return report(target.error());
    const ProgressLine line(arguments.progress && !arguments.image.quiet);
    auto copied = copyMetadata(image, **target, arguments.options, line.task(stop));
    if (copied)
        return kExitOk;
    std::error_code ignored;
    std::filesystem::remove(arguments.target, ignored); // half a copy says something false
    return report(std::move(copied.error()).in(path));
}

int run(const MetadataCopyArguments& arguments)
{
    const InterruptStop interrupt;
    auto path = arguments.image.path();
    if (!path)
        return report(path.error());
    if (auto other = refuseSameFile(*path, arguments.target); !other)
        return report(other.error());
    if (arguments.image.forceShare)
        warnOfUse(*path);
    auto storage = FileStorage::open(*path, Access::ReadOnly, arguments.image.sharing());
    if (!storage)
        return report(storage.error());
    // Not openImage(): a damaged image is what such copies are made of.
    auto image = Image::open(std::move(*storage), {interrupt.token(), {}});
    if (!image)
        return report(std::move(image.error()).in(*path));
    return copy(arguments, *path, **image, interrupt.token());
}

} // namespace

void addMetadataCopy(CLI::App& app, int& exitCode)
{
    auto arguments = std::make_shared<MetadataCopyArguments>();
    CLI::App* command = app.add_subcommand("metadata-copy",
        "Copy all metadata of an image to the same offsets of a sparse file, without guest data and keys: something to "
        "attach to a bug report");
    command->add_option("FILENAME", arguments->image.file, "the image file")->required();
    command->add_option("TARGET", arguments->target, "the file to write; overwritten if it exists")->required();
    command->add_option("-f,--format", arguments->image.format, "format of the image; only qcow2 is known");
    command->add_flag(
        "--image-opts", arguments->image.imageOpts, "FILENAME is a list of options: driver=qcow2,file.filename=PATH");
    command->add_flag("--mask", arguments->options.maskNames,
        "replace names of files, snapshots and bitmaps by letters of equal length");
    command->add_flag("-p,--progress", arguments->progress, "show progress");
    command->add_flag(
        "-U,--force-share", arguments->image.forceShare, "copy even if another program is using the image");
    command->add_flag("-q,--quiet", arguments->image.quiet, "print errors only");
    command->callback([arguments, &exitCode] { exitCode = run(*arguments); });
}

} // namespace cowscope::cli
