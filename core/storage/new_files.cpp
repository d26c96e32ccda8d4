// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/storage/new_files.h"

#include "core/storage/file_storage.h"

#include <filesystem>

namespace cowscope
{

namespace fs = std::filesystem;

bool isSameFile(const std::string& a, const std::string& b)
{
    std::error_code error;
    if (fs::equivalent(a, b, error))
        return true;
    std::error_code otherError;
    return fs::weakly_canonical(a, error) == fs::weakly_canonical(b, otherError) && !error && !otherError;
}

Result<void> refuseFileInUse(const std::string& path)
{
    std::error_code error;
    if (!fs::exists(path, error))
        return {};
    auto storage = FileStorage::open(path, Access::ReadWrite);
    return storage ? Result<void>{} : failed(storage);
}

NewFiles::~NewFiles()
{
    std::error_code ignored; // the error that led here is the one to tell
    for (const std::string& path : m_paths)
        fs::remove(path, ignored);
}

Result<std::shared_ptr<Storage>> NewFiles::create(const std::string& path)
{
    auto storage = FileStorage::create(path);
    if (!storage)
        return failed(storage);
    std::error_code error;
    const fs::path real = fs::canonical(path, error); // a link stays, what it leads to is what was made
    m_paths.push_back(error ? path : real.string());
    return std::shared_ptr<Storage>(std::move(*storage));
}

} // namespace cowscope
