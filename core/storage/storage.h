// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/result.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace cowscope
{

/// A stretch of a file that is either backed by disk blocks or a hole that reads as zeros. Offsets and lengths in
/// bytes.
struct StorageExtent {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    bool data = true;
};

/// Where bytes live. Knows nothing of qcow2. Offsets are bytes from the start of the file.
/// Const members may be called from several threads at once; writers need the storage to themselves.
class Storage
{
public:
    virtual ~Storage() = default;

    /// Length of the file in bytes.
    virtual Result<std::uint64_t> size() const = 0;

    /// Bytes that the file takes on disk; for storage without holes its size.
    virtual Result<std::uint64_t> allocatedBytes() const = 0;

    /// Fills `out` from `offset` on. What lies past the end of the file reads as zeros, as the format has it for an
    /// image that ends inside its last cluster. Returns how many bytes the file really held.
    virtual Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) const = 0;

    /// The extent that contains `offset`, or one of length 0 at or past the end of the file.
    virtual Result<StorageExtent> extentAt(std::uint64_t offset) const = 0;

    /// Writes all of `bytes`; the file grows where needed. Refused on read-only storage.
    virtual Result<void> write(std::uint64_t offset, std::span<const std::byte> bytes) = 0;

    /// Returns when everything written is on stable storage.
    virtual Result<void> flush() = 0;

    /// Sets the length of the file in bytes; new bytes read as zeros.
    virtual Result<void> truncate(std::uint64_t size) = 0;

    /// Gives the space of a range back to the file system where that is possible; afterwards the range reads as zeros
    /// or as before. Never changes the length, never fails: it is a favour, not a promise.
    virtual void discard(std::uint64_t offset, std::uint64_t length)
    {
        (void)offset;
        (void)length;
    }

    /// Reserves disk space for a range without changing what it reads as; the file grows to its end where needed. By
    /// default only the length is set.
    virtual Result<void> reserve(std::uint64_t offset, std::uint64_t length);

    /// False for block devices, whose length is fixed.
    virtual bool canGrow() const = 0;

    /// Whether, after all, one thread may append to the file, flush it, and cut off again what it has appended, while
    /// others read what was there before.
    virtual bool readsWhileAppending() const { return false; }
};

} // namespace cowscope
