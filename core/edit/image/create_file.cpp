// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/image/create.h"
#include "core/image/backing_chain.h"
#include "core/storage/file_storage.h"

#include <filesystem>
#include <fmt/format.h>

namespace cowscope
{

namespace
{

namespace fs = std::filesystem;

constexpr std::uint64_t kSectorBytes = 512;

/// Whether both names lead to one file. A file that does not exist yet is known by its absolute name.
bool isSameFile(const std::string& a, const std::string& b)
{
    std::error_code error;
    if (fs::equivalent(a, b, error))
        return true;
    std::error_code otherError;
    return fs::weakly_canonical(a, error) == fs::weakly_canonical(b, otherError) && !error && !otherError;
}

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

/// Opens what exists as a writer does, and lets it go again: a file that another program uses is told before anything
/// has been emptied.
Result<void> refuseFileInUse(const std::string& path)
{
    std::error_code error;
    if (!fs::exists(path, error))
        return {};
    auto storage = FileStorage::open(path, Access::ReadWrite);
    return storage ? Result<void>{} : failed(storage);
}

/// The files of a new image; those that were made are removed again unless keep() is called.
class NewFiles
{
public:
    NewFiles() = default;
    NewFiles(const NewFiles&) = delete;
    NewFiles& operator=(const NewFiles&) = delete;

    ~NewFiles()
    {
        std::error_code ignored; // the error that led here is the one to tell
        for (const std::string& path : m_paths)
            fs::remove(path, ignored);
    }

    Result<std::shared_ptr<Storage>> create(const std::string& path)
    {
        auto storage = FileStorage::create(path);
        if (!storage)
            return failed(storage);
        std::error_code error;
        const fs::path real = fs::canonical(path, error); // a link stays, what it leads to is what was made
        m_paths.push_back(error ? path : real.string());
        return std::shared_ptr<Storage>(std::move(*storage));
    }

    void keep() { m_paths.clear(); }

private:
    std::vector<std::string> m_paths;
};

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
