// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/edit/image/image_editor.h"

#include <string>

namespace cowscope
{

/// Which other files an edit may open.
enum class OpenFiles {
    ImageOnly, ///< snapshots, bitmaps, header: guest contents are not touched
    WholeChain, ///< backing files for reading, data file for writing: asking to write guest data is the say-so
};

/// Opens the image file at `path` for changes, with a writer's locks. A dirty image (lazy refcounts that were not
/// written back) is repaired first, as the format demands of a writer. Errors name the file.
Result<std::unique_ptr<ImageEditor>> openForEditing(const std::string& path, OpenFiles files, const TaskContext& task);

} // namespace cowscope
