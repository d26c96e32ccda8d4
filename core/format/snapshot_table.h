// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/result.h"
#include "core/base/strong_index.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace cowscope
{

inline constexpr std::size_t kSnapshotEntryBytes = 40; ///< before extra data, id and name

/// One entry of the snapshot table (specification, "Snapshots").
struct Snapshot {
    HostOffset entryOffset; ///< where the entry stands in the file
    HostOffset l1TableOffset;
    std::uint32_t l1Size = 0; ///< entries
    std::string id;
    std::string name;
    std::uint32_t dateSeconds = 0; ///< since 1970, UTC
    std::uint32_t dateNanoseconds = 0;
    std::uint64_t vmClockNanoseconds = 0;
    std::uint64_t vmStateSize = 0; ///< bytes; the 64-bit field where the entry has it
    std::optional<std::uint64_t> diskSize; ///< bytes; absent in old entries: the disk's present size
    std::optional<std::uint64_t> icount;
    std::vector<std::byte> extraData; ///< all of it, known and unknown bytes
    std::uint64_t entryBytes = 0; ///< with padding to 8

    bool operator==(const Snapshot&) const = default;
};

/// A snapshot entry at the start of `bytes`, which stand at `at` in the file. `bytes` may be longer than the entry.
/// Errors: Truncated when `bytes` ends inside the entry, TooLarge for more extra data than kMaxSnapshotExtraBytes.
Result<Snapshot> decodeSnapshot(std::span<const std::byte> bytes, HostOffset at);

/// The entry on disk, padded to a multiple of 8 bytes. Extra data is written as it is in `extraData`.
std::vector<std::byte> encodeSnapshot(const Snapshot& snapshot);

} // namespace cowscope
