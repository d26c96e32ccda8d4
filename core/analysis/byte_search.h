// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/task.h"
#include "core/storage/storage.h"

#include <optional>
#include <span>

namespace cowscope
{

/// Where `pattern` (at least one byte) first occurs at or after `from` and begins before `to`. Holes of the file are
/// not read. Progress is in bytes of the range. Errors: Cancelled, Io.
Result<std::optional<std::uint64_t>> findBytes(const Storage& storage, std::span<const std::byte> pattern,
    std::uint64_t from, std::uint64_t to, const TaskContext& task);

} // namespace cowscope
