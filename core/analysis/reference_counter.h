// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/cluster_map.h"
#include "core/analysis/finding_list.h"
#include "core/image/image.h"

#include <array>
#include <memory>
#include <string_view>

namespace cowscope
{

/// From where a structure is referenced, and how often. What belongs to the image as such counts as active.
struct Uses {
    std::uint64_t active = 1;
    std::uint64_t snapshots = 0;

    std::uint64_t total() const { return active + snapshots; }
};

/// Whether [offset, offset + bytes) ends less than a cluster behind the end of the image's file, so that it can be
/// followed: the last cluster of a file may be partial or missing.
bool isWithinFile(const Image& image, HostOffset offset, std::uint64_t bytes);

/// Counts references into a cluster map, refusing (with a finding) what lies past the end of the file.
class ReferenceCounter
{
public:
    ReferenceCounter(const Image& image, ClusterMap& map, FindingList& findings)
        : m_image(image)
        , m_map(map)
        , m_findings(findings)
        , m_compressed(map.clusters() / kPageClusters + 1)
    {
    }

    /// isWithinFile(). If not, that becomes a finding about `slot`, the entry that claims the range.
    /// `guest` is the guest data concerned, where the caller knows it.
    bool isInFile(HostOffset offset, std::uint64_t bytes, ClusterOwner owner, Uses uses, HostOffset slot,
        std::optional<GuestOffset> guest = {});

    /// Counts every cluster that [offset, offset + bytes) touches, if isInFile().
    void add(HostOffset offset, std::uint64_t bytes, ClusterOwner owner, Uses uses, HostOffset slot,
        std::optional<GuestOffset> guest = {});

    /// Counts one cluster, as add() does for a whole aligned cluster.
    void addCluster(
        HostOffset offset, ClusterOwner owner, Uses uses, HostOffset slot, std::optional<GuestOffset> guest = {})
    {
        const HostCluster cluster = m_image.geometry().cluster(offset);
        if (m_image.geometry().isAligned(offset) && cluster.value() < m_image.fileClusters())
            m_map.addReferences(cluster, owner, uses.active, uses.snapshots);
        else
            add(offset, m_image.geometry().clusterSize(), owner, uses, slot, guest);
    }

    /// Counts `count` whole clusters of data in a row; they lie within the file.
    void addDataRun(HostCluster first, std::uint64_t count, Uses uses)
    {
        m_map.addReferencesToRun(first, count, ClusterOwner::Data, uses.active, uses.snapshots);
    }

    /// Active references by compressed clusters that the host cluster holds; saturates at 65535.
    std::uint64_t activeCompressed(HostCluster cluster) const;

private:
    static constexpr std::uint64_t kPageClusters = 1U << 16;
    using Page = std::array<std::uint16_t, kPageClusters>;

    void countCompressed(HostCluster cluster, std::uint64_t active);

    const Image& m_image;
    ClusterMap& m_map;
    FindingList& m_findings;
    std::vector<std::unique_ptr<Page>> m_compressed; ///< pages only where there are compressed clusters
};

} // namespace cowscope
