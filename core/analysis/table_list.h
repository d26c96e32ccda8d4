// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/finding_list.h"
#include "core/base/task.h"
#include "core/image/image.h"

#include <functional>
#include <optional>
#include <set>
#include <span>
#include <vector>

namespace cowscope
{

/// An L2 table and how many L1 entries refer to it.
struct TableUse {
    HostOffset offset;
    std::uint64_t active = 0; ///< references from the active L1 table
    std::uint64_t snapshots = 0; ///< references from L1 tables of snapshots
    std::optional<std::uint32_t> l1Index; ///< of the first reference from the active L1 table
};

/// An L1 entry that is not 0, where it stands in the file, and the L1 tables that hold that place.
struct L1Slot {
    HostOffset slot;
    L1Entry entry;
    std::uint32_t active = 0; ///< active L1 tables that hold it: 0 or 1
    const std::set<std::size_t>& snapshots; ///< indexes of the snapshots whose L1 tables hold it

    std::uint64_t uses() const { return std::uint64_t{active} + snapshots.size(); }
};

/// Visits the entries of all L1 tables in the order in which they stand in the file. However many snapshots share an L1
/// table, and however L1 tables overlap, each place of the file is read once: the tables are swept as intervals of the
/// file. Tables that fail checkSnapshotL1() are left out. Errors: Cancelled, Io, and those of `visit`.
Result<void> sweepL1Tables(
    const Image& image, const TaskContext& task, const std::function<Result<void>(const L1Slot&)>& visit);

/// Reads the L2 tables of `tables` (sorted by offset) once each, neighbours together, and hands their words to `visit`
/// in host byte order; tables in holes of the file are left out, and most of the unaligned ones, of which there may be
/// any number. `unreadable` gets tables in a row that could not be read. Moves `progress` on by the tables' bytes.
/// Errors: Cancelled, and those of `visit`.
struct L2Reader {
    std::function<Result<void>(const TableUse& use, std::span<const std::uint64_t> words)> visit;
    std::function<void(std::span<const TableUse> tables, const Error& error)> unreadable;
    mutable std::vector<std::uint64_t> words = {}; ///< room for tables, kept between calls
};
Result<void> readL2Tables(const Image& image, std::span<const TableUse> tables, const L2Reader& reader,
    const TaskContext& task, Progress& progress);

/// Every L2 table of the image once, by host offset, with its multiplicity; reads as sweepL1Tables() does. Bad L1
/// entries become findings, weighted by how many tables hold them. L1 tables must have passed checkSnapshotL1().
Result<std::vector<TableUse>> listL2Tables(const Image& image, const TaskContext& task, FindingList& findings);

/// Whether a snapshot's L1 table can be walked at all: aligned and within the size limit. Adds a finding if not.
bool checkSnapshotL1(const Image& image, const Snapshot& snapshot, FindingList* findings);

/// Whether a snapshot of a disk that is not empty has no L1 table at all: a repair of it was cut off.
bool lacksL1(const Image& image, const Snapshot& snapshot);

} // namespace cowscope
