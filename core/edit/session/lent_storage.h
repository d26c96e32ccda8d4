// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/storage/storage.h"

#include <atomic>
#include <memory>

namespace cowscope
{

/// Another storage that can be taken back from everybody who holds it, so that a file is closed, and its locks are
/// gone, though images that were read from it are still about. From then on every call fails. A call that runs
/// meanwhile ends as usual.
class LentStorage final : public Storage
{
public:
    explicit LentStorage(std::shared_ptr<Storage> inner)
        : m_inner(std::move(inner))
    {
    }

    void takeBack() { m_inner.store(nullptr); }
    std::shared_ptr<Storage> inner() const { return m_inner.load(); } ///< null once it was taken back

    Result<std::uint64_t> size() const override;
    Result<std::uint64_t> allocatedBytes() const override;
    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) const override;
    Result<StorageExtent> extentAt(std::uint64_t offset) const override;
    Result<void> write(std::uint64_t offset, std::span<const std::byte> bytes) override;
    Result<void> flush() override;
    Result<void> truncate(std::uint64_t size) override;
    void discard(std::uint64_t offset, std::uint64_t length) override;
    Result<void> reserve(std::uint64_t offset, std::uint64_t length) override;
    bool canGrow() const override;
    bool readsWhileAppending() const override;

private:
    std::atomic<std::shared_ptr<Storage>> m_inner;
};

} // namespace cowscope
