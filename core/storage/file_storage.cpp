// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/storage/file_storage.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <limits>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace cowscope
{

namespace
{

constexpr std::uint64_t kMaxOffset = std::numeric_limits<off_t>::max();
constexpr std::uint64_t kWritebackBytes = std::uint64_t{8} << 20; ///< that wait until the system is told to start

Error openError(const std::string& path, int code)
{
    const ErrorKind kind = code == ENOENT ? ErrorKind::NotFound : ErrorKind::Io;
    const std::string next = code == EACCES || code == EPERM || code == EROFS
        ? "Check the permissions of the file and of its file system"
        : "";
    return Error{kind, fmt::format("Could not open the file: {}", std::strerror(code)), std::nullopt, next, path};
}

int openDescriptor(const std::string& path, Access access)
{
    // O_NONBLOCK: opening a pipe must not wait for its other end; it has no effect on files and block devices.
    const int flags = O_CLOEXEC | O_NONBLOCK | (access == Access::ReadWrite ? O_RDWR : O_RDONLY);
    if (access == Access::ReadOnly) {
        // Only the owner may ask to leave the access time alone; everybody else opens the ordinary way.
        const int descriptor = ::open(path.c_str(), flags | O_NOATIME);
        if (descriptor >= 0 || errno != EPERM)
            return descriptor;
    }
    return ::open(path.c_str(), flags);
}

} // namespace

FileStorage::FileStorage(int descriptor, std::string path, bool blockDevice)
    : m_descriptor(descriptor)
    , m_path(std::move(path))
    , m_blockDevice(blockDevice)
{
}

FileStorage::~FileStorage()
{
    ::close(m_descriptor);
}

Result<std::unique_ptr<FileStorage>> FileStorage::open(const std::string& path, Access access, Sharing sharing)
{
    const int descriptor = openDescriptor(path, access);
    if (descriptor < 0)
        return std::unexpected(openError(path, errno));

    struct stat info = {};
    const bool known = ::fstat(descriptor, &info) == 0;
    std::unique_ptr<FileStorage> storage(new FileStorage(descriptor, path, known && S_ISBLK(info.st_mode)));
    if (!known)
        return std::unexpected(openError(path, errno));
    if (!S_ISREG(info.st_mode) && !S_ISBLK(info.st_mode))
        return std::unexpected(Error{ErrorKind::Unsupported, "This is neither a file nor a block device", std::nullopt,
            "Name the image file itself", path});
    if (storage->m_blockDevice && access == Access::ReadWrite)
        return std::unexpected(Error{ErrorKind::Unsupported, "Images on block devices are only read", std::nullopt,
            "Copy the image into a file to change it", path});

    if (sharing == Sharing::Locked) {
        auto locked = access == Access::ReadWrite ? lockForWriting(descriptor, path) : lockForReading(descriptor, path);
        if (!locked)
            return failed(locked);
    }
    return storage;
}

Result<std::unique_ptr<FileStorage>> FileStorage::create(const std::string& path)
{
    // Not O_TRUNC: a file that somebody uses keeps its contents.
    const int descriptor = ::open(path.c_str(), O_CLOEXEC | O_NONBLOCK | O_RDWR | O_CREAT, 0644);
    if (descriptor < 0)
        return std::unexpected(openError(path, errno));
    ::close(descriptor);
    auto storage = open(path, Access::ReadWrite);
    if (!storage)
        return storage;
    if (auto emptied = (*storage)->truncate(0); !emptied)
        return failed(emptied);
    return storage;
}

Error FileStorage::systemError(const char* doing, std::uint64_t offset, int code) const
{
    const bool full = code == ENOSPC || code == EDQUOT || code == EFBIG;
    return Error{full ? ErrorKind::NoSpace : ErrorKind::Io, fmt::format("Could not {}: {}", doing, std::strerror(code)),
        offset, full ? "Free space on the file system, then try again" : "", m_path};
}

Result<std::uint64_t> FileStorage::size() const
{
    if (m_blockDevice) {
        std::uint64_t bytes = 0;
        if (::ioctl(m_descriptor, BLKGETSIZE64, &bytes) != 0)
            return std::unexpected(systemError("read the size of the device", 0, errno));
        return bytes;
    }
    struct stat info = {};
    if (::fstat(m_descriptor, &info) != 0)
        return std::unexpected(systemError("read the size of the file", 0, errno));
    return static_cast<std::uint64_t>(info.st_size);
}

Result<std::uint64_t> FileStorage::allocatedBytes() const
{
    struct stat info = {};
    if (::fstat(m_descriptor, &info) != 0)
        return std::unexpected(systemError("read the size of the file", 0, errno));
    return static_cast<std::uint64_t>(info.st_blocks) * 512;
}

Result<std::size_t> FileStorage::read(std::uint64_t offset, std::span<std::byte> out) const
{
    std::size_t done = 0;
    while (done < out.size() && offset + done <= kMaxOffset) {
        const ssize_t count
            = ::pread(m_descriptor, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return std::unexpected(systemError("read", offset + done, errno));
        if (count == 0)
            break;
        done += static_cast<std::size_t>(count);
    }
    std::fill(out.begin() + static_cast<std::ptrdiff_t>(done), out.end(), std::byte{0});
    return done;
}

Result<StorageExtent> FileStorage::extentAt(std::uint64_t offset) const
{
    auto end = size();
    if (!end)
        return failed(end);
    if (offset >= *end)
        return StorageExtent{offset, 0, false};
    const off_t data = ::lseek(m_descriptor, static_cast<off_t>(offset), SEEK_DATA);
    if (data < 0 && errno == ENXIO)
        return StorageExtent{offset, *end - offset, false};
    if (data < 0) // the file system does not know holes
        return StorageExtent{offset, *end - offset, true};
    if (static_cast<std::uint64_t>(data) > offset)
        return StorageExtent{offset, static_cast<std::uint64_t>(data) - offset, false};
    const off_t hole = ::lseek(m_descriptor, data, SEEK_HOLE);
    const std::uint64_t dataEnd = hole < 0 ? *end : static_cast<std::uint64_t>(hole);
    return StorageExtent{offset, dataEnd - offset, true};
}

Result<void> FileStorage::write(std::uint64_t offset, std::span<const std::byte> bytes)
{
    if (offset > kMaxOffset - bytes.size())
        return std::unexpected(systemError("write", offset, EFBIG));
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t count
            = ::pwrite(m_descriptor, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return std::unexpected(systemError("write", offset + done, errno));
        done += static_cast<std::size_t>(count);
    }
    m_inCache += bytes.size();
    return m_inCache < kWritebackBytes ? Result<void>{} : startWriteback();
}

/// Waits for what was started before, so that at most twice kWritebackBytes are not on disk, and starts with the rest.
Result<void> FileStorage::startWriteback()
{
    m_inCache = 0;
    if (::sync_file_range(m_descriptor, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE) == 0)
        return {};
    // An error of a disk is told once only. Any other means that the file system does not know the call.
    const bool lost = errno == EIO || errno == ENOSPC || errno == EDQUOT;
    return lost ? std::unexpected(systemError("write to disk", 0, errno)) : Result<void>{};
}

Result<void> FileStorage::flush()
{
    m_inCache = 0;
    if (::fdatasync(m_descriptor) != 0)
        return std::unexpected(systemError("flush to disk", 0, errno));
    return {};
}

Result<void> FileStorage::truncate(std::uint64_t size)
{
    if (size > kMaxOffset || ::ftruncate(m_descriptor, static_cast<off_t>(size)) != 0)
        return std::unexpected(systemError("set the length of the file", size, size > kMaxOffset ? EFBIG : errno));
    return {};
}

void FileStorage::discard(std::uint64_t offset, std::uint64_t length)
{
    if (length > 0 && offset <= kMaxOffset - length)
        (void)::fallocate(m_descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
            static_cast<off_t>(length));
}

Result<void> FileStorage::reserve(std::uint64_t offset, std::uint64_t length)
{
    if (length == 0)
        return {};
    if (offset > kMaxOffset - length)
        return std::unexpected(systemError("reserve space", offset, EFBIG));
    const int code = ::posix_fallocate(m_descriptor, static_cast<off_t>(offset), static_cast<off_t>(length));
    if (code != 0)
        return std::unexpected(systemError("reserve space", offset, code));
    return {};
}

Result<std::int64_t> FileStorage::modified() const
{
    struct stat info = {};
    if (::fstat(m_descriptor, &info) != 0)
        return std::unexpected(systemError("read the times of the file", 0, errno));
    return std::int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec;
}

void FileStorage::unlock()
{
    unlockImage(m_descriptor);
}

} // namespace cowscope
