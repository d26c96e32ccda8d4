// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/edit/amend/amend_plan.h"
#include "core/edit/amend/amend_request.h"
#include "core/edit/header/header_commit.h"
#include "core/edit/image/image_editor.h"
#include "core/edit/image/raw_refcount.h"
#include "core/edit/repair/repair.h"
#include "core/edit/session/edit.h"

#include <optional>

namespace cowscope
{

/// Opens the backing chain and the data file of an image; absent: they stay closed.
using GuestFilesOpener = std::function<Result<GuestFiles>(const TaskContext&)>;

/// The refcount width and nothing else, the fast way: amendStorage(). Returns the AmendPlan; with `expected`, a plan
/// that the user has agreed to, another plan is Refused.
Edit widthEdit(unsigned order, std::optional<AmendPlan> expected = {});

/// amendImage(); its preview makes room for copies of contents without copying them. Returns the AmendSummary.
Edit amendEdit(AmendRequest request, GuestFilesOpener files = {});

/// repairImage(). Returns the RepairResult; with `expected` another plan is Refused.
Edit repairEdit(RepairMode mode, std::optional<RepairPlan> expected = {});

/// applyHeaderEdit() on the first cluster `expected`. Returns the HeaderChange.
Edit headerEdit(HeaderEdit edit, std::vector<std::byte> expected);

/// undoHeaderEdit(). Returns the HeaderChange, which an undo of the undo takes.
Edit headerUndo(HeaderChange change);

/// writeRawRefcount(). Returns nothing.
Edit rawRefcountEdit(RawRefcountChange change);

/// Anything that an ImageEditor does: snapshots, size, bitmaps, fields of the header. `work` commits; what it returns
/// is what the edit returns. In a preview writes to a data file stay in an overlay, too.
Edit editorEdit(std::string name, std::function<Result<std::any>(ImageEditor& editor, const TaskContext& task)> work,
    GuestFilesOpener files = {});

} // namespace cowscope
