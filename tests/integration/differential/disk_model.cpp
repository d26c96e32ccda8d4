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
    mark(start, length, true);
}

void DiskModel::discard(std::uint64_t start, std::uint64_t length)
{
    const std::uint64_t end = start + length;
    mark(start, length, false);
    for (std::uint64_t cluster = (start + m_clusterSize - 1) / m_clusterSize; cluster < clusters(); ++cluster) {
        const std::uint64_t first = cluster * m_clusterSize;
        const std::uint64_t last = std::min(first + m_clusterSize, size());
        if (last > end)
            break;
        const auto from = m_disk.bytes.begin() + static_cast<long>(first);
        const auto to = m_disk.bytes.begin() + static_cast<long>(last);
        if (std::any_of(from, to, [](std::byte byte) { return byte != std::byte{0}; }))
            mark(first, last - first, true);
        std::fill(from, to, std::byte{0});
        m_disk.touched[cluster] = false;
    }
}

void DiskModel::resize(std::uint64_t size)
{
    const std::uint64_t before = this->size();
    m_disk.bytes.resize(size);
    m_disk.touched.resize(clusters(), true);
    resizeBitmaps();
    if (size > before)
        mark(before, size - before, false);
}

void DiskModel::applySnapshot(std::size_t index)
{
    m_disk = m_snapshots[index].contents;
    resizeBitmaps();
    // All of it counts as written.
    mark(0, size(), true);
}

void DiskModel::moveInto(std::uint64_t clusterSize)
{
    m_clusterSize = clusterSize;
    m_snapshots.clear();
    m_bitmaps.clear();
    m_disk.touched.assign(clusters(), true);
}

void DiskModel::addBitmap(const QString& name, std::uint64_t granularity, bool enabled)
{
    m_bitmaps.push_back({name, granularity, enabled, {}, {}});
    resizeBitmaps();
}

void DiskModel::clearBitmap(std::size_t index)
{
    for (std::vector<bool>* bits : {&m_bitmaps[index].must, &m_bitmaps[index].may})
        bits->assign(bits->size(), false);
}

void DiskModel::mark(std::uint64_t start, std::uint64_t length, bool must)
{
    for (Bitmap& bitmap : m_bitmaps) {
        if (!bitmap.enabled || length == 0)
            continue;
        for (std::uint64_t i = start / bitmap.granularity; i <= (start + length - 1) / bitmap.granularity; ++i) {
            bitmap.may[i] = true;
            bitmap.must[i] = bitmap.must[i] || must;
        }
    }
}

void DiskModel::resizeBitmaps()
{
    for (Bitmap& bitmap : m_bitmaps) {
        for (std::vector<bool>* bits : {&bitmap.must, &bitmap.may})
            bits->resize((size() + bitmap.granularity - 1) / bitmap.granularity, false);
    }
}

} // namespace cowscope::test
