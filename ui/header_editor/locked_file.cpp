// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/header_editor/locked_file.h"

#include <chrono>
#include <thread>

namespace cowscope::ui
{

Result<std::shared_ptr<Storage>> openToWrite(
    const ImageDocument::StorageOpener& opener, const std::string& path, const TaskContext& task)
{
    constexpr int kTries = 40;
    constexpr std::chrono::milliseconds kPause(25);
    auto storage = opener(path, Access::ReadWrite, Sharing::Locked);
    for (int tries = 1; !storage && storage.error().kind == ErrorKind::InUse && tries < kTries; ++tries) {
        if (task.stop.stop_requested())
            return fail(ErrorKind::Cancelled, "Cancelled");
        std::this_thread::sleep_for(kPause);
        storage = opener(path, Access::ReadWrite, Sharing::Locked);
    }
    if (!storage)
        return std::unexpected(std::move(storage.error()).in(path));
    return storage;
}

} // namespace cowscope::ui
