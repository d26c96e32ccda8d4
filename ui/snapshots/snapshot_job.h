// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/edit/image/snapshots.h"
#include "ui/document/image_document.h"

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

/// What it would do to counts and file, tried out without writing. With the locks of a writer: an image in use is
/// refused here already. Errors name the file.
Result<SnapshotCost> findCost(const ImageDocument::StorageOpener& opener, const std::string& path,
    const SnapshotTask& work, const TaskContext& task);

/// Does it. Returns the snapshot that was made, or the one that was applied or deleted.
Result<Snapshot> carryOut(const ImageDocument::StorageOpener& opener, const std::string& path, const SnapshotTask& work,
    const TaskContext& task);

} // namespace cowscope::ui
