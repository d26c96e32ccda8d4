// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/guest/convert.h"
#include "core/edit/image/open_for_editing.h"
#include "core/storage/file_storage.h"
#include "core/storage/new_files.h"

#include <algorithm>
#include <fmt/format.h>

namespace cowscope
{

namespace
{

std::unexpected<Error> refused(const std::string& path, std::string what)
{
    return std::unexpected(
        Error{ErrorKind::Refused, std::move(what), std::nullopt, "Choose another name for the target", path});
}

/// Creating a file empties it, so no file to create may be one that is read.
Result<void> refuseFilesOf(BackingChain& chain, const std::string& path, const std::string& what)
{
    for (unsigned depth = 0; depth < chain.layers(); ++depth) {
        if (isSameFile(path, chain.path(depth)))
            return refused(path, what);
        if (!chain.image(depth))
            continue;
        auto dataFile = dataFilePath(*chain.image(depth), chain.path(depth));
        if (!dataFile)
            return failed(dataFile);
        if (*dataFile && isSameFile(path, **dataFile))
            return refused(path, what);
    }
    return {};
}

Result<void> makeRaw(
    GuestReader& source, const ConvertOptions& options, std::shared_ptr<Storage> target, const TaskContext& task)
{
    if (auto copied = convertToRaw(source, *target, task); !copied)
        return copied;
    return options.create.size > source.size() ? target->truncate(options.create.size) : Result<void>{};
}

Result<void> refuseSmaller(const GuestReader& source, std::uint64_t bytes)
{
    if (bytes >= source.size())
        return {};
    return fail(ErrorKind::Refused,
        fmt::format("The target has {} bytes, and the disk to copy has {}", bytes, source.size()), {},
        "Make the target larger first: resize");
}

Result<void> overwriteRawFile(GuestReader& source, const std::string& path, const TaskContext& task)
{
    auto storage = FileStorage::open(path, Access::ReadWrite);
    if (!storage)
        return failed(storage);
    auto size = (*storage)->size();
    if (!size)
        return failed(size);
    if (auto fits = refuseSmaller(source, *size); !fits)
        return fits;
    return overwriteRaw(source, **storage, task);
}

Result<void> overwriteImageFile(GuestReader& source, bool compressed, const std::string& path, const TaskContext& task)
{
    auto editor = openForEditing(path, OpenFiles::WholeChain, {task.stop, {}});
    if (!editor)
        return failed(editor);
    if (auto fits = refuseSmaller(source, (*editor)->geometry().virtualSize()); !fits)
        return fits;
    return overwriteImage(source, **editor, compressed, task);
}

} // namespace

Result<void> convertOverFile(
    GuestReader& source, ConvertFormat format, bool compressed, const std::string& path, const TaskContext& task)
{
    if (auto apart = refuseFilesOf(source.chain(), path, "The target is a file that the source is read from"); !apart)
        return apart;
    auto done = format == ConvertFormat::Raw ? overwriteRawFile(source, path, task)
                                             : overwriteImageFile(source, compressed, path, task);
    if (!done && done.error().path.empty())
        return std::unexpected(std::move(done.error()).in(path));
    return done;
}

Result<void> convertToFile(
    GuestReader& source, ConvertFormat format, ConvertOptions options, const std::string& path, const TaskContext& task)
{
    CreateOptions& create = options.create;
    create.size = std::max(create.size, source.size());
    if (format == ConvertFormat::Qcow2) {
        if (auto possible = checkConvertOptions(options); !possible)
            return std::unexpected(std::move(possible.error()).in(path));
    }
    std::vector<std::string> paths{path};
    if (!create.dataFile.empty())
        paths.push_back(resolveBackingPath(path, create.dataFile));
    if (paths.size() > 1 && isSameFile(paths[0], paths[1]))
        return refused(path, "The new image would be its own data file");
    GuestFiles files;
    if (!create.backingFile.empty()) {
        auto backing = BackingChain::openFile(
            resolveBackingPath(path, create.backingFile), create.backingFormat, Sharing::Locked, task);
        if (!backing)
            return failed(backing);
        files.backing = std::make_unique<GuestReader>(std::move(*backing));
    }
    for (const std::string& each : paths) {
        if (auto apart = refuseFilesOf(source.chain(), each, "The target is a file that the source is read from");
            !apart)
            return apart;
        if (!files.backing)
            continue;
        if (auto apart = refuseFilesOf(files.backing->chain(), each, "The new image would be its own backing file");
            !apart)
            return apart;
    }

    for (const std::string& each : paths) {
        if (auto unused = refuseFileInUse(each); !unused)
            return unused;
    }
    NewFiles made;
    auto target = made.create(path);
    if (!target)
        return failed(target);
    if (paths.size() > 1) {
        auto dataFile = made.create(paths[1]);
        if (!dataFile)
            return failed(dataFile);
        files.dataFile = std::move(*dataFile);
    }
    auto done = format == ConvertFormat::Raw
        ? makeRaw(source, options, std::move(*target), task)
        : convertToImage(source, options, std::move(*target), std::move(files), task);
    if (!done)
        return std::unexpected(std::move(done.error()).in(path));
    made.keep();
    return {};
}

} // namespace cowscope
