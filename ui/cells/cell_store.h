// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/map_pyramid.h"

#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

namespace cowscope::ui
{

/// The cells of a map at every level: those of a pyramid, and below it what its source was asked for, in chunks that
/// are kept as long as there is room. For one thread; the pyramid may still grow in another.
class CellStore
{
public:
    using Chunk = std::vector<MapCell>;
    static constexpr unsigned kChunkBits = 10; ///< 1 << kChunkBits cells in a chunk

    explicit CellStore(std::shared_ptr<const MapPyramid> pyramid);

    const std::shared_ptr<const MapPyramid>& pyramid() const { return m_pyramid; }
    const MapSource& source() const { return m_pyramid->source(); }
    std::uint64_t clusters() const { return source().clusters(); }

    /// The chunks that have to be read and kept before cell() knows these cells.
    std::vector<std::uint64_t> missing(unsigned level, std::span<const std::uint64_t> cells) const;
    static Chunk read(const MapSource& source, unsigned level, std::uint64_t chunk); ///< in any thread
    void keep(unsigned level, std::uint64_t chunk, Chunk cells);

    /// Reads and keeps all of them, however long it takes.
    void prepare(unsigned level, std::span<const std::uint64_t> cells);

    /// The best that is known of a cell: where it has not been kept, the larger one around it.
    MapCell cell(unsigned level, std::uint64_t index) const;

    /// The fill of the refblock that counts the cell's clusters, or of the cell itself where that is larger.
    RefblockFill fill(unsigned level, std::uint64_t index) const;
    bool isOddRefblock(unsigned level, std::uint64_t index) const;

    void forgetFill() { m_lastBlock = UINT64_MAX; } ///< the pyramid has grown

private:
    static constexpr std::size_t kMostChunks = 2048; ///< 50 MB

    static std::uint64_t key(unsigned level, std::uint64_t chunk) { return chunk << 6 | level; }

    std::shared_ptr<const MapPyramid> m_pyramid;
    std::unordered_map<std::uint64_t, Chunk> m_chunks; ///< by key()
    mutable std::uint64_t m_lastKey = UINT64_MAX;
    mutable const Chunk* m_lastChunk = nullptr;
    mutable std::uint64_t m_lastBlock = UINT64_MAX;
    mutable RefblockFill m_lastFill = RefblockFill::Missing;
};

} // namespace cowscope::ui
