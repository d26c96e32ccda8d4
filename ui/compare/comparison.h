// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/jobs/job.h"
#include "ui/preview/diff_model.h"

#include <QTemporaryFile>

#include <memory>

namespace cowscope::ui
{

/// The metadata of an image as it was once, in a sparse temporary file that goes with it.
struct RememberedState {
    std::unique_ptr<QTemporaryFile> file;
    std::shared_ptr<const Image> image;
};

/// An image and the file that it was opened from.
struct ComparedImage {
    std::shared_ptr<const Image> image;
    std::string path;
    Sharing sharing = Sharing::Locked;
};

// The work of jobs; each owns what it needs.

/// Copies the metadata of an image into `file`. Result: std::shared_ptr<const Image>, the copy.
Job::Work rememberWork(std::shared_ptr<const Image> image, std::string file);

/// Compares two states of an image. Result: std::shared_ptr<const Comparison>.
Job::Work compareStatesWork(std::shared_ptr<const Image> before, std::shared_ptr<const Image> now);

/// Compares an image with another file; with `contents` also what the guests see, through the backing files of both.
/// Result: std::shared_ptr<const Comparison>.
Job::Work compareFilesWork(ComparedImage image, std::string other, bool contents);

} // namespace cowscope::ui
