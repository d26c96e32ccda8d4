// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/storage/storage.h"

#include <vector>

namespace cowscope
{

/// Writes pieces of a file, those that follow each other in large ones. What was given is written by finish() at the
/// latest; without it the last pieces are lost.
class GatheredWriter
{
public:
    explicit GatheredWriter(Storage& storage)
        : m_storage(storage)
    {
    }

    Result<void> write(std::uint64_t offset, std::span<const std::byte> bytes)
    {
        if (offset != m_offset + m_bytes.size() || m_bytes.size() + bytes.size() > kMostBytes) {
            if (auto written = finish(); !written)
                return written;
            m_offset = offset;
        }
        m_bytes.insert(m_bytes.end(), bytes.begin(), bytes.end());
        return {};
    }

    Result<void> finish()
    {
        if (m_bytes.empty())
            return {};
        auto written = m_storage.write(m_offset, m_bytes);
        m_bytes.clear();
        return written;
    }

private:
    static constexpr std::size_t kMostBytes = std::size_t{1} << 20; ///< that wait

    Storage& m_storage;
    std::uint64_t m_offset = 0; ///< of what waits
    std::vector<std::byte> m_bytes;
};

} // namespace cowscope
