// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/integration/differential/disk_model.h"

#include <algorithm>

namespace cowscope::test
{

DiskModel::DiskModel(Bytes bytes, std::uint64_t clusterSize, bool touched)
    : m_clusterSize(clusterSize)
{
    m_disk.bytes = std::move(bytes);
    m_disk.touched.assign(clusters(), touched);
}

void DiskModel::write(std::uint64_t start, std::uint64_t length, std::uint8_t pattern)
{
    std::fill_n(m_disk.bytes.begin() + static_cast<long>(start), length, std::byte{pattern});
    for (std::uint64_t at = start / m_clusterSize; length > 0 && at <= (start + length - 1) / m_clusterSize; ++at)
        m_disk.touched[at] = true;
}

void DiskModel::discard(std::uint64_t start, std::uint64_t length)
{
    const std::uint64_t end = start + length;
    for (std::uint64_t cluster = (start + m_clusterSize - 1) / m_clusterSize; cluster < clusters(); ++cluster) {
        const std::uint64_t first = cluster * m_clusterSize;
        const std::uint64_t last = std::min(first + m_clusterSize, size());
        if (last > end)
            break;
        std::fill(m_disk.bytes.begin() + static_cast<long>(first), m_disk.bytes.begin() + static_cast<long>(last),
            std::byte{0});
        m_disk.touched[cluster] = false;
    }
}

void DiskModel::resize(std::uint64_t size)
{
    m_disk.bytes.resize(size);
    m_disk.touched.resize(clusters(), true);
}

void DiskModel::moveInto(std::uint64_t clusterSize)
{
    m_clusterSize = clusterSize;
    m_snapshots.clear();
    m_disk.touched.assign(clusters(), true);
}

} // namespace cowscope::test
