// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/table_list.h"

#include "core/format/limits.h"

#include <algorithm>
#include <fmt/format.h>

namespace cowscope
{

namespace
{

constexpr std::uint64_t kRunBytes = std::uint64_t{256} << 10; ///< tables that follow each other are read together
constexpr std::uint64_t kCheapBytes = std::uint64_t{32} << 10; ///< so much is read sooner than found to be a hole

/// Where an L1 table begins or ends in the file.
struct Edge {
    std::uint64_t offset;
    std::optional<std::size_t> snapshot; ///< nothing: the active table
    bool begins;
};

std::vector<Edge> edgesOfL1Tables(const Image& image)
{
    std::vector<Edge> edges;
    const auto add = [&](HostOffset at, std::uint64_t entries, std::optional<std::size_t> snapshot) {
        // What lies past the end of the file reads as zeros: no entries there.
        const std::uint64_t end = std::min(at.value() + entries * 8, image.fileSize());
        if (at.value() >= end)
            return;
        edges.push_back({at.value(), snapshot, true});
        edges.push_back({end, snapshot, false});
    };
    add(image.header().l1TableOffset, image.header().l1Size, std::nullopt);
    for (std::size_t i = 0; i < image.snapshots().size(); ++i) {
        const Snapshot& snapshot = image.snapshots()[i];
        if (checkSnapshotL1(image, snapshot, nullptr))
            add(snapshot.l1TableOffset, snapshot.l1Size, i);
    }
    std::sort(edges.begin(), edges.end(), [](const Edge& a, const Edge& b) { return a.offset < b.offset; });
    return edges;
}

class L1Sweep
{
public:
    using Visit = std::function<Result<void>(const L1Slot&)>;

    L1Sweep(const Image& image, const TaskContext& task, const Visit& visit)
        : m_image(image)
        , m_task(task)
        , m_visit(visit)
    {
    }

    Result<void> run()
    {
        std::uint64_t position = 0;
        for (const Edge& edge : edgesOfL1Tables(m_image)) {
            if (m_active > 0 || !m_snapshots.empty()) {
                if (auto read = readSegment(position, edge.offset); !read)
                    return read;
            }
            position = edge.offset;
            if (!edge.snapshot)
                m_active = edge.begins ? 1 : 0;
            else if (edge.begins)
                m_snapshots.insert(*edge.snapshot);
            else
                m_snapshots.erase(*edge.snapshot);
        }
        return {};
    }

private:
    Result<void> readSegment(std::uint64_t begin, std::uint64_t end)
    {
        while (begin < end) {
            if (auto go = m_task.step({Phase::Open, 0, 1}); !go)
                return go;
            const auto extent = m_image.storage().extentAt(begin);
            if (extent && !extent->data && extent->length >= 8) {
                begin += std::min(end - begin, extent->length / 8 * 8); // a hole: no entries
                continue;
            }
            // A table may end inside an entry only where the file does; the missing bytes read as zeros.
            m_words.resize(divideUp(std::min(end - begin, kRunBytes), 8));
            if (auto read = m_image.readWords(HostOffset(begin), m_words); !read)
                return read;
            for (std::size_t i = 0; i < m_words.size(); ++i) {
                if (m_words[i] == 0)
                    continue;
                if (auto seen = m_visit({HostOffset(begin + i * 8), {m_words[i]}, m_active, m_snapshots}); !seen)
                    return seen;
            }
            begin += m_words.size() * 8;
        }
        return {};
    }

    const Image& m_image;
    const TaskContext& m_task;
    const Visit& m_visit;
    std::uint32_t m_active = 0; ///< active L1 tables that cover the sweep's position: 0 or 1
    std::set<std::size_t> m_snapshots; ///< whose L1 tables cover it
    std::vector<std::uint64_t> m_words;
};

/// Makes a list of tables from L1 entries, and findings from bad ones.
class TableLister
{
public:
    TableLister(const Image& image, FindingList& findings)
        : m_image(image)
        , m_findings(findings)
    {
    }

    void add(const L1Slot& at)
    {
        const L1Entry entry = at.entry;
        if (entry.hasReservedBits())
            report(FindingKind::L1EntryReserved, at);
        if (!m_image.geometry().isAligned(entry.l2Offset()))
            report(FindingKind::L1EntryUnaligned, at);
        if (entry.l2Offset().value() == 0) {
            if (entry.copied())
                report(FindingKind::CopiedFlagWrong, at);
            return;
        }
        TableUse use{entry.l2Offset(), at.active, at.snapshots.size(), std::nullopt};
        if (at.active > 0)
            use.l1Index = static_cast<std::uint32_t>((at.slot - m_image.header().l1TableOffset) / 8);
        m_tables.push_back(use);
    }

    std::vector<TableUse> take()
    {
        std::stable_sort(
            m_tables.begin(), m_tables.end(), [](const TableUse& a, const TableUse& b) { return a.offset < b.offset; });
        std::size_t kept = 0;
        for (std::size_t i = 0; i < m_tables.size(); ++i) {
            const TableUse& use = m_tables[i];
            if (kept > 0 && m_tables[kept - 1].offset == use.offset) {
                TableUse& into = m_tables[kept - 1];
                into.active += use.active;
                into.snapshots += use.snapshots;
                if (!into.l1Index)
                    into.l1Index = use.l1Index;
            } else {
                m_tables[kept++] = use;
            }
        }
        m_tables.resize(kept);
        return std::move(m_tables);
    }

private:
    void report(FindingKind kind, const L1Slot& at)
    {
        Finding finding{kind, m_image.geometry().cluster(at.slot), 1, at.slot, 0, at.entry.raw, at.uses(),
            fmt::format("L1 entry {:#018x} at {:#x}", at.entry.raw, at.slot.value())};
        if (at.active > 0)
            finding.guest
                = GuestOffset((at.slot - m_image.header().l1TableOffset) / 8 * m_image.geometry().l2Coverage());
        m_findings.add(std::move(finding));
    }

    const Image& m_image;
    FindingList& m_findings;
    std::vector<TableUse> m_tables;
};

/// Whether `bytes` bytes at `offset` are known to read as zeros. Tables of gigabytes may be claimed where there is
/// nothing.
bool isHole(const Storage& storage, HostOffset offset, std::uint64_t bytes)
{
    if (bytes < kCheapBytes)
        return false;
    const auto extent = storage.extentAt(offset.value());
    return extent && (extent->length == 0 || (!extent->data && extent->length >= bytes));
}

/// How many of `tables`, from the first on, stand back to back within kRunBytes (at least one).
std::size_t contiguousRun(std::span<const TableUse> tables, std::uint64_t clusterSize)
{
    const std::size_t most = std::max<std::size_t>(1, kRunBytes / clusterSize);
    std::size_t count = 1;
    while (count < tables.size() && count < most
        && tables[count].offset.value() == tables[count - 1].offset.value() + clusterSize)
        ++count;
    return count;
}

} // namespace

Result<void> sweepL1Tables(
    const Image& image, const TaskContext& task, const std::function<Result<void>(const L1Slot&)>& visit)
{
    return L1Sweep(image, task, visit).run();
}

Result<void> readL2Tables(const Image& image, std::span<const TableUse> tables, const L2Reader& reader,
    const TaskContext& task, Progress& progress)
{
    // Unaligned tables may overlap by the hundred thousand: after some of them, reading on says nothing new.
    constexpr std::uint64_t kMaxUnaligned = 64;
    std::uint64_t unaligned = 0;
    const std::uint64_t clusterSize = image.geometry().clusterSize();
    for (std::size_t count = 0; !tables.empty(); tables = tables.subspan(count)) {
        if (auto go = task.step(progress); !go)
            return go;
        count = contiguousRun(tables, clusterSize);
        progress.done += count * clusterSize;
        const HostOffset first = tables.front().offset;
        if (isHole(image.storage(), first, count * clusterSize)
            || (!image.geometry().isAligned(first) && ++unaligned > kMaxUnaligned))
            continue;
        reader.words.resize(std::max<std::size_t>(reader.words.size(), count * clusterSize / 8));
        const auto words = std::span(reader.words).first(count * clusterSize / 8);
        if (auto read = image.readWords(first, words); !read) {
            reader.unreadable(tables.first(count), read.error());
            continue;
        }
        for (std::size_t i = 0; i < count; ++i) {
            const auto table = words.subspan(i * clusterSize / 8, clusterSize / 8);
            if (auto visited = reader.visit(tables[i], table); !visited)
                return visited;
        }
    }
    return {};
}

Result<std::vector<TableUse>> listL2Tables(const Image& image, const TaskContext& task, FindingList& findings)
{
    TableLister lister(image, findings);
    const auto visit = [&lister](const L1Slot& at) -> Result<void> {
        lister.add(at);
        return {};
    };
    if (auto swept = sweepL1Tables(image, task, visit); !swept)
        return failed(swept);
    return lister.take();
}

bool checkSnapshotL1(const Image& image, const Snapshot& snapshot, FindingList* findings)
{
    const bool aligned = image.geometry().isAligned(snapshot.l1TableOffset);
    const bool fits = std::uint64_t{snapshot.l1Size} * 8 <= kMaxL1Bytes;
    const bool inRange = snapshot.l1TableOffset.value() <= static_cast<std::uint64_t>(INT64_MAX);
    if (findings != nullptr && !(aligned && fits && inRange)) {
        findings->add({fits ? FindingKind::SnapshotL1Unaligned : FindingKind::SnapshotL1TooLarge,
            image.geometry().cluster(snapshot.entryOffset), 1, snapshot.entryOffset, 0, snapshot.l1TableOffset.value(),
            1,
            fmt::format("snapshot {} ({}): {} L1 entries at {:#x}", snapshot.id, snapshot.name, snapshot.l1Size,
                snapshot.l1TableOffset.value())});
    }
    return aligned && fits && inRange;
}

bool lacksL1(const Image& image, const Snapshot& snapshot)
{
    return snapshot.l1Size == 0 && snapshot.diskSize.value_or(image.header().size) > 0;
}

} // namespace cowscope
