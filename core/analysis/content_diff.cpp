// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/content_diff.h"

#include <algorithm>
#include <cstring>

namespace cowscope
{

namespace
{

constexpr std::uint64_t kBufferBytes = std::uint64_t{2} << 20;
constexpr std::uint64_t kSectorBytes = 512;

using Failed = std::unexpected<ContentFailure>;

/// The steps of compareContents().
class ContentComparison
{
public:
    ContentComparison(GuestReader& first, GuestReader& second, const ContentOptions& options, const TaskContext& task)
        : m_first{first, {}, {}}
        , m_second{second, {}, {}}
        , m_options(options)
        , m_task(task)
    {
        m_diff.firstSize = first.size();
        m_diff.secondSize = second.size();
    }

    std::expected<ContentDiff, ContentFailure> run()
    {
        if (m_options.strict && m_diff.sizesDiffer()) {
            m_diff.complete = false;
            return m_diff;
        }
        const std::uint64_t common = std::min(m_diff.firstSize, m_diff.secondSize);
        std::uint64_t at = 0;
        while (at < common && !m_ended) {
            auto length = compareAt(at, common - at);
            if (!length)
                return std::unexpected(std::move(length.error()));
            at += *length;
        }
        Side& longer = m_diff.firstSize > m_diff.secondSize ? m_first : m_second;
        while (at < longer.reader.size() && !m_ended) {
            auto length = compareWithNothing(longer, at);
            if (!length)
                return std::unexpected(std::move(length.error()));
            at += *length;
        }
        m_diff.complete = !m_ended;
        return m_diff;
    }

private:
    using Length = std::expected<std::uint64_t, ContentFailure>;

    struct Side {
        GuestReader& reader;
        ChainExtent extent; ///< at the place that is being compared
        std::vector<std::byte> bytes;
    };

    std::optional<ContentFailure> step(std::uint64_t at) const
    {
        auto go = m_task.step({Phase::Compare, at, std::max(m_diff.firstSize, m_diff.secondSize)});
        return go ? std::nullopt : std::optional(ContentFailure{std::move(go.error()), false});
    }

    std::optional<ContentFailure> lookUp(Side& side, std::uint64_t at) const
    {
        std::uint64_t most = side.reader.size() - at;
        if (const Image* image = side.reader.chain().image(0); image && m_options.strict)
            most = std::min(most, toEndOfSlice(image->geometry(), at));
        auto extent = side.reader.chain().at(at, most);
        if (!extent)
            return ContentFailure{std::move(extent.error()), false};
        side.extent = *extent;
        return std::nullopt;
    }

    /// QEMU looks at no more of an L2 table than 64 KiB at a time, and so tells apart what ends there.
    static std::uint64_t toEndOfSlice(const Geometry& geometry, std::uint64_t at)
    {
        const std::uint64_t entries = std::min<std::uint64_t>(geometry.clusterSize(), 65536) / geometry.l2EntryBytes();
        const std::uint64_t slice = entries * geometry.clusterSize();
        return slice - at % slice;
    }

    static std::optional<ContentFailure> read(Side& side, std::uint64_t at, std::uint64_t length)
    {
        side.bytes.resize(length);
        if (auto done = side.reader.read(at, side.bytes); !done)
            return ContentFailure{std::move(done.error()), true};
        return std::nullopt;
    }

    Length compareAt(std::uint64_t at, std::uint64_t most)
    {
        for (auto failure : {step(at), lookUp(m_first, at), lookUp(m_second, at)})
            if (failure)
                return Failed(std::move(*failure));
        if (m_options.strict && storedDifferently(at)) {
            m_diff.storedDifferently = at;
            m_ended = true;
            return 0;
        }
        most = std::min({most, m_first.extent.length, m_second.extent.length});
        if (m_first.extent.zero && m_second.extent.zero)
            return most;
        if (!m_first.extent.present && !m_second.extent.present)
            return most;
        most = std::min(most, kBufferBytes);
        if (m_first.extent.present != m_second.extent.present)
            return findData(m_first.extent.present ? m_first : m_second, at, most);
        for (auto failure : {read(m_first, at, most), read(m_second, at, most)})
            if (failure)
                return Failed(std::move(*failure));
        addDifferences(at, m_first.bytes, m_second.bytes);
        return most;
    }

    Length compareWithNothing(Side& side, std::uint64_t at)
    {
        for (auto failure : {step(at), lookUp(side, at)})
            if (failure)
                return Failed(std::move(*failure));
        if (!side.extent.present || side.extent.zero)
            return side.extent.length;
        return findData(side, at, std::min(side.extent.length, kBufferBytes));
    }

    /// Where the other side reads as zeros.
    Length findData(Side& side, std::uint64_t at, std::uint64_t length)
    {
        if (auto failure = read(side, at, length))
            return Failed(std::move(*failure));
        m_zeros.resize(std::max<std::size_t>(m_zeros.size(), length));
        addDifferences(at, side.bytes, std::span(m_zeros).first(length));
        return length;
    }

    /// Whether the two are told apart by what `qemu-img map` says of them.
    bool storedDifferently(std::uint64_t at) const
    {
        const ChainExtent& a = m_first.extent;
        const ChainExtent& b = m_second.extent;
        return a.present != b.present || a.zero != b.zero || a.data != b.data
            || a.offset.has_value() != b.offset.has_value()
            || (at + a.length == m_diff.firstSize) != (at + b.length == m_diff.secondSize);
    }

    void addDifferences(std::uint64_t at, std::span<const std::byte> a, std::span<const std::byte> b)
    {
        if (std::memcmp(a.data(), b.data(), a.size()) == 0)
            return;
        for (std::size_t i = 0; i < a.size() && !m_ended; i += kSectorBytes) {
            const std::size_t length = std::min<std::size_t>(kSectorBytes, a.size() - i);
            if (std::memcmp(a.data() + i, b.data() + i, length) != 0)
                addSector(at + i, length);
        }
    }

    void addSector(std::uint64_t start, std::uint64_t length)
    {
        std::vector<ContentRun>& runs = m_diff.runs;
        const bool joins = !runs.empty() && runs.back().start + runs.back().length == start;
        if (!joins && runs.size() == m_options.mostRuns) {
            m_ended = true;
            return;
        }
        if (joins)
            runs.back().length += length;
        else
            runs.push_back({start, length});
        m_diff.bytes += length;
        if (m_options.mostRuns == 1)
            m_ended = true; // the first place is all that is asked for
    }

    Side m_first;
    Side m_second;
    const ContentOptions& m_options;
    const TaskContext& m_task;
    std::vector<std::byte> m_zeros;
    ContentDiff m_diff;
    bool m_ended = false;
};

} // namespace

std::expected<ContentDiff, ContentFailure> compareContents(
    GuestReader& first, GuestReader& second, const ContentOptions& options, const TaskContext& task)
{
    return ContentComparison(first, second, options, task).run();
}

} // namespace cowscope
