// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/map_source.h"

namespace cowscope::ui
{

/// A map made as long as another one, so that both are drawn at the same scale: there is nothing behind its own end.
class AlignedSource : public MapSource
{
public:
    /// `clusters` is at least that of the source.
    AlignedSource(std::shared_ptr<const CensusMapSource> source, std::uint64_t clusters)
        : m_source(std::move(source))
        , m_clusters(clusters)
    {
    }

    std::uint64_t clusters() const override { return m_clusters; }
    std::uint64_t maximum() const override { return m_source->maximum(); }
    unsigned refblockLevel() const override { return m_source->refblockLevel(); }
    bool hasRefblock(std::uint64_t index) const override { return m_source->hasRefblock(index); }
    void summarize(
        HostCluster first, unsigned level, std::span<MapCell> out, MapTotals* totals = nullptr) const override;

private:
    std::shared_ptr<const CensusMapSource> m_source;
    std::uint64_t m_clusters;
};

} // namespace cowscope::ui
