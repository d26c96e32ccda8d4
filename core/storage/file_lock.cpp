// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/storage/file_lock.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <span>
#include <sys/stat.h>
#include <unistd.h>

namespace cowscope
{

namespace
{

constexpr off_t kUsedBase = 100;
constexpr off_t kUnsharedBase = 200;
constexpr off_t kPermissionCount = 4;

using Permissions = std::span<const ImagePermission>;

struct flock byteLock(short type, off_t byte, off_t count = 1)
{
    struct flock lock = {};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    lock.l_start = byte;
    lock.l_len = count;
    return lock;
}

std::string_view permissionName(ImagePermission permission)
{
    switch (permission) {
    case ImagePermission::ConsistentRead:
        return "consistent read";
    case ImagePermission::Write:
        return "write";
    case ImagePermission::WriteUnchanged:
        return "write unchanged";
    case ImagePermission::Resize:
        return "resize";
    }
    return "?";
}

bool holdsFile(const std::filesystem::path& process, const struct stat& wanted)
{
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(process / "fd", error)) {
        struct stat info = {};
        if (::stat(entry.path().c_str(), &info) == 0 && info.st_dev == wanted.st_dev && info.st_ino == wanted.st_ino)
            return true;
    }
    return false;
}

/// "qemu-io (process 4711)" for the first other process that has the file open; empty where /proc does not tell.
/// An OFD lock belongs to no process, so an open descriptor is the best evidence there is.
std::string holderOf(int descriptor)
{
    struct stat wanted = {};
    if (::fstat(descriptor, &wanted) != 0)
        return {};
    const std::string self = std::to_string(::getpid());
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
        const std::string name = entry.path().filename().string();
        if (name.find_first_not_of("0123456789") != std::string::npos || name == self)
            continue;
        if (!holdsFile(entry.path(), wanted))
            continue;
        std::ifstream comm(entry.path() / "comm");
        std::string command;
        std::getline(comm, command);
        return fmt::format("{} (process {})", command, name);
    }
    return {};
}

Error inUse(int descriptor, const std::string& path, std::string_view obstacle)
{
    const std::string holder = holderOf(descriptor);
    return Error{ErrorKind::InUse,
        fmt::format("The image is in use by {}: {}", holder.empty() ? "another program" : holder, obstacle),
        std::nullopt, "Shut down the virtual machine or tool that uses it, then try again", path};
}

/// Whether file system and kernel know OFD locks here.
bool locksSupported(int descriptor)
{
    struct flock probe = byteLock(F_WRLCK, kUsedBase);
    return ::fcntl(descriptor, F_OFD_GETLK, &probe) == 0;
}

Result<void> takeLocks(int descriptor, const std::string& path, Permissions used, Permissions unshared)
{
    if (!locksSupported(descriptor))
        return {};
    const auto lockAll = [&](Permissions permissions, off_t base) -> Result<void> {
        for (const ImagePermission permission : permissions) {
            struct flock lock = byteLock(F_RDLCK, base + static_cast<off_t>(permission));
            if (::fcntl(descriptor, F_OFD_SETLK, &lock) != 0)
                return std::unexpected(inUse(descriptor, path, "its lock bytes are taken exclusively"));
        }
        return {};
    };
    const auto testAll = [&](Permissions permissions, off_t oppositeBase, std::string_view problem) -> Result<void> {
        for (const ImagePermission permission : permissions) {
            struct flock lock = byteLock(F_WRLCK, oppositeBase + static_cast<off_t>(permission));
            if (::fcntl(descriptor, F_OFD_GETLK, &lock) != 0 || lock.l_type == F_UNLCK)
                continue;
            return std::unexpected(
                inUse(descriptor, path, fmt::format("it {} \"{}\" permission", problem, permissionName(permission))));
        }
        return {};
    };
    auto result = lockAll(used, kUsedBase);
    if (result)
        result = lockAll(unshared, kUnsharedBase);
    if (result)
        result = testAll(used, kUnsharedBase, "does not share the");
    if (result)
        result = testAll(unshared, kUsedBase, "holds the");
    if (!result)
        unlockImage(descriptor);
    return result;
}

} // namespace

Result<void> lockForReading(int descriptor, const std::string& path)
{
    static constexpr std::array used{ImagePermission::ConsistentRead};
    static constexpr std::array unshared{ImagePermission::Write, ImagePermission::Resize};
    return takeLocks(descriptor, path, used, unshared);
}

Result<void> lockForWriting(int descriptor, const std::string& path)
{
    static constexpr std::array used{ImagePermission::ConsistentRead, ImagePermission::Write, ImagePermission::Resize};
    static constexpr std::array unshared{ImagePermission::Write, ImagePermission::Resize};
    return takeLocks(descriptor, path, used, unshared);
}

void unlockImage(int descriptor)
{
    for (const off_t base : {kUsedBase, kUnsharedBase}) {
        struct flock lock = byteLock(F_UNLCK, base, kPermissionCount);
        ::fcntl(descriptor, F_OFD_SETLK, &lock);
    }
}

} // namespace cowscope
