// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/reference_counter.h"

#include <algorithm>
#include <fmt/format.h>

namespace cowscope
{

bool isWithinFile(const Image& image, HostOffset offset, std::uint64_t bytes)
{
    const std::uint64_t fileEnd = image.fileSize();
    const auto end = checkedAdd(offset.value(), bytes);
    return end && (*end <= fileEnd || *end - fileEnd < image.geometry().clusterSize());
}

bool ReferenceCounter::isInFile(HostOffset offset, std::uint64_t bytes, ClusterOwner owner, Uses uses, HostOffset slot,
    std::optional<GuestOffset> guest)
{
    if (isWithinFile(m_image, offset, bytes))
        return true;
    m_findings.add(
        {FindingKind::ReferencePastEnd, m_image.geometry().cluster(slot), 1, slot, 0, offset.value(), uses.total(),
            fmt::format("{} of {} bytes at {:#x}, file of {} bytes", ownerName(owner), bytes, offset.value(),
                m_image.fileSize()),
            owner, guest});
    return false;
}

void ReferenceCounter::add(HostOffset offset, std::uint64_t bytes, ClusterOwner owner, Uses uses, HostOffset slot,
    std::optional<GuestOffset> guest)
{
    if (bytes == 0 || !isInFile(offset, bytes, owner, uses, slot, guest))
        return;
    const HostCluster first = m_image.geometry().cluster(offset);
    const HostCluster last = m_image.geometry().cluster(HostOffset(offset.value() + bytes - 1));
    m_map.addReferencesToRun(first, last - first + 1, owner, uses.active, uses.snapshots);
    if (owner == ClusterOwner::CompressedData && uses.active > 0) {
        for (HostCluster cluster = first; cluster <= last; ++cluster)
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
