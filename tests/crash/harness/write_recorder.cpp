// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later

// Loaded into any program with LD_PRELOAD: writes down each call that changes one file, with its data, as the program
// makes it. COWSCOPE_RECORD_FILE names the file, COWSCOPE_RECORD_TO the record: for each call a letter (W write, T set
// length, A allocate, Z zero, F flush), two numbers of 64 bits of the machine's order (offset and length; length and 0
// for T), and for W the bytes. A call is written down once it has succeeded, and one at a time is let through, so that
// a flush in the record covers exactly what stands before it.

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <mutex>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <vector>

namespace
{

template <typename Function>
Function* real(const char* name)
{
    return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

using WriteCall = ssize_t(int, const void*, size_t);

class Recorder
{
public:
    Recorder()
    {
        const char* file = std::getenv("COWSCOPE_RECORD_FILE");
        const char* to = std::getenv("COWSCOPE_RECORD_TO");
        if (file != nullptr && to != nullptr && ::stat(file, &m_file) == 0)
            m_record = ::open(to, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    }

    bool watches(int descriptor) const
    {
        struct stat info = {};
        return m_record >= 0 && ::fstat(descriptor, &info) == 0 && info.st_dev == m_file.st_dev
            && info.st_ino == m_file.st_ino;
    }

    void add(char kind, std::uint64_t offset, std::uint64_t length, const iovec* parts = nullptr) const
    {
        std::vector<char> bytes{kind};
        const auto append = [&bytes](const void* data, std::size_t size) {
            const auto* begin = static_cast<const char*>(data);
            bytes.insert(bytes.end(), begin, begin + size);
        };
        append(&offset, sizeof offset);
        append(&length, sizeof length);
        for (std::uint64_t left = length; parts != nullptr && left > 0; ++parts) {
            const std::size_t size = left < parts->iov_len ? left : parts->iov_len;
            append(parts->iov_base, size);
            left -= size;
        }
        static auto* const write = real<WriteCall>("write");
        for (std::size_t done = 0; done < bytes.size();) {
            const ssize_t count = write(m_record, bytes.data() + done, bytes.size() - done);
            if (count < 0 && errno != EINTR)
                std::abort(); // a record with holes would prove anything
            done += count > 0 ? static_cast<std::size_t>(count) : 0;
        }
    }

    std::mutex mutex;

private:
    struct stat m_file = {};
    int m_record = -1;
};

Recorder& recorder()
{
    static Recorder one;
    return one;
}

/// Makes a call; if it changed the file, `note` says how.
template <typename Call, typename Note>
auto recorded(int descriptor, Call call, Note note)
{
    Recorder& to = recorder();
    if (!to.watches(descriptor))
        return call();
    const std::lock_guard lock(to.mutex);
    const auto result = call();
    const int code = errno;
    if (result >= 0)
        note(to, result);
    errno = code;
    return result;
}

ssize_t recordedWrite(int descriptor, off64_t offset, const iovec* parts, const auto& call)
{
    return recorded(descriptor, call, [&](Recorder& to, ssize_t written) {
        to.add('W', static_cast<std::uint64_t>(offset), static_cast<std::uint64_t>(written), parts);
    });
}

int recordedTruncate(int descriptor, off64_t length, const auto& call)
{
    return recorded(descriptor, call, [&](Recorder& to, int) { to.add('T', static_cast<std::uint64_t>(length), 0); });
}

int recordedAllocation(int descriptor, int mode, off64_t offset, off64_t length, const auto& call)
{
    return recorded(descriptor, call, [&](Recorder& to, int) {
        const bool zeros = (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) != 0;
        const bool keeps = (mode & FALLOC_FL_KEEP_SIZE) != 0;
        if (zeros)
            to.add('Z', static_cast<std::uint64_t>(offset), static_cast<std::uint64_t>(length));
        if (!keeps)
            to.add('A', static_cast<std::uint64_t>(offset), static_cast<std::uint64_t>(length));
    });
}

int recordedFlush(int descriptor, const auto& call)
{
    return recorded(descriptor, call, [](Recorder& to, int) { to.add('F', 0, 0); });
}

} // namespace

// The calls of the C library that change files, in both spellings of their 64-bit forms.
extern "C" {

ssize_t write(int descriptor, const void* data, size_t size)
{
    static auto* const next = real<WriteCall>("write");
    const iovec part{const_cast<void*>(data), size};
    const off64_t offset = ::lseek64(descriptor, 0, SEEK_CUR);
    return recordedWrite(descriptor, offset, &part, [&] { return next(descriptor, data, size); });
}

ssize_t pwrite(int descriptor, const void* data, size_t size, off_t offset)
{
    static auto* const next = real<decltype(::pwrite)>("pwrite");
    const iovec part{const_cast<void*>(data), size};
    return recordedWrite(descriptor, offset, &part, [&] { return next(descriptor, data, size, offset); });
}

ssize_t pwrite64(int descriptor, const void* data, size_t size, off64_t offset)
{
    static auto* const next = real<decltype(::pwrite64)>("pwrite64");
    const iovec part{const_cast<void*>(data), size};
    return recordedWrite(descriptor, offset, &part, [&] { return next(descriptor, data, size, offset); });
}

ssize_t pwritev(int descriptor, const iovec* parts, int count, off_t offset)
{
    static auto* const next = real<decltype(::pwritev)>("pwritev");
    return recordedWrite(descriptor, offset, parts, [&] { return next(descriptor, parts, count, offset); });
}

ssize_t pwritev64(int descriptor, const iovec* parts, int count, off64_t offset)
{
    static auto* const next = real<decltype(::pwritev64)>("pwritev64");
    return recordedWrite(descriptor, offset, parts, [&] { return next(descriptor, parts, count, offset); });
}

int ftruncate(int descriptor, off_t length) noexcept
{
    static auto* const next = real<int(int, off_t)>("ftruncate");
    return recordedTruncate(descriptor, length, [&] { return next(descriptor, length); });
}

int ftruncate64(int descriptor, off64_t length) noexcept
{
    static auto* const next = real<int(int, off64_t)>("ftruncate64");
    return recordedTruncate(descriptor, length, [&] { return next(descriptor, length); });
}

int fallocate(int descriptor, int mode, off_t offset, off_t length)
{
    static auto* const next = real<decltype(::fallocate)>("fallocate");
    return recordedAllocation(descriptor, mode, offset, length, [&] { return next(descriptor, mode, offset, length); });
}

int fallocate64(int descriptor, int mode, off64_t offset, off64_t length)
{
    static auto* const next = real<decltype(::fallocate64)>("fallocate64");
    return recordedAllocation(descriptor, mode, offset, length, [&] { return next(descriptor, mode, offset, length); });
}

int posix_fallocate(int descriptor, off_t offset, off_t length)
{
    static auto* const next = real<decltype(::posix_fallocate)>("posix_fallocate");
    // Returns the code of the error instead of -1.
    return -recordedAllocation(descriptor, 0, offset, length, [&] { return -next(descriptor, offset, length); });
}

int posix_fallocate64(int descriptor, off64_t offset, off64_t length)
{
    static auto* const next = real<decltype(::posix_fallocate64)>("posix_fallocate64");
    return -recordedAllocation(descriptor, 0, offset, length, [&] { return -next(descriptor, offset, length); });
}

int fdatasync(int descriptor)
{
    static auto* const next = real<decltype(::fdatasync)>("fdatasync");
    return recordedFlush(descriptor, [&] { return next(descriptor); });
}

int fsync(int descriptor)
{
    static auto* const next = real<decltype(::fsync)>("fsync");
    return recordedFlush(descriptor, [&] { return next(descriptor); });
}

} // extern "C"
