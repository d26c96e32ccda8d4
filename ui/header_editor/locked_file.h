// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/document/image_document.h"

namespace cowscope::ui
{

/// The file with a writer's locks. A preview that was just dropped may hold them for a moment still, so that a file in
/// use is tried again for a second. Called in a worker thread. Errors name the file; Cancelled.
Result<std::shared_ptr<Storage>> openToWrite(
    const ImageDocument::StorageOpener& opener, const std::string& path, const TaskContext& task);

} // namespace cowscope::ui
