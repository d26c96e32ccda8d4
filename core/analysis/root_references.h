// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/reference_counter.h"
#include "core/analysis/table_list.h"

#include <functional>
#include <span>

namespace cowscope
{

/// Counts everything that the header leads to without a look into an L2 table, and reports what is wrong with it.
/// `step` is asked now and then whether to go on; its errors end the counting.
class RootReferences
{
public:
    RootReferences(
        const Image& image, ReferenceCounter& counter, FindingList& findings, std::function<Result<void>()> step)
        : m_image(image)
        , m_counter(counter)
        , m_findings(findings)
        , m_step(std::move(step))
    {
    }

    /// Header, L1 tables, snapshot table, encryption header.
    Result<void> countRoots();

    /// The L2 tables themselves.
    void countTables(std::span<const TableUse> tables);

    /// Bitmap directory, tables and data.
    Result<void> countBitmaps();

    /// The reftable and its refblocks. They come last: a refblock that anything else claims too is found then.
    void countRefcountStructures();

private:
    /// L1 tables of snapshots may overlap, all 65536 of them: their clusters are counted by a sweep over their ends.
    Result<void> countSnapshotL1s();
    void checkSnapshotEntry(const Snapshot& snapshot);
    Result<void> countBitmap(const Bitmap& bitmap);
    void countBitmapEntry(const Bitmap& bitmap, BitmapTableEntry entry, HostOffset slot);
    void countRefblock(std::uint64_t index, ReftableEntry entry);

    const Image& m_image;
    ReferenceCounter& m_counter;
    FindingList& m_findings;
    std::function<Result<void>()> m_step;
};

} // namespace cowscope
