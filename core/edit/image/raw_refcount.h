// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/census.h"
#include "core/base/task.h"
#include "core/image/refblock_entry.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cowscope
{

/// Writing one reference count by hand, in place, and nothing else: no reference, no flag, no other count.
struct RawRefcountChange {
    HostCluster cluster;
    std::uint64_t before = 0; ///< the count that the image must still have
    std::uint64_t after = 0;

    bool operator==(const RawRefcountChange&) const = default;
};

/// What the check will say of one cluster.
enum class CountForecast {
    Right, ///< the count is that of the references
    Leak, ///< higher: space is lost
    TooLow, ///< lower: a corruption
    PastEnd, ///< a count, but the file does not have the cluster: a note
    Unknown, ///< there was no complete check
};

/// What such a change means, said before it is made.
struct RawRefcountForecast {
    std::optional<RefblockEntry> entry; ///< of the count; nothing: see `refusals`
    std::optional<std::uint64_t> references; ///< that the check has found; nothing: unknown
    std::uint64_t maximum = 0; ///< that the width holds
    CountForecast verdict = CountForecast::Unknown; ///< of the count after
    std::vector<std::string> refusals; ///< why it cannot be, sentences without their full stops; all reasons
    std::vector<std::string> dangers; ///< what goes wrong with it, likewise
};

/// Reads one entry of a refblock. `census` is the last check, null if there is none. Errors: Io.
Result<RawRefcountForecast> forecastRawRefcount(
    const Image& image, const Census* census, const RawRefcountChange& change);

/// Writes the count into its refblock by one write of one sector, and flushes. The caller has opened the storage for
/// writing and locked it. An image that is marked dirty or corrupt is not repaired first. Unknown autoclear bits are
/// cleared before, as the format demands of every writer. To undo it is to make the change from `after` to `before`.
/// Errors: Refused (a reason of the forecast, or the image has another count than `before`), Io, those of
/// Image::open().
Result<void> writeRawRefcount(
    std::shared_ptr<Storage> storage, const RawRefcountChange& change, const TaskContext& task);

} // namespace cowscope
