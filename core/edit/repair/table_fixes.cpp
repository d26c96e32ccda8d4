// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/repair/table_fixes.h"

#include "core/analysis/reference_counter.h"
#include "core/analysis/table_list.h"
#include "core/base/big_endian.h"
#include "core/edit/repair/entry_fixes.h"
#include "core/edit/repair/sector_patch.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <set>
#include <unordered_set>

namespace cowscope
{

namespace
{

constexpr std::size_t kMaxLostTables = 4096; ///< tables of zeros that a repair makes at most

class TableFixer
{
public:
    TableFixer(const Image& image, const Census& census, Storage* into, const TaskContext& task)
        : m_image(image)
        , m_map(census.map)
        , m_into(into)
        , m_task(task)
    {
    }

    Result<TableFixes> run()
    {
        if (activeL1IsForeign()) {
            m_fixes.foreignActiveL1 = true;
            return std::move(m_fixes);
        }
        // L2 tables first: an L1 entry goes when its table turns out to be something else.
        if (auto fixed = fixL2Tables(); !fixed)
            return failed(fixed);
        const auto visit = [this](const L1Slot& at) { return fixL1Slot(at); };
        if (auto fixed = sweepL1Tables(m_image, m_task, visit); !fixed)
            return failed(fixed);
        m_fixes.foreignL1.assign(m_foreignL1.begin(), m_foreignL1.end());
        for (const Bitmap& bitmap : m_image.bitmaps()) {
            if (auto fixed = fixBitmap(bitmap); !fixed)
                return failed(fixed);
        }
        return std::move(m_fixes);
    }

private:
    const Geometry& geometry() const { return m_image.geometry(); }

    bool reachable(HostOffset table) const
    {
        return geometry().isAligned(table) && isWithinFile(m_image, table, geometry().clusterSize());
    }

    /// Whether the active L1 table begins where the header is, or most of its entries are noise while something that it
    /// does not lead to itself claims its clusters too.
    bool activeL1IsForeign() const
    {
        const std::span<const std::uint64_t> words = m_image.l1Table();
        const HostOffset at = m_image.header().l1TableOffset;
        if (at.value() == 0 && !words.empty())
            return true;
        if (!isClaimedByOthers(at, words.size() * 8))
            return false;
        std::uint64_t bad = 0;
        std::uint64_t sound = 0;
        for (const std::uint64_t word : words) {
            if (word != 0)
                ++(fixL1Entry(m_image, m_map, {word}) ? bad : sound);
        }
        return bad > sound;
    }

    bool isClaimedByOthers(HostOffset at, std::uint64_t bytes) const
    {
        const auto meets = [&](HostOffset other, std::uint64_t length) {
            return length > 0 && other < at + bytes && at < other + length;
        };
        const Header& header = m_image.header();
        const HeaderExtensions& extensions = m_image.extensions();
        bool claimed = meets(header.snapshotsOffset, m_image.snapshotTableBytes())
            || meets(header.refcountTableOffset, m_image.reftable().size() * 8)
            || (extensions.crypto && meets(extensions.crypto->offset, extensions.crypto->length));
        for (const Bitmap& bitmap : m_image.bitmaps())
            claimed = claimed || meets(bitmap.tableOffset, std::uint64_t{bitmap.tableSize} * 8);
        for (std::uint64_t i = 0; i < m_image.reftable().size(); ++i) {
            const auto refblock = m_image.usableRefblock(i);
            claimed = claimed || (refblock && meets(*refblock, geometry().clusterSize()));
        }
        for (std::uint64_t done = 0; done < bytes; done += geometry().clusterSize())
            claimed = claimed || m_map.usedBySnapshot(geometry().cluster(at + done));
        return claimed;
    }

    Result<void> fixL2Tables()
    {
        FindingList ignored(0);
        auto tables = listL2Tables(m_image, m_task, ignored);
        if (!tables)
            return failed(tables);
        // Where another structure came first, the table is not touched: its L1 entry goes, or nobody can tell.
        std::erase_if(*tables, [this](const TableUse& use) {
            return !reachable(use.offset) || m_map.owner(geometry().cluster(use.offset)) != ClusterOwner::L2Table;
        });
        Progress progress{Phase::WalkTables, 0, tables->size() * geometry().clusterSize()};
        const auto visit
            = [this](const TableUse& use, std::span<const std::uint64_t> words) { return fixL2Table(use, words); };
        std::optional<Error> unreadable;
        const auto failure = [&unreadable](std::span<const TableUse>, const Error& error) { unreadable = error; };
        if (auto read = readL2Tables(m_image, *tables, {visit, failure}, m_task, progress); !read)
            return read;
        return unreadable ? std::unexpected(*unreadable) : Result<void>{};
    }

    struct Change {
        std::uint64_t index; ///< of the entry
        L2Entry before;
        L2Fix fix;
    };

    Result<void> fixL2Table(const TableUse& use, std::span<const std::uint64_t> words)
    {
        const std::size_t step = geometry().l2EntryBytes() / 8;
        m_changes.clear();
        std::uint64_t sound = 0;
        for (std::uint64_t i = 0; i * step < words.size(); ++i) {
            const L2Entry entry{words[i * step]};
            const SubclusterBitmap bitmap{step == 2 ? words[i * step + 1] : 0};
            if (entry.raw == 0 && bitmap.raw == 0)
                continue;
            if (const auto fix = fixL2Entry(m_image, entry, bitmap, guestOf(use, i)))
                m_changes.push_back({i, entry, *fix});
            else
                ++sound;
        }
        if (m_changes.empty())
            return {};
        // A cluster that something else uses too, and most of whose entries are noise, is no table: see fixL1Slot().
        if (m_map.hasSeveralOwners(geometry().cluster(use.offset)) && m_changes.size() > sound) {
            m_foreignTables.insert(use.offset.value());
            return {};
        }
        for (const Change& change : m_changes)
            tell(use, change);
        return m_into != nullptr ? writeL2Table(use.offset) : Result<void>{};
    }

    std::optional<GuestOffset> guestOf(const TableUse& use, std::uint64_t index) const
    {
        if (!use.l1Index)
            return std::nullopt;
        return GuestOffset(*use.l1Index * geometry().l2Coverage() + index * geometry().clusterSize());
    }

    void tell(const TableUse& use, const Change& change)
    {
        count(change.fix.kind, !change.fix.lost.empty());
        if (change.fix.lost.empty())
            return;
        const auto guest = guestOf(use, change.index);
        std::string name = guest ? fmt::format("Guest {:#x}", guest->value()) : std::string("A cluster of a snapshot");
        if (guest && use.snapshots > 0)
            name += ", in snapshots too";
        const HostOffset slot = use.offset + change.index * geometry().l2EntryBytes();
        name += fmt::format(" (L2 entry at {:#x}, {:#x}): {}; {}", slot.value(), change.before.raw, change.fix.lost,
            m_image.header().version >= 3 ? "reads as zeros" : afterwardsUnallocated());
        m_fixes.losses.add(std::move(name));
    }

    std::string_view afterwardsUnallocated() const
    {
        return m_image.header().backingFileOffset.value() != 0 ? "reads as the backing file has it" : "reads as zeros";
    }

    void count(FindingKind kind, bool loses)
    {
        TableFixes::Tally& tally = m_fixes.byKind[kind];
        ++tally.places;
        tally.losesData = tally.losesData || loses;
    }

    Result<void> writeL2Table(HostOffset table)
    {
        auto patch = SectorPatch::read(*m_into, table, geometry().clusterSize());
        if (!patch)
            return failed(patch);
        for (const Change& change : m_changes) {
            const std::uint64_t at = change.index * geometry().l2EntryBytes();
            patch->setWord(at, change.fix.entry);
            if (geometry().extendedL2())
                patch->setWord(at + 8, change.fix.bitmap);
        }
        return patch->write(*m_into);
    }

    Result<void> fixL1Slot(const L1Slot& at)
    {
        auto fix = fixL1Entry(m_image, m_map, at.entry);
        if (!fix && m_foreignTables.contains(at.entry.l2Offset().value()))
            fix = L1Fix{FindingKind::DoubleOwner, 0, "what it leads to belongs to something else and is no L2 table"};
        if (!fix)
            return {};
        if (at.active == 0 && m_map.hasSeveralOwners(geometry().cluster(at.slot))) {
            m_foreignL1.insert(at.snapshots.begin(), at.snapshots.end());
            return {};
        }
        const bool lost = !fix->lost.empty();
        const bool zeros = lost && needsZeros(fix->kind);
        count(fix->kind, lost);
        if (lost)
            tell(at, *fix, zeros);
        if (zeros)
            m_fixes.lostTables.push_back({at.slot, at.uses(), at.active > 0});
        return zeros || m_into == nullptr ? Result<void>{} : writeWord(at.slot, fix->entry);
    }

    /// Whether the backing file would show through where it did not before. A table behind the end of the file reads
    /// as empty already.
    bool needsZeros(FindingKind kind) const
    {
        return kind != FindingKind::ReferencePastEnd && m_image.header().version >= 3
            && m_image.header().backingFileOffset.value() != 0 && m_fixes.lostTables.size() < kMaxLostTables;
    }

    void tell(const L1Slot& at, const L1Fix& fix, bool zeros)
    {
        std::string name = fmt::format("{} bytes of a snapshot", geometry().l2Coverage());
        if (at.active > 0) {
            const std::uint64_t guest = (at.slot - m_image.header().l1TableOffset) / 8 * geometry().l2Coverage();
            name = fmt::format("Guest {:#x} to {:#x}", guest, guest + geometry().l2Coverage() - 1);
        }
        m_fixes.losses.add(fmt::format("{} (L1 entry at {:#x}, {:#x}): {}; {}", name, at.slot.value(), at.entry.raw,
            fix.lost, zeros ? "reads as zeros" : afterwardsUnallocated()));
    }

    Result<void> fixBitmap(const Bitmap& bitmap)
    {
        constexpr std::uint64_t kPieceWords = 1U << 16;
        if (!isWithinFile(m_image, bitmap.tableOffset, std::uint64_t{bitmap.tableSize} * 8))
            return {}; // the bitmaps go as a whole
        std::vector<std::uint64_t> words;
        for (std::uint64_t first = 0; first < bitmap.tableSize; first += words.size()) {
            if (auto go = m_task.step({Phase::WalkTables, 0, 0}); !go)
                return go;
            words.resize(std::min<std::uint64_t>(bitmap.tableSize - first, kPieceWords));
            if (auto read = m_image.readWords(bitmap.tableOffset + first * 8, words); !read)
                return read;
            for (std::size_t i = 0; i < words.size(); ++i) {
                if (auto fixed = fixBitmapSlot(bitmap, {words[i]}, first + i); !fixed)
                    return fixed;
            }
        }
        return {};
    }

    Result<void> fixBitmapSlot(const Bitmap& bitmap, BitmapTableEntry entry, std::uint64_t index)
    {
        const auto fix = fixBitmapEntry(m_image, entry);
        const HostOffset slot = bitmap.tableOffset + index * 8;
        if (!fix || m_map.hasSeveralOwners(geometry().cluster(slot)))
            return {};
        count(FindingKind::BitmapTable, fix->allSet);
        if (fix->allSet)
            m_fixes.losses.add(
                fmt::format("Bitmap '{}', table entry {} ({:#x}): its bits cannot be read; all of them count as set",
                    bitmap.name, index, entry.raw));
        return m_into == nullptr ? Result<void>{} : writeWord(slot, fix->entry);
    }

    Result<void> writeWord(HostOffset at, std::uint64_t value)
    {
        std::array<std::byte, 8> bytes{};
        storeBigEndian(std::span<std::byte>(bytes), 0, value);
        return m_into->write(at.value(), bytes);
    }

    const Image& m_image;
    const ClusterMap& m_map;
    Storage* m_into; ///< null: nothing is written
    const TaskContext& m_task;
    TableFixes m_fixes;
    std::vector<Change> m_changes; ///< of the table at hand
    std::unordered_set<std::uint64_t> m_foreignTables; ///< offsets of what is taken for L2 tables, but is none
    std::set<std::size_t> m_foreignL1;
};

} // namespace

void LossList::add(std::string name)
{
    if (names.size() < Census::kMaxFindings)
        names.push_back(std::move(name));
    else
        ++more;
}

void LossList::add(LossList other)
{
    for (std::string& name : other.names)
        add(std::move(name));
    more += other.more;
}

Result<TableFixes> fixTables(const Image& image, const Census& census, Storage* into, const TaskContext& task)
{
    return TableFixer(image, census, into, task).run();
}

} // namespace cowscope
