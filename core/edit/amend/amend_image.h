// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/task.h"
#include "core/edit/amend/amend_rules.h"
#include "core/edit/amend/split_shared.h"
#include "core/edit/amend/zero_expansion.h"
#include "core/edit/image/image_editor.h"

namespace cowscope
{

/// What an amend did, or would do.
struct AmendSummary {
    std::uint32_t oldVersion = 3;
    std::uint32_t newVersion = 3;
    unsigned oldOrder = 4;
    unsigned newOrder = 4;
    std::uint64_t oldSize = 0; ///< of the disk, bytes
    std::uint64_t newSize = 0;
    std::string oldBackingFile;
    std::string newBackingFile;
    bool oldLazyRefcounts = false;
    bool newLazyRefcounts = false;
    std::uint64_t fileBytesBefore = 0;
    std::uint64_t fileBytesAfter = 0;
    ZeroExpansion zeros; ///< of a downgrade
    SplitCost split;
    std::uint64_t tablesMoved = 0; ///< L2 tables that were written anew
    std::vector<std::string> warnings;

    bool operator==(const AmendSummary&) const = default;
};

/// Whether an amend copies contents of the disk, or only makes the room for the copies: enough to find out what it does
/// to the metadata.
enum class AmendContents {
    Copy,
    Leave,
};

/// Amends everything that is asked for by one commit, on a storage that the caller has opened for writing and locked.
///
/// All tables that change go to clusters that the image does not use, and counts of another width are all written anew
/// beside; one write of the header's first 512 bytes switches to them. A crash at any moment leaves the old image or
/// the new one, without an error or a leak, and the contents of the disk and of every snapshot as they were. A larger
/// disk is part of that where only zeros lie behind its end, and another commit after it where something must be
/// zeroed. `files` need the backing chain for a larger disk only.
///
/// Errors: Refused, with all reasons at once; Cancelled, Io, NoSpace: the file is then as it was, its length included.
Result<AmendSummary> amendImage(std::shared_ptr<Storage> storage, GuestFiles files, const AmendRequest& request,
    const TaskContext& task, AmendContents contents = AmendContents::Copy);

/// What amendImage() would do: it is done on an OverlayStorage, and contents are not copied. See also EditSession.
Result<AmendSummary> previewAmend(
    std::shared_ptr<const Storage> storage, GuestFiles files, const AmendRequest& request, const TaskContext& task);

} // namespace cowscope
