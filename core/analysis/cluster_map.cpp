// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/cluster_map.h"

#include <algorithm>
#include <cstring>

namespace cowscope
{

namespace
{

// The owner byte of a cluster: who references it (0: nobody) and from where.
constexpr std::uint8_t kOwnerMask = 0x1f;
constexpr std::uint8_t kActiveFlag = 0x20;
constexpr std::uint8_t kSnapshotFlag = 0x40;
constexpr std::uint8_t kSeveralFlag = 0x80;

std::uint8_t ownerByte(ClusterOwner owner, std::uint64_t active, std::uint64_t snapshots)
{
    return static_cast<std::uint8_t>(
        static_cast<std::uint8_t>(owner) | (active != 0 ? kActiveFlag : 0) | (snapshots != 0 ? kSnapshotFlag : 0));
}

bool allEqual(std::span<const std::uint8_t> bytes)
{
    return std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

} // namespace

std::string_view ownerName(ClusterOwner owner)
{
    switch (owner) {
    case ClusterOwner::Free:
        return "free";
    case ClusterOwner::Leaked:
        return "leaked";
    case ClusterOwner::Header:
        return "header";
    case ClusterOwner::Reftable:
        return "reftable";
    case ClusterOwner::Refblock:
        return "refblock";
    case ClusterOwner::ActiveL1:
        return "active L1 table";
    case ClusterOwner::L2Table:
        return "L2 table";
    case ClusterOwner::SnapshotTable:
        return "snapshot table";
    case ClusterOwner::SnapshotL1:
        return "snapshot L1 table";
    case ClusterOwner::Data:
        return "data";
    case ClusterOwner::CompressedData:
        return "compressed data";
    case ClusterOwner::BitmapDirectory:
        return "bitmap directory";
    case ClusterOwner::BitmapTable:
        return "bitmap table";
    case ClusterOwner::BitmapData:
        return "bitmap data";
    case ClusterOwner::EncryptionHeader:
        return "encryption header";
    }
    return "";
}

char ownerLetter(ClusterOwner owner)
{
    constexpr std::string_view letters = ".!HTRA2SsDZbtBE";
    static_assert(letters.size() == kOwnerCount);
    return letters[static_cast<std::size_t>(owner)];
}

ClusterMap::ClusterMap(std::uint64_t clusters)
    : m_clusters(clusters)
    , m_pages((clusters + kPageClusters - 1) / kPageClusters)
{
}

const ClusterMap::Page* ClusterMap::page(HostCluster cluster) const
{
    return cluster.value() < m_clusters ? m_pages[cluster.value() / kPageClusters].get() : nullptr;
}

ClusterMap::Page& ClusterMap::pageForWriting(HostCluster cluster)
{
    auto& page = m_pages[cluster.value() / kPageClusters];
    if (!page && m_pagesInUse == kMaxPages) {
        if (!m_spill)
            m_spill = std::make_unique<Page>();
        return *m_spill;
    }
    if (!page) {
        page = std::make_unique<Page>();
        ++m_pagesInUse;
    }
    return *page;
}

ClusterState ClusterMap::state(HostCluster cluster) const
{
    ClusterState state;
    const Page* known = page(cluster);
    if (known == nullptr)
        return state;
    const std::uint64_t slot = cluster.value() % kPageClusters;
    const std::uint8_t owner = known->owner[slot];
    state.refcount = known->counts[slot];
    state.references = known->references[slot];
    state.owner = static_cast<ClusterOwner>(owner & kOwnerMask);
    state.active = (owner & kActiveFlag) != 0;
    state.snapshot = (owner & kSnapshotFlag) != 0;
    state.severalOwners = (owner & kSeveralFlag) != 0;
    if (state.owner == ClusterOwner::Free && state.refcount != 0)
        state.owner = ClusterOwner::Leaked;
    if (state.refcount == kCountCeiling) {
        const auto exact = m_largeCounts.find(cluster.value());
        state.exact = exact != m_largeCounts.end();
        state.refcount = state.exact ? exact->second : kCountCeiling;
    }
    if (state.references == kReferenceCeiling)
        state.references = (*known->wide)[slot];
    return state;
}

HostCluster ClusterMap::nextKnown(HostCluster from) const
{
    if (page(from) != nullptr)
        return from;
    for (std::uint64_t i = from.value() / kPageClusters + 1; i < m_pages.size(); ++i) {
        if (m_pages[i])
            return HostCluster(i * kPageClusters);
    }
    return HostCluster(m_clusters);
}

std::uint64_t ClusterMap::runOfEqual(HostCluster first, std::uint64_t limit) const
{
    constexpr std::uint64_t kBlock = 64; // looked at at once: the compiler makes wide comparisons of that
    const std::uint64_t slot = first.value() % kPageClusters;
    const std::uint64_t end = std::min(limit, kPageClusters - slot);
    const Page* known = page(first);
    if (known == nullptr)
        return end;
    const std::uint8_t* owners = known->owner.data() + slot;
    const std::uint8_t* references = known->references.data() + slot;
    const std::uint16_t* counts = known->counts.data() + slot;
    if (*references == kReferenceCeiling || *counts == kCountCeiling)
        return 1;
    const auto differs = [=, owner = *owners, reference = *references, count = *counts](std::uint64_t i) {
        return static_cast<unsigned>(owners[i] != owner) | static_cast<unsigned>(references[i] != reference)
            | static_cast<unsigned>(counts[i] != count);
    };
    std::uint64_t length = 1;
    for (unsigned different = 0; different == 0 && length + kBlock <= end; length += different == 0 ? kBlock : 0) {
        for (std::uint64_t i = 0; i < kBlock; ++i)
            different |= differs(length + i);
    }
    while (length < end && differs(length) == 0)
        ++length;
    return length;
}

void ClusterMap::setRefcount(HostCluster cluster, std::uint64_t count)
{
    if (count == 0)
        return;
    pageForWriting(cluster).counts[cluster.value() % kPageClusters]
        = static_cast<std::uint16_t>(std::min(count, kCountCeiling));
    if (count >= kCountCeiling && m_largeCounts.size() < kMaxExact)
        m_largeCounts[cluster.value()] = count;
}

void ClusterMap::addReferences(HostCluster cluster, ClusterOwner owner, std::uint64_t active, std::uint64_t snapshots)
{
    Page& known = pageForWriting(cluster);
    const std::uint64_t slot = cluster.value() % kPageClusters;
    std::uint8_t& byte = known.owner[slot];
    const auto present = static_cast<ClusterOwner>(byte & kOwnerMask);
    if (present == ClusterOwner::Free)
        byte |= static_cast<std::uint8_t>(owner);
    else if (present != owner)
        byte |= kSeveralFlag;
    byte |= ownerByte(ClusterOwner::Free, active, snapshots);

    std::uint8_t& references = known.references[slot];
    const std::uint64_t before = known.wide ? (*known.wide)[slot] : references;
    const std::uint64_t after = std::min<std::uint64_t>(before + active + snapshots, UINT32_MAX);
    references = static_cast<std::uint8_t>(std::min(after, kReferenceCeiling));
    if (after >= kReferenceCeiling && !known.wide) {
        known.wide = std::make_unique<std::array<std::uint32_t, kPageClusters>>();
        std::ranges::copy(known.references, known.wide->begin());
    }
    if (known.wide)
        (*known.wide)[slot] = static_cast<std::uint32_t>(after);
}

void ClusterMap::setRefcounts(HostCluster first, std::span<const std::uint64_t> counts)
{
    while (!counts.empty()) {
        const std::uint64_t slot = first.value() % kPageClusters;
        const auto part = counts.first(std::min<std::uint64_t>(counts.size(), kPageClusters - slot));
        std::uint64_t bits = 0;
        for (const std::uint64_t count : part)
            bits |= count;
        if (bits >= kCountCeiling) {
            for (std::size_t i = 0; i < part.size(); ++i)
                setRefcount(first + i, part[i]);
        } else if (bits != 0) {
            std::uint16_t* stored = pageForWriting(first).counts.data() + slot;
            for (std::size_t i = 0; i < part.size(); ++i)
                stored[i] = static_cast<std::uint16_t>(part[i]);
        }
        first = first + part.size();
        counts = counts.subspan(part.size());
    }
}

void ClusterMap::addReferencesToRun(
    HostCluster first, std::uint64_t count, ClusterOwner owner, std::uint64_t active, std::uint64_t snapshots)
{
    const std::uint8_t byte = ownerByte(owner, active, snapshots);
    const std::uint64_t added = active + snapshots;
    while (count > 0) {
        const std::uint64_t slot = first.value() % kPageClusters;
        const std::uint64_t part = std::min(count, kPageClusters - slot);
        Page& known = pageForWriting(first);
        std::uint8_t* owners = known.owner.data() + slot;
        std::uint8_t* references = known.references.data() + slot;
        unsigned special = added < kReferenceCeiling && !known.wide ? 0 : 1;
        for (std::uint64_t i = 0; i < part; ++i) {
            const bool otherOwner = owners[i] != 0 && (owners[i] & kOwnerMask) != static_cast<std::uint8_t>(owner);
            special |= static_cast<unsigned>(otherOwner)
                | static_cast<unsigned>(references[i] + added >= kReferenceCeiling);
        }
        for (std::uint64_t i = 0; i < part; ++i) {
            if (special != 0) {
                addReferences(first + i, owner, active, snapshots);
            } else {
                owners[i] |= byte;
                references[i] = static_cast<std::uint8_t>(references[i] + added);
            }
        }
        first = first + part;
        count -= part;
    }
}

bool ClusterMap::copiedIsRight(HostCluster first, std::uint64_t count, bool copied) const
{
    while (count > 0) {
        const std::uint64_t slot = first.value() % kPageClusters;
        const std::uint64_t part = std::min(count, kPageClusters - slot);
        const Page* known = page(first);
        if (known == nullptr && copied)
            return false;
        unsigned wrong = 0;
        for (std::uint64_t i = 0; known != nullptr && i < part; ++i)
            wrong |= static_cast<unsigned>((known->counts[slot + i] == 1) != copied);
        if (wrong != 0)
            return false;
        first = first + part;
        count -= part;
    }
    return true;
}

std::optional<BlockSummary> ClusterMap::summarize(HostCluster first, std::uint64_t count) const
{
    BlockSummary summary;
    const std::uint64_t slot = first.value() % kPageClusters;
    const Page* known = page(first);
    if (known == nullptr || slot + count > kPageClusters)
        return std::nullopt;
    const std::span owners(known->owner.data() + slot, count);
    const std::span references(known->references.data() + slot, count);
    const std::span counts(known->counts.data() + slot, count);
    unsigned special = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
        special |= static_cast<unsigned>(counts[i] != references[i])
            | static_cast<unsigned>(references[i] == kReferenceCeiling) | (owners[i] & kSeveralFlag)
            | static_cast<unsigned>(
                (owners[i] & kOwnerMask) == static_cast<std::uint8_t>(ClusterOwner::CompressedData));
    }
    if (special != 0)
        return std::nullopt;

    const auto add = [&summary](std::uint8_t byte, std::uint64_t clusters, std::uint64_t largest) {
        const auto owner = static_cast<ClusterOwner>(byte & kOwnerMask);
        summary.clustersByOwner[static_cast<std::size_t>(owner)] += clusters;
        if (isGuestOwner(owner) && (byte & kActiveFlag) != 0)
            summary.largestShared = std::max(summary.largestShared, largest);
    };
    if (allEqual(owners)) {
        add(owners.front(), count, *std::ranges::max_element(counts));
        summary.used = owners.front() == 0 ? 0 : count;
        return summary;
    }
    for (std::uint64_t i = 0; i < count; ++i) {
        add(owners[i], 1, counts[i]);
        summary.used = owners[i] == 0 ? summary.used : i + 1;
    }
    return summary;
}

} // namespace cowscope
