// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/edit/image/image_editor.h"

#include <span>
#include <vector>

namespace cowscope
{

/// Gives L2 tables other words, whichever L1 tables lead to them: that of the disk and those of all snapshots. A table
/// that changes moves to a new cluster, and so do the L1 tables that lead to it, so that CommitOrder::Switch can make
/// all of it appear at one stroke. What the words refer to is the caller's affair; the counts of the tables are kept
/// here.
class TableRewriter
{
public:
    /// A table and how many entries of L1 tables lead to it.
    struct Table {
        HostOffset at;
        std::uint64_t uses = 0;
        bool active = false; ///< one of them is the disk's
    };

    /// Some of the references to a table and the words that they shall find; no words: what is there now.
    struct Part {
        std::uint64_t uses = 0;
        std::optional<std::vector<std::uint64_t>> words;
    };

    /// Errors: those of reading the L1 tables.
    static Result<TableRewriter> open(ImageEditor& editor);

    /// All tables as they are now, by offset: where each pass over them begins. The calls below take a table of the
    /// newest such list, each once.
    std::vector<Table> tables();

    /// Lets all references to the table find these words. Returns where they are then.
    Result<HostOffset> replace(const Table& table, std::span<const std::uint64_t> words);

    /// Deals the references out to the parts in their order: the disk's come first. The uses of all parts add up to the
    /// table's, and one part at most is without words.
    Result<void> split(const Table& table, std::span<const Part> parts);

    /// Sets and clears the copied flags of the disk's L1 and L2 entries by what the counts are now.
    Result<void> correctCopiedFlags();

    /// Gives the L1 tables that have changed new clusters, and the snapshots their new places.
    Result<void> finish();

    std::uint64_t moved() const { return m_moved; } ///< tables that were written anew

private:
    struct Slot {
        std::uint64_t table = 0;
        std::uint32_t l1 = 0; ///< 0: the disk's, else 1 + the index of a snapshot
        std::uint32_t index = 0;

        auto operator<=>(const Slot&) const = default;
    };

    explicit TableRewriter(ImageEditor& editor)
        : m_editor(&editor)
    {
    }
    Result<HostOffset> newTable(const Part& part);
    Result<bool> correctFlags(std::vector<std::uint64_t>& words, HostOffset table);
    Result<bool> hasCountOne(HostOffset offset);

    ImageEditor* m_editor;
    std::vector<std::vector<std::uint64_t>> m_l1s; ///< as they shall be, the disk's first
    std::vector<bool> m_changed; ///< by L1 table
    std::vector<Slot> m_slots; ///< sorted; of the last call of tables()
    std::uint64_t m_moved = 0;
};

} // namespace cowscope
