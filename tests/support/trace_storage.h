// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/storage/memory_storage.h"
#include "tests/support/write_trace.h"

namespace cowscope::test
{

/// A file in memory that keeps a trace of everything that changes it.
class TraceStorage final : public Storage, public WriteTrace
{
public:
    explicit TraceStorage(Bytes initial);

    const Bytes& bytes() const { return m_now.bytes(); }

    Result<std::uint64_t> size() const override { return m_now.size(); }
    Result<std::uint64_t> allocatedBytes() const override { return m_now.allocatedBytes(); }
    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) const override
    {
        return m_now.read(offset, out);
    }
    Result<StorageExtent> extentAt(std::uint64_t offset) const override { return m_now.extentAt(offset); }
    Result<void> write(std::uint64_t offset, std::span<const std::byte> bytes) override;
    Result<void> flush() override;
    Result<void> truncate(std::uint64_t size) override;
    void discard(std::uint64_t offset, std::uint64_t length) override; ///< what is discarded reads as zeros
    bool canGrow() const override { return true; }

private:
    MemoryStorage m_now;
};

} // namespace cowscope::test
