// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/storage/storage.h"

#include <memory>
#include <vector>

namespace cowscope
{

/// Another storage, whose writes can be taken back while they are part of a commit: should the disk fail in its middle,
/// the file becomes what it was. Memory: what the writes of a commit overwrite.
class RevertibleStorage final : public Storage
{
public:
    explicit RevertibleStorage(std::shared_ptr<Storage> inner)
        : m_inner(std::move(inner))
    {
    }

    /// From here on every write first keeps what it overwrites.
    void begin();

    /// The commit has succeeded: what was kept is forgotten.
    void end();

    /// Undoes all writes since begin(), the last one first, with a flush wherever there was one: whatever the order of
    /// the writes has made sure of holds on the way back, too. An error means that the disk takes no more writes.
    Result<void> takeBack();

    Result<std::uint64_t> size() const override { return m_inner->size(); }
    Result<std::uint64_t> allocatedBytes() const override { return m_inner->allocatedBytes(); }
    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) const override
    {
        return m_inner->read(offset, out);
    }
    Result<StorageExtent> extentAt(std::uint64_t offset) const override { return m_inner->extentAt(offset); }
    Result<void> write(std::uint64_t offset, std::span<const std::byte> bytes) override;
    Result<void> flush() override;
    Result<void> truncate(std::uint64_t size) override { return m_inner->truncate(size); }
    void discard(std::uint64_t offset, std::uint64_t length) override { m_inner->discard(offset, length); }
    Result<void> reserve(std::uint64_t offset, std::uint64_t length) override
    {
        return m_inner->reserve(offset, length);
    }
    bool canGrow() const override { return m_inner->canGrow(); }

private:
    /// What a write has overwritten; without bytes: a flush.
    struct Kept {
        std::uint64_t offset = 0;
        std::vector<std::byte> bytes;
    };

    std::shared_ptr<Storage> m_inner;
    bool m_keeping = false;
    std::vector<Kept> m_kept;
};

} // namespace cowscope
