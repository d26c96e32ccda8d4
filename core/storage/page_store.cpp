// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/storage/page_store.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <unistd.h>

namespace cowscope
{

namespace
{

/// Where large temporary files belong: /tmp is in memory on many systems.
std::string temporaryFolder()
{
    const char* wanted = std::getenv("TMPDIR");
    return wanted != nullptr && *wanted != '\0' ? wanted : "/var/tmp";
}

} // namespace

Result<void> PageStore::openFile()
{
    const std::string folder = temporaryFolder();
    std::string path = folder + "/cowscope-XXXXXX";
    const int descriptor = ::mkstemp(path.data());
    if (descriptor < 0)
        return fail(ErrorKind::Io,
            fmt::format("Could not make a temporary file in {}: {}", folder, std::strerror(errno)), {},
            "Set TMPDIR to a folder that can be written");
    ::close(descriptor);
    auto file = FileStorage::open(path, Access::ReadWrite, Sharing::Unlocked);
    ::unlink(path.c_str());
    if (!file)
        return failed(file);
    m_file = std::move(*file);
    return {};
}

Result<std::uint64_t> PageStore::add(const Page& page)
{
    const std::uint64_t number = m_unused.empty() ? m_count : m_unused.back();
    if (number >= m_pagesInMemory && !m_file) {
        if (auto opened = openFile(); !opened)
            return failed(opened);
    }
    if (number == m_memory.size() && number < m_pagesInMemory)
        m_memory.emplace_back();
    if (auto written = write(number, 0, page); !written)
        return failed(written);
    if (m_unused.empty())
        ++m_count;
    else
        m_unused.pop_back();
    return number;
}

Result<void> PageStore::read(std::uint64_t number, std::size_t at, std::span<std::byte> out) const
{
    if (number < m_pagesInMemory) {
        std::copy_n(m_memory[number].begin() + static_cast<std::ptrdiff_t>(at), out.size(), out.begin());
        return {};
    }
    auto read = m_file->read(inFile(number, at), out);
    return read ? Result<void>{} : failed(read);
}

Result<void> PageStore::write(std::uint64_t number, std::size_t at, std::span<const std::byte> bytes)
{
    if (number >= m_pagesInMemory)
        return m_file->write(inFile(number, at), bytes);
    std::ranges::copy(bytes, m_memory[number].begin() + static_cast<std::ptrdiff_t>(at));
    return {};
}

} // namespace cowscope
