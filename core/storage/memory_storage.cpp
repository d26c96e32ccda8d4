// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/storage/memory_storage.h"

#include "core/base/checked_math.h"

#include <algorithm>
#include <cstring>

namespace cowscope
{

MemoryStorage::MemoryStorage(std::vector<std::byte> bytes)
    : m_bytes(std::move(bytes))
{
}

Result<std::uint64_t> MemoryStorage::size() const
{
    return m_bytes.size();
}

Result<std::uint64_t> MemoryStorage::allocatedBytes() const
{
    return m_bytes.size();
}

Result<std::size_t> MemoryStorage::read(std::uint64_t offset, std::span<std::byte> out) const
{
    const std::size_t held
        = offset >= m_bytes.size() ? 0 : std::min<std::uint64_t>(out.size(), m_bytes.size() - offset);
    std::copy_n(m_bytes.begin() + static_cast<std::ptrdiff_t>(held == 0 ? 0 : offset), held, out.begin());
    std::fill(out.begin() + static_cast<std::ptrdiff_t>(held), out.end(), std::byte{0});
    return held;
}

Result<StorageExtent> MemoryStorage::extentAt(std::uint64_t offset) const
{
    const std::uint64_t length = offset >= m_bytes.size() ? 0 : m_bytes.size() - offset;
    return StorageExtent{offset, length, length != 0};
}

Result<void> MemoryStorage::write(std::uint64_t offset, std::span<const std::byte> bytes)
{
    if (bytes.empty())
        return {};
    const auto end = checkedAdd(offset, bytes.size());
    if (!end || *end > kMaxBytes)
        return fail(ErrorKind::NoSpace, "The file in memory cannot grow that far", offset);
    if (*end > m_bytes.size())
        m_bytes.resize(*end);
    std::copy(bytes.begin(), bytes.end(), m_bytes.begin() + static_cast<std::ptrdiff_t>(offset));
    return {};
}

Result<void> MemoryStorage::flush()
{
    return {};
}

Result<void> MemoryStorage::truncate(std::uint64_t size)
{
    if (size > kMaxBytes)
        return fail(ErrorKind::NoSpace, "The file in memory cannot grow that far", size);
    m_bytes.resize(size);
    return {};
}

} // namespace cowscope
