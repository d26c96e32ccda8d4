// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/map_source.h"
#include "core/base/task.h"

#include <atomic>
#include <memory>
#include <vector>

namespace cowscope
{

/// Sums of stretches of a map's clusters, each level of twice the length of the one below, so that drawing costs by the
/// pixel and not by the cluster. The lowest level has at most kMostCells cells of 24 bytes, all levels together twice
/// as many. Below the lowest level, ask the source.
///
/// One thread builds, others read what is there already.
class MapPyramid
{
public:
    static constexpr std::uint64_t kMostCells = std::uint64_t{1} << 20;
    static constexpr unsigned kLeastLevel = 4;

    explicit MapPyramid(std::shared_ptr<const MapSource> source);

    const MapSource& source() const { return *m_source; }
    unsigned lowestLevel() const { return m_lowest; }

    /// Builds from the first cluster on; after it was cancelled, from where it was. Progress is in clusters.
    /// Errors: Cancelled.
    Result<void> build(const TaskContext& task);

    std::uint64_t ready() const { return m_ready.load(std::memory_order_acquire); } ///< clusters summed up so far
    bool isComplete() const { return m_complete.load(std::memory_order_acquire); }

    /// The sum of the 2^level clusters from index * 2^level on; level is at least lowestLevel(). What is not ready yet
    /// adds nothing.
    MapCell cell(unsigned level, std::uint64_t index) const;

    const MapTotals& totals() const { return m_totals; } ///< only once isComplete()

private:
    void sumUp(std::uint64_t begin, std::uint64_t end, bool last);
    Result<void> countRefblocks(const TaskContext& task);

    std::shared_ptr<const MapSource> m_source;
    unsigned m_lowest;
    std::vector<std::vector<MapCell>> m_levels; ///< from the lowest on
    MapTotals m_totals;
    std::atomic<std::uint64_t> m_ready = 0;
    std::atomic<bool> m_complete = false;
};

} // namespace cowscope
