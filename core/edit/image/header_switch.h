// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/result.h"
#include "core/storage/storage.h"

#include <span>

namespace cowscope
{

/// Makes `after` the first cluster of an image (or what it holds of the header, in whole sectors), and flushes. A disk
/// writes a sector whole or not at all, but a cluster in any order. So a change that reaches behind the first sector is
/// made in steps: what the first sector leads to is on disk before it leads there, and stays until it no longer does.
/// A crash then finds the old header or the new one, with the right backing file name, as long as extensions come or go
/// at the end of their list, and, with another name, only within the first sector.
Result<void> switchHeader(Storage& storage, std::span<const std::byte> after);

/// Whether a crash in the middle of switchHeader() from `before` to `after` finds nothing but the old header or the new
/// one, whichever sectors it leaves unwritten. Both have the same length. Pure.
bool switchesWhole(std::span<const std::byte> before, std::span<const std::byte> after);

/// Where a name stands in the first cluster.
struct NamePlace {
    std::uint64_t offset = 0; ///< 0: there is none
    std::uint64_t bytes = 0;
};

/// Where to put a backing file name of `bytes` bytes, once the extensions end at `extensionsEnd`: the old name stands
/// at `old`. The same name stays where it is if that place stays free; else it goes where it can stand beside the old
/// one, else right behind the extensions.
std::uint64_t placeOfName(
    NamePlace old, std::uint64_t bytes, bool sameName, std::uint64_t extensionsEnd, std::uint64_t clusterSize);

} // namespace cowscope
