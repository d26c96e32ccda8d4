// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/repair/entry_fixes.h"

#include "core/analysis/reference_counter.h"

#include <algorithm>

namespace cowscope
{

namespace
{

using enum FindingKind;

constexpr std::string_view kUnaligned = "its data does not begin at a cluster";
constexpr std::string_view kPastEnd = "its data lies behind the end of the file";
constexpr std::string_view kCompressedBeside = "it is compressed, which an external data file cannot hold";
constexpr std::string_view kContradiction = "subclusters are said to hold data and zeros at once, or data nowhere";

/// The last sector of the file is the last that compressed data can reach.
std::uint64_t sectorsInFile(const Image& image, HostOffset offset)
{
    constexpr std::uint64_t kSectorBytes = 512;
    return divideUp(image.fileSize(), kSectorBytes) - offset.value() / kSectorBytes;
}

/// The entry without data. What was data before is zeros now; subclusters that were not allocated stay so.
L2Fix dropped(
    const Image& image, FindingKind kind, std::string_view why, SubclusterBitmap bitmap, bool wholeCluster = false)
{
    if (image.geometry().extendedL2()) {
        const std::uint64_t zero
            = wholeCluster ? kZeroSubclusters : std::uint64_t{bitmap.allocated() | bitmap.zero()} << 32;
        return {kind, 0, zero, wholeCluster || bitmap.allocated() != 0 ? why : std::string_view{}};
    }
    return {kind, image.header().version >= 3 ? kZeroEntry : 0, 0, why};
}

std::optional<L2Fix> fixCompressed(
    const Image& image, L2Entry entry, SubclusterBitmap bitmap, std::optional<GuestOffset> guest)
{
    std::optional<L2Fix> fix;
    if (image.header().hasDataFile()) {
        // A raw data file holds every cluster in its own place, whatever the image says.
        const bool raw = (image.header().autoclearFeatures & kAutoclearRawDataFile) != 0;
        fix = dropped(image, CompressedInDataFile, kCompressedBeside, bitmap, true);
        if (raw && guest)
            fix = {CompressedInDataFile, guest->value() | kCopiedFlag,
                image.geometry().extendedL2() ? bitRange(0, 32) : 0, {}};
        return fix;
    }
    const unsigned clusterBits = image.geometry().clusterBits();
    const CompressedDescriptor data = entry.compressedDescriptor(clusterBits);
    if (!isWithinFile(image, data.offset, data.maxBytes())) {
        if (data.offset.value() >= image.fileSize())
            return dropped(image, ReferencePastEnd, kPastEnd, bitmap, true);
        // The data begins in the file: what there is of it stays, only the claim to more goes.
        fix = {
            ReferencePastEnd, encodeCompressed({data.offset, sectorsInFile(image, data.offset)}, clusterBits), 0, {}};
    } else if (bitmap.raw != 0) {
        fix = {SubclusterContradiction, entry.raw & ~kCopiedFlag, 0, {}};
    } else if (entry.copied()) {
        fix = {CompressedCopied, entry.raw & ~kCopiedFlag, 0, {}};
    }
    return fix;
}

/// An entry with a host cluster in an external data file: its place there is its guest offset.
std::optional<L2Fix> fixInDataFile(L2Entry entry, SubclusterBitmap bitmap, GuestOffset guest)
{
    if (entry.hostOffset().value() == guest.value())
        return std::nullopt;
    return L2Fix{DataFileOffset, (entry.raw & ~kTableOffsetMask) | kCopiedFlag | guest.value(), bitmap.raw, {}};
}

std::optional<L2Fix> fixAllocated(
    const Image& image, L2Entry entry, SubclusterBitmap bitmap, std::optional<GuestOffset> guest)
{
    const Geometry& geometry = image.geometry();
    const bool aligned = geometry.isAligned(entry.hostOffset());
    if (image.header().hasDataFile() && guest)
        return fixInDataFile(entry, bitmap, *guest);
    const bool inFile = image.header().hasDataFile() || isWithinFile(image, entry.hostOffset(), geometry.clusterSize());
    if (aligned && inFile)
        return std::nullopt;
    L2Fix fix = dropped(image, aligned ? ReferencePastEnd : DataUnaligned, aligned ? kPastEnd : kUnaligned, bitmap);
    const bool zeroAlready = entry.zeroFlag() && !geometry.extendedL2() && image.header().version >= 3;
    if (zeroAlready)
        fix.lost = {};
    return fix;
}

} // namespace

std::optional<L2Fix> fixL2Entry(
    const Image& image, L2Entry entry, SubclusterBitmap bitmap, std::optional<GuestOffset> guest)
{
    if (entry.compressed())
        return fixCompressed(image, entry, bitmap, guest);
    const Header& header = image.header();
    std::optional<L2Fix> fix;
    if (entry.hasReservedBits())
        fix = {L2EntryReserved, entry.raw & ~kL2ReservedMask, bitmap.raw, {}};
    if (header.version == 2 && entry.zeroFlag()) {
        fix = {ZeroInVersion2, (fix ? fix->entry : entry.raw) & ~kZeroFlag, 0, {}};
    }
    L2Entry mended{fix ? fix->entry : entry.raw};
    const bool zero = mended.zeroFlag() && !header.hasExtendedL2();
    const bool allocated = mended.hostOffset().value() != 0 || (header.hasDataFile() && !zero && mended.copied());
    if (allocated) {
        if (auto place = fixAllocated(image, mended, bitmap, guest)) {
            fix = place;
            mended.raw = fix->entry;
            bitmap.raw = fix->bitmap;
        }
    }
    // Zeros win over data, and data that is nowhere is zeros.
    const std::uint64_t subclusters = allocated && mended.raw != 0
        ? bitmap.raw & ~std::uint64_t{bitmap.zero()}
        : std::uint64_t{bitmap.allocated() | bitmap.zero()} << 32;
    if (header.hasExtendedL2() && subclusters != bitmap.raw)
        fix = L2Fix{SubclusterContradiction, mended.raw, subclusters, kContradiction};
    return fix;
}

std::optional<L1Fix> fixL1Entry(const Image& image, const ClusterMap& map, L1Entry entry)
{
    const Geometry& geometry = image.geometry();
    const HostOffset table = entry.l2Offset();
    if (table.value() == 0)
        return entry.raw == 0
            ? std::nullopt
            : std::optional(L1Fix{entry.hasReservedBits() ? L1EntryReserved : CopiedFlagWrong, 0, {}});
    if (!isWithinFile(image, table, geometry.clusterSize()))
        return L1Fix{ReferencePastEnd, 0, "the L2 table lies behind the end of the file"};
    if (!geometry.isAligned(table))
        return L1Fix{L1EntryUnaligned, 0, "the L2 table does not begin at a cluster"};
    const ClusterOwner owner = map.owner(geometry.cluster(table));
    if (owner == ClusterOwner::Header || owner == ClusterOwner::ActiveL1)
        return L1Fix{DoubleOwner, 0, "the entry leads to the header or to the L1 table itself"};
    if (entry.hasReservedBits())
        return L1Fix{L1EntryReserved, entry.raw & ~kL1ReservedMask, {}};
    return std::nullopt;
}

std::optional<BitmapFix> fixBitmapEntry(const Image& image, BitmapTableEntry entry)
{
    constexpr std::uint64_t kAllOnes = 1;
    const HostOffset data = entry.dataOffset();
    const bool usable = data.value() == 0
        || (!entry.allOnes() && image.geometry().isAligned(data)
            && isWithinFile(image, data, image.geometry().clusterSize()));
    if (!usable)
        return BitmapFix{kAllOnes, true};
    if (entry.hasReservedBits())
        return BitmapFix{entry.raw & (kTableOffsetMask | kAllOnes), false};
    return std::nullopt;
}

} // namespace cowscope
