// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/storage/storage.h"

#include <map>
#include <memory>
#include <vector>

namespace cowscope
{

/// Another storage with changes that stay in memory: what an edit would do can be tried out on it, and nothing is
/// written. The storage below must not change meanwhile.
class OverlayStorage final : public Storage
{
public:
    /// Bytes that may be kept; a write that needs more fails with NoSpace.
    static constexpr std::uint64_t kMaxBytes = std::uint64_t{256} << 20;

    /// Errors: those of `below`.
    static Result<std::unique_ptr<OverlayStorage>> over(std::shared_ptr<const Storage> below);

    Result<std::uint64_t> size() const override { return m_size; }
    Result<std::uint64_t> allocatedBytes() const override { return m_below->allocatedBytes(); }
    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) const override;
    Result<StorageExtent> extentAt(std::uint64_t offset) const override;
    Result<void> write(std::uint64_t offset, std::span<const std::byte> bytes) override;
    Result<void> flush() override { return {}; }
    Result<void> truncate(std::uint64_t size) override;
    bool canGrow() const override { return m_below->canGrow(); }

private:
    static constexpr std::uint64_t kPageBytes = 4096;

    explicit OverlayStorage(std::shared_ptr<const Storage> below)
        : m_below(std::move(below))
    {
    }

    Result<void> readBelow(std::uint64_t offset, std::span<std::byte> out) const;
    Result<std::vector<std::byte>*> page(std::uint64_t number);

    std::shared_ptr<const Storage> m_below;
    std::map<std::uint64_t, std::vector<std::byte>> m_pages; ///< changed ones, by offset / kPageBytes
    std::uint64_t m_size = 0;
    std::uint64_t m_belowEnd = 0; ///< behind it nothing of the storage below shows
};

} // namespace cowscope
