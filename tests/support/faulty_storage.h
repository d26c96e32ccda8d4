// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/storage/storage.h"

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>

namespace cowscope::test
{

/// The operations that change a storage, in the order of FaultyStorage's counters.
enum class StorageOp { Write, Flush, Truncate };
inline constexpr std::size_t kStorageOpCount = 3;

/// What goes wrong, and when. Shared between a test and the storages it makes, so that it can be read after they are
/// gone. Set it up before the storage is used; counters may be read from any thread.
struct FaultPlan {
    /// Called before each operation, on the thread that performs it, with the number of the operation among its kind
    /// (from 1). Tests block, cancel or record in it. May be empty.
    std::function<void(StorageOp op, std::uint64_t number)> before = {};

    StorageOp failingOp = StorageOp::Write;
    std::uint64_t failFrom = 0; ///< the failingOp with this number (from 1) fails and changes nothing; 0: none fails
    bool failAllAfter = false; ///< every later failingOp fails too
    bool tearWrites = false; ///< a write that fails does the first half of its sectors, as on a disk that gets full
    ErrorKind failure = ErrorKind::Io;

    std::array<std::atomic<std::uint64_t>, kStorageOpCount> counts{}; ///< operations asked for, failed ones included

    std::uint64_t count(StorageOp op) const { return counts[static_cast<std::size_t>(op)]; }
};

/// Another storage that counts its operations and fails when its plan says so. Reads always pass.
class FaultyStorage final : public Storage
{
public:
    FaultyStorage(std::shared_ptr<Storage> inner, std::shared_ptr<FaultPlan> plan);

    Result<std::uint64_t> size() const override { return m_inner->size(); }
    Result<std::uint64_t> allocatedBytes() const override { return m_inner->allocatedBytes(); }
    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) const override
    {
        return m_inner->read(offset, out);
    }
    Result<StorageExtent> extentAt(std::uint64_t offset) const override { return m_inner->extentAt(offset); }
    Result<void> write(std::uint64_t offset, std::span<const std::byte> bytes) override;
    Result<void> flush() override;
    Result<void> truncate(std::uint64_t size) override;
    bool canGrow() const override { return m_inner->canGrow(); }

private:
    /// Counts one operation; an error where the plan has it fail.
    Result<void> enter(StorageOp op, std::optional<std::uint64_t> offset);

    std::shared_ptr<Storage> m_inner;
    std::shared_ptr<FaultPlan> m_plan;
};

} // namespace cowscope::test
