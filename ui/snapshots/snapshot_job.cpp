// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/snapshots/snapshot_job.h"

#include "core/edit/session/edits.h"

#include <algorithm>
#include <chrono>

namespace cowscope::ui
{

namespace
{

using What = SnapshotTask::What;

/// Which snapshot the engine takes for `key`: as qemu-img, it looks among the names first to delete, else among the
/// IDs.
const Snapshot* lookUp(std::span<const Snapshot> snapshots, What what, const std::string& key)
{
    const auto first = what == What::Delete ? &Snapshot::name : &Snapshot::id;
    const auto second = what == What::Delete ? &Snapshot::id : &Snapshot::name;
    for (const auto field : {first, second}) {
        const auto found = std::ranges::find(snapshots, key, field);
        if (found != snapshots.end())
            return &*found;
    }
    return nullptr;
}

/// What to call the snapshot that the user chose, so that no other one is meant: names may repeat, and one snapshot may
/// have another's ID for a name.
Result<std::string> keyOf(std::span<const Snapshot> snapshots, What what, const Snapshot& chosen)
{
    const auto found = std::ranges::find_if(snapshots, [&chosen](const Snapshot& each) {
        return each.id == chosen.id && each.name == chosen.name && each.l1TableOffset == chosen.l1TableOffset;
    });
    if (found == snapshots.end())
        return fail(ErrorKind::NotFound, "The snapshot is not in the image any more", {}, "Reload the image.");
    for (const std::string& key : {chosen.id, chosen.name})
        if (lookUp(snapshots, what, key) == &*found)
            return key;
    return fail(ErrorKind::Refused, "Other snapshots have this one's name and ID: it cannot be told from them", {},
        "Delete the others first.");
}

Result<SnapshotCost> costOf(ImageEditor& editor, const SnapshotTask& work, const TaskContext& task)
{
    if (work.what == What::Create)
        return costOfCreate(editor, work.onOverflow, task);
    auto key = keyOf(editor.snapshots(), work.what, work.snapshot);
    if (!key)
        return failed(key);
    return work.what == What::Apply ? costOfApply(editor, *key, work.onOverflow, task)
                                    : costOfDelete(editor, *key, task);
}

SnapshotRequest requestNow(const SnapshotTask& work)
{
    using namespace std::chrono;
    const auto now = system_clock::now().time_since_epoch();
    const auto whole = duration_cast<seconds>(now);
    return {.name = work.name,
        .dateSeconds = static_cast<std::uint32_t>(whole.count()),
        .dateNanoseconds = static_cast<std::uint32_t>(duration_cast<nanoseconds>(now - whole).count()),
        .onOverflow = work.onOverflow};
}

Result<Snapshot> perform(
    ImageEditor& editor, const SnapshotTask& work, const SnapshotRequest& request, const TaskContext& task)
{
    if (work.what == What::Create)
        return createSnapshot(editor, request, task);
    auto key = keyOf(editor.snapshots(), work.what, work.snapshot);
    if (!key)
        return failed(key);
    auto done = work.what == What::Apply ? applySnapshot(editor, *key, work.onOverflow, task)
                                         : deleteSnapshot(editor, *key, task);
    if (!done)
        return failed(done);
    return work.snapshot;
}

} // namespace

Edit snapshotEdit(SnapshotTask work)
{
    const SnapshotRequest request = requestNow(work);
    return editorEdit("snapshot operation",
        [work = std::move(work), request](ImageEditor& editor, const TaskContext& task) -> Result<std::any> {
            auto done = perform(editor, work, request, task);
            return done ? Result<std::any>(std::any(std::move(*done))) : failed(done);
        });
}

Result<SnapshotCost> findCost(EditDesk& desk, const SnapshotTask& work, const TaskContext& task)
{
    auto session = desk.session();
    if (!session)
        return failed(session);
    auto storage = (*session)->trial();
    if (!storage)
        return failed(storage);
    auto editor = ImageEditor::open(std::move(*storage), {}, task);
    if (!editor)
        return failed(editor);
    return costOf(**editor, work, task);
}

} // namespace cowscope::ui
