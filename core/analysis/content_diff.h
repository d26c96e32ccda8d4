// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/task.h"
#include "core/image/guest_reader.h"

#include <expected>
#include <optional>
#include <vector>

namespace cowscope
{

struct ContentOptions {
    bool strict = false; ///< disks of different size, and stretches that are stored differently, differ too
    std::size_t mostRuns = 1; ///< how many runs to list; the comparison ends when there are more
};

/// Sectors in a row whose contents differ.
struct ContentRun {
    std::uint64_t start = 0; ///< bytes
    std::uint64_t length = 0;
};

/// What two guests would see different, as `qemu-img compare` has it: contents are compared sector by sector, and
/// what a shorter disk lacks counts as zeros.
struct ContentDiff {
    std::uint64_t firstSize = 0; ///< bytes
    std::uint64_t secondSize = 0;
    std::vector<ContentRun> runs; ///< in the order of the disk, at most ContentOptions::mostRuns
    std::uint64_t bytes = 0; ///< that differ, in whole sectors, as far as was looked
    std::optional<std::uint64_t> storedDifferently; ///< strict: where contents are stored differently first
    bool complete = true; ///< false: there may be more behind the last run

    bool sizesDiffer() const { return firstSize != secondSize; }
};

/// Why contents cannot be compared: the error, and whether it was met while reading data or before.
struct ContentFailure {
    Error error;
    bool reading = false;
};

/// Reads what is not known to be zeros in both, 2 MiB at a time. Strict mode ends with the first thing that is stored
/// differently, or at once if the sizes differ.
std::expected<ContentDiff, ContentFailure> compareContents(
    GuestReader& first, GuestReader& second, const ContentOptions& options, const TaskContext& task);

} // namespace cowscope
