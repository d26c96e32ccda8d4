// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/finding.h"
#include "tests/support/image_builder.h"

#include <functional>

namespace cowscope::test
{

inline constexpr std::uint64_t kCopied = std::uint64_t{1} << 63;
inline constexpr std::uint64_t kCompressed = std::uint64_t{1} << 62;
inline constexpr std::uint64_t kOffsetMask = 0x00fffffffffffe00;
inline constexpr std::uint64_t kFar = std::uint64_t{1} << 40;

/// What is broken in a sound image, and what a census must say of it.
struct Damage {
    const char* name;
    std::function<void(BuiltImage&)> hurt;
    FindingKind kind;
};

inline std::uint64_t entry(const BuiltImage& image, std::uint64_t guest)
{
    return getNumber(image.bytes, image.l2EntryAt(guest), 8);
}

/// Does nothing where an earlier damage moved the L2 table out of the file.
inline void setEntry(BuiltImage& image, std::uint64_t guest, std::uint64_t raw)
{
    if (const std::uint64_t at = image.l2EntryAt(guest); at + 8 <= image.bytes.size())
        put64(image.bytes, at, raw);
}

inline std::uint64_t clusterOf(const BuiltImage& image, std::uint64_t guest)
{
    return (entry(image, guest) & kOffsetMask) / image.clusterSize();
}

/// Sets the count of a guest cluster's data, unless an earlier damage moved that out of reach.
inline void setCountOf(BuiltImage& image, std::uint64_t guest, std::uint64_t count)
{
    if (const std::uint64_t cluster = clusterOf(image, guest); cluster < image.layout.clusters)
        image.setCount(cluster, count);
}

inline void setL1(BuiltImage& image, std::uint64_t raw)
{
    put64(image.bytes, image.layout.l1, raw);
}

inline void setReftable(BuiltImage& image, std::uint64_t index, std::uint64_t raw)
{
    put64(image.bytes, image.layout.reftable + index * 8, raw);
}

inline const std::vector<Damage>& damages()
{
    static const std::vector<Damage> all{
        {"count too high", [](BuiltImage& i) { setCountOf(i, 3, 2); }, FindingKind::Leak},
        {"count without reference", [](BuiltImage& i) { setEntry(i, 3, 0); }, FindingKind::Leak},
        {"count 0", [](BuiltImage& i) { setCountOf(i, 3, 0); }, FindingKind::RefcountTooLow},
        {"second reference", [](BuiltImage& i) { setEntry(i, 40, entry(i, 3)); }, FindingKind::RefcountTooLow},
        {"copied flag missing", [](BuiltImage& i) { setEntry(i, 3, entry(i, 3) & ~kCopied); },
            FindingKind::CopiedFlagWrong},
        {"copied flag missing in L1", [](BuiltImage& i) { setL1(i, i.l1Entry(0) & ~kCopied); },
            FindingKind::CopiedFlagWrong},
        {"copied flag on a compressed cluster", [](BuiltImage& i) { setEntry(i, 502, entry(i, 502) | kCopied); },
            FindingKind::CompressedCopied},
        {"L1 entry with reserved bits", [](BuiltImage& i) { setL1(i, i.l1Entry(0) | std::uint64_t{1} << 60); },
            FindingKind::L1EntryReserved},
        {"L2 entry with reserved bits", [](BuiltImage& i) { setEntry(i, 3, entry(i, 3) | std::uint64_t{1} << 57); },
            FindingKind::L2EntryReserved},
        {"L2 table unaligned", [](BuiltImage& i) { setL1(i, i.l1Entry(0) + 512); }, FindingKind::L1EntryUnaligned},
        {"data unaligned", [](BuiltImage& i) { setEntry(i, 3, entry(i, 3) + 512); }, FindingKind::DataUnaligned},
        {"L2 table past the end", [](BuiltImage& i) { setL1(i, kCopied | kFar); }, FindingKind::ReferencePastEnd},
        {"data past the end", [](BuiltImage& i) { setEntry(i, 3, kCopied | kFar); }, FindingKind::ReferencePastEnd},
        {"compressed data past the end", [](BuiltImage& i) { setEntry(i, 502, kCompressed | kFar); },
            FindingKind::ReferencePastEnd},
        {"refblock unaligned", [](BuiltImage& i) { setReftable(i, 0, i.layout.refblocks.at(0) + 512); },
            FindingKind::RefblockUnaligned},
        {"refblock past the end", [](BuiltImage& i) { setReftable(i, 5, kFar); }, FindingKind::RefblockPastEnd},
        {"refblock used twice", [](BuiltImage& i) { setReftable(i, 5, i.layout.refblocks.at(0)); },
            FindingKind::RefblockShared},
        {"reftable entry with reserved bits", [](BuiltImage& i) { setReftable(i, 0, i.layout.refblocks.at(0) | 4); },
            FindingKind::ReftableReserved},
        {"snapshot L1 unaligned",
            [](BuiltImage& i) { put64(i.bytes, i.layout.snapshotTable, i.layout.snapshotL1[0] + 512); },
            FindingKind::SnapshotL1Unaligned},
        {"snapshot L1 too large", [](BuiltImage& i) { put32(i.bytes, i.layout.snapshotTable + 8, 0x10000000); },
            FindingKind::SnapshotL1TooLarge},
        {"snapshot L1 past the end", [](BuiltImage& i) { put64(i.bytes, i.layout.snapshotTable, kFar); },
            FindingKind::ReferencePastEnd},
        {"refblock missing", [](BuiltImage& i) { setReftable(i, 0, 0); }, FindingKind::RefcountTooLow},
        {"reftable past the end", [](BuiltImage& i) { put64(i.bytes, 48, kFar); }, FindingKind::ReferencePastEnd},
        {"no reftable", [](BuiltImage& i) { put32(i.bytes, 56, 0); }, FindingKind::RefcountTooLow},
        {"snapshot table past the end", [](BuiltImage& i) { put64(i.bytes, 64, kFar); }, FindingKind::ReferencePastEnd},
        {"snapshot without sizes",
            [](BuiltImage& i) {
                put32(i.bytes, i.layout.snapshotTable + 36, 0);
                putText(i.bytes, i.layout.snapshotTable + 40, "1empty");
            },
            FindingKind::SnapshotTable},
        {"snapshot without an L1 table", [](BuiltImage& i) { put32(i.bytes, i.layout.snapshotTable + 8, 0); },
            FindingKind::SnapshotTable},
        {"snapshot L1 where guest data is",
            [](BuiltImage& i) { put64(i.bytes, i.layout.snapshotTable, entry(i, 5) & kOffsetMask); },
            FindingKind::DoubleOwner},
        {"L2 table where the L1 table is", [](BuiltImage& i) { setL1(i, i.layout.l1 | kCopied); },
            FindingKind::DoubleOwner},
        {"data where the refblock is", [](BuiltImage& i) { setEntry(i, 40, i.layout.refblocks.at(0)); },
            FindingKind::RefblockShared},
        {"data where the reftable is", [](BuiltImage& i) { setEntry(i, 40, i.layout.reftable); },
            FindingKind::DoubleOwner},
        {"data where the snapshot table is", [](BuiltImage& i) { setEntry(i, 40, i.layout.snapshotTable); },
            FindingKind::DoubleOwner},
        {"data where its L2 table is", [](BuiltImage& i) { setEntry(i, 40, i.l2EntryAt(0)); },
            FindingKind::DoubleOwner},
        {"data where the L1 table of a snapshot is", [](BuiltImage& i) { setEntry(i, 40, i.layout.snapshotL1[0]); },
            FindingKind::DoubleOwner},
        {"data where the L1 table is", [](BuiltImage& i) { setEntry(i, 40, i.layout.l1); }, FindingKind::DoubleOwner},
    };
    return all;
}

/// Sound, with one snapshot whose clusters differ from the active disk's (guests from 500 on are the active's alone).
inline BuiltImage soundImage()
{
    ImageBuilder builder({.clusterBits = 12, .virtualSize = 510 * 4096});
    builder.snapshot("1", "empty");
    builder.data(3, 0x33);
    builder.data(5, 0x55);
    builder.zero(7);
    builder.compressed({502}, 700);
    return builder.build();
}

} // namespace cowscope::test
