// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/edit/image/snapshots.h"
#include "ui/preview/edit_desk.h"

namespace cowscope::ui
{

/// One thing that the Snapshots panel can do.
struct SnapshotTask {
    enum class What {
        Create,
        Apply,
        Delete,
    };

    What what = What::Create;
    std::string name; ///< of the new snapshot, UTF-8
    Snapshot snapshot; ///< the one to apply or delete
    OnOverflow onOverflow = OnOverflow::Refuse;
};

/// It as an edit, dated now. Returns the Snapshot that was made, or the one that was applied or deleted.
Edit snapshotEdit(SnapshotTask work);

/// What it would do to counts and file, tried out without writing. With the locks of a writer: an image in use is
/// refused here already. Errors name the file.
Result<SnapshotCost> findCost(EditDesk& desk, const SnapshotTask& work, const TaskContext& task);

} // namespace cowscope::ui
