// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/reference_counter.h"

#include <fmt/format.h>

namespace cowscope
{

namespace
{

/// "L2 entry 7 of table 0x5000, guest 0x70000: ", for what an L1 or L2 entry refers to; empty for anything else.
std::string entryText(const Image& image, ClusterOwner owner, HostOffset slot, std::optional<GuestOffset> guest)
{
    const Geometry& geometry = image.geometry();
    if (owner == ClusterOwner::L2Table)
        return guest ? fmt::format("L1 entry {}, guest {:#x} to {:#x}: ", geometry.l1Index(*guest), guest->value(),
                   guest->value() + geometry.l2Coverage() - 1)
                     : std::string("L1 entry of a snapshot: ");
    if (owner != ClusterOwner::Data && owner != ClusterOwner::CompressedData)
        return {};
    const std::uint64_t inTable = slot.value() % geometry.clusterSize();
    std::string text
        = fmt::format("L2 entry {} of table {:#x}", inTable / geometry.l2EntryBytes(), slot.value() - inTable);
    return text + (guest ? fmt::format(", guest {:#x}: ", guest->value()) : std::string(", of a snapshot: "));
}

} // namespace

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
            fmt::format("{}{} of {} bytes at {:#x}, file of {} bytes", entryText(m_image, owner, slot, guest),
                ownerName(owner), bytes, offset.value(), m_image.fileSize()),
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
