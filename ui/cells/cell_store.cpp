// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/cells/cell_store.h"

#include "core/base/checked_math.h"

#include <algorithm>
#include <utility>

namespace cowscope::ui
{

CellStore::CellStore(std::shared_ptr<const MapPyramid> pyramid)
    : m_pyramid(std::move(pyramid))
{
}

std::vector<std::uint64_t> CellStore::missing(unsigned level, std::span<const std::uint64_t> cells) const
{
    std::vector<std::uint64_t> chunks;
    if (level >= m_pyramid->lowestLevel())
        return chunks;
    std::uint64_t last = UINT64_MAX;
    for (const std::uint64_t index : cells) {
        const std::uint64_t chunk = index >> kChunkBits;
        if (chunk != std::exchange(last, chunk) && !m_chunks.contains(key(level, chunk)))
            chunks.push_back(chunk);
    }
    std::ranges::sort(chunks);
    chunks.erase(std::ranges::unique(chunks).begin(), chunks.end());
    return chunks;
}

CellStore::Chunk CellStore::read(const MapSource& source, unsigned level, std::uint64_t chunk)
{
    const std::uint64_t first = std::min(chunk << kChunkBits << level, source.clusters());
    const std::uint64_t cells = divideUp(source.clusters() - first, std::uint64_t{1} << level);
    Chunk chunkOfCells(std::min<std::uint64_t>(cells, std::uint64_t{1} << kChunkBits));
    source.summarize(HostCluster(first), level, chunkOfCells);
    return chunkOfCells;
}

void CellStore::keep(unsigned level, std::uint64_t chunk, Chunk cells)
{
    if (m_chunks.size() >= kMostChunks)
        m_chunks.clear(); // what is still on the screen is looked up again
    m_chunks[key(level, chunk)] = std::move(cells);
    m_lastKey = UINT64_MAX;
}

void CellStore::prepare(unsigned level, std::span<const std::uint64_t> cells)
{
    for (const std::uint64_t chunk : missing(level, cells))
        keep(level, chunk, read(source(), level, chunk));
}

MapCell CellStore::cell(unsigned level, std::uint64_t index) const
{
    const unsigned lowest = m_pyramid->lowestLevel();
    if (level >= lowest)
        return m_pyramid->cell(level, index);
    const std::uint64_t wanted = key(level, index >> kChunkBits);
    if (wanted != m_lastKey) {
        const auto found = m_chunks.find(wanted);
        m_lastKey = wanted;
        m_lastChunk = found == m_chunks.end() ? nullptr : &found->second;
    }
    const std::uint64_t slot = index & ((std::uint64_t{1} << kChunkBits) - 1);
    if (m_lastChunk != nullptr && slot < m_lastChunk->size())
        return (*m_lastChunk)[slot];
    return m_pyramid->cell(lowest, index >> (lowest - level));
}

RefblockFill CellStore::fill(unsigned level, std::uint64_t index) const
{
    const unsigned blockLevel = source().refblockLevel();
    if (level > blockLevel) {
        const std::uint64_t first = std::min(index << level, clusters());
        const MapCell sum = cell(level, index);
        if (sum.counted == 0 && !source().hasRefblock(first >> blockLevel))
            return RefblockFill::Missing;
        return refblockFill(sum.counted, std::min(std::uint64_t{1} << level, clusters() - first));
    }
    const std::uint64_t block = index >> (blockLevel - level);
    if (block == m_lastBlock)
        return m_lastFill;
    MapCell sum;
    if (blockLevel >= m_pyramid->lowestLevel())
        sum = m_pyramid->cell(blockLevel, block);
    else
        source().summarize(HostCluster(block << blockLevel), blockLevel, std::span(&sum, 1));
    m_lastBlock = block;
    return m_lastFill = refblockFill(source(), block, sum);
}

bool CellStore::isOddRefblock(unsigned level, std::uint64_t index) const
{
    const unsigned blockLevel = source().refblockLevel();
    return level <= blockLevel && (index >> (blockLevel - level)) % 2 == 1;
}

} // namespace cowscope::ui
