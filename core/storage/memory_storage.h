// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/storage/storage.h"

#include <vector>

namespace cowscope
{

/// A file in memory, for small images and tests.
class MemoryStorage final : public Storage
{
public:
    /// No file in memory grows past this many bytes; a write that asks for more fails with NoSpace.
    static constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 32;

    MemoryStorage() = default;
    explicit MemoryStorage(std::vector<std::byte> bytes);

    const std::vector<std::byte>& bytes() const { return m_bytes; }

    Result<std::uint64_t> size() const override;
    Result<std::uint64_t> allocatedBytes() const override;
    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) const override;
    Result<StorageExtent> extentAt(std::uint64_t offset) const override;
    Result<void> write(std::uint64_t offset, std::span<const std::byte> bytes) override;
    Result<void> flush() override;
    Result<void> truncate(std::uint64_t size) override;
    bool canGrow() const override { return true; }

private:
    std::vector<std::byte> m_bytes;
};

} // namespace cowscope
