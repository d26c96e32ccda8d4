// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/root_references.h"

#include "core/format/field_catalog.h"

#include <algorithm>
#include <fmt/format.h>

namespace cowscope
{

Result<void> RootReferences::countRoots()
{
    const Header& header = m_image.header();
    m_counter.add(HostOffset(0), m_image.geometry().clusterSize(), ClusterOwner::Header, {}, HostOffset(0));
    m_counter.add(header.l1TableOffset, std::uint64_t{header.l1Size} * 8, ClusterOwner::ActiveL1, {},
        HostOffset(header_field::kL1TableOffset));
    if (header.hasDataFile() && !m_image.snapshots().empty())
        m_findings.add({FindingKind::SnapshotWithDataFile, HostCluster(0), 1, HostOffset(header_field::kNbSnapshots), 0,
            header.snapshotCount, 1, {}});
    if (auto counted = countSnapshotL1s(); !counted)
        return counted;
    m_counter.add(header.snapshotsOffset, m_image.snapshotTableBytes(), ClusterOwner::SnapshotTable, {},
        HostOffset(header_field::kSnapshotsOffset));
    if (m_image.extensions().crypto)
        m_counter.add(m_image.extensions().crypto->offset, m_image.extensions().crypto->length,
            ClusterOwner::EncryptionHeader, {}, HostOffset(0));
    return m_step();
}

Result<void> RootReferences::countSnapshotL1s()
{
    std::vector<std::pair<HostCluster, std::int64_t>> ends; // +1 where a table begins, -1 behind its last cluster
    for (const Snapshot& snapshot : m_image.snapshots()) {
        checkSnapshotEntry(snapshot);
        const std::uint64_t bytes = std::uint64_t{snapshot.l1Size} * 8;
        if (!checkSnapshotL1(m_image, snapshot, &m_findings) || bytes == 0)
            continue;
        if (!m_counter.isInFile(snapshot.l1TableOffset, bytes, ClusterOwner::SnapshotL1, {0, 1}, snapshot.entryOffset))
            continue;
        const HostCluster first = m_image.geometry().cluster(snapshot.l1TableOffset);
        ends.emplace_back(first, 1);
        ends.emplace_back(first + m_image.geometry().clustersFor(bytes), -1);
    }
    std::ranges::sort(ends);
    std::int64_t tables = 0;
    HostCluster position(0);
    for (const auto& [cluster, change] : ends) {
        if (auto go = m_step(); !go)
            return go;
        if (tables > 0 && cluster > position)
            m_counter.addRun(
                position, cluster - position, ClusterOwner::SnapshotL1, {0, static_cast<std::uint64_t>(tables)});
        position = cluster;
        tables += change;
    }
    return {};
}

void RootReferences::checkSnapshotEntry(const Snapshot& snapshot)
{
    if (m_image.header().version >= 3 && snapshot.extraData.size() < 16)
        m_findings.add({FindingKind::SnapshotTable, m_image.geometry().cluster(snapshot.entryOffset), 1,
            snapshot.entryOffset, 16, snapshot.extraData.size(), 1,
            fmt::format("snapshot '{}' ({}) has {} bytes of extra data", snapshot.id, snapshot.name,
                snapshot.extraData.size())});
    else if (lacksL1(m_image, snapshot))
        m_findings.add(
            {FindingKind::SnapshotTable, m_image.geometry().cluster(snapshot.entryOffset), 1, snapshot.entryOffset, 0,
                0, 1, fmt::format("snapshot '{}' ({}) has no L1 table", snapshot.id, snapshot.name)});
}

void RootReferences::countTables(std::span<const TableUse> tables)
{
    for (const TableUse& use : tables)
        m_counter.add(use.offset, m_image.geometry().clusterSize(), ClusterOwner::L2Table, {use.active, use.snapshots},
            use.l1Index ? m_image.header().l1TableOffset + std::uint64_t{*use.l1Index} * 8 : HostOffset(0),
            use.l1Index ? std::optional(GuestOffset(*use.l1Index * m_image.geometry().l2Coverage())) : std::nullopt);
}

Result<void> RootReferences::countBitmaps()
{
    if (m_image.bitmaps().empty())
        return {};
    const BitmapsExtension& extension = *m_image.extensions().bitmaps;
    m_counter.add(extension.directoryOffset, extension.directorySize, ClusterOwner::BitmapDirectory, {}, HostOffset(0));
    std::uint64_t tableBytes = 0;
    for (const Bitmap& bitmap : m_image.bitmaps()) {
        tableBytes += std::uint64_t{bitmap.tableSize} * 8;
        if (tableBytes > m_image.fileSize() + m_image.geometry().clusterSize()) {
            m_findings.add({FindingKind::BitmapTable, m_image.geometry().cluster(bitmap.entryOffset), 1,
                bitmap.entryOffset, m_image.fileSize(), tableBytes, 1,
                fmt::format("bitmap '{}': the tables together are larger than the file", bitmap.name)});
            break;
        }
        if (auto counted = countBitmap(bitmap); !counted)
            return counted;
    }
    return {};
}

Result<void> RootReferences::countBitmap(const Bitmap& bitmap)
{
    m_counter.add(
        bitmap.tableOffset, std::uint64_t{bitmap.tableSize} * 8, ClusterOwner::BitmapTable, {}, bitmap.entryOffset);
    std::vector<std::uint64_t> words;
    // What lies past the end of the file reads as zeros, that is, as entries without data.
    const std::uint64_t inFile = m_image.fileSize() - std::min(m_image.fileSize(), bitmap.tableOffset.value());
    const std::uint64_t entries = std::min<std::uint64_t>(bitmap.tableSize, divideUp(inFile, 8));
    for (std::uint64_t first = 0; first < entries; first += words.size()) {
        if (auto go = m_step(); !go)
            return go;
        words.resize(std::min<std::uint64_t>(entries - first, 1U << 16));
        const HostOffset at = bitmap.tableOffset + first * 8;
        if (auto read = m_image.readWords(at, words); !read) {
            m_findings.add(
                {FindingKind::Unreadable, m_image.geometry().cluster(at), 1, at, 0, 0, 1, read.error().text()});
            return {};
        }
        for (std::size_t i = 0; i < words.size(); ++i)
            countBitmapEntry(bitmap, BitmapTableEntry{words[i]}, at + i * 8);
    }
    return {};
}

void RootReferences::countBitmapEntry(const Bitmap& bitmap, BitmapTableEntry entry, HostOffset slot)
{
    const Geometry& geometry = m_image.geometry();
    if (entry.hasReservedBits() || !geometry.isAligned(entry.dataOffset()))
        m_findings.add({FindingKind::BitmapTable, geometry.cluster(slot), 1, slot, 0, entry.raw, 1,
            fmt::format("bitmap '{}', table entry {:#x}", bitmap.name, entry.raw)});
    else if (entry.dataOffset().value() != 0)
        m_counter.add(entry.dataOffset(), geometry.clusterSize(), ClusterOwner::BitmapData, {}, slot);
}

void RootReferences::countRefcountStructures()
{
    const Header& header = m_image.header();
    m_counter.add(header.refcountTableOffset, m_image.reftable().size() * 8, ClusterOwner::Reftable, {},
        HostOffset(header_field::kRefcountTableOffset));
    for (std::uint64_t i = 0; i < m_image.reftable().size(); ++i) {
        if (m_image.reftable()[i] != 0)
            countRefblock(i, m_image.reftableEntry(i));
    }
}

void RootReferences::countRefblock(std::uint64_t index, ReftableEntry entry)
{
    const Geometry& geometry = m_image.geometry();
    const HostOffset slot = m_image.header().refcountTableOffset + index * 8;
    const HostOffset offset = entry.refblockOffset();
    const auto report = [&](FindingKind kind, std::uint64_t expected) {
        m_findings.add({kind, geometry.cluster(offset), 1, slot, expected,
            kind == FindingKind::RefblockShared ? m_counter.refcount(geometry.cluster(offset)) : entry.raw, 1,
            fmt::format("reftable entry {} is {:#x}", index, entry.raw)});
    };
    if (entry.hasReservedBits())
        return report(FindingKind::ReftableReserved, 0);
    if (!geometry.isAligned(offset))
        return report(FindingKind::RefblockUnaligned, 0);
    if (geometry.cluster(offset).value() >= m_image.fileClusters())
        return report(FindingKind::RefblockPastEnd, 0);
    m_counter.add(offset, geometry.clusterSize(), ClusterOwner::Refblock, {}, slot);
    const std::uint64_t references = m_counter.references(geometry.cluster(offset));
    if (references != 1)
        report(FindingKind::RefblockShared, references);
}

} // namespace cowscope
