// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/byte_search.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace cowscope
{

namespace
{

constexpr std::uint64_t kPiece = std::uint64_t{4} << 20; ///< read at once

std::byte lowerCase(std::byte byte)
{
    return byte >= std::byte{'A'} && byte <= std::byte{'Z'} ? byte | std::byte{0x20} : byte;
}

class Search
{
public:
    Search(const Storage& storage, const BytePattern& pattern, std::uint64_t from, const TaskContext& task)
        : m_storage(storage)
        , m_pattern(pattern)
        , m_from(from)
        , m_task(task)
        , m_zeros(std::ranges::all_of(pattern.bytes, [](std::byte byte) { return byte == std::byte{0}; }))
    {
        if (m_pattern.ignoreCase)
            std::ranges::transform(m_pattern.bytes, m_pattern.bytes.begin(), lowerCase);
    }

    Result<std::optional<std::uint64_t>> run(std::uint64_t to)
    {
        auto size = m_storage.size();
        if (!size)
            return failed(size);
        m_to = std::min(to, *size);
        // A match may begin before the end and reach beyond it.
        m_end = *size - m_to < reach() ? *size : m_to + reach();
        return m_pattern.backward ? runBackward() : runForward();
    }

private:
    std::uint64_t reach() const { return m_pattern.bytes.size() - 1; } ///< of a match behind its first byte

    /// Zeros at its edges apart, a match needs data. A hole holds zeros right where it begins, or before its end.
    bool isWorthReading(const StorageExtent& extent) const { return extent.data || m_zeros; }

    Result<std::optional<std::uint64_t>> runForward()
    {
        for (std::uint64_t at = m_from; at < m_to;) {
            auto extent = m_storage.extentAt(at);
            if (!extent)
                return failed(extent);
            const std::uint64_t rest = extent->length - std::min(extent->length, at - extent->offset);
            const std::uint64_t next = rest == 0 ? m_to : std::min(at + rest, m_to);
            for (; isWorthReading(*extent) && at < next; at += std::min(kPiece, next - at))
                if (auto found = searchPiece(at, std::min(at + kPiece, next), at - m_from); !found || *found)
                    return found;
            at = next;
        }
        return std::optional<std::uint64_t>();
    }

    Result<std::optional<std::uint64_t>> runBackward()
    {
        for (std::uint64_t end = m_to; end > m_from;) {
            const std::uint64_t begin = end - std::min(end - m_from, kPiece);
            auto extent = m_storage.extentAt(begin);
            if (!extent)
                return failed(extent);
            if (isWorthReading(*extent) || extent->offset + extent->length < end) {
                if (auto found = searchPiece(begin, end, m_to - end); !found || *found)
                    return found;
            } else if (auto step = report(m_to - end); !step) {
                return failed(step);
            }
            end = begin;
        }
        return std::optional<std::uint64_t>();
    }

    Result<void> report(std::uint64_t done) const { return m_task.step({Phase::Compare, done, m_to - m_from}); }

    /// Matches that touch [from, to): they may begin in a hole before it.
    Result<std::optional<std::uint64_t>> searchPiece(std::uint64_t from, std::uint64_t to, std::uint64_t done)
    {
        if (auto step = report(done); !step)
            return failed(step);
        const std::uint64_t begin = std::max(m_from, from - std::min(from, reach()));
        const std::uint64_t end = std::min(m_end, to + reach());
        m_buffer.resize(end - begin);
        auto read = m_storage.read(begin, m_buffer);
        if (!read)
            return failed(read);
        m_buffer.resize(std::min<std::size_t>(*read, m_buffer.size()));
        if (m_pattern.ignoreCase)
            std::ranges::transform(m_buffer, m_buffer.begin(), lowerCase);
        const auto place = m_pattern.backward ? lastMatch(m_to - begin) : firstMatch();
        if (!place || begin + *place >= m_to)
            return std::optional<std::uint64_t>();
        return begin + *place;
    }

    /// Where the first match in the buffer begins.
    std::optional<std::size_t> firstMatch() const
    {
        const void* found = memmem(m_buffer.data(), m_buffer.size(), m_pattern.bytes.data(), m_pattern.bytes.size());
        if (found == nullptr)
            return std::nullopt;
        return static_cast<std::size_t>(static_cast<const std::byte*>(found) - m_buffer.data());
    }

    /// Where the last match in the buffer that begins before `limit` begins.
    std::optional<std::size_t> lastMatch(std::uint64_t limit) const
    {
        const auto end
            = m_buffer.begin() + static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(m_buffer.size(), limit + reach()));
        const auto match = std::find_end(m_buffer.begin(), end, m_pattern.bytes.begin(), m_pattern.bytes.end());
        return match == end ? std::nullopt : std::optional(static_cast<std::size_t>(match - m_buffer.begin()));
    }

    const Storage& m_storage;
    BytePattern m_pattern;
    std::uint64_t m_from;
    std::uint64_t m_to = 0; ///< matches begin before it
    std::uint64_t m_end = 0; ///< and end before this
    const TaskContext& m_task;
    bool m_zeros; ///< the pattern holds nothing else
    std::vector<std::byte> m_buffer;
};

} // namespace

Result<std::optional<std::uint64_t>> findBytes(
    const Storage& storage, const BytePattern& pattern, std::uint64_t from, std::uint64_t to, const TaskContext& task)
{
    if (pattern.bytes.empty() || from >= to)
        return std::optional<std::uint64_t>();
    return Search(storage, pattern, from, task).run(to);
}

} // namespace cowscope
