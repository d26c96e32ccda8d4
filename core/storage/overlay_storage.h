// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/storage/page_store.h"
#include "core/storage/storage.h"

#include <map>
#include <memory>
#include <vector>

namespace cowscope
{

/// Another storage with changes of its own: what an edit would do can be tried out on it, and nothing is written. The
/// storage below must not change meanwhile. Changes are kept in pages: some in memory, more of them in a temporary
/// file (see PageStore), so that memory is bounded however much an edit writes.
class OverlayStorage final : public Storage
{
public:
    static constexpr std::uint64_t kMemoryBytes = std::uint64_t{32} << 20;
    static constexpr std::uint64_t kSectorBytes = 512;

    /// At most `memoryBytes` of changes stay in memory. Errors: those of `below`.
    static Result<std::unique_ptr<OverlayStorage>> over(
        std::shared_ptr<const Storage> below, std::uint64_t memoryBytes = kMemoryBytes);

    /// What was written, in whole sectors, each of them once, however often it was written; in the order of the file.
    std::vector<StorageExtent> writtenExtents() const;

    Result<std::uint64_t> size() const override { return m_size; }
    Result<std::uint64_t> allocatedBytes() const override { return m_below->allocatedBytes(); }
    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) const override;
    Result<StorageExtent> extentAt(std::uint64_t offset) const override;
    Result<void> write(std::uint64_t offset, std::span<const std::byte> bytes) override;
    Result<void> flush() override { return {}; }
    Result<void> truncate(std::uint64_t size) override;

    /// Counts as written, though nothing is kept: for contents that would be copied and that nobody will look at.
    Result<void> reserve(std::uint64_t offset, std::uint64_t length) override;
    bool canGrow() const override { return m_below->canGrow(); }

private:
    static constexpr std::uint64_t kPageBytes = PageStore::kPageBytes;

    OverlayStorage(std::shared_ptr<const Storage> below, std::uint64_t memoryBytes)
        : m_below(std::move(below))
        , m_store(memoryBytes / kPageBytes)
    {
    }

    Result<std::uint64_t> endOf(std::uint64_t offset, std::uint64_t length) const;
    Result<void> readBelow(std::uint64_t offset, std::span<std::byte> out) const;
    Result<void> writeInPage(std::uint64_t offset, std::span<const std::byte> bytes);
    void noteWritten(std::uint64_t offset, std::uint64_t end);

    std::shared_ptr<const Storage> m_below;
    PageStore m_store;
    std::map<std::uint64_t, std::uint64_t> m_pages; ///< numbers in the store of changed pages, by offset / kPageBytes
    std::map<std::uint64_t, std::uint64_t>
        m_written; ///< ends of written stretches by their start, apart from each other
    std::uint64_t m_size = 0;
    std::uint64_t m_belowEnd = 0; ///< behind it nothing of the storage below shows
};

} // namespace cowscope
