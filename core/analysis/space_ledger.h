// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/census.h"

#include <array>
#include <string_view>
#include <vector>

namespace cowscope
{

/// What a byte of the file is spent on: exactly one of these. The order is that of the ledger.
enum class SpaceUse {
    Header,
    Reftable,
    Refblocks,
    ActiveL1,
    SnapshotTable,
    SnapshotL1,
    ActiveL2, ///< L2 tables that only the active disk uses
    SharedL2, ///< by the active disk and by snapshots
    SnapshotL2, ///< by snapshots only
    ActiveData,
    SharedData,
    SnapshotData,
    ActiveCompressed,
    SharedCompressed,
    SnapshotCompressed,
    BitmapDirectory,
    BitmapTables,
    BitmapData,
    EncryptionHeader,
    SeveralOwners, ///< claimed by structures of different kinds: damage
    Leaked, ///< counted, but nothing refers to it
    FreeInside, ///< free, before the last cluster in use
    FreeTail, ///< free, behind it
};
inline constexpr std::size_t kSpaceUseCount = static_cast<std::size_t>(SpaceUse::FreeTail) + 1;

std::string_view spaceUseName(SpaceUse use); ///< "guest data of the active disk only", ...

/// The owner whose colour and letter stand for a use.
ClusterOwner ownerOf(SpaceUse use);

/// Neighbouring clusters.
struct ClusterSpan {
    HostCluster first;
    std::uint64_t clusters = 0;

    bool operator==(const ClusterSpan&) const = default;
};

/// Some clusters of the file, added up.
struct SpaceSum {
    std::uint64_t clusters = 0;
    std::uint64_t bytes = 0; ///< within the file, whose last cluster may be a partial one
    std::uint64_t holes = 0; ///< of them without disk blocks
    std::uint64_t runs = 0; ///< how many runs of neighbouring clusters they are
    std::vector<ClusterSpan> firstRuns; ///< the first runs, a bounded number of them
};

/// What one root, the active disk or a snapshot, uses: its L1 table, L2 tables and data.
struct SpaceShare {
    std::uint64_t exclusive = 0; ///< bytes that no other root uses: they would be free without this one
    std::uint64_t shared = 0; ///< bytes that other roots use too
    std::vector<ClusterSpan> firstRuns; ///< of the exclusive clusters, a bounded number of runs

    std::uint64_t total() const { return exclusive + shared; }
};

/// Every byte of an image's file accounted for.
struct SpaceLedger {
    static constexpr std::size_t kListedRuns = 256; ///< runs listed for each use
    static constexpr std::size_t kListedShareRuns = 8; ///< for each snapshot

    std::array<SpaceSum, kSpaceUseCount> uses; ///< by SpaceUse; their bytes add up to fileBytes
    std::uint64_t fileBytes = 0;
    std::uint64_t holes = 0; ///< bytes of the file without disk blocks, where the file system tells
    SpaceShare active;
    std::vector<SpaceShare> snapshots; ///< by index of Image::snapshots()

    const SpaceSum& of(SpaceUse use) const { return uses[static_cast<std::size_t>(use)]; }
};

/// Accounts for the file of `image`, whose complete census is `census`. Reads each L2 table that snapshots use once,
/// none without snapshots. Memory: 4 bytes for each cluster that snapshots alone use, at most 512 MiB.
/// A snapshot's `shared` is exact but for a host cluster of compressed data that L2 tables far from each other share:
/// that one counts once for each of them. Errors: Cancelled, Io, TooLarge.
Result<SpaceLedger> takeLedger(const Image& image, const Census& census, const TaskContext& task);

} // namespace cowscope
