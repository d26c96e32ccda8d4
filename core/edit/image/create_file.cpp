// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/image/create.h"
#include "core/image/backing_chain.h"
#include "core/storage/new_files.h"

#include <fmt/format.h>

namespace cowscope
{

namespace
{

constexpr std::uint64_t kSectorBytes = 512;

std::unexpected<Error> refused(const std::string& path, std::string what)
{
    return std::unexpected(
        Error{ErrorKind::Refused, std::move(what), std::nullopt, "Choose another name for the new image", path});
}

/// Creating a file empties it, so no file that the new image needs may be one of the files to create.
Result<void> refuseSharedFiles(const CreateOptions& options, const std::string& path, const std::string& dataPath)
{
    if (!dataPath.empty() && isSameFile(path, dataPath))
        return refused(path, "The new image would be its own data file");
    if (options.backingFile.empty())
        return {};
    const std::string backing = resolveBackingPath(path, options.backingFile);
    if (isSameFile(path, backing))
        return refused(path, "The new image would be its own backing file");
    if (!dataPath.empty() && isSameFile(dataPath, backing))
        return refused(path, "The data file of the new image would be its backing file");
    return {};
}

Result<void> createFiles(
    const CreateOptions& options, const std::string& path, const std::string& dataPath, const TaskContext& task)
{
    NewFiles files;
    auto image = files.create(path);
    if (!image)
        return failed(image);
    std::shared_ptr<Storage> data;
    if (!dataPath.empty()) {
        auto created = files.create(dataPath);
        if (!created)
            return failed(created);
        data = std::move(*created);
    }
    if (auto done = createImage(options, std::move(*image), std::move(data), task); !done)
        return std::unexpected(std::move(done.error()).in(path));
    files.keep();
    return {};
}

} // namespace

Result<std::uint64_t> backingDiskSize(const CreateOptions& options, const std::string& path, const TaskContext& task)
{
    auto chain = BackingChain::openFile(
        resolveBackingPath(path, options.backingFile), options.backingFormat, Sharing::Locked, task);
    if (!chain)
        return failed(chain);
    for (unsigned depth = 0; depth < chain->layers(); ++depth) {
        if (isSameFile(path, chain->path(depth)))
            return refused(path, "The new image would be its own backing file");
    }
    return alignUp(chain->size(), kSectorBytes);
}

Result<void> createImageFile(
    CreateOptions options, const std::string& path, bool sizeFromBacking, const TaskContext& task)
{
    if (auto possible = checkCreateOptions(options); !possible)
        return std::unexpected(std::move(possible.error()).in(path));
    if (options.size == 0 && sizeFromBacking && !options.backingFile.empty()) {
        auto size = backingDiskSize(options, path, task);
        if (!size)
            return failed(size);
        options.size = *size;
        if (auto possible = checkCreateOptions(options); !possible)
            return std::unexpected(std::move(possible.error()).in(path));
    }
    const std::string dataPath = options.dataFile.empty() ? "" : resolveBackingPath(path, options.dataFile);
    if (auto apart = refuseSharedFiles(options, path, dataPath); !apart)
        return apart;
    for (const std::string& file : {path, dataPath}) {
        if (file.empty())
            continue;
        if (auto free = refuseFileInUse(file); !free)
            return free;
    }
    return createFiles(options, path, dataPath, task);
}

} // namespace cowscope
