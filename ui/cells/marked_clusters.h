// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/document/selection.h"

#include <vector>

namespace cowscope::ui
{

/// Clusters that a map brings out, while all others are pale. Immutable.
class MarkedClusters
{
public:
    MarkedClusters() = default;

    /// In any order; runs may overlap.
    explicit MarkedClusters(std::vector<ClusterRange> ranges);

    std::uint64_t size() const { return m_size; } ///< clusters
    const std::vector<ClusterRange>& runs() const
    {
        return m_runs;
    } ///< in the order of the file, apart from each other

    /// Whether one of `count` clusters from `first` on is marked.
    bool touches(std::uint64_t first, std::uint64_t count) const;

private:
    std::vector<ClusterRange> m_runs;
    std::uint64_t m_size = 0;
};

} // namespace cowscope::ui
