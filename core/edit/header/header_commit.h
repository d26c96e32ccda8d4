// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/task.h"
#include "core/edit/header/header_edit.h"

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace cowscope
{

/// The first cluster of an image before and after an edit of the header.
struct HeaderChange {
    std::vector<std::byte> before;
    std::vector<std::byte> after;

    bool operator==(const HeaderChange&) const = default;
};

/// One field of the header whose bytes an edit changes.
struct ChangedBytes {
    std::string name; ///< as the specification has it: "incompatible_features", "backing file name", ...
    std::uint64_t offset = 0;
    std::vector<std::byte> before; ///< empty where there was none
    std::vector<std::byte> after; ///< empty where there will be none
};

/// What an edit makes of the first cluster. Unknown autoclear bits are cleared, as the format demands of every writer.
/// Where no extension and no name changes, nothing but the feature words does. Reads nothing. Errors: Refused for what
/// does not fit, or what a crash could leave half done: see switchesWhole(). Whether the edit is wise and allowed is
/// said by headerEditNotes().
Result<HeaderChange> planHeaderEdit(const Image& image, const HeaderEdit& edit);

/// The fields that a change touches, in the order of the header.
std::vector<ChangedBytes> changedBytes(const HeaderChange& change);

/// Edits the header of an image in `storage`, which the caller has opened for writing and locked: at every moment the
/// file has the old header or the new one. The image is not repaired first, even if it is marked dirty or corrupt.
/// `expected` is the first cluster that the edit was made for (cut at the end of the file; empty: any). A write that
/// fails is taken back. Errors: Refused (all reasons of headerEditNotes(), or another header than expected), Io, and
/// those of Image::open().
Result<HeaderChange> applyHeaderEdit(std::shared_ptr<Storage> storage, const HeaderEdit& edit,
    std::span<const std::byte> expected, const TaskContext& task);

/// Gives the image the header that it had before `change`, if the one of today is that of after it, byte for byte.
/// The name may stand elsewhere; unknown autoclear bits stay cleared. What it returns can be undone again, which is to
/// do the change once more. Errors as for applyHeaderEdit().
Result<HeaderChange> undoHeaderEdit(
    std::shared_ptr<Storage> storage, const HeaderChange& change, const TaskContext& task);

/// The edit that an undo of `change` is, for its notes. An extension that comes back is not in it.
HeaderEdit editBack(const Image& image, const HeaderChange& change);

} // namespace cowscope
