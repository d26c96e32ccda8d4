// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/map_pyramid.h"

#include "core/base/checked_math.h"

#include <algorithm>
#include <bit>

namespace cowscope
{

namespace
{

constexpr std::uint64_t kStepCells = 1024; ///< between two steps of progress

unsigned lowestLevelFor(std::uint64_t clusters)
{
    const std::uint64_t perCell = std::max<std::uint64_t>(1, divideUp(clusters, MapPyramid::kMostCells));
    return std::max(MapPyramid::kLeastLevel, static_cast<unsigned>(std::countr_zero(std::bit_ceil(perCell))));
}

} // namespace

MapPyramid::MapPyramid(std::shared_ptr<const MapSource> source)
    : m_source(std::move(source))
    , m_lowest(lowestLevelFor(m_source->clusters()))
{
}

Result<void> MapPyramid::build(const TaskContext& task)
{
    const std::uint64_t clusters = m_source->clusters();
    if (m_levels.empty()) {
        std::uint64_t cells = divideUp(clusters, std::uint64_t{1} << m_lowest);
        m_levels.emplace_back(cells);
        for (; cells > 1; m_levels.emplace_back(cells))
            cells = divideUp(cells, 2);
    }
    std::vector<MapCell>& lowest = m_levels.front();
    while (ready() < clusters) {
        if (auto go = task.step({Phase::Compare, ready(), clusters}); !go)
            return go;
        const std::uint64_t begin = ready() >> m_lowest;
        const std::uint64_t end = std::min<std::uint64_t>(lowest.size(), begin + kStepCells);
        m_source->summarize(
            HostCluster(begin << m_lowest), m_lowest, std::span(lowest).subspan(begin, end - begin), &m_totals);
        sumUp(begin, end, end == lowest.size());
        m_ready.store(std::min(clusters, end << m_lowest), std::memory_order_release);
    }
    if (!isComplete()) {
        if (auto counted = countRefblocks(task); !counted)
            return counted;
        m_complete.store(true, std::memory_order_release);
    }
    return task.step({Phase::Compare, clusters, clusters});
}

/// The cells above the cells [begin, end) of the lowest level, as far as all cells below them are there.
void MapPyramid::sumUp(std::uint64_t begin, std::uint64_t end, bool last)
{
    for (std::size_t level = 1; level < m_levels.size(); ++level) {
        const std::vector<MapCell>& below = m_levels[level - 1];
        begin /= 2;
        end = last ? divideUp(end, 2) : end / 2;
        for (std::uint64_t i = begin; i < end; ++i) {
            MapCell sum = below[2 * i];
            if (2 * i + 1 < below.size())
                sum.add(below[2 * i + 1]);
            m_levels[level][i] = sum;
        }
    }
}

Result<void> MapPyramid::countRefblocks(const TaskContext& task)
{
    const unsigned level = m_source->refblockLevel();
    const std::uint64_t blocks = divideUp(m_source->clusters(), std::uint64_t{1} << level);
    m_totals.refblocks = {};
    std::vector<MapCell> cells;
    for (std::uint64_t i = 0; i < blocks; ++i) {
        const std::uint64_t at = i % kStepCells;
        if (at == 0) {
            if (auto go = task.step({Phase::Compare, ready(), ready()}); !go)
                return go;
            cells.resize(level < m_lowest ? std::min(blocks - i, kStepCells) : 0);
            m_source->summarize(HostCluster(i << level), level, cells);
        }
        const MapCell sum = cells.empty() ? cell(level, i) : cells[at];
        ++m_totals.refblocks[static_cast<std::size_t>(refblockFill(*m_source, i, sum))];
    }
    return {};
}

MapCell MapPyramid::cell(unsigned level, std::uint64_t index) const
{
    const std::uint64_t known = ready();
    const std::uint64_t length = std::uint64_t{1} << level;
    if (known == 0 || index >= divideUp(known, length))
        return {};
    const std::size_t up = level - m_lowest;
    if (up >= m_levels.size())
        return cell(level - 1, 0); // the whole map, and less than that cell would hold
    if (level == m_lowest || std::min(m_source->clusters(), (index + 1) * length) <= known)
        return m_levels[up][index];
    MapCell sum = cell(level - 1, 2 * index);
    sum.add(cell(level - 1, 2 * index + 1));
    return sum;
}

} // namespace cowscope
