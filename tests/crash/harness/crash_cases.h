// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/task.h"
#include "core/storage/storage.h"
#include "tests/crash/harness/crash_judge.h"
#include "tests/crash/harness/width_images.h"

#include <vector>

namespace cowscope::test
{

/// An edit from the opening of the storage to its end.
using StorageEdit = std::function<Result<void>(std::shared_ptr<Storage>, const TaskContext&)>;

/// One edit of one image, and what it promises of a crash in its middle.
struct CrashCase {
    std::string edit; ///< "1 to 64 bits", "snapshot -c", ...
    std::string image; ///< its kind
    std::function<Bytes()> make;
    StorageEdit run;
    Promise promise = Promise::OldOrNew;
    bool writesInPlace = false; ///< guest data or damaged parts: where that fails half-way the rest stays as it is

    std::string name() const { return edit + ", " + image; }
};

/// A change of width from every width to every other, 42 pairs, of every kind of image.
std::vector<CrashCase> widthCases(unsigned clusterBits);

/// Every other edit of the engine that changes an image in place, of the kinds of images that it makes a difference
/// for: snapshots, guest contents, size, bitmaps, repair. A new edit is one line in crash_cases.cpp.
std::vector<CrashCase> editCases(unsigned clusterBits, unsigned order);

} // namespace cowscope::test
