// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/session/edits.h"

#include "core/edit/amend/amend.h"
#include "core/edit/amend/amend_image.h"
#include "core/storage/overlay_storage.h"

namespace cowscope
{

namespace
{

template <typename T>
Result<std::any> asAny(Result<T> result)
{
    return result ? Result<std::any>(std::any(std::move(*result))) : failed(result);
}

template <typename T>
const T* given(const std::optional<T>& value)
{
    return value ? &*value : nullptr;
}

Result<GuestFiles> openFiles(const GuestFilesOpener& opener, EditRun run, const TaskContext& task)
{
    if (!opener)
        return GuestFiles{};
    auto files = opener(task);
    if (files && files->dataFile && run == EditRun::Preview) {
        auto overlay = OverlayStorage::over(std::move(files->dataFile));
        if (!overlay)
            return failed(overlay);
        files->dataFile = std::move(*overlay);
    }
    return files;
}

} // namespace

Edit widthEdit(unsigned order, std::optional<AmendPlan> expected)
{
    return {"change of the width",
        [order, expected = std::move(expected)](std::shared_ptr<Storage> storage, EditRun, const TaskContext& task) {
            return asAny(amendStorage(std::move(storage), order, given(expected), task));
        }};
}

Edit amendEdit(AmendRequest request, GuestFilesOpener files)
{
    return {"amend",
        [request = std::move(request), files = std::move(files)](
            std::shared_ptr<Storage> storage, EditRun run, const TaskContext& task) -> Result<std::any> {
            auto others = openFiles(files, run, task);
            if (!others)
                return failed(others);
            return asAny(amendImage(std::move(storage), std::move(*others), request, task,
                run == EditRun::Preview ? AmendContents::Leave : AmendContents::Copy));
        }};
}

Edit repairEdit(RepairMode mode, std::optional<RepairPlan> expected)
{
    return {"repair",
        [mode, expected = std::move(expected)](std::shared_ptr<Storage> storage, EditRun, const TaskContext& task) {
            return asAny(repairImage(std::move(storage), mode, given(expected), task));
        }};
}

Edit headerEdit(HeaderEdit edit, std::vector<std::byte> expected)
{
    return {"edit of the header",
        [edit = std::move(edit), expected = std::move(expected)](std::shared_ptr<Storage> storage, EditRun,
            const TaskContext& task) { return asAny(applyHeaderEdit(std::move(storage), edit, expected, task)); }};
}

Edit headerUndo(HeaderChange change)
{
    return {"undo of the edit of the header",
        [change = std::move(change)](std::shared_ptr<Storage> storage, EditRun, const TaskContext& task) {
            return asAny(undoHeaderEdit(std::move(storage), change, task));
        }};
}

Edit rawRefcountEdit(RawRefcountChange change)
{
    return {"edit of a reference count",
        [change](std::shared_ptr<Storage> storage, EditRun, const TaskContext& task) -> Result<std::any> {
            auto written = writeRawRefcount(std::move(storage), change, task);
            return written ? Result<std::any>(std::any()) : failed(written);
        }};
}

Edit editorEdit(std::string name, std::function<Result<std::any>(ImageEditor& editor, const TaskContext& task)> work,
    GuestFilesOpener files)
{
    return {std::move(name),
        [work = std::move(work), files = std::move(files)](
            std::shared_ptr<Storage> storage, EditRun run, const TaskContext& task) -> Result<std::any> {
            auto others = openFiles(files, run, task);
            if (!others)
                return failed(others);
            auto editor = ImageEditor::open(std::move(storage), std::move(*others), task);
            if (!editor)
                return failed(editor);
            return work(**editor, task);
        }};
}

} // namespace cowscope
