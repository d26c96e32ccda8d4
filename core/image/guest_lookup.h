// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/image/guest_map.h"

#include <optional>
#include <vector>

namespace cowscope
{

/// Which virtual disk of an image: the one that internal snapshot number N keeps; nothing: the active one.
using DiskChoice = std::optional<std::size_t>;

/// Size of that disk in bytes as its guest sees it: whole sectors, as large as it was when the snapshot was made where
/// the snapshot tells that. Not above kMaxVirtualBytes.
std::uint64_t diskSize(const Image& image, DiskChoice disk);

/// The L1 table of a snapshot (below image.snapshots().size()), in host byte order. Errors: TooLarge, Invalid (not
/// aligned), Truncated, Io.
Result<std::vector<std::uint64_t>> readSnapshotL1(const Image& image, std::size_t snapshot);

/// The extent at `start` of a disk, of at most `most` bytes and of kLookupEntries L2 entries: a quick look at one
/// place that reads one L1 entry and at most 64 KiB of one L2 table. Errors: Invalid for a snapshot that is not there
/// or an entry that cannot be followed, Io.
Result<GuestExtent> lookUpGuest(const Image& image, DiskChoice disk, GuestOffset start, std::uint64_t most);

inline constexpr std::uint64_t kLookupEntries = 4096;

} // namespace cowscope
