// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/lost_tables.h"

#include <string>
#include <string_view>
#include <vector>

namespace cowscope
{

/// What most likely went wrong, where several findings are one event.
enum class GroupCause {
    DoubleAllocation, ///< one cluster given to two owners
    CutOff, ///< the file lost its end
    MissingRefblocks, ///< counts of whole stretches are gone
    OverwrittenL2Table, ///< a table that holds something else
    LostL2Tables, ///< tables that no L1 entry leads to
    LostSnapshot, ///< the same with an L1 table
    NotClosed, ///< a writer that kept its counts in memory did not write them
    StaleCounts, ///< counts that include references which are gone
    Unlinked, ///< clusters that were allocated and never referred to
    FlagsFollowCounts, ///< copied flags that are right, about counts that are wrong
    Alike, ///< no common cause is known: findings of one kind
};

/// "lost-l2-tables", ...: for JSON.
std::string_view causeName(GroupCause cause);

/// Findings with one likely cause.
struct FindingGroup {
    GroupCause cause = GroupCause::Alike;
    Severity severity = Severity::Note; ///< the worst of its findings
    std::string title; ///< "8,000 leaked clusters are one lost L2 table, guest 3.5 GiB to 4 GiB"
    std::string why; ///< what happened, in sentences
    std::string rule; ///< the rules that are broken
    std::string repair; ///< what a repair does, and what is lost by it
    std::vector<std::string> owners; ///< of a double allocation: everyone who claims the cluster
    std::vector<std::size_t> findings; ///< indexes in Census::findings, ascending
    std::uint64_t places = 0; ///< clusters and entries concerned; of NotClosed clusters, each once
    std::optional<GuestRange> guest; ///< the guest data concerned, where it is known
};

/// Groups the findings of a complete census, each into one group; the worst come first. Reads leaked clusters to tell
/// tables from data (see findLostTables()), and walks the metadata once more where clusters have several owners.
/// Errors: Cancelled, Io.
Result<std::vector<FindingGroup>> groupFindings(const Image& image, const Census& census, const TaskContext& task);

} // namespace cowscope
