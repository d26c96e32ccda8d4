// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/census.h"
#include "core/analysis/map_cell.h"
#include "core/image/image.h"

#include <memory>
#include <span>
#include <vector>

namespace cowscope
{

/// What a map of clusters is made from. Any thread may ask.
class MapSource
{
public:
    MapSource() = default;
    MapSource(const MapSource&) = delete;
    MapSource& operator=(const MapSource&) = delete;
    virtual ~MapSource() = default;

    virtual std::uint64_t clusters() const = 0;
    virtual std::uint64_t maximum() const = 0; ///< the largest count of the image's width
    virtual unsigned refblockLevel() const = 0; ///< a refblock counts 2^refblockLevel() clusters
    virtual bool hasRefblock(std::uint64_t index) const = 0;

    /// Sums up out.size() stretches of 2^level clusters each from `first` on, a multiple of that; what is behind the
    /// last cluster adds nothing. Adds every cluster to `totals` (but not to its refblocks) unless it is null.
    virtual void summarize(
        HostCluster first, unsigned level, std::span<MapCell> out, MapTotals* totals = nullptr) const = 0;
};

/// The fill of refblock `index` of a source, given the sum of the clusters that it counts.
RefblockFill refblockFill(const MapSource& source, std::uint64_t index, const MapCell& cell);

/// The clusters of an image with what its census found. Keeps both alive.
class CensusMapSource : public MapSource
{
public:
    CensusMapSource(std::shared_ptr<const Image> image, std::shared_ptr<const Census> census);

    std::uint64_t clusters() const override { return m_census->map.clusters(); }
    std::uint64_t maximum() const override { return m_image->geometry().refcountCodec().maximum(); }
    unsigned refblockLevel() const override;
    bool hasRefblock(std::uint64_t index) const override;
    void summarize(
        HostCluster first, unsigned level, std::span<MapCell> out, MapTotals* totals = nullptr) const override;

    const Image& image() const { return *m_image; }
    const Census& census() const { return *m_census; }

    /// What the map says of one cluster.
    MapFacts facts(HostCluster cluster) const;

private:
    /// The worst finding of the clusters up to `end`, from the end of the stretch before on.
    struct Stretch {
        HostCluster end;
        MapVerdict verdict;
    };

    const Stretch* stretchAt(HostCluster cluster) const;
    MapFacts facts(const ClusterState& state, MapVerdict found) const;

    std::shared_ptr<const Image> m_image;
    std::shared_ptr<const Census> m_census;
    std::vector<Stretch> m_stretches; ///< by `end`; clusters behind the last one have no findings
};

} // namespace cowscope
