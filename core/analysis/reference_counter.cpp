// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/reference_counter.h"

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
    addRun(first, last - first + 1, owner, uses);
}

} // namespace cowscope
