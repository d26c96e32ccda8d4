// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/storage/overlay_storage.h"

#include "core/base/checked_math.h"

#include <algorithm>

namespace cowscope
{

Result<std::unique_ptr<OverlayStorage>> OverlayStorage::over(std::shared_ptr<const Storage> below)
{
    auto size = below->size();
    if (!size)
        return failed(size);
    std::unique_ptr<OverlayStorage> overlay(new OverlayStorage(std::move(below)));
    overlay->m_size = *size;
    overlay->m_belowEnd = *size;
    return overlay;
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
        std::ranges::copy(std::span(page->second).subspan(from - start, to - from), out.data() + (from - offset));
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

Result<std::vector<std::byte>*> OverlayStorage::page(std::uint64_t number)
{
    if (const auto found = m_pages.find(number); found != m_pages.end())
        return &found->second;
    if ((m_pages.size() + 1) * kPageBytes > kMaxBytes)
        return fail(ErrorKind::NoSpace, "This would change too much to be tried out in memory", number * kPageBytes);
    std::vector<std::byte> bytes(kPageBytes);
    if (auto below = readBelow(number * kPageBytes, bytes); !below)
        return failed(below);
    return &m_pages.emplace(number, std::move(bytes)).first->second;
}

Result<void> OverlayStorage::write(std::uint64_t offset, std::span<const std::byte> bytes)
{
    if (bytes.empty())
        return {};
    const auto end = checkedAdd(offset, bytes.size());
    if (!end || (*end > m_size && !canGrow()))
        return fail(ErrorKind::NoSpace, "The file cannot grow that far", offset);
    while (!bytes.empty()) {
        auto target = page(offset / kPageBytes);
        if (!target)
            return failed(target);
        const std::uint64_t at = offset % kPageBytes;
        const std::size_t part = std::min<std::uint64_t>(bytes.size(), kPageBytes - at);
        std::ranges::copy(bytes.first(part), (*target)->begin() + static_cast<std::ptrdiff_t>(at));
        bytes = bytes.subspan(part);
        offset += part;
    }
    m_size = std::max(m_size, *end);
    return {};
}

Result<void> OverlayStorage::truncate(std::uint64_t size)
{
    m_belowEnd = std::min(m_belowEnd, size);
    m_pages.erase(m_pages.lower_bound(divideUp(size, kPageBytes)), m_pages.end());
    if (const auto last = m_pages.find(size / kPageBytes); last != m_pages.end())
        std::fill(
            last->second.begin() + static_cast<std::ptrdiff_t>(size % kPageBytes), last->second.end(), std::byte{0});
    m_size = size;
    return {};
}

} // namespace cowscope
