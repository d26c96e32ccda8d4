// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/task.h"
#include "core/edit/amend/amend_plan.h"
#include "core/image/image.h"
#include "core/storage/storage.h"

namespace cowscope
{

/// Carries out a plan on the storage that `image` was read from, opened for writing and locked by the caller.
///
/// Writes the new refblocks and the new reftable beside everything in use, flushes, switches the header with one write
/// of its first 512 bytes, and flushes again. A stop before the switch leaves the old image, one after it the new
/// image; neither has an error or a leak. On cancel or failure before the switch the file gets its old length back. The
/// switch itself cannot be cancelled.
///
/// Progress: bytes of work, from 0 to a total known at the start. Memory: a few MiB.
/// Errors: Cancelled, Io, NoSpace, Refused (the file is no longer the one that was planned for).
Result<void> runAmend(const Image& image, Storage& storage, const AmendPlan& plan, const TaskContext& task);

/// The whole way for a caller that has nothing but a locked, writable storage: opens the image, takes the census,
/// plans, runs. With `expected` (a plan that the user has agreed to) a different plan is Refused. Where the storage
/// readsWhileAppending(), the new structures may be appended before all of the image was looked at; if something proves
/// to be wrong with it, that is taken back before anything else is decided.
/// Returns the plan that was carried out. A plan that changes nothing writes nothing.
Result<AmendPlan> amendStorage(
    std::shared_ptr<Storage> storage, unsigned order, const AmendPlan* expected, const TaskContext& task);

} // namespace cowscope
