// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/storage/file_lock.h"
#include "core/storage/storage.h"

#include <memory>
#include <string>

namespace cowscope
{

enum class Access {
    ReadOnly,
    ReadWrite, ///< regular files only
};

/// How to treat other programs that use the same file; see file_lock.h.
enum class Sharing {
    Locked, ///< take QEMU's image locks: refuse a file that another program
            ///< writes or, for writing, even only reads
    Unlocked, ///< take none: what is read may be changing under us
};

/// A regular file or a block device. The file is opened without following the wish of any image content, never
/// created, and read-only access does not touch its access time where the system allows that.
///
/// What is written is on its way to the disk soon, and never much of it waits: a flush of gigabytes would take seconds
/// in which nobody can be stopped.
class FileStorage final : public Storage
{
public:
    /// Errors: NotFound, Io, Unsupported (directory, pipe, character device; block device for writing), InUse.
    static Result<std::unique_ptr<FileStorage>> open(
        const std::string& path, Access access, Sharing sharing = Sharing::Locked);

    /// An empty file at `path`, open for writing and locked as a writer's. One that exists is emptied, but not while
    /// another program uses it. Errors: InUse, Io, Unsupported.
    static Result<std::unique_ptr<FileStorage>> create(const std::string& path);

    ~FileStorage() override;
    FileStorage(const FileStorage&) = delete;
    FileStorage& operator=(const FileStorage&) = delete;

    Result<std::uint64_t> size() const override;
    Result<std::uint64_t> allocatedBytes() const override;
    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) const override;
    Result<StorageExtent> extentAt(std::uint64_t offset) const override;
    Result<void> write(std::uint64_t offset, std::span<const std::byte> bytes) override;
    Result<void> flush() override;
    Result<void> truncate(std::uint64_t size) override;
    void discard(std::uint64_t offset, std::uint64_t length) override;
    Result<void> reserve(std::uint64_t offset, std::uint64_t length) override;
    bool canGrow() const override { return !m_blockDevice; }
    bool readsWhileAppending() const override { return true; }

    /// When the contents were written last, in nanoseconds since 1970: tells whether somebody who heeds no locks did.
    Result<std::int64_t> modified() const;

    /// Gives the image locks back early: a viewer holds them only while it reads metadata.
    void unlock();

private:
    FileStorage(int descriptor, std::string path, bool blockDevice);

    Error systemError(const char* doing, std::uint64_t offset, int code) const;
    Result<void> startWriteback();

    int m_descriptor = -1;
    std::string m_path;
    bool m_blockDevice = false;
    std::uint64_t m_inCache = 0; ///< bytes written since the system was last told to start with them
};

} // namespace cowscope
