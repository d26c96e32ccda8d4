// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/cluster_map.h"
#include "core/base/strong_index.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cowscope
{

enum class Severity {
    Note, ///< worth knowing, not wrong
    Leak, ///< space is lost, data is safe
    Corruption, ///< data is or may get lost
    CheckError, ///< could not be checked
};

/// What is wrong. One row of kFindingCatalog (finding.cpp) describes each.
enum class FindingKind {
    Leak, ///< count higher than the references
    RefcountTooLow, ///< count lower than the references
    RefcountOverflow, ///< more references than the width can count
    L1EntryReserved,
    L1EntryUnaligned,
    L2EntryReserved,
    DataUnaligned,
    ReferencePastEnd, ///< a reference to space a cluster or more behind the end of the file
    CopiedFlagWrong, ///< OFLAG_COPIED disagrees with the count
    CompressedCopied, ///< OFLAG_COPIED on a compressed cluster
    CompressedInDataFile, ///< a compressed cluster in an image with an external data file
    SubclusterContradiction, ///< a subcluster both allocated and zero
    ZeroInVersion2, ///< zero flag in a version 2 image
    ReftableReserved,
    RefblockUnaligned,
    RefblockPastEnd,
    RefblockShared, ///< a refblock that something else claims too
    SnapshotL1Unaligned,
    SnapshotL1TooLarge,
    SnapshotWithDataFile,
    SnapshotTable, ///< the snapshot table needs repair
    BitmapTable, ///< a bitmap table or its data cannot be used
    DoubleOwner, ///< two structures of different kinds claim the cluster
    DataFileOffset, ///< a host offset that is not the guest offset, with an external data file
    CountPastEnd, ///< counts of clusters that the file does not have
    Unreadable,
    MarkedDirty, ///< the dirty bit; a census does not report it, a repair clears it
    MarkedCorrupt, ///< the corrupt bit; likewise
};

inline constexpr std::size_t kFindingKindCount = static_cast<std::size_t>(FindingKind::MarkedCorrupt) + 1;

struct FindingText {
    FindingKind kind;
    Severity severity;
    std::string_view title; ///< "Leaked clusters"
    std::string_view rule; ///< the rule that is broken, one sentence
    std::string_view repair; ///< what a repair would do
};

/// The catalogue's row for a kind.
const FindingText& findingText(FindingKind kind);
std::string_view severityName(Severity severity);

/// One thing that is wrong, or a run of neighbouring clusters that are wrong in the same way.
struct Finding {
    FindingKind kind = FindingKind::Leak;
    HostCluster cluster; ///< the first cluster concerned
    std::uint64_t clusters = 1; ///< how many in a row
    std::optional<HostOffset> offset; ///< of the entry that is wrong, where it is an entry
    std::uint64_t expected = 0; ///< references found (for counts)
    std::uint64_t actual = 0; ///< the count stored, or the raw entry
    std::uint64_t weight = 1; ///< how many findings of the reference tool this is
    std::string detail; ///< "L2 entry 7 of guest 0x70000", may be empty
    ClusterOwner as = ClusterOwner::Free; ///< of ReferencePastEnd: what the reference takes its target for
    std::optional<GuestOffset> guest = std::nullopt; ///< of the guest data concerned, where it is known

    Severity severity() const { return findingText(kind).severity; }
};

/// The least refcount order (0 to 6) whose width holds `count`.
unsigned orderFor(std::uint64_t count);

/// "Leaked clusters: 3 clusters from 17 (offset 0x11000), count 1, 0 references"
std::string describe(const Finding& finding, unsigned clusterBits);

} // namespace cowscope
