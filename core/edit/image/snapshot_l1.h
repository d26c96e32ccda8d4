// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/edit/image/image_editor.h"

namespace cowscope
{

/// The raw entries of a snapshot's L1 table. Errors: Invalid for a table that is unaligned, too large or outside the
/// file, Io.
Result<std::vector<std::uint64_t>> readSnapshotL1(ImageEditor& editor, const Snapshot& snapshot);

/// Puts an L1 table into new clusters and returns where it is; 0 for a table without entries.
Result<HostOffset> placeSnapshotL1(ImageEditor& editor, std::span<const std::uint64_t> entries);

/// The snapshot with the extra data that version 3 asks for; what it does not say, the disk's present state says.
Snapshot withFullExtraData(Snapshot snapshot, const Geometry& geometry);

} // namespace cowscope
