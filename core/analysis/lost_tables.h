// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/census.h"

#include <optional>
#include <vector>

namespace cowscope
{

/// A stretch of the virtual disk, in bytes.
struct GuestRange {
    GuestOffset first;
    std::uint64_t bytes = 0;

    bool operator==(const GuestRange&) const = default;
};

/// Leaked tables that nothing leads to any more, together with the leaked clusters that they map.
struct LostTables {
    std::vector<HostCluster> l2; ///< clusters that hold an L2 table, ascending
    std::vector<HostCluster> l1; ///< clusters of an L1 table that leads to some of them
    std::vector<std::size_t> findings; ///< indexes in Census::findings: leaks, and the broken L1 entries if known
    std::uint64_t clusters = 0; ///< leaked, tables included
    std::optional<GuestRange> guest; ///< what they most likely mapped: where the active L1 table lacks tables
};

/// Looks into leaked clusters for tables whose entries lead to leaked clusters: leaks with a common cause. Reads at
/// most kMaxProbes clusters' beginnings and some hundred MiB. Errors: Cancelled. What cannot be read is no table.
Result<std::vector<LostTables>> findLostTables(const Image& image, const Census& census, const TaskContext& task);

} // namespace cowscope
