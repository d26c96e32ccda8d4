// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/map_source.h"

namespace cowscope::bench
{

/// An image of any size that nobody has: runs of data, free space and what snapshots share, between tables where such
/// an image would have them, with a damaged cluster now and then. Costs by the run.
class SyntheticSource : public MapSource
{
public:
    explicit SyntheticSource(std::uint64_t clusters)
        : m_clusters(clusters)
    {
    }

    std::uint64_t clusters() const override { return m_clusters; }
    std::uint64_t maximum() const override { return 65535; }
    unsigned refblockLevel() const override { return 15; }
    bool hasRefblock(std::uint64_t index) const override { return index % 17 != 3; }
    void summarize(
        HostCluster first, unsigned level, std::span<MapCell> out, MapTotals* totals = nullptr) const override;

private:
    std::uint64_t m_clusters;
};

} // namespace cowscope::bench
