// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/reference_counter.h"

#include <algorithm>
#include <fmt/format.h>

namespace cowscope
{

void ReferenceCounter::add(HostOffset offset, std::uint64_t bytes, ClusterOwner owner, Uses uses, HostOffset slot)
{
    if (bytes == 0)
        return;
    const Geometry& geometry = m_image.geometry();
    const auto end = checkedAdd(offset.value(), bytes);
    const std::uint64_t fileEnd = m_image.fileSize();
    if (!end || (*end > fileEnd && *end - fileEnd >= geometry.clusterSize())) {
        m_findings.add({FindingKind::ReferencePastEnd, geometry.cluster(slot), 1, slot, 0, offset.value(), uses.total(),
            fmt::format(
                "{} of {} bytes at {:#x}, file of {} bytes", ownerName(owner), bytes, offset.value(), fileEnd)});
        return;
    }
    const HostCluster last = geometry.cluster(HostOffset(*end - 1));
    for (HostCluster cluster = geometry.cluster(offset); cluster <= last; ++cluster) {
        if (cluster.value() >= m_map.clusters())
            break; // the rest of a structure that ends in the cluster behind a cut file
        m_map.addReferences(cluster, owner, uses.active, uses.snapshots);
        if (owner == ClusterOwner::CompressedData && uses.active > 0)
            countCompressed(cluster, uses.active);
    }
}

std::uint64_t ReferenceCounter::activeCompressed(HostCluster cluster) const
{
    const auto& page = m_compressed[cluster.value() / kPageClusters];
    return page ? (*page)[cluster.value() % kPageClusters] : 0;
}

void ReferenceCounter::countCompressed(HostCluster cluster, std::uint64_t active)
{
    auto& page = m_compressed[cluster.value() / kPageClusters];
    if (!page)
        page = std::make_unique<Page>();
    std::uint16_t& count = (*page)[cluster.value() % kPageClusters];
    count = static_cast<std::uint16_t>(std::min<std::uint64_t>(count + active, 0xffff));
}

} // namespace cowscope
