// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/map_references.h"

#include <algorithm>

namespace cowscope
{

void MapReferences::addRun(HostCluster first, std::uint64_t count, ClusterOwner owner, Uses uses)
{
    m_map.addReferencesToRun(first, count, owner, uses.active, uses.snapshots);
    if (owner == ClusterOwner::CompressedData && uses.active > 0) {
        for (std::uint64_t i = 0; i < count; ++i)
            countCompressed(first + i, uses.active);
    }
}

bool MapReferences::addDataRun(HostCluster first, std::uint64_t count, bool copied, Uses uses)
{
    if (uses.active > 0 && !m_map.copiedIsRight(first, count, copied))
        return false;
    if (count == 1)
        m_map.addReferences(first, ClusterOwner::Data, uses.active, uses.snapshots);
    else
        m_map.addReferencesToRun(first, count, ClusterOwner::Data, uses.active, uses.snapshots);
    return true;
}

std::uint64_t MapReferences::activeCompressed(HostCluster cluster) const
{
    const auto& page = m_compressed[cluster.value() / kPageClusters];
    return page ? (*page)[cluster.value() % kPageClusters] : 0;
}

void MapReferences::countCompressed(HostCluster cluster, std::uint64_t active)
{
    auto& page = m_compressed[cluster.value() / kPageClusters];
    if (!page)
        page = std::make_unique<Page>();
    std::uint16_t& count = (*page)[cluster.value() % kPageClusters];
    count = static_cast<std::uint16_t>(std::min<std::uint64_t>(count + active, 0xffff));
}

} // namespace cowscope
