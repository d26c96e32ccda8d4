// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/census.h"
#include "core/analysis/reference_counter.h"
#include "core/analysis/table_list.h"

namespace cowscope
{

/// Why a census ends whose counter isFull().
Error mapIsFull();

/// Walks L2 tables: counts what their entries refer to, checks each entry, and gathers the active disk's figures.
/// The counter must know the stored counts already, since the copied flags are judged by them.
class TableWalk
{
public:
    TableWalk(const Image& image, ReferenceCounter& counter, FindingList& findings, AllocationFigures& figures)
        : m_image(image)
        , m_counter(counter)
        , m_findings(findings)
        , m_figures(figures)
    {
    }

    /// Walks every table of `tables` (sorted by offset) and moves `progress` on by their bytes. Errors: Cancelled,
    /// TooLarge (the map is full).
    Result<void> run(std::span<const TableUse> tables, const TaskContext& task, Progress& progress);

    /// Compares the copied flags of the active L1 table with the counts of the L2 tables.
    void checkActiveL1();

private:
    void walkTable(const TableUse& use, std::span<const std::uint64_t> words);
    std::uint64_t plainRun(std::span<const std::uint64_t> words) const;
    bool walkPlainRun(const TableUse& use, L2Entry first, std::uint64_t count);
    void walkEntry(const TableUse& use, std::uint64_t index, L2Entry entry, SubclusterBitmap bitmap);
    void walkCompressed(const TableUse& use, std::uint64_t index, L2Entry entry, SubclusterBitmap bitmap);
    void walkStandard(const TableUse& use, std::uint64_t index, L2Entry entry, SubclusterBitmap bitmap);
    void checkCopied(const TableUse& use, std::uint64_t index, L2Entry entry);
    std::uint64_t storedCount(HostCluster cluster) const;
    void checkDataFileOffset(const TableUse& use, std::uint64_t index, L2Entry entry);
    void report(FindingKind kind, const TableUse& use, std::uint64_t index, L2Entry entry, std::uint64_t weight);
    HostOffset slotOf(const TableUse& use, std::uint64_t index) const;
    std::optional<GuestOffset> guestOf(const TableUse& use, std::uint64_t index) const;

    const Image& m_image;
    ReferenceCounter& m_counter;
    FindingList& m_findings;
    AllocationFigures& m_figures;
    std::uint64_t m_nextContiguous
        = 0; ///< host offset at which the table's next cluster would not be a fragment; 0: none yet
};

} // namespace cowscope
