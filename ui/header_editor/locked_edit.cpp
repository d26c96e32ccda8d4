// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/header_editor/locked_edit.h"

#include <chrono>
#include <thread>

namespace cowscope::ui
{

namespace
{

/// The file with a writer's locks.
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

} // namespace

Job::Work previewWork(ImageDocument::StorageOpener opener, std::string path, Edit edit)
{
    return [opener = std::move(opener), path = std::move(path), edit = std::move(edit)](
               const TaskContext& task) -> Result<std::any> {
        auto storage = openToWrite(opener, path, task);
        if (!storage)
            return failed(storage);
        auto session = std::make_shared<EditSession>(std::move(*storage));
        auto preview = session->preview(edit, task);
        if (!preview)
            return failed(preview);
        return std::any(std::make_shared<LockedPreview>(std::move(session), std::move(*preview)));
    };
}

Job::Work commitWork(std::shared_ptr<LockedPreview> preview)
{
    return [preview = std::move(preview)](const TaskContext& task) -> Result<std::any> {
        return preview->session->commit(preview->preview, task);
    };
}

Job::Work writeWork(ImageDocument::StorageOpener opener, std::string path, Edit edit)
{
    return [opener = std::move(opener), path = std::move(path), edit = std::move(edit)](
               const TaskContext& task) -> Result<std::any> {
        auto storage = openToWrite(opener, path, task);
        if (!storage)
            return failed(storage);
        return edit.run(std::move(*storage), EditRun::Commit, task);
    };
}

} // namespace cowscope::ui
