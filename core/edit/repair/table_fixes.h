// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/census.h"
#include "core/base/task.h"
#include "core/storage/storage.h"

#include <map>
#include <string>
#include <vector>

namespace cowscope
{

/// Names of things that are given up: the first Census::kMaxFindings of them, and how many more there are.
struct LossList {
    std::vector<std::string> names;
    std::uint64_t more = 0;

    void add(std::string name);
    void add(LossList other);
};

/// An L1 entry whose L2 table is lost, where zeros must stand in for it so that the backing file does not show through.
struct LostTable {
    HostOffset slot;
    std::uint64_t uses = 0; ///< L1 tables that hold the entry
    bool active = false; ///< the active one is among them
};

/// What is wrong with the entries of L1, L2 and bitmap tables.
struct TableFixes {
    struct Tally {
        std::uint64_t places = 0;
        bool losesData = false;
    };
    std::map<FindingKind, Tally> byKind; ///< entries that change
    LossList losses;
    std::vector<std::size_t> foreignL1; ///< snapshots whose L1 table is something else's, by index, ascending
    bool foreignActiveL1 = false; ///< what should be the active L1 table is something else's: nothing is changed
    std::vector<LostTable> lostTables; ///< left as they are: they need new tables first
    bool changesNothing() const { return byKind.empty() && foreignL1.empty() && lostTables.empty(); }
};

/// Looks at every entry of every table that the image's own structures do not share with something else. With `into`
/// the entries are mended in place; each such write is sound alone, in any order. Does not flush. Errors: Cancelled,
/// Io.
Result<TableFixes> fixTables(const Image& image, const Census& census, Storage* into, const TaskContext& task);

} // namespace cowscope
