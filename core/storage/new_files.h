// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/storage/storage.h"

#include <memory>
#include <string>
#include <vector>

namespace cowscope
{

/// Whether both names lead to one file. A file that does not exist yet is known by its absolute name.
bool isSameFile(const std::string& a, const std::string& b);

/// Opens a file that exists as a writer does, and lets it go again: to tell that another program uses it before
/// anything has been emptied. Errors: those of FileStorage::open().
Result<void> refuseFileInUse(const std::string& path);

/// The files that a task makes; they are removed again unless keep() is called: half of an image looks like an image.
class NewFiles
{
public:
    NewFiles() = default;
    NewFiles(const NewFiles&) = delete;
    NewFiles& operator=(const NewFiles&) = delete;
    ~NewFiles();

    /// FileStorage::create(): a file that exists is emptied.
    Result<std::shared_ptr<Storage>> create(const std::string& path);

    void keep() { m_paths.clear(); }

private:
    std::vector<std::string> m_paths;
};

} // namespace cowscope
