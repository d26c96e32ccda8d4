// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/image/guest_map.h"

#include "core/base/bulk.h"

#include <algorithm>
#include <fmt/format.h>

namespace cowscope
{

namespace
{

bool continues(const GuestExtent& extent, const GuestExtent& next)
{
    if (extent.compressed || next.compressed)
        return false;
    if (extent.kind != next.kind || extent.host.has_value() != next.host.has_value())
        return false;
    return !extent.host || *extent.host + extent.length == *next.host;
}

/// The rest of the cluster or subcluster (`unit` bytes) that holds `start`; `host` is where its cluster begins.
GuestExtent pieceOf(const Geometry& geometry, GuestOffset start, MappingKind kind, HostOffset host, std::uint64_t unit)
{
    GuestExtent piece{start, unit - (start.value() & (unit - 1)), kind, {}, {}};
    if (kind == MappingKind::Data || kind == MappingKind::ZeroAllocated || kind == MappingKind::UnallocatedHere)
        piece.host = host + (start.value() & (geometry.clusterSize() - 1));
    return piece;
}

Result<GuestExtent> decodeSubcluster(const Header& header, const Geometry& geometry, GuestOffset start, L2Entry entry,
    SubclusterBitmap bitmap, HostOffset slot)
{
    const std::uint64_t unit = geometry.clusterSize() / kSubclusters;
    const auto bit = static_cast<unsigned>((start.value() & (geometry.clusterSize() - 1)) / unit);
    const HostOffset host = entry.hostOffset();
    const bool hasCluster = host.value() != 0 || (header.hasDataFile() && entry.copied());
    if (bitmap.contradicts() || (!hasCluster && bitmap.allocated() != 0))
        return fail(ErrorKind::Invalid,
            fmt::format("Guest offset {:#x} has contradicting subcluster bits", start.value()), slot.value(),
            "Check the image");
    MappingKind kind = hasCluster ? MappingKind::UnallocatedHere : MappingKind::Unallocated;
    if ((bitmap.allocated() >> bit & 1) != 0)
        kind = MappingKind::Data;
    else if ((bitmap.zero() >> bit & 1) != 0)
        kind = hasCluster ? MappingKind::ZeroAllocated : MappingKind::Zero;
    return pieceOf(geometry, start, kind, host, unit);
}

} // namespace

Result<GuestExtent> decodeMapping(const Header& header, const Geometry& geometry, GuestOffset start, L2Entry entry,
    SubclusterBitmap bitmap, HostOffset slot)
{
    const std::uint64_t unit = geometry.clusterSize();
    const HostOffset host = entry.hostOffset();
    if (entry.compressed()) {
        GuestExtent piece = pieceOf(geometry, start, MappingKind::Compressed, HostOffset(0), unit);
        piece.compressed = entry.compressedDescriptor(geometry.clusterBits());
        return piece;
    }
    if (!geometry.isAligned(host))
        return fail(ErrorKind::Invalid,
            fmt::format("Guest offset {:#x} leads to a cluster that is not aligned", start.value()), host.value(),
            "Check the image");
    if (geometry.extendedL2())
        return decodeSubcluster(header, geometry, start, entry, bitmap, slot);
    if (entry.zeroFlag() && header.version == 2)
        return fail(ErrorKind::Invalid,
            fmt::format("Guest offset {:#x} has the zero flag, which version 2 does not know", start.value()),
            slot.value(), "Check the image");
    if (entry.zeroFlag())
        return pieceOf(geometry, start, host.value() == 0 ? MappingKind::Zero : MappingKind::ZeroAllocated, host, unit);
    const bool allocated = host.value() != 0 || (header.hasDataFile() && entry.copied());
    const std::uint64_t guest = start.value() & ~(unit - 1);
    if (allocated && header.hasDataFile() && host.value() != guest)
        return fail(ErrorKind::Invalid,
            fmt::format(
                "Guest offset {:#x} leads to {:#x} of the data file, not to its own place", guest, host.value()),
            slot.value(), "Check the image");
    return pieceOf(geometry, start, allocated ? MappingKind::Data : MappingKind::Unallocated, host, unit);
}

namespace
{

/// How many entries behind the first of `words`, the only one that is in `extent` yet, go on from it: found in bulk, so
/// possibly fewer than there are.
std::uint64_t entriesLike(const Geometry& geometry, const GuestExtent& extent, std::span<const std::uint64_t> words)
{
    if (geometry.extendedL2() || extent.compressed)
        return 0;
    const std::uint64_t step = extent.host ? geometry.clusterSize() : 0;
    const std::uint64_t run = ascendingRun(words, step) - 1;
    // Entries may not grow out of the bits of their offsets.
    return step == 0 ? run : std::min(run, (kTableOffsetMask - extent.host->value()) / step);
}

} // namespace

Result<GuestExtent> joinMappings(
    const Image& image, GuestOffset start, std::span<const std::uint64_t> words, HostOffset slot, std::uint64_t most)
{
    const Geometry& geometry = image.geometry();
    const std::uint64_t step = geometry.l2EntryBytes() / sizeof(std::uint64_t);
    const GuestOffset cluster(start.value() & ~(geometry.clusterSize() - 1));
    const GuestOffset end = std::min(start + most, cluster + words.size() / step * geometry.clusterSize());
    const auto pieceAt = [&](GuestOffset at) {
        const std::uint64_t word = (at - cluster) / geometry.clusterSize() * step;
        const SubclusterBitmap bitmap{geometry.extendedL2() ? words[word + 1] : 0};
        return decodeMapping(
            image.header(), geometry, at, L2Entry{words[word]}, bitmap, slot + word * sizeof(std::uint64_t));
    };
    auto extent = pieceAt(start);
    if (extent)
        extent->length += entriesLike(geometry, *extent, words) * geometry.clusterSize();
    while (extent && extent->start + extent->length < end) {
        auto next = pieceAt(extent->start + extent->length);
        // An entry that cannot be followed is reported when the walk comes to it.
        if (!next || !continues(*extent, *next))
            break;
        extent->length += next->length;
    }
    if (extent)
        extent->length = std::min(extent->length, most);
    return extent;
}

Result<GuestExtent> GuestMap::at(GuestOffset start, std::uint64_t most)
{
    const Geometry& geometry = m_image.geometry();
    const std::uint64_t coverage = geometry.l2Coverage();
    const GuestOffset end = start + most;
    std::uint64_t l1Index = geometry.l1Index(start);
    const auto tableAt
        = [&](std::uint64_t index) { return index < l1Table().size() ? L1Entry{l1Table()[index]} : L1Entry{}; };

    if (tableAt(l1Index).l2Offset().value() == 0) {
        do
            ++l1Index;
        while (l1Index < l1Table().size() && GuestOffset(l1Index * coverage) < end
            && tableAt(l1Index).l2Offset().value() == 0);
        // Nothing is mapped behind the table, however large the disk claims to be.
        const GuestOffset next = l1Index < l1Table().size() ? GuestOffset(l1Index * coverage) : end;
        return GuestExtent{start, std::min(next, end) - start, MappingKind::Unallocated, {}, {}};
    }
    if (auto loaded = loadTable(l1Index, tableAt(l1Index).l2Offset()); !loaded)
        return failed(loaded);
    const std::uint64_t word = geometry.l2Index(start) * geometry.l2EntryBytes() / sizeof(std::uint64_t);
    const GuestOffset tableEnd = std::min(GuestOffset((l1Index + 1) * coverage), end);
    return joinMappings(
        m_image, start, std::span(m_words).subspan(word), *m_loaded + word * sizeof(std::uint64_t), tableEnd - start);
}

Result<void> GuestMap::loadTable(std::uint64_t l1Index, HostOffset offset)
{
    m_l1Index = l1Index;
    if (m_loaded == offset)
        return {};
    if (!m_image.geometry().isAligned(offset))
        return fail(ErrorKind::Invalid,
            fmt::format("L1 entry {} leads to an L2 table that is not aligned to a cluster", l1Index), offset.value(),
            "Check the image");
    m_words.resize(m_image.geometry().clusterSize() / 8);
    m_loaded.reset();
    if (auto read = m_image.readWords(offset, m_words); !read)
        return read;
    m_loaded = offset;
    return {};
}

} // namespace cowscope
