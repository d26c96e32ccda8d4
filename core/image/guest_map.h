// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/result.h"
#include "core/image/image.h"

#include <optional>
#include <vector>

namespace cowscope
{

/// What this image, without its backing files, says of a stretch of the virtual disk.
enum class MappingKind {
    Unallocated, ///< read from the backing file, or zeros without one
    UnallocatedHere, ///< the same, though a host cluster is reserved for it (subclusters)
    Zero, ///< reads as zeros, no host cluster
    ZeroAllocated, ///< reads as zeros, a host cluster is reserved
    Data,
    Compressed,
};

/// A stretch of the virtual disk that is mapped in one way, to consecutive host bytes where it has a host offset.
struct GuestExtent {
    GuestOffset start;
    std::uint64_t length = 0; ///< bytes, at least 1 within the disk
    MappingKind kind = MappingKind::Unallocated;
    std::optional<HostOffset> host; ///< of Data, ZeroAllocated, UnallocatedHere; in the data file where there is one
    std::optional<CompressedDescriptor> compressed = {}; ///< of Compressed: the data of the whole cluster
};

/// What one L2 entry (at `slot` in the file) says of the guest bytes from `start` to the end of its cluster or
/// subcluster. Pure. Errors: Invalid for an entry that cannot be followed.
Result<GuestExtent> decodeMapping(const Header& header, const Geometry& geometry, GuestOffset start, L2Entry entry,
    SubclusterBitmap bitmap, HostOffset slot);

/// The extent at `start`, of at most `most` bytes, by the raw L2 entries `words`, the first of which is that of `start`
/// and stands at `slot` in the file: neighbours that are mapped in the same way to consecutive host bytes are one.
/// Pure. Errors: as decodeMapping() of the first entry.
Result<GuestExtent> joinMappings(
    const Image& image, GuestOffset start, std::span<const std::uint64_t> words, HostOffset slot, std::uint64_t most);

/// Looks up the guest's mapping through an L1 table. Keeps the L2 table that it read last, so that a walk in guest
/// order reads each table once. One thread at a time.
class GuestMap
{
public:
    /// Through the active L1 table.
    explicit GuestMap(const Image& image)
        : m_image(image)
    {
    }

    /// Through another L1 table, of a snapshot: raw entries in host byte order.
    GuestMap(const Image& image, std::vector<std::uint64_t> l1Table)
        : m_image(image)
        , m_ownL1(std::move(l1Table))
    {
    }

    /// The extent at `start`, of at most `most` bytes; start + most lies within the disk (rounded up to clusters).
    /// Errors: Invalid for an entry that cannot be followed (unaligned, contradicting), Io.
    Result<GuestExtent> at(GuestOffset start, std::uint64_t most);

private:
    Result<void> loadTable(std::uint64_t l1Index, HostOffset offset);
    std::span<const std::uint64_t> l1Table() const { return m_ownL1 ? std::span(*m_ownL1) : m_image.l1Table(); }

    const Image& m_image;
    std::optional<std::vector<std::uint64_t>> m_ownL1; ///< nothing: the active one
    std::optional<HostOffset> m_loaded; ///< the table that m_words holds
    std::uint64_t m_l1Index = 0;
    std::vector<std::uint64_t> m_words;
};

} // namespace cowscope
