// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/guest/guest_writer.h"

#include "core/format/compression.h"

#include <algorithm>

namespace cowscope
{

// Entries ------------------------------------------------------------------------------------------------------------

/// The units that [from, to) touches; offsets within the cluster, from < to.
std::uint32_t GuestWriter::unitsTouched(std::uint64_t from, std::uint64_t to) const
{
    const auto first = static_cast<unsigned>(from / unitSize());
    const auto last = static_cast<unsigned>((to - 1) / unitSize());
    return static_cast<std::uint32_t>(bitRange(first, last - first + 1));
}

Result<GuestWriter::Entry> GuestWriter::lookUp(GuestOffset cluster)
{
    const Geometry& geometry = m_editor.geometry();
    Entry entry;
    entry.guest = GuestOffset(cluster.value() & ~(geometry.clusterSize() - 1));
    entry.word = geometry.l2Index(cluster) * geometry.l2EntryBytes() / 8;
    const std::uint64_t l1Index = geometry.l1Index(cluster);
    if (l1Index >= m_editor.l1Table().size())
        return fail(ErrorKind::Invalid, "The L1 table is too short for the disk", std::nullopt,
            "Repair the image first: check -r all");
    entry.table = m_editor.l1Entry(l1Index).l2Offset();
    if (entry.table.value() == 0)
        return entry;
    auto raw = m_editor.l2Word(entry.table, entry.word);
    if (!raw)
        return failed(raw);
    auto bits = geometry.extendedL2() ? m_editor.l2Word(entry.table, entry.word + 1) : Result<std::uint64_t>(0);
    if (!bits)
        return failed(bits);
    const L2Entry l2{*raw};
    const SubclusterBitmap bitmap{*bits};
    auto mapping = decodeMapping(m_editor.header(), geometry, entry.guest, l2, bitmap, entry.table + entry.word * 8);
    if (!mapping)
        return failed(mapping);
    if (l2.compressed()) {
        entry.compressed = mapping->compressed;
        return entry;
    }
    if (l2.hostOffset().value() != 0 || (m_editor.header().hasDataFile() && l2.copied()))
        entry.host = l2.hostOffset();
    if (geometry.extendedL2()) {
        entry.allocated = bitmap.allocated();
        entry.zero = bitmap.zero();
    } else {
        entry.zero = l2.zeroFlag();
        entry.allocated = entry.host && !l2.zeroFlag();
    }
    return entry;
}

/// The L2 table for a guest cluster, which nothing else refers to: a new one where there is none, a copy of a shared
/// one.
Result<HostOffset> GuestWriter::writableTable(GuestOffset cluster)
{
    const Geometry& geometry = m_editor.geometry();
    const std::uint64_t index = geometry.l1Index(cluster);
    const HostOffset old = m_editor.l1Entry(index).l2Offset();
    if (old.value() != 0) {
        auto count = m_editor.refcounts().count(geometry.cluster(old));
        if (!count)
            return failed(count);
        if (*count == 1)
            return old;
    }
    std::vector<std::uint64_t> words;
    if (old.value() != 0) {
        auto shared = m_editor.l2Words(old);
        if (!shared)
            return failed(shared);
        words = std::move(*shared);
    }
    auto table = m_editor.newL2Table(words);
    if (!table)
        return table;
    if (old.value() != 0) {
        if (auto released = m_editor.release(old, geometry.clusterSize()); !released)
            return failed(released);
    }
    m_editor.setL1Entry(index, table->value() | kCopiedFlag);
    return table;
}

/// Writes the entry into a table of its own. Standard clusters that it refers to have count 1.
Result<void> GuestWriter::store(const Entry& entry)
{
    auto table = writableTable(entry.guest);
    if (!table)
        return failed(table);
    const Geometry& geometry = m_editor.geometry();
    if (entry.compressed) {
        if (auto set
            = m_editor.setL2Word(*table, entry.word, encodeCompressed(*entry.compressed, geometry.clusterBits()));
            !set)
            return set;
        return geometry.extendedL2() ? m_editor.setL2Word(*table, entry.word + 1, 0) : Result<void>{};
    }
    std::uint64_t raw = entry.host ? entry.host->value() | kCopiedFlag : 0;
    if (!geometry.extendedL2() && entry.zero != 0)
        raw |= kZeroFlag;
    if (auto set = m_editor.setL2Word(*table, entry.word, raw); !set || !geometry.extendedL2())
        return set;
    return m_editor.setL2Word(*table, entry.word + 1, std::uint64_t{entry.zero} << 32 | entry.allocated);
}

/// Whether the entry has a host cluster that nothing else refers to.
Result<bool> GuestWriter::isOurs(const Entry& entry)
{
    if (!entry.host || m_editor.header().hasDataFile())
        return entry.host.has_value();
    auto count = m_editor.refcounts().count(m_editor.geometry().cluster(*entry.host));
    if (!count)
        return failed(count);
    return *count == 1;
}

/// Takes the entry's reference from what it refers to.
Result<void> GuestWriter::releaseOld(const Entry& entry)
{
    if (entry.compressed)
        return m_editor.release(entry.compressed->offset, entry.compressed->maxBytes());
    if (entry.host && !m_editor.header().hasDataFile())
        return m_editor.release(*entry.host, m_editor.geometry().clusterSize());
    return {};
}

bool GuestWriter::readsAsZero(const Entry& entry) const
{
    return !entry.compressed && entry.allocated == 0 && (entry.zero == allUnits() || !hasBacking());
}

// Reading ------------------------------------------------------------------------------------------------------------

/// The mapping of the rest of the cluster or subcluster at `start`, or of the rest of a missing table's reach.
Result<GuestExtent> GuestWriter::piece(GuestOffset start)
{
    const Geometry& geometry = m_editor.geometry();
    const std::uint64_t l1Index = geometry.l1Index(start);
    const HostOffset table = l1Index < m_editor.l1Table().size() ? m_editor.l1Entry(l1Index).l2Offset() : HostOffset(0);
    if (table.value() == 0)
        return GuestExtent{
            start, (l1Index + 1) * geometry.l2Coverage() - start.value(), MappingKind::Unallocated, {}, {}};
    const std::uint64_t word = geometry.l2Index(start) * geometry.l2EntryBytes() / 8;
    auto raw = m_editor.l2Word(table, word);
    if (!raw)
        return failed(raw);
    auto bits = geometry.extendedL2() ? m_editor.l2Word(table, word + 1) : Result<std::uint64_t>(0);
    if (!bits)
        return failed(bits);
    return decodeMapping(m_editor.header(), geometry, start, L2Entry{*raw}, SubclusterBitmap{*bits}, table + word * 8);
}

Result<GuestExtent> GuestWriter::mapping(GuestOffset start, std::uint64_t most)
{
    auto extent = piece(start);
    while (extent && extent->length < most && !extent->compressed) {
        auto next = piece(start + extent->length);
        if (!next || next->kind != extent->kind || (extent->host && *extent->host + extent->length != *next->host))
            break;
        extent->length += next->length;
    }
    if (extent)
        extent->length = std::min(extent->length, most);
    return extent;
}

Result<void> GuestWriter::readPiece(const GuestExtent& extent, std::span<std::byte> out)
{
    const std::uint64_t clusterSize = m_editor.geometry().clusterSize();
    switch (extent.kind) {
    case MappingKind::Zero:
    case MappingKind::ZeroAllocated:
        break;
    case MappingKind::Unallocated:
    case MappingKind::UnallocatedHere:
        if (!hasBacking())
            break;
        if (m_editor.backing() == nullptr)
            return fail(ErrorKind::Refused, "The contents come from the backing file, which is not open");
        return m_editor.backing()->read(extent.start.value(), out);
    case MappingKind::Data: {
        auto storage = m_editor.dataStorage();
        if (!storage)
            return failed(storage);
        auto read = (*storage)->read(extent.host->value(), out);
        return read ? Result<void>{} : failed(read);
    }
    case MappingKind::Compressed: {
        m_packed.resize(extent.compressed->maxBytes());
        m_cluster.resize(clusterSize);
        if (auto read = m_editor.storage().read(extent.compressed->offset.value(), m_packed); !read)
            return failed(read);
        if (auto unpacked
            = decompressCluster(m_editor.header().compressionType, m_packed, m_cluster, extent.compressed->offset);
            !unpacked)
            return unpacked;
        const auto from = std::span(m_cluster).subspan(extent.start.value() & (clusterSize - 1), out.size());
        std::ranges::copy(from, out.begin());
        return {};
    }
    }
    std::ranges::fill(out, std::byte{0});
    return {};
}

Result<void> GuestWriter::read(std::uint64_t start, std::span<std::byte> out)
{
    if (auto legal = checkRange(start, out.size()); !legal)
        return legal;
    while (!out.empty()) {
        auto extent = mapping(GuestOffset(start), out.size());
        if (!extent)
            return failed(extent);
        if (auto done = readPiece(*extent, out.first(extent->length)); !done)
            return done;
        start += extent->length;
        out = out.subspan(extent->length);
    }
    return {};
}

} // namespace cowscope
