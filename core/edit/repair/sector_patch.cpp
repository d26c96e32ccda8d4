// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/repair/sector_patch.h"

#include "core/base/big_endian.h"
#include "core/base/checked_math.h"

#include <algorithm>

namespace cowscope
{

namespace
{

constexpr std::uint64_t kSectorBytes = 512; ///< the unit that a disk writes as a whole

} // namespace

Result<SectorPatch> SectorPatch::read(const Storage& storage, HostOffset at, std::uint64_t bytes)
{
    SectorPatch patch;
    patch.m_at = at;
    patch.m_bytes.resize(bytes);
    patch.m_changed.resize(divideUp(bytes, kSectorBytes));
    auto held = storage.read(at.value(), patch.m_bytes);
    if (!held)
        return failed(held);
    patch.m_end = *held;
    return patch;
}

std::span<std::byte> SectorPatch::change(std::uint64_t at, std::uint64_t length)
{
    for (std::uint64_t sector = at / kSectorBytes; sector < divideUp(at + length, kSectorBytes); ++sector)
        m_changed[sector] = true;
    m_end = std::max(m_end, at + length);
    return std::span(m_bytes).subspan(at, length);
}

void SectorPatch::setWord(std::uint64_t at, std::uint64_t value)
{
    storeBigEndian(change(at, 8), 0, value);
}

Result<void> SectorPatch::write(Storage& storage)
{
    for (std::size_t first = 0; first < m_changed.size(); ++first) {
        if (!m_changed[first])
            continue;
        std::size_t last = first;
        while (last + 1 < m_changed.size() && m_changed[last + 1])
            ++last;
        const std::uint64_t begin = first * kSectorBytes;
        const std::uint64_t end = std::min((last + 1) * kSectorBytes, m_end);
        if (auto written = storage.write(m_at.value() + begin, std::span(m_bytes).subspan(begin, end - begin));
            !written)
            return written;
        first = last;
    }
    m_changed.assign(m_changed.size(), false);
    return {};
}

} // namespace cowscope
