// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/checked_math.h"
#include "core/base/strong_index.h"
#include "core/format/header.h"
#include "core/format/refcount_codec.h"

namespace cowscope
{

/// The sizes that follow from a header, and the only place where offsets and cluster numbers convert.
class Geometry
{
public:
    Geometry() = default;
    explicit Geometry(const Header& header)
        : m_clusterBits(header.clusterBits)
        , m_refcountOrder(header.refcountOrder)
        , m_extendedL2(header.hasExtendedL2())
        , m_size(header.size)
    {
    }

    unsigned clusterBits() const { return m_clusterBits; }
    std::uint64_t clusterSize() const { return std::uint64_t{1} << m_clusterBits; } ///< bytes

    /// Size of the virtual disk in bytes as the guest sees it: whole sectors, whatever the header says.
    std::uint64_t virtualSize() const { return m_size / kSectorBytes * kSectorBytes; }

    RefcountCodec refcountCodec() const { return RefcountCodec(m_refcountOrder); }
    std::uint64_t refblockEntries() const { return clusterSize() * 8 >> m_refcountOrder; } ///< counts in a refblock

    bool extendedL2() const { return m_extendedL2; }
    std::uint64_t l2EntryBytes() const { return m_extendedL2 ? 16 : 8; }
    std::uint64_t l2Entries() const { return clusterSize() / l2EntryBytes(); } ///< entries in an L2 table
    std::uint64_t l2Coverage() const { return l2Entries() << m_clusterBits; } ///< guest bytes of an L2 table
    std::uint64_t guestClusters() const { return divideUp(m_size, clusterSize()); }
    std::uint64_t l1EntriesFor(std::uint64_t guestBytes) const { return divideUp(guestBytes, l2Coverage()); }

    HostCluster cluster(HostOffset offset) const { return HostCluster(offset.value() >> m_clusterBits); }
    HostOffset offset(HostCluster cluster) const { return HostOffset(cluster.value() << m_clusterBits); }
    std::uint64_t offsetInCluster(HostOffset offset) const { return offset.value() & (clusterSize() - 1); }
    bool isAligned(HostOffset offset) const { return offsetInCluster(offset) == 0; }
    std::uint64_t clustersFor(std::uint64_t bytes) const { return divideUp(bytes, clusterSize()); }

    std::uint64_t l1Index(GuestOffset guest) const { return guest.value() / l2Coverage(); }
    std::uint64_t l2Index(GuestOffset guest) const { return guest.value() / clusterSize() % l2Entries(); }
    std::uint64_t refblockIndex(HostCluster cluster) const { return cluster.value() / refblockEntries(); }

private:
    static constexpr std::uint64_t kSectorBytes = 512;

    unsigned m_clusterBits = 16;
    unsigned m_refcountOrder = 4;
    bool m_extendedL2 = false;
    std::uint64_t m_size = 0; ///< of the header, bytes
};

} // namespace cowscope
