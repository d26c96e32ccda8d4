// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/storage/file_storage.h"

#include <array>
#include <deque>
#include <memory>
#include <vector>

namespace cowscope
{

/// Pages of bytes that live as long as the store does, each known by the number that it got. The first ones stay in
/// memory, the rest goes to a temporary file that has no name any more. Const members may be called from several
/// threads at once.
class PageStore
{
public:
    static constexpr std::size_t kPageBytes = 4096;
    using Page = std::array<std::byte, kPageBytes>;

    explicit PageStore(std::uint64_t pagesInMemory)
        : m_pagesInMemory(pagesInMemory)
    {
    }

    /// Keeps a page and returns its number. Errors: NoSpace, Io of the temporary file.
    Result<std::uint64_t> add(const Page& page);

    /// Bytes of page `number` from `at` on; at + size is at most kPageBytes.
    Result<void> read(std::uint64_t number, std::size_t at, std::span<std::byte> out) const;
    Result<void> write(std::uint64_t number, std::size_t at, std::span<const std::byte> bytes);

    /// Its number may be given to another page.
    void remove(std::uint64_t number) { m_unused.push_back(number); }

private:
    Result<void> openFile();
    std::uint64_t inFile(std::uint64_t number, std::size_t at) const
    {
        return (number - m_pagesInMemory) * kPageBytes + at;
    }

    std::uint64_t m_pagesInMemory;
    std::deque<Page> m_memory;
    std::unique_ptr<FileStorage> m_file; ///< once memory is full
    std::uint64_t m_count = 0;
    std::vector<std::uint64_t> m_unused;
};

} // namespace cowscope
