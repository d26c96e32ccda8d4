// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/referrers.h"
#include "core/base/result.h"
#include "core/image/guest_map.h"
#include "core/image/image.h"

#include <optional>
#include <string>
#include <vector>

namespace cowscope
{

/// One step from a guest offset to its bytes and their count: what was computed, and which bytes of the image file
/// were read to go on. Texts are English, as all of the engine's; numbers in them are decimal, or hex with 0x.
struct LookupStep {
    std::string title; ///< "L2 entry 7"
    std::vector<std::string> arithmetic; ///< one line each: "L1 index = 0x150000 / 0x200000 = 0"
    std::optional<HostOffset> place; ///< of `bytes` in the image file; nothing for pure arithmetic, and in a data file
    std::vector<std::byte> bytes; ///< as they stand in the file
    std::string result; ///< what the bytes say: "leads to the L2 table at 0x50000, copied"
};

/// The way from a guest offset down to its host bytes.
struct GuestTrace {
    std::vector<LookupStep> steps;
    std::string outcome; ///< a sentence without its full stop
    bool broken = false; ///< the way ends at an entry that cannot be followed
    std::optional<MappingKind> kind; ///< nothing if it is broken
    std::optional<HostOffset> host; ///< of the byte itself, or of the compressed data; of the data file if there is one
};

/// Follows `guest` through the active L1 table, or through that of one of the image's snapshots. Reads an entry at a
/// time, never a table. Errors: Invalid for an offset that neither the disk nor the table holds or a snapshot that is
/// not there, Io.
Result<GuestTrace> traceGuest(
    const Image& image, GuestOffset guest, std::optional<std::size_t> snapshot = std::nullopt);

/// What stands at a host offset, seen from below: how it is counted, and who refers to its cluster.
struct HostTrace {
    std::vector<LookupStep> steps; ///< from the offset to the count
    std::optional<std::uint64_t> refcount; ///< nothing where the way to the count is broken
    std::vector<Referrer> referrers; ///< at most as many as asked for
    bool moreReferrers = false;
};

/// One walk over the metadata. Errors: Invalid for an offset behind the end of the file, Io, Cancelled.
Result<HostTrace> traceHost(const Image& image, HostOffset host, std::size_t mostReferrers, const TaskContext& task);

} // namespace cowscope
