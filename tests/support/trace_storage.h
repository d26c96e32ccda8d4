// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/storage/memory_storage.h"
#include "tests/support/bytes.h"

#include <random>
#include <variant>
#include <vector>

namespace cowscope::test
{

/// A file in memory that keeps a record of everything that changes it, so that a test can cut the power at any point
/// and see what a disk might hold then.
class TraceStorage final : public Storage
{
public:
    struct Write {
        std::uint64_t offset = 0;
        Bytes bytes;
    };
    struct Truncate {
        std::uint64_t size = 0;
    };
    struct Flush {
    };
    using Step = std::variant<Write, Truncate, Flush>;

    static constexpr std::uint64_t kSectorBytes = 512; ///< what a disk writes whole or not at all

    explicit TraceStorage(Bytes initial);

    const std::vector<Step>& steps() const { return m_steps; }
    const Bytes& initial() const { return m_initial; }
    const Bytes& bytes() const { return m_now.bytes(); }

    /// The file after the first `count` steps, all of them on disk.
    Bytes stateAfter(std::size_t count) const;

    /// The file after a power cut behind the first `count` steps: those up to the last flush among them are on disk; of
    /// the later ones some are missing, some are torn at sectors, and they reach the disk in any order.
    Bytes stateAfterPowerCut(std::size_t count, std::mt19937_64& random) const;

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
    bool canGrow() const override { return true; }

private:
    Bytes m_initial;
    MemoryStorage m_now;
    std::vector<Step> m_steps;
};

} // namespace cowscope::test
