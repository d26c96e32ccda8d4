// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/table_walk.h"

#include "core/base/bulk.h"

#include <algorithm>
#include <fmt/format.h>

namespace cowscope
{

Error mapIsFull()
{
    return {ErrorKind::TooLarge, "The image claims more clusters in use than there is memory for", std::nullopt};
}

Result<void> TableWalk::run(std::span<const TableUse> tables, const TaskContext& task, Progress& progress)
{
    const auto visit = [this](const TableUse& use, std::span<const std::uint64_t> words) -> Result<void> {
        walkTable(use, words);
        return m_counter.isFull() ? std::unexpected(mapIsFull()) : Result<void>{};
    };
    const auto unreadable = [this](std::span<const TableUse> missing, const Error& error) {
        const HostOffset first = missing.front().offset;
        m_findings.add(
            {FindingKind::Unreadable, m_image.geometry().cluster(first), missing.size(), first, 0, 0, 1, error.text()});
    };
    return readL2Tables(m_image, tables, {visit, unreadable}, task, progress);
}

void TableWalk::walkTable(const TableUse& use, std::span<const std::uint64_t> words)
{
    m_nextContiguous = 0;
    if (m_image.geometry().extendedL2()) {
        for (std::size_t i = 0; i < words.size(); i += 2) {
            if ((words[i] | words[i + 1]) != 0)
                walkEntry(use, i / 2, L2Entry{words[i]}, SubclusterBitmap{words[i + 1]});
        }
        return;
    }
    for (std::size_t i = 0; i < words.size();) {
        if (words[i] == 0) {
            ++i;
            continue;
        }
        const std::uint64_t plain = plainRun(words.subspan(i));
        const std::size_t end = i + std::max<std::uint64_t>(1, plain);
        if (plain > 0 && walkPlainRun(use, L2Entry{words[i]}, plain)) {
            i = end;
            continue;
        }
        for (; i < end; ++i)
            walkEntry(use, i, L2Entry{words[i]}, SubclusterBitmap{});
    }
}

/// How many entries from the first one on map whole clusters of data that follow each other in the file, alike in their
/// copied flag, with nothing to complain about; 0 for any other kind of entry.
std::uint64_t TableWalk::plainRun(std::span<const std::uint64_t> words) const
{
    const Geometry& geometry = m_image.geometry();
    const L2Entry first{words.front()};
    const HostCluster cluster = geometry.cluster(first.hostOffset());
    const bool plain = (first.raw & ~(kCopiedFlag | kTableOffsetMask)) == 0 && first.hostOffset().value() != 0
        && geometry.isAligned(first.hostOffset()) && !m_image.header().hasDataFile();
    if (!plain || cluster.value() >= m_image.fileClusters())
        return 0;
    const std::uint64_t most = std::min<std::uint64_t>(words.size(), m_image.fileClusters() - cluster.value());
    return ascendingRun(words.first(most), geometry.clusterSize());
}

/// Does for the entries of a plain run what walkEntry() does for each; false (and nothing done) if a copied flag is
/// wrong.
bool TableWalk::walkPlainRun(const TableUse& use, L2Entry first, std::uint64_t count)
{
    const HostOffset offset = first.hostOffset();
    if (!m_counter.addDataRun(m_image.geometry().cluster(offset), count, first.copied(), {use.active, use.snapshots}))
        return false;
    if (use.active > 0) {
        m_figures.allocated += use.active * count;
        if (m_nextContiguous != 0 && m_nextContiguous != offset.value())
            m_figures.fragmented += use.active;
        m_nextContiguous = offset.value() + count * m_image.geometry().clusterSize();
    }
    return true;
}

void TableWalk::walkEntry(const TableUse& use, std::uint64_t index, L2Entry entry, SubclusterBitmap bitmap)
{
    if (entry.compressed())
        return walkCompressed(use, index, entry, bitmap);
    const std::uint64_t uses = use.active + use.snapshots;
    if (entry.hasReservedBits())
        report(FindingKind::L2EntryReserved, use, index, entry, uses);
    const Header& header = m_image.header();
    const bool zero = entry.zeroFlag() && !header.hasExtendedL2();
    if (zero && header.version == 2)
        report(FindingKind::ZeroInVersion2, use, index, entry, uses);
    // With an external data file host offset 0 is as good as any other: the copied flag tells that it is in use.
    const bool allocated = entry.hostOffset().value() != 0 || (header.hasDataFile() && !zero && entry.copied());
    if (allocated)
        return walkStandard(use, index, entry, bitmap);
    if (bitmap.allocated() != 0)
        report(FindingKind::SubclusterContradiction, use, index, entry, uses);
}

void TableWalk::walkCompressed(const TableUse& use, std::uint64_t index, L2Entry entry, SubclusterBitmap bitmap)
{
    const std::uint64_t uses = use.active + use.snapshots;
    if (entry.copied())
        report(FindingKind::CompressedCopied, use, index, entry, uses);
    if (m_image.header().hasDataFile())
        return report(FindingKind::CompressedInDataFile, use, index, entry, uses);
    if (bitmap.raw != 0)
        return report(FindingKind::SubclusterContradiction, use, index, entry, uses);
    const auto data = entry.compressedDescriptor(m_image.geometry().clusterBits());
    m_counter.add(data.offset, data.maxBytes(), ClusterOwner::CompressedData, {use.active, use.snapshots},
        slotOf(use, index), guestOf(use, index));
    // A compressed cluster is a fragment by nature: it takes a read of its own, wherever it is.
    m_figures.allocated += use.active;
    m_figures.compressed += use.active;
    m_figures.fragmented += use.active;
}

void TableWalk::walkStandard(const TableUse& use, std::uint64_t index, L2Entry entry, SubclusterBitmap bitmap)
{
    const Geometry& geometry = m_image.geometry();
    const std::uint64_t uses = use.active + use.snapshots;
    checkCopied(use, index, entry);
    if (bitmap.contradicts())
        report(FindingKind::SubclusterContradiction, use, index, entry, uses);
    const HostOffset offset = entry.hostOffset();
    if (!geometry.isAligned(offset))
        report(FindingKind::DataUnaligned, use, index, entry, uses);
    if (use.active > 0) {
        m_figures.allocated += use.active;
        if (m_nextContiguous != 0 && m_nextContiguous != offset.value())
            m_figures.fragmented += use.active;
        m_nextContiguous = offset.value() + geometry.clusterSize();
    }
    if (m_image.header().hasDataFile())
        checkDataFileOffset(use, index, entry);
    else
        m_counter.add(offset, geometry.clusterSize(), ClusterOwner::Data, {use.active, use.snapshots},
            slotOf(use, index), guestOf(use, index));
}

void TableWalk::checkCopied(const TableUse& use, std::uint64_t index, L2Entry entry)
{
    if (use.active == 0)
        return;
    const HostCluster cluster = m_image.geometry().cluster(entry.hostOffset());
    const std::uint64_t count = m_image.header().hasDataFile() ? 1 : storedCount(cluster);
    if ((count == 1) != entry.copied())
        report(FindingKind::CopiedFlagWrong, use, index, entry, use.active);
}

/// The counter ends with the file, refblocks may not: for a cluster behind the end ask the image.
std::uint64_t TableWalk::storedCount(HostCluster cluster) const
{
    return cluster.value() < m_image.fileClusters() ? m_counter.refcount(cluster)
                                                    : m_image.refcount(cluster).value_or(0);
}

void TableWalk::checkDataFileOffset(const TableUse& use, std::uint64_t index, L2Entry entry)
{
    if (!use.l1Index)
        return;
    if (entry.hostOffset().value() != guestOf(use, index)->value())
        report(FindingKind::DataFileOffset, use, index, entry, 1);
}

void TableWalk::checkActiveL1()
{
    const std::span<const std::uint64_t> table = m_image.l1Table();
    for (std::size_t i = 0; i < table.size(); ++i) {
        const L1Entry entry{table[i]};
        const HostCluster cluster = m_image.geometry().cluster(entry.l2Offset());
        if (entry.l2Offset().value() == 0)
            continue;
        const std::uint64_t count = storedCount(cluster);
        if ((count == 1) == entry.copied())
            continue;
        const HostOffset slot = m_image.header().l1TableOffset + i * 8;
        m_findings.add({FindingKind::CopiedFlagWrong, cluster, 1, slot, 0, entry.raw, 1,
            fmt::format("L1 entry {} is {:#x}, count of the L2 table {}", i, entry.raw, count)});
    }
}

void TableWalk::report(FindingKind kind, const TableUse& use, std::uint64_t index, L2Entry entry, std::uint64_t weight)
{
    const auto guest = guestOf(use, index);
    std::string detail = fmt::format("L2 entry {} is {:#x}", index, entry.raw);
    if (guest)
        detail += fmt::format(", guest {:#x}", guest->value());
    const HostOffset slot = slotOf(use, index);
    m_findings.add({kind, m_image.geometry().cluster(slot), 1, slot, 0, entry.raw, weight, std::move(detail),
        ClusterOwner::Free, guest});
}

HostOffset TableWalk::slotOf(const TableUse& use, std::uint64_t index) const
{
    return use.offset + index * m_image.geometry().l2EntryBytes();
}

std::optional<GuestOffset> TableWalk::guestOf(const TableUse& use, std::uint64_t index) const
{
    const Geometry& geometry = m_image.geometry();
    if (!use.l1Index)
        return std::nullopt;
    return GuestOffset(*use.l1Index * geometry.l2Coverage() + index * geometry.clusterSize());
}

} // namespace cowscope
