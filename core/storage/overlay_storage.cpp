// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/storage/overlay_storage.h"

#include "core/base/checked_math.h"

#include <algorithm>

namespace cowscope
{

Result<std::unique_ptr<OverlayStorage>> OverlayStorage::over(
    std::shared_ptr<const Storage> below, std::uint64_t memoryBytes)
{
    auto size = below->size();
    if (!size)
        return failed(size);
    std::unique_ptr<OverlayStorage> overlay(new OverlayStorage(std::move(below), memoryBytes));
    overlay->m_size = *size;
    overlay->m_belowEnd = *size;
    return overlay;
}

std::vector<StorageExtent> OverlayStorage::writtenExtents() const
{
    std::vector<StorageExtent> extents;
    extents.reserve(m_written.size());
    for (const auto& [start, end] : m_written)
        extents.push_back({start, end - start, true});
    return extents;
}

void OverlayStorage::noteWritten(std::uint64_t offset, std::uint64_t end)
{
    std::uint64_t from = offset / kSectorBytes * kSectorBytes;
    std::uint64_t to = divideUp(end, kSectorBytes) * kSectorBytes;
    auto at = m_written.upper_bound(from);
    if (at != m_written.begin() && std::prev(at)->second >= from)
        --at;
    while (at != m_written.end() && at->first <= to) {
        from = std::min(from, at->first);
        to = std::max(to, at->second);
        at = m_written.erase(at);
    }
    m_written.emplace_hint(at, from, to);
}

Result<void> OverlayStorage::readBelow(std::uint64_t offset, std::span<std::byte> out) const
{
    const std::size_t shown = offset >= m_belowEnd ? 0 : std::min<std::uint64_t>(out.size(), m_belowEnd - offset);
    std::ranges::fill(out.subspan(shown), std::byte{0});
    if (shown == 0)
        return {};
    auto read = m_below->read(offset, out.first(shown));
    return read ? Result<void>{} : failed(read);
}

Result<std::size_t> OverlayStorage::read(std::uint64_t offset, std::span<std::byte> out) const
{
    if (auto below = readBelow(offset, out); !below)
        return failed(below);
    const std::uint64_t end = offset + out.size();
    for (auto page = m_pages.lower_bound(offset / kPageBytes); page != m_pages.end(); ++page) {
        const std::uint64_t start = page->first * kPageBytes;
        if (start >= end)
            break;
        const std::uint64_t from = std::max(start, offset);
        const std::uint64_t to = std::min(start + kPageBytes, end);
        if (auto read = m_store.read(page->second, from - start, out.subspan(from - offset, to - from)); !read)
            return failed(read);
    }
    return offset >= m_size ? 0 : std::min<std::uint64_t>(out.size(), m_size - offset);
}

Result<StorageExtent> OverlayStorage::extentAt(std::uint64_t offset) const
{
    if (offset >= m_size)
        return StorageExtent{offset, 0, false};
    const auto page = m_pages.lower_bound(offset / kPageBytes);
    if (page != m_pages.end() && page->first == offset / kPageBytes)
        return StorageExtent{offset, std::min(m_size, (page->first + 1) * kPageBytes) - offset, true};
    const std::uint64_t end = page == m_pages.end() ? m_size : std::min(m_size, page->first * kPageBytes);
    if (offset >= m_belowEnd)
        return StorageExtent{offset, end - offset, false};
    auto below = m_below->extentAt(offset);
    if (!below)
        return below;
    below->length = std::min(std::min(end, m_belowEnd) - offset, below->offset + below->length - offset);
    below->offset = offset;
    return below;
}

Result<std::uint64_t> OverlayStorage::endOf(std::uint64_t offset, std::uint64_t length) const
{
    const auto end = checkedAdd(offset, length);
    if (!end || (*end > m_size && !canGrow()))
        return fail(ErrorKind::NoSpace, "The file cannot grow that far", offset);
    return *end;
}

Result<void> OverlayStorage::writeInPage(std::uint64_t offset, std::span<const std::byte> bytes)
{
    const std::uint64_t number = offset / kPageBytes;
    const std::size_t at = offset % kPageBytes;
    if (const auto found = m_pages.find(number); found != m_pages.end())
        return m_store.write(found->second, at, bytes);
    PageStore::Page page;
    if (bytes.size() < kPageBytes) {
        if (auto below = readBelow(number * kPageBytes, page); !below)
            return below;
    }
    std::ranges::copy(bytes, page.begin() + static_cast<std::ptrdiff_t>(at));
    auto added = m_store.add(page);
    if (!added)
        return failed(added);
    m_pages.emplace(number, *added);
    return {};
}

Result<void> OverlayStorage::write(std::uint64_t offset, std::span<const std::byte> bytes)
{
    if (bytes.empty())
        return {};
    const auto end = endOf(offset, bytes.size());
    if (!end)
        return std::unexpected(end.error());
    noteWritten(offset, *end);
    while (!bytes.empty()) {
        const std::size_t part = std::min<std::uint64_t>(bytes.size(), kPageBytes - offset % kPageBytes);
        if (auto written = writeInPage(offset, bytes.first(part)); !written)
            return written;
        bytes = bytes.subspan(part);
        offset += part;
    }
    m_size = std::max(m_size, *end);
    return {};
}

Result<void> OverlayStorage::reserve(std::uint64_t offset, std::uint64_t length)
{
    if (length == 0)
        return {};
    const auto end = endOf(offset, length);
    if (!end)
        return std::unexpected(end.error());
    noteWritten(offset, *end);
    m_size = std::max(m_size, *end);
    return {};
}

Result<void> OverlayStorage::truncate(std::uint64_t size)
{
    m_belowEnd = std::min(m_belowEnd, size);
    for (auto page = m_pages.lower_bound(divideUp(size, kPageBytes)); page != m_pages.end();) {
        m_store.remove(page->second);
        page = m_pages.erase(page);
    }
    if (const auto last = m_pages.find(size / kPageBytes); last != m_pages.end()) {
        const std::vector<std::byte> zeros(kPageBytes - size % kPageBytes);
        if (auto written = m_store.write(last->second, size % kPageBytes, zeros); !written)
            return written;
    }
    m_written.erase(m_written.lower_bound(size), m_written.end());
    if (!m_written.empty()) {
        auto& end = std::prev(m_written.end())->second;
        end = std::min(end, divideUp(size, kSectorBytes) * kSectorBytes);
    }
    m_size = size;
    return {};
}

} // namespace cowscope
