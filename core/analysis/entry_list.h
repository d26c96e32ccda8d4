// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/cluster_map.h"
#include "core/base/run_list.h"
#include "core/base/task.h"
#include "core/image/image.h"

#include <optional>
#include <vector>

namespace cowscope
{

enum class TableLevel { L1, L2 };

/// Which entries of the L1 table, or of the L2 tables under it, to list.
enum class EntryFilter {
    Any, ///< of L2 tables: every entry of a table that exists
    Allocated, ///< leads to a table or a cluster, compressed ones included
    Unallocated,
    Zero, ///< of L2 entries: reads as zeros, wholly or (subclusters) in part
    Compressed,
    CopiedWrong, ///< its copied flag does not agree with the count of what it leads to
};

struct EntryQuery {
    std::optional<std::size_t> snapshot
        = {}; ///< whose L1 table; nothing: the active one. An index of Image::snapshots()
    TableLevel level = TableLevel::L2;
    EntryFilter filter = EntryFilter::Any;

    bool operator==(const EntryQuery&) const = default;
};

/// One entry as it stands in the file.
struct TableEntry {
    std::uint64_t index = 0; ///< in the L1 table; of an L2 entry: its guest cluster
    HostOffset slot; ///< where it stands
    std::uint64_t raw = 0;
    std::uint64_t subclusters = 0; ///< raw second half of an extended L2 entry
};

/// Whether the copied flag of an L1 or L2 entry is what the count of its target asks for. Entries that lead nowhere,
/// compressed ones with the flag clear, and those of a snapshot's table are right.
bool copiedIsWrong(const Image& image, const ClusterMap& map, const EntryQuery& query, const TableEntry& entry);

/// The entries that match, by index: an L1 index, or the number of a guest cluster. Without a filter it reads no L2
/// table. Errors: Cancelled, Io, Invalid (a snapshot's L1 table that cannot be read), TooLarge (kMaxEntryRuns).
Result<RunList> listEntries(
    const Image& image, const ClusterMap& map, const EntryQuery& query, const TaskContext& task);

inline constexpr std::size_t kMaxEntryRuns = std::size_t{1} << 22; ///< 96 MiB of memory

/// The entries at positions `first` and on of `list`, at most `count`. L2 tables are read once each where neighbours
/// follow one another. Errors: Cancelled, Io, Invalid.
Result<std::vector<TableEntry>> readEntries(const Image& image, const EntryQuery& query, const RunList& list,
    std::uint64_t first, std::uint64_t count, const TaskContext& task);

} // namespace cowscope
