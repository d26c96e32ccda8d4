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

class Search
{
public:
    Search(const Storage& storage, std::span<const std::byte> pattern, std::uint64_t from, std::uint64_t to,
        const TaskContext& task)
        : m_storage(storage)
        , m_pattern(pattern)
        , m_from(from)
        , m_to(to)
        , m_task(task)
        , m_zeros(std::ranges::all_of(pattern, [](std::byte byte) { return byte == std::byte{0}; }))
    {
    }

    Result<std::optional<std::uint64_t>> run()
    {
        auto size = m_storage.size();
        if (!size)
            return failed(size);
        m_to = std::min(m_to, *size);
        // A match may begin before the end and reach beyond it.
        m_end = *size - std::min(*size, m_to) < reach() ? *size : m_to + reach();
        for (std::uint64_t at = m_from; at < m_to;) {
            auto extent = m_storage.extentAt(at);
            if (!extent)
                return failed(extent);
            const std::uint64_t rest = extent->length - std::min(extent->length, at - extent->offset);
            const std::uint64_t next = rest == 0 ? m_to : std::min(at + rest, m_to);
            // Zeros at its edges apart, a match needs data. A hole holds zeros right where it begins, or after that.
            if (extent->data || m_zeros) {
                auto found = searchData(at, next);
                if (!found || *found)
                    return found;
            }
            at = next;
        }
        return std::optional<std::uint64_t>();
    }

private:
    std::uint64_t reach() const { return m_pattern.size() - 1; } ///< of a match behind its first byte

    /// Matches that touch [from, to): they may begin in a hole before it.
    Result<std::optional<std::uint64_t>> searchData(std::uint64_t from, std::uint64_t to)
    {
        for (std::uint64_t at = from; at < to; at += kPiece) {
            if (auto step = m_task.step({Phase::Compare, at - m_from, m_to - m_from}); !step)
                return failed(step);
            const std::uint64_t begin = std::max(m_from, at - std::min(at, reach()));
            const std::uint64_t end = std::min(m_end, std::min(at + kPiece, to) + reach());
            m_buffer.resize(end - begin);
            auto read = m_storage.read(begin, m_buffer);
            if (!read)
                return failed(read);
            const void* found = memmem(
                m_buffer.data(), std::min<std::size_t>(*read, m_buffer.size()), m_pattern.data(), m_pattern.size());
            if (found != nullptr) {
                const std::uint64_t place
                    = begin + static_cast<std::uint64_t>(static_cast<const std::byte*>(found) - m_buffer.data());
                return place < m_to ? std::optional(place) : std::nullopt;
            }
        }
        return std::optional<std::uint64_t>();
    }

    const Storage& m_storage;
    std::span<const std::byte> m_pattern;
    std::uint64_t m_from;
    std::uint64_t m_to; ///< matches begin before it
    std::uint64_t m_end = 0; ///< and end before this
    const TaskContext& m_task;
    bool m_zeros; ///< the pattern holds nothing else
    std::vector<std::byte> m_buffer;
};

} // namespace

Result<std::optional<std::uint64_t>> findBytes(const Storage& storage, std::span<const std::byte> pattern,
    std::uint64_t from, std::uint64_t to, const TaskContext& task)
{
    if (pattern.empty() || from >= to)
        return std::optional<std::uint64_t>();
    return Search(storage, pattern, from, to, task).run();
}

} // namespace cowscope
