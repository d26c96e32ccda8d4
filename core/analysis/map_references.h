// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/cluster_map.h"
#include "core/analysis/reference_counter.h"

#include <array>
#include <memory>
#include <vector>

namespace cowscope
{

/// Counts references into a cluster map, which holds the stored counts already.
class MapReferences final : public ReferenceCounter
{
public:
    MapReferences(const Image& image, ClusterMap& map, FindingList& findings)
        : ReferenceCounter(image, findings)
        , m_map(map)
        , m_compressed(map.clusters() / kPageClusters + 1)
    {
    }

    void addRun(HostCluster first, std::uint64_t count, ClusterOwner owner, Uses uses) override;
    bool addDataRun(HostCluster first, std::uint64_t count, bool copied, Uses uses) override;
    std::uint64_t refcount(HostCluster cluster) const override { return m_map.refcount(cluster); }
    std::uint64_t references(HostCluster cluster) const override { return m_map.references(cluster); }
    bool isFull() const override { return m_map.isFull(); }

    /// Active references by compressed clusters that the host cluster holds; saturates at 65535.
    std::uint64_t activeCompressed(HostCluster cluster) const;

private:
    static constexpr std::uint64_t kPageClusters = 1U << 16;
    using Page = std::array<std::uint16_t, kPageClusters>;

    void countCompressed(HostCluster cluster, std::uint64_t active);

    ClusterMap& m_map;
    std::vector<std::unique_ptr<Page>> m_compressed; ///< pages only where there are compressed clusters
};

} // namespace cowscope
