// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/repair/beside.h"

#include "core/base/big_endian.h"
#include "core/edit/amend/refcount_switch.h"
#include "core/edit/repair/entry_fixes.h"
#include "core/format/field_catalog.h"

#include <array>

namespace cowscope
{

namespace
{

/// The copied flag of an entry that `uses` tables reach, for a cluster to which only that entry leads.
std::uint64_t copiedFlag(std::uint64_t uses, bool active)
{
    return uses == 1 && active ? kCopiedFlag : 0;
}

class BesideWriter
{
public:
    BesideWriter(const Image& image, const BesideWork& work, HostCluster first, Storage& storage)
        : m_image(image)
        , m_work(work)
        , m_storage(storage)
        , m_next(image.geometry().offset(first))
    {
    }

    Result<void> run()
    {
        const HostOffset table = m_next;
        if (auto written = append(m_work.snapshotTable); !written)
            return written;
        if (auto written = writeZeroTables(); !written)
            return written;
        if (auto written = writeMoved(); !written)
            return written;
        if (auto flushed = m_storage.flush(); !flushed)
            return flushed;
        if (!m_work.snapshotTable.empty()) {
            if (auto switched = switchSnapshots(table); !switched)
                return switched;
        }
        for (const Entry& entry : m_entries) {
            const std::span<const std::byte> bytes(entry.bytes);
            if (auto written = m_storage.write(entry.slot.value(), bytes.first(entry.length)); !written)
                return written;
        }
        return m_entries.empty() ? Result<void>{} : m_storage.flush();
    }

private:
    /// An entry that leads to a new cluster, as it will stand in its table.
    struct Entry {
        HostOffset slot;
        std::array<std::byte, 16> bytes{};
        std::size_t length = 8;
    };

    /// Writes whole clusters; a last one is filled up with zeros.
    Result<void> append(std::span<const std::byte> bytes)
    {
        const std::uint64_t clusterSize = m_image.geometry().clusterSize();
        std::vector<std::byte> whole(alignUp(bytes.size(), clusterSize));
        std::ranges::copy(bytes, whole.begin());
        if (auto written = m_storage.write(m_next.value(), whole); !written)
            return written;
        m_next = m_next + whole.size();
        return {};
    }

    void addEntry(HostOffset slot, std::uint64_t first, std::optional<std::uint64_t> second = {})
    {
        Entry entry{slot};
        storeBigEndian(std::span<std::byte>(entry.bytes), 0, first);
        if (second) {
            storeBigEndian(std::span<std::byte>(entry.bytes), 8, *second);
            entry.length = 16;
        }
        m_entries.push_back(entry);
    }

    Result<void> writeZeroTables()
    {
        if (m_work.lostTables.empty())
            return {};
        const bool extended = m_image.geometry().extendedL2();
        std::vector<std::byte> zeros(m_image.geometry().clusterSize());
        for (std::size_t at = 0; at < zeros.size(); at += m_image.geometry().l2EntryBytes())
            storeBigEndian(
                std::span<std::byte>(zeros), extended ? at + 8 : at, extended ? kZeroSubclusters : kZeroEntry);
        for (const LostTable& table : m_work.lostTables) {
            addEntry(table.slot, m_next.value() | copiedFlag(table.uses, table.active));
            if (auto written = append(zeros); !written)
                return written;
        }
        return {};
    }

    Result<void> writeMoved()
    {
        for (const Move& move : m_work.moves) {
            const auto contents = movedContents(m_image, move);
            if (!contents)
                return std::unexpected(contents.error());
            // An entry that was compressed is plain now, with all of its subclusters.
            const std::uint64_t flags = move.entry.compressed() ? 0 : move.entry.raw & kZeroFlag;
            const std::uint64_t bitmap = move.entry.compressed() ? bitRange(0, kSubclusters) : move.bitmap.raw;
            const std::uint64_t raw = m_next.value() | flags | copiedFlag(move.uses, move.active);
            addEntry(move.slot, raw, m_image.geometry().extendedL2() ? std::optional(bitmap) : std::nullopt);
            if (auto written = append(*contents); !written)
                return written;
        }
        return {};
    }

    Result<void> switchSnapshots(HostOffset table)
    {
        return changeHeader(m_image.header(), m_storage, [&](std::span<std::byte> sector) {
            storeBigEndian(sector, header_field::kNbSnapshots, m_work.snapshotCount);
            storeBigEndian(sector, header_field::kSnapshotsOffset, table.value());
        });
    }

    const Image& m_image;
    const BesideWork& m_work;
    Storage& m_storage;
    HostOffset m_next;
    std::vector<Entry> m_entries;
};

} // namespace

std::vector<std::uint64_t> BesideWork::counts(const Geometry& geometry) const
{
    std::vector<std::uint64_t> counts(geometry.clustersFor(snapshotTable.size()), 1);
    for (const LostTable& table : lostTables)
        counts.push_back(table.uses);
    for (const Move& move : moves)
        counts.push_back(move.uses);
    return counts;
}

Result<void> writeBeside(const Image& image, const BesideWork& work, HostCluster first, Storage& storage)
{
    return BesideWriter(image, work, first, storage).run();
}

} // namespace cowscope
