// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/edit/session/edit_session.h"
#include "ui/document/image_document.h"
#include "ui/jobs/job.h"

namespace cowscope::ui
{

/// What an edit would do, and the session that holds a writer's locks from here to the commit.
struct LockedPreview {
    std::shared_ptr<EditSession> session;
    EditPreview preview;
};

// The work of jobs on the file at `path`. A preview that was just dropped may hold its locks for a moment still, so
// that a file in use is tried again for a second. Errors name the file.

/// Finds out what `edit` would do. Result: std::shared_ptr<LockedPreview>.
Job::Work previewWork(ImageDocument::StorageOpener opener, std::string path, Edit edit);

/// Commits what was previewed. Result: what the edit returns.
Job::Work commitWork(std::shared_ptr<LockedPreview> preview);

/// Runs `edit` on the file without a preview. Result: what the edit returns.
Job::Work writeWork(ImageDocument::StorageOpener opener, std::string path, Edit edit);

} // namespace cowscope::ui
