// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/image/open_for_editing.h"

#include "core/edit/repair/repair.h"
#include "core/storage/file_storage.h"

#include <fmt/format.h>

namespace cowscope
{

namespace
{

Result<GuestFiles> openOtherFiles(const Image& image, const std::string& path, const TaskContext& task)
{
    GuestFiles files;
    auto below = BackingChain::openBelow(image, path, Sharing::Locked, task);
    if (!below)
        return failed(below);
    if (*below)
        files.backing = std::make_unique<GuestReader>(std::move(**below));
    auto dataFile = dataFilePath(image, path);
    if (!dataFile)
        return failed(dataFile);
    if (*dataFile) {
        auto storage = FileStorage::open(**dataFile, Access::ReadWrite);
        if (!storage)
            return failed(storage);
        files.dataFile = std::move(*storage);
    }
    return files;
}

/// Brings the counts of a dirty image up to date. What loses data is not done without being asked for.
Result<void> repairDirty(const Image& image, const std::shared_ptr<Storage>& storage, const TaskContext& task)
{
    auto census = takeCensus(image, task);
    if (!census)
        return failed(census);
    const RepairPlan plan = planRepair(image, **census, RepairMode::All);
    if (!plan.givenUp.empty())
        return fail(ErrorKind::Refused,
            fmt::format(
                "The image is marked dirty, and to repair it would give something up: {}", plan.givenUp.front()),
            std::nullopt, "Look at the whole plan and repair it by hand: check -r all --plan");
    auto repaired = repairImage(storage, RepairMode::All, nullptr, task);
    return repaired ? Result<void>{} : failed(repaired);
}

Result<std::unique_ptr<ImageEditor>> openStorage(
    std::shared_ptr<Storage> storage, const std::string& path, OpenFiles which, const TaskContext& task)
{
    auto image = Image::open(storage, task);
    if (!image)
        return failed(image);
    if ((*image)->header().isDirty() && !(*image)->header().isCorrupt()) {
        if (auto repaired = repairDirty(**image, storage, task); !repaired)
            return failed(repaired);
    }
    GuestFiles files;
    if (which == OpenFiles::WholeChain) {
        auto others = openOtherFiles(**image, path, task);
        if (!others)
            return failed(others);
        files = std::move(*others);
    }
    return ImageEditor::open(std::move(storage), std::move(files), task);
}

} // namespace

Result<std::unique_ptr<ImageEditor>> openForEditing(const std::string& path, OpenFiles files, const TaskContext& task)
{
    auto storage = FileStorage::open(path, Access::ReadWrite);
    if (!storage)
        return failed(storage);
    auto editor = openStorage(std::move(*storage), path, files, task);
    if (!editor)
        return std::unexpected(std::move(editor.error()).in(path));
    return editor;
}

} // namespace cowscope
