// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/edit/image/image_editor.h"
#include "core/edit/image/reference_batch.h"
#include "core/edit/image/snapshots.h"

#include <algorithm>
#include <optional>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace cowscope
{

/// How often each L2 table (by host offset) is referred to.
using TableUses = std::unordered_map<std::uint64_t, std::uint64_t>;
TableUses tableUses(std::span<const std::uint64_t> l1);

/// Adds and takes references to whole L2 tables and to all that their entries refer to: what snapshots are made of.
/// Works on the editor's memory; only copies of guest data are written at once, to clusters that are free. A table of
/// the active disk whose copied flags change moves to a new cluster, so that CommitOrder::Switch can change flags and
/// counts at one stroke. Reads each table once for each call that names it. Errors: Invalid for entries that cannot be
/// followed and for counts that contradict them, Cancelled, Io, NoSpace; the caller rolls the editor back.
class TableSharing
{
public:
    /// Whose L1 table the new references come from.
    enum class Holder {
        ActiveDisk,
        Snapshot,
    };

    struct Options {
        OnOverflow onOverflow = OnOverflow::Refuse;
        bool writeCopies = true; ///< false: only count
    };

    TableSharing(ImageEditor& editor, Options options, const TaskContext& task)
        : m_editor(editor)
        , m_options(options)
        , m_task(task)
        , m_l1(editor.l1Table().begin(), editor.l1Table().end())
        , m_batch(editor.refcounts().end().value(), editor.geometry().refblockEntries())
    {
        for (std::size_t i = 0; i < m_l1.size(); ++i) {
            if (const HostOffset table = L1Entry{m_l1[i]}.l2Offset(); table.value() != 0)
                m_slots.emplace_back(table.value(), i);
        }
        std::ranges::sort(m_slots);
    }

    /// So many tables will be walked in all calls together: the end of the progress, in bytes.
    void expect(std::uint64_t tables) { m_progress.total = tables * m_editor.geometry().clusterSize(); }

    /// Adds `uses` references to each table. Returns for each its entry in the L1 table of the holder: the table
    /// itself, or where it has moved to, or, where a count would overflow and that is asked for, a new one whose
    /// entries share what can be shared and lead to copies of the rest. The copied flags of entries that lead to what
    /// is shared now are cleared. Where overflows are refused, goes on after the first: see overflow().
    Result<std::unordered_map<std::uint64_t, std::uint64_t>> share(const TableUses& uses, Holder holder);

    /// Takes `uses` references from each table.
    Result<void> release(const TableUses& uses);

    /// Sees to it that the entries of the active tables to what release() left with one reference get their copied
    /// flag. Looks first through those whose L1 index is below `likely.size()` and has an entry there.
    Result<void> markCopied(std::span<const std::uint64_t> likely);

    /// Gives the active disk an L1 table with everything that has changed in it, if anything has.
    Result<void> replaceActiveL1();

    /// Refused, naming cluster, count and the width that would do, if a count did not fit.
    Result<void> overflow() const;

    std::uint64_t copied() const { return m_copied; } ///< clusters that were copied

    /// Reports the end of the walk.
    Result<void> finish();

private:
    struct Reference; ///< to what L2 entries refer (table_sharing.cpp)

    struct Overflow {
        HostCluster cluster; ///< the first
        std::uint64_t count = 0; ///< its
        std::uint64_t wanted = 0; ///< its count with all that it would get
        std::uint64_t largest = 0; ///< the largest count that any cluster would get
    };

    std::size_t entryWords() const { return m_editor.geometry().extendedL2() ? 2 : 1; }
    Result<std::vector<std::uint64_t>> walk(HostOffset table);
    Result<Reference> referenceOf(std::span<const std::uint64_t> words, HostOffset slot) const;
    Result<void> checkIsData(ClusterRun run) const;
    template <typename Visit>
    Result<void> forReferences(HostOffset table, std::span<const std::uint64_t> words, Visit visit) const;
    template <typename Change>
    Result<void> batch(HostOffset table, std::span<const std::uint64_t> words, std::uint64_t times, Change change);
    Result<std::uint64_t> shareTable(HostOffset table, std::uint64_t uses, Holder holder);
    Result<std::uint64_t> shareOrRefuse(
        HostOffset table, std::vector<std::uint64_t> words, std::uint64_t uses, Holder holder);
    Result<bool> raiseTable(HostOffset table, std::span<const std::uint64_t> words, std::uint64_t uses);
    Result<bool> raise(const Reference& reference, std::uint64_t by);
    Result<bool> raiseRun(ClusterRun run, bool compressed, std::uint64_t by);
    Result<void> raiseBatch();
    Result<void> lower(const Reference& reference, std::uint64_t by);
    Result<void> lowerBatch();
    Result<void> lowerTable(HostOffset table, std::uint64_t by);
    void note(HostCluster cluster, std::uint64_t count, std::uint64_t by, bool compressed);
    Result<HostOffset> clearCopied(
        HostOffset table, std::vector<std::uint64_t> words, Holder holder, std::uint64_t added);
    Result<HostOffset> rewrite(
        HostOffset table, std::span<const std::uint64_t> words, Holder holder, std::uint64_t added);
    Result<HostOffset> newTable(std::span<const std::uint64_t> words);
    auto slotsOf(HostOffset table) const;
    Result<HostOffset> move(HostOffset table, std::span<const std::uint64_t> words, std::uint64_t count);
    Result<HostOffset> copyTable(HostOffset table, std::vector<std::uint64_t> words, Holder holder);
    Result<std::uint64_t> copyOf(const Reference& reference, std::uint64_t raw, std::uint64_t bitmap, Holder holder);
    Result<HostOffset> copyData(HostOffset from);
    Result<HostOffset> copyCompressed(HostOffset from, std::uint64_t sectors);
    Result<HostOffset> roomForSectors(std::uint64_t sectors);
    Result<void> copyBytes(HostOffset from, HostOffset to, std::uint64_t bytes);
    Result<void> markEntry(std::uint64_t index);
    Result<HostOffset> markTable(HostOffset table);

    ImageEditor& m_editor;
    Options m_options;
    const TaskContext& m_task;
    std::vector<std::uint64_t> m_l1; ///< the active table as it shall be
    std::vector<std::pair<std::uint64_t, std::size_t>> m_slots; ///< each table of the active disk with its L1 index
    ReferenceBatch m_batch; ///< references of tables that were walked, whose counts wait to be changed
    Progress m_progress{Phase::WalkTables, 0, 0};
    std::uint64_t m_walked = 0; ///< tables that were begun
    std::optional<Overflow> m_overflow;
    std::unordered_set<std::uint64_t> m_marked; ///< tables that markCopied() is done with
    TableUses m_beyond; ///< references past the maximum of clusters with compressed data
    std::uint64_t m_copied = 0;
    std::uint64_t m_single = 0; ///< tables and clusters of data that release() left with one reference
    HostOffset m_packedEnd; ///< behind the compressed data that was copied last; 0: there is no room behind it
    std::vector<std::byte> m_bytes;
};

} // namespace cowscope
