// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/census.h"
#include "core/base/task.h"
#include "core/image/image.h"

#include <vector>

namespace cowscope
{

/// Refcount structures of another width that the image was left behind by an amend, and that are still good: they say
/// of every cluster what the image's own say. They stand in clusters that the image counts as free.
struct OldRefcounts {
    unsigned order = 0;
    HostOffset reftable;
    std::uint32_t reftableClusters = 0;
    std::vector<HostCluster> refblocks; ///< sorted
    std::uint64_t fileBytesAfter = 0; ///< what lies behind the last cluster in use is given back

    bool operator==(const OldRefcounts&) const = default;
};

/// Finds them by proof, not by a note of where they were: every free cluster of the file that may hold a reftable is
/// tried at every width, and stands the test only if each count is that of the image now (the structures' own aside).
/// An image without corruption is needed; of a wrong count nobody can say which is right. None found: something was
/// written over them, or counts have changed since. Cost: the first bytes of every free cluster that is no hole, and
/// for what looks right a comparison of all counts. Errors: Refused, Cancelled, Io.
Result<std::vector<OldRefcounts>> findOldRefcounts(const Image& image, const Census& census, const TaskContext& task);

/// Switches back to them by one write of the header's first 512 bytes, on a storage that the caller has opened for
/// writing and locked. The structures of today become free. With `order` those of that width are meant.
/// Errors: NotFound if there are none (any more), Refused if there are several and `order` does not say which.
Result<OldRefcounts> undoAmend(
    std::shared_ptr<Storage> storage, std::optional<unsigned> order, const TaskContext& task);

} // namespace cowscope
