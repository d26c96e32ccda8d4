// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/strong_index.h"
#include "core/storage/storage.h"

#include <vector>

namespace cowscope
{

/// A piece of the file in memory (a table, a refblock), of which only the sectors that were changed are written back.
class SectorPatch
{
public:
    /// Reads `bytes` bytes from `at` on, which begins a sector; what lies past the end of the file is zeros.
    static Result<SectorPatch> read(const Storage& storage, HostOffset at, std::uint64_t bytes);

    std::span<const std::byte> bytes() const { return m_bytes; }

    /// Bytes [at, at + length) for changing: their sectors will be written.
    std::span<std::byte> change(std::uint64_t at, std::uint64_t length);

    void setWord(std::uint64_t at, std::uint64_t value); ///< a big-endian number at byte `at`

    /// Writes what was changed. The file grows only as far as a changed byte demands.
    Result<void> write(Storage& storage);

private:
    SectorPatch() = default;

    HostOffset m_at;
    std::vector<std::byte> m_bytes;
    std::vector<bool> m_changed; ///< by sector
    std::uint64_t m_end = 0; ///< behind the last byte that is in the file or was changed
};

} // namespace cowscope
