// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/storage/storage.h"

#include <memory>
#include <mutex>

namespace cowscope::test
{

/// Another storage, one call at a time, so that it may be read while it is appended to, as a file may be.
class ConcurrentStorage final : public Storage
{
    template <typename Call>
    auto locked(const Call& call) const
    {
        const std::scoped_lock lock(m_mutex);
        return call();
    }

public:
    explicit ConcurrentStorage(std::shared_ptr<Storage> inner)
        : m_inner(std::move(inner))
    {
    }

    Result<std::uint64_t> size() const override
    {
        return locked([&] { return m_inner->size(); });
    }
    Result<std::uint64_t> allocatedBytes() const override
    {
        return locked([&] { return m_inner->allocatedBytes(); });
    }
    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) const override
    {
        return locked([&] { return m_inner->read(offset, out); });
    }
    Result<StorageExtent> extentAt(std::uint64_t offset) const override
    {
        return locked([&] { return m_inner->extentAt(offset); });
    }
    Result<void> write(std::uint64_t offset, std::span<const std::byte> bytes) override
    {
        return locked([&] { return m_inner->write(offset, bytes); });
    }
    Result<void> flush() override
    {
        return locked([&] { return m_inner->flush(); });
    }
    Result<void> truncate(std::uint64_t size) override
    {
        return locked([&] { return m_inner->truncate(size); });
    }
    bool canGrow() const override { return m_inner->canGrow(); }
    bool readsWhileAppending() const override { return true; }

private:
    std::shared_ptr<Storage> m_inner;
    mutable std::mutex m_mutex;
};

} // namespace cowscope::test
