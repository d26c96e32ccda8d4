// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/finding.h"

#include "core/format/refcount_codec.h"

#include <array>
#include <fmt/format.h>

namespace cowscope
{

namespace
{

using enum FindingKind;
using Severity::CheckError;
using Severity::Corruption;
using Severity::Note;

constexpr std::string_view kClearByHand = "Clear the bits; they carry no meaning that this version knows.";
constexpr std::string_view kDropEntry = "Drop the entry: what it mapped cannot be read any more.";
constexpr std::string_view kRebuild = "Rebuild the refcount structures from the tables that are sound.";

constexpr std::array kFindingCatalog{
    FindingText{FindingKind::Leak, Severity::Leak, "Leaked clusters",
        "A cluster's count equals the number of references to it.",
        "Lower the count; the space becomes free. No data is touched."},
    FindingText{RefcountTooLow, Corruption, "Count too low",
        "A cluster's count equals the number of references to it. With a lower one the cluster may be handed out again "
        "and overwritten.",
        "Raise the count to the references found."},
    FindingText{RefcountOverflow, Corruption, "More references than the width can count",
        "A cluster has at most as many references as the refcount width can count.",
        "Amend the image to a wider refcount width first, then repair the counts."},
    FindingText{L1EntryReserved, Corruption, "L1 entry with reserved bits",
        "Bits 0 to 8 and 56 to 62 of an L1 entry are zero.", kClearByHand},
    FindingText{L1EntryUnaligned, Corruption, "Unaligned L2 table",
        "An L2 table begins at a multiple of the cluster size.", kDropEntry},
    FindingText{L2EntryReserved, Corruption, "L2 entry with reserved bits",
        "Bits 1 to 8 and 56 to 61 of a standard L2 entry are zero.", kClearByHand},
    FindingText{DataUnaligned, Corruption, "Unaligned data cluster",
        "A data cluster begins at a multiple of the cluster size.", kDropEntry},
    FindingText{ReferencePastEnd, Corruption, "Reference past the end of the file",
        "Everything that a structure refers to lies within the file.", kDropEntry},
    FindingText{CopiedFlagWrong, Corruption, "Wrong copied flag",
        "The copied flag of an entry is set exactly when the count of what it refers to is 1.",
        "Set or clear the flag to match the count."},
    FindingText{CompressedCopied, Corruption, "Copied flag on a compressed cluster",
        "The copied flag is never set for a compressed cluster.", "Clear the flag."},
    FindingText{CompressedInDataFile, Corruption, "Compressed cluster beside an external data file",
        "An image with an external data file has no compressed clusters.", kDropEntry},
    FindingText{SubclusterContradiction, Corruption, "Contradicting subcluster bits",
        "A subcluster is not both allocated and zero; an unallocated or compressed cluster has no allocated "
        "subclusters.",
        "Treat the subclusters concerned as zero."},
    FindingText{ZeroInVersion2, Corruption, "Zero flag in a version 2 image",
        "Version 2 has no zero clusters; bit 0 of its L2 entries is reserved.", "Clear the flag or upgrade the image."},
    FindingText{ReftableReserved, Corruption, "Reftable entry with reserved bits",
        "Bits 0 to 8 of a reftable entry are zero.", kRebuild},
    FindingText{RefblockUnaligned, Corruption, "Unaligned refblock",
        "A refblock begins at a multiple of the cluster size.", kRebuild},
    FindingText{
        RefblockPastEnd, Corruption, "Refblock past the end of the file", "A refblock lies within the file.", kRebuild},
    FindingText{RefblockShared, Corruption, "Refblock that something else uses too",
        "Nothing but its one reftable entry refers to a refblock.", kRebuild},
    FindingText{SnapshotL1Unaligned, Corruption, "Unaligned L1 table of a snapshot",
        "A snapshot's L1 table begins at a multiple of the cluster size.", "Delete the snapshot."},
    FindingText{SnapshotL1TooLarge, Corruption, "L1 table of a snapshot is too large",
        "A snapshot's L1 table has at most 32 MiB of entries.", "Delete the snapshot."},
    FindingText{SnapshotWithDataFile, Corruption, "Snapshots beside an external data file",
        "An image with an external data file has no internal snapshots.", "Delete the snapshots."},
    FindingText{SnapshotTable, Corruption, "Incomplete snapshot entry",
        "A version 3 image keeps at least 16 bytes of extra data for each snapshot, and each has an L1 table.",
        "Write the entry anew with the missing fields; delete a snapshot without a table."},
    FindingText{BitmapTable, Corruption, "Bitmap that cannot be used",
        "An entry of a bitmap's table is 0, 1, or the offset of a cluster within the file.", "Remove the bitmap."},
    FindingText{DoubleOwner, Corruption, "Cluster with two owners",
        "A cluster belongs to one kind of structure. Writing to one of its owners destroys the other.",
        "None is safe: copy what is still good out of the image."},
    FindingText{DataFileOffset, Corruption, "Data elsewhere than at its guest offset",
        "With an external data file, the offset in an L2 entry is the guest offset.", kDropEntry},
    FindingText{CountPastEnd, Note, "Counts behind the end of the file",
        "A cluster that the file does not have, and that nothing refers to, has count 0.", "Clear the counts."},
    FindingText{Unreadable, CheckError, "Unreadable structure", "Every structure of the image can be read.",
        "Copy the image from the failing disk first."},
    FindingText{MarkedDirty, Note, "Image marked dirty",
        "The dirty bit is clear once a writer has closed the image: until then counts may be stale.",
        "Clear the bit after a check that finds no corruption."},
    FindingText{MarkedCorrupt, Note, "Image marked corrupt",
        "The corrupt bit is clear in a sound image. QEMU does not write to one that has it.",
        "Clear the bit after a check that finds no corruption."},
};

} // namespace

const FindingText& findingText(FindingKind kind)
{
    static_assert(kFindingCatalog.size() == kFindingKindCount);
    return kFindingCatalog[static_cast<std::size_t>(kind)];
}

std::string_view severityName(Severity severity)
{
    switch (severity) {
    case Note:
        return "note";
    case Severity::Leak:
        return "leak";
    case Corruption:
        return "corruption";
    case CheckError:
        return "check error";
    }
    return "";
}

unsigned orderFor(std::uint64_t count)
{
    unsigned order = 0;
    while (RefcountCodec(order).maximum() < count)
        ++order;
    return order;
}

std::string describe(const Finding& finding, unsigned clusterBits)
{
    std::string text(findingText(finding.kind).title);
    const std::uint64_t first = finding.cluster.value();
    if (finding.clusters == 1)
        text += fmt::format(": cluster {} (offset {:#x})", first, first << clusterBits);
    else
        text += fmt::format(": {} clusters from {} (offset {:#x})", finding.clusters, first, first << clusterBits);
    switch (finding.kind) {
    case FindingKind::Leak:
    case RefcountTooLow:
    case RefcountOverflow:
    case RefblockShared:
    case DoubleOwner:
        text += fmt::format(", count {}, references {}", finding.actual, finding.expected);
        break;
    default:
        break;
    }
    if (finding.kind == RefcountOverflow)
        text += fmt::format(", needs refcount_bits={}", 1U << orderFor(finding.expected));
    if (!finding.detail.empty())
        text += fmt::format(", {}", finding.detail);
    return text;
}

} // namespace cowscope
