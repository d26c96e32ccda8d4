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

/// Where an L1 table begins or ends in the file.
struct Edge {
    std::uint64_t offset;
    int active; ///< +1, -1 or 0
    int snapshots; ///< +1, -1 or 0
};

std::vector<Edge> edgesOfL1Tables(const Image& image)
{
    std::vector<Edge> edges;
    const auto add = [&](HostOffset at, std::uint64_t entries, int active, int snapshots) {
        // What lies past the end of the file reads as zeros: no entries there.
        const std::uint64_t end = std::min(at.value() + entries * 8, image.fileSize());
        if (at.value() >= end)
            return;
        edges.push_back({at.value(), active, snapshots});
        edges.push_back({end, -active, -snapshots});
    };
    add(image.header().l1TableOffset, image.header().l1Size, 1, 0);
    for (const Snapshot& snapshot : image.snapshots()) {
        if (checkSnapshotL1(image, snapshot, nullptr))
            add(snapshot.l1TableOffset, snapshot.l1Size, 0, 1);
    }
    std::sort(edges.begin(), edges.end(), [](const Edge& a, const Edge& b) { return a.offset < b.offset; });
    return edges;
}

class L1Sweep
{
public:
    L1Sweep(const Image& image, const TaskContext& task, FindingList& findings)
        : m_image(image)
        , m_task(task)
        , m_findings(findings)
    {
    }

    Result<std::vector<TableUse>> run()
    {
        const std::vector<Edge> edges = edgesOfL1Tables(m_image);
        std::uint64_t position = 0;
        for (const Edge& edge : edges) {
            if (m_active + m_snapshots > 0) {
                if (auto read = readSegment(position, edge.offset); !read)
                    return failed(read);
            }
            position = edge.offset;
            m_active += static_cast<std::uint32_t>(edge.active);
            m_snapshots += static_cast<std::uint32_t>(edge.snapshots);
        }
        mergeEqual();
        return std::move(m_tables);
    }

private:
    Result<void> readSegment(std::uint64_t begin, std::uint64_t end)
    {
        constexpr std::uint64_t kChunkBytes = std::uint64_t{1} << 20;
        while (begin < end) {
            if (auto go = m_task.step({Phase::Open, 0, 1}); !go)
                return go;
            const auto extent = m_image.storage().extentAt(begin);
            if (extent && !extent->data && extent->length >= 8) {
                begin += std::min(end - begin, extent->length / 8 * 8); // a hole: no entries
                continue;
            }
            // A table may end inside an entry only where the file does; the missing bytes read as zeros.
            m_words.resize(divideUp(std::min(end - begin, kChunkBytes), 8));
            if (auto read = m_image.readWords(HostOffset(begin), m_words); !read)
                return read;
            for (std::size_t i = 0; i < m_words.size(); ++i) {
                if (m_words[i] != 0)
                    addEntry(HostOffset(begin + i * 8), L1Entry{m_words[i]});
            }
            begin += m_words.size() * 8;
        }
        return {};
    }

    void addEntry(HostOffset slot, L1Entry entry)
    {
        const auto report = [&](FindingKind kind) {
            m_findings.add(
                {kind, m_image.geometry().cluster(slot), 1, slot, 0, entry.raw, std::uint64_t{m_active} + m_snapshots,
                    fmt::format("L1 entry {:#018x} at {:#x}", entry.raw, slot.value())});
        };
        if (entry.hasReservedBits())
            report(FindingKind::L1EntryReserved);
        if (!m_image.geometry().isAligned(entry.l2Offset()))
            report(FindingKind::L1EntryUnaligned);
        if (entry.l2Offset().value() == 0) {
            if (entry.copied())
                report(FindingKind::CopiedFlagWrong);
            return;
        }
        TableUse use{entry.l2Offset(), m_active, m_snapshots, std::nullopt};
        if (m_active > 0)
            use.l1Index = static_cast<std::uint32_t>((slot - m_image.header().l1TableOffset) / 8);
        m_tables.push_back(use);
    }

    void mergeEqual()
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
    }

    const Image& m_image;
    const TaskContext& m_task;
    FindingList& m_findings;
    std::uint32_t m_active = 0; ///< active L1 tables that cover the sweep's position: 0 or 1
    std::uint32_t m_snapshots = 0; ///< snapshots' L1 tables that cover it
    std::vector<std::uint64_t> m_words;
    std::vector<TableUse> m_tables;
};

} // namespace

Result<std::vector<TableUse>> listL2Tables(const Image& image, const TaskContext& task, FindingList& findings)
{
    return L1Sweep(image, task, findings).run();
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

} // namespace cowscope
