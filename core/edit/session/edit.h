// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/task.h"
#include "core/storage/storage.h"

#include <any>
#include <functional>
#include <memory>
#include <string>

namespace cowscope
{

/// What an edit is run for.
enum class EditRun {
    Preview, ///< on an OverlayStorage over the file; other files must not be written either
    Commit, ///< on the file itself
};

/// One edit of an image as a value: it can be run as often as one likes and does the same each time, so that a preview
/// tells the truth. Dates and other things that change by themselves are chosen when it is made. See edits.h.
struct Edit {
    std::string name; ///< "amend", for messages
    /// Runs the whole of it, by its own atomic order; what it returns is up to the edit.
    std::function<Result<std::any>(std::shared_ptr<Storage> storage, EditRun run, const TaskContext& task)> run;
};

} // namespace cowscope
