// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/guest_overview.h"

#include <algorithm>
#include <bit>
#include <numeric>

namespace cowscope
{

namespace
{

/// An L1 table: the active one, or its own copy of a snapshot's.
struct L1Table {
    std::vector<std::uint64_t> own;
    std::span<const std::uint64_t> words;

    static Result<L1Table> of(const Image& image, DiskChoice disk)
    {
        if (!disk)
            return L1Table{{}, image.l1Table()};
        if (*disk >= image.snapshots().size())
            return fail(ErrorKind::Invalid, "There is no such snapshot");
        auto words = readSnapshotL1(image, *disk);
        if (!words)
            return failed(words);
        L1Table table{std::move(*words), {}};
        table.words = table.own;
        return table;
    }
};

GuestUse useOf(MappingKind kind)
{
    switch (kind) {
    case MappingKind::Unallocated:
        return GuestUse::Unallocated;
    case MappingKind::UnallocatedHere:
        return GuestUse::Reserved;
    case MappingKind::Zero:
        return GuestUse::Zero;
    case MappingKind::ZeroAllocated:
        return GuestUse::ZeroReserved;
    case MappingKind::Data:
        return GuestUse::Data;
    case MappingKind::Compressed:
        return GuestUse::Compressed;
    }
    return GuestUse::Broken;
}

/// The steps of summarizeGuest().
class Summarizer
{
public:
    Summarizer(const Image& image, std::span<const std::uint64_t> l1Table, BackingChain* below, GuestSummary& summary,
        const TaskContext& task)
        : m_image(image)
        , m_l1Table(l1Table)
        , m_below(below)
        , m_summary(summary)
        , m_task(task)
        , m_unit(guestUnit(image))
        , m_perCluster(image.geometry().clusterSize() / m_unit)
        , m_perTable(image.geometry().l2Entries() * m_perCluster)
        , m_simple(!image.geometry().extendedL2() && !image.header().hasDataFile())
        , m_end(summary.firstUnit() + summary.units())
    {
    }

    Result<void> run()
    {
        for (std::uint64_t at = m_summary.firstUnit(); at < m_end;) {
            const std::uint64_t next = nextStop(at);
            const std::uint64_t index = at / m_perTable;
            const HostOffset table = L1Entry{index < m_l1Table.size() ? m_l1Table[index] : 0}.l2Offset();
            auto added = table.value() == 0 ? addRun(GuestUse::Unallocated, at, next - at) : addTable(table, at, next);
            if (!added)
                return added;
            at = next;
            m_summary.finishTo(at);
            if (auto go = step(at); !go)
                return go;
        }
        m_summary.finishTo(m_end);
        return {};
    }

private:
    /// Where the tables change next: the end of this one, or of all neighbours that are not there.
    std::uint64_t nextStop(std::uint64_t at) const
    {
        std::uint64_t index = at / m_perTable;
        const auto isThere = [this](std::uint64_t i) { return L1Entry{m_l1Table[i]}.l2Offset().value() != 0; };
        if (index >= m_l1Table.size())
            return m_end;
        if (isThere(index))
            return std::min(m_end, (index + 1) * m_perTable);
        while (index < m_l1Table.size() && index * m_perTable < m_end && !isThere(index))
            ++index;
        return index < m_l1Table.size() ? std::min(m_end, index * m_perTable) : m_end;
    }

    Result<void> step(std::uint64_t at) const
    {
        return m_task.step({Phase::WalkTables, (at - m_summary.firstUnit()) * m_unit, m_summary.units() * m_unit});
    }

    /// Units `at` to `end` lie in the table.
    Result<void> addTable(HostOffset table, std::uint64_t at, std::uint64_t end)
    {
        const std::uint64_t words = m_image.geometry().l2EntryBytes() / sizeof(std::uint64_t);
        const std::uint64_t firstEntry = at % m_perTable / m_perCluster;
        const std::uint64_t lastEntry = (end - 1) % m_perTable / m_perCluster;
        m_words.resize((lastEntry - firstEntry + 1) * words);
        const HostOffset slot = table + firstEntry * m_image.geometry().l2EntryBytes();
        if (!m_image.geometry().isAligned(table) || !m_image.readWords(slot, m_words))
            return addRun(GuestUse::Broken, at, end - at);
        GuestUse use = GuestUse::Unallocated; // of the run that is being joined
        std::uint64_t first = at;
        while (at < end) {
            const std::uint64_t word = (at % m_perTable / m_perCluster - firstEntry) * words;
            const std::uint64_t clusterEnd = std::min(end, at / m_perCluster * m_perCluster + m_perCluster);
            const std::uint64_t alike = m_simple ? 1 : alikeFrom(word, at, clusterEnd);
            const GuestUse next = unitUse(at, word, slot);
            if (next != use) {
                if (auto added = addRun(use, first, at - first); !added)
                    return added;
                use = next;
                first = at;
            }
            at += alike;
        }
        return addRun(use, first, end - first);
    }

    /// How many units from `at` on the entry treats in the same way, as far as that is plain to see.
    std::uint64_t alikeFrom(std::uint64_t word, std::uint64_t at, std::uint64_t clusterEnd) const
    {
        if (m_perCluster == 1)
            return 1;
        const std::uint64_t bitmap = m_words[word + 1];
        const bool plain = bitmap == 0 || bitmap == 0xffffffff || bitmap == 0xffffffff00000000;
        return plain || L2Entry{m_words[word]}.compressed() ? clusterEnd - at : 1;
    }

    GuestUse unitUse(std::uint64_t unit, std::uint64_t word, HostOffset slot) const
    {
        const L2Entry entry{m_words[word]};
        if (m_simple) {
            if (entry.raw == 0)
                return GuestUse::Unallocated;
            const std::uint64_t host = entry.raw & ~kCopiedFlag;
            if ((host & ~kTableOffsetMask) == 0 && m_image.geometry().isAligned(HostOffset(host)) && host != 0)
                return GuestUse::Data;
        }
        const SubclusterBitmap bitmap{m_image.geometry().extendedL2() ? m_words[word + 1] : 0};
        const auto mapping = decodeMapping(m_image.header(), m_image.geometry(), GuestOffset(unit * m_unit), entry,
            bitmap, slot + word * sizeof(std::uint64_t));
        return mapping ? useOf(mapping->kind) : GuestUse::Broken;
    }

    Result<void> addRun(GuestUse use, std::uint64_t first, std::uint64_t count)
    {
        if (m_below && count > 0 && (use == GuestUse::Unallocated || use == GuestUse::Reserved))
            return addFromBelow(use, first, count);
        m_summary.add(use, first, count);
        return {};
    }

    /// What the image leaves to its backing files.
    Result<void> addFromBelow(GuestUse use, std::uint64_t first, std::uint64_t count)
    {
        const std::uint64_t end = first + count;
        while (first < end && first * m_unit < m_below->size()) {
            const std::uint64_t start = first * m_unit;
            auto extent = m_below->at(start, std::min(end * m_unit, m_below->size()) - start, Holes::Ignore);
            if (!extent)
                return failed(extent);
            const std::uint64_t units = std::clamp<std::uint64_t>(extent->length / m_unit, 1, end - first);
            const GuestUse from = extent->depth == 0 ? GuestUse::Backing : GuestUse::BackingDeeper;
            m_summary.add(extent->present ? from : use, first, units);
            first += units;
            if (auto go = step(first); !go)
                return go;
        }
        m_summary.add(use, first, end - first);
        return {};
    }

    const Image& m_image;
    std::span<const std::uint64_t> m_l1Table;
    BackingChain* m_below;
    GuestSummary& m_summary;
    const TaskContext& m_task;
    std::uint64_t m_unit; ///< bytes
    std::uint64_t m_perCluster; ///< units
    std::uint64_t m_perTable; ///< units that an L2 table maps
    bool m_simple; ///< an entry maps its cluster by itself, into the image file
    std::uint64_t m_end; ///< unit
    std::vector<std::uint64_t> m_words;
};

} // namespace

std::uint64_t GuestCell::total() const
{
    return std::accumulate(units.begin(), units.end(), std::uint64_t{0});
}

GuestCell& GuestCell::operator+=(const GuestCell& other)
{
    for (std::size_t i = 0; i < units.size(); ++i)
        units[i] += other.units[i];
    return *this;
}

std::uint64_t guestUnit(const Image& image)
{
    return image.geometry().clusterSize() / (image.geometry().extendedL2() ? kSubclusters : 1);
}

GuestSummary::GuestSummary(std::uint64_t firstUnit, std::uint64_t units, std::uint64_t unitsPerCell)
    : m_firstUnit(firstUnit)
    , m_units(units)
    , m_unitsPerCell(unitsPerCell)
    , m_cells(divideUp(units, unitsPerCell))
{
}

std::uint64_t GuestSummary::unitsPerCellFor(std::uint64_t units, std::uint64_t mostCells)
{
    return std::bit_ceil(std::max<std::uint64_t>(1, divideUp(units, mostCells)));
}

GuestCell GuestSummary::sum(std::uint64_t first, std::uint64_t units) const
{
    GuestCell sum;
    const std::uint64_t end = std::min(first + units, m_firstUnit + m_units);
    first = std::max(first, m_firstUnit);
    if (first >= end)
        return sum;
    const std::uint64_t last = std::min<std::uint64_t>((end - 1 - m_firstUnit) / m_unitsPerCell + 1, done());
    for (std::uint64_t i = (first - m_firstUnit) / m_unitsPerCell; i < last; ++i)
        sum += m_cells[i];
    return sum;
}

void GuestSummary::add(GuestUse use, std::uint64_t first, std::uint64_t units)
{
    const std::uint64_t end = first + units;
    while (first < end) {
        const std::uint64_t cell = (first - m_firstUnit) / m_unitsPerCell;
        const std::uint64_t stop = std::min(end, m_firstUnit + (cell + 1) * m_unitsPerCell);
        m_cells[cell].units[static_cast<std::size_t>(use)] += stop - first;
        first = stop;
    }
}

void GuestSummary::finishTo(std::uint64_t unit)
{
    const bool all = unit >= m_firstUnit + m_units;
    m_done.store(all ? m_cells.size() : (unit - m_firstUnit) / m_unitsPerCell, std::memory_order_release);
}

Result<void> summarizeGuest(
    const Image& image, DiskChoice disk, BackingChain* below, GuestSummary& summary, const TaskContext& task)
{
    auto table = L1Table::of(image, disk);
    if (!table)
        return failed(table);
    return Summarizer(image, table->words, below, summary, task).run();
}

Result<GuestExtents> listExtents(const Image& image, DiskChoice disk, GuestOffset first, std::uint64_t bytes,
    std::size_t most, const TaskContext& task)
{
    auto table = L1Table::of(image, disk);
    if (!table)
        return failed(table);
    GuestMap map = disk ? GuestMap(image, std::move(table->own)) : GuestMap(image);
    GuestExtents list;
    const GuestOffset end = first + bytes;
    for (GuestOffset at = first; at < end;) {
        if (auto go = task.step({Phase::WalkTables, at - first, bytes}); !go)
            return failed(go);
        if (list.extents.size() == most) {
            list.complete = false;
            break;
        }
        const auto extent = map.at(at, end - at);
        const std::uint64_t cluster = image.geometry().clusterSize();
        at = at + (extent ? extent->length : cluster - at.value() % cluster);
        if (extent)
            list.extents.push_back(*extent);
    }
    return list;
}

} // namespace cowscope
