// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/task.h"
#include "core/format/field_catalog.h"
#include "core/image/guest_map.h"

#include <optional>
#include <string>
#include <vector>

namespace cowscope
{

/// A header field with different values. Nothing: that header is too short to have it.
struct FieldDifference {
    const Field* field = nullptr; ///< of the catalogue
    std::optional<std::uint64_t> first;
    std::optional<std::uint64_t> second;
};

/// Something with a name that differs or that only one image has: a header extension, the backing file, a snapshot, a
/// bitmap. Names and values are untrusted text. Nothing: that image does not have it.
struct NamedDifference {
    std::string name; ///< "snapshot 1", "backing file", ...
    std::optional<std::string> first;
    std::optional<std::string> second;
};

/// L1 entries in a row that differ; the raw values are those of the first of them.
struct L1Difference {
    std::uint64_t index = 0;
    std::uint64_t count = 1;
    std::uint64_t first = 0;
    std::uint64_t second = 0;
};

/// What an image says of one guest cluster.
struct EntryState {
    std::optional<MappingKind> kind = MappingKind::Unallocated; ///< nothing: the entry cannot be followed
    std::optional<HostOffset> host = {}; ///< of the cluster or of its compressed data
    bool copied = false;
    std::uint64_t subclusters = 0; ///< the bitmap of an extended L2 entry

    bool operator==(const EntryState&) const = default;
};

/// Guest clusters in a row whose entries differ in the same way; the states are those of the first of them.
struct MappingDifference {
    GuestOffset start;
    std::uint64_t bytes = 0;
    EntryState first;
    EntryState second;
};

/// Host clusters in a row with the same two counts.
struct CountDifference {
    HostCluster cluster;
    std::uint64_t clusters = 1;
    std::uint64_t first = 0;
    std::uint64_t second = 0;
};

/// How much of each of at most kMostCells equal stretches differs; a map of changes.
struct ChangeStrip {
    static constexpr std::uint64_t kMostCells = 4096;

    std::uint64_t perCell = 1; ///< clusters in a cell
    std::vector<std::uint64_t> changed; ///< clusters

    ChangeStrip() = default;
    explicit ChangeStrip(std::uint64_t clusters);
    void add(std::uint64_t first, std::uint64_t clusters);
};

/// How the metadata of two images, or of two states of one image, differ. Runs are in their order, at most kMostRuns of
/// each kind; the totals are exact.
struct ImageDiff {
    static constexpr std::size_t kMostRuns = 1U << 15;

    std::vector<FieldDifference> fields;
    std::vector<NamedDifference> names;
    std::vector<L1Difference> l1;
    std::vector<MappingDifference> mapping;
    std::vector<CountDifference> counts;

    std::uint64_t l1Entries = 0; ///< that differ
    std::uint64_t guestBytes = 0; ///< whose entries differ
    std::uint64_t clusters = 0; ///< whose counts differ
    std::uint64_t runsDropped = 0; ///< past kMostRuns
    bool sameClusters = true; ///< both have clusters of the same size; else neither L1 tables nor counts are compared
    ChangeStrip guest; ///< over the larger disk
    ChangeStrip host; ///< over the larger file

    bool isSame() const
    {
        return fields.empty() && names.empty() && l1Entries == 0 && guestBytes == 0 && clusters == 0;
    }
};

/// Compares headers, extensions, snapshot tables, bitmap directories, the active L1 and L2 tables and the counts. Guest
/// data is not read. Tables are compared a cluster at a time, and stretches that neither image has are skipped. Where
/// clusters or entries are not of the same size, entries are compared by what they say of the guest's disk: neither
/// host offsets nor flags. Errors: Cancelled, Io.
Result<ImageDiff> compareMetadata(const Image& first, const Image& second, const TaskContext& task);

} // namespace cowscope
