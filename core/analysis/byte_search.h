// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/task.h"
#include "core/storage/storage.h"

#include <optional>
#include <vector>

namespace cowscope
{

/// What to search for, and which way.
struct BytePattern {
    std::vector<std::byte> bytes; ///< at least one
    bool ignoreCase = false; ///< 'a' to 'z' match 'A' to 'Z'; other bytes match only themselves
    bool backward = false; ///< the last match counts, not the first
};

/// Where `pattern` occurs first (last, if backward) among the places from `from` up to `to`, the latter not included:
/// there a match begins; it may end behind `to`. Holes of the file are not read. Progress is in bytes of the range.
/// Errors: Cancelled, Io.
Result<std::optional<std::uint64_t>> findBytes(
    const Storage& storage, const BytePattern& pattern, std::uint64_t from, std::uint64_t to, const TaskContext& task);

} // namespace cowscope
