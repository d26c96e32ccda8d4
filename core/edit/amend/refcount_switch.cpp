// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/amend/refcount_switch.h"

#include "core/base/big_endian.h"
#include "core/base/bulk.h"
#include "core/format/field_catalog.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace cowscope
{

namespace
{

constexpr std::size_t kSectorBytes = 512; ///< the unit that a disk writes as a whole
constexpr std::uint64_t kWriteBytes = std::uint64_t{1} << 20;
constexpr std::size_t kSliceEntries = 1U << 13; ///< counts converted at a time; a whole number of bytes at any width

static_assert(header_field::kHeaderLength + 4 <= kSectorBytes, "the switch is one write of one sector");

/// Collects consecutive bytes and writes them in large pieces. Long stretches of zeros behind the end of the storage
/// are not written: what is not there reads as zeros.
class SequentialWriter
{
public:
    SequentialWriter(Storage& storage, HostOffset at)
        : m_storage(storage)
        , m_at(at)
        , m_pending(kWriteBytes)
    {
    }

    /// Room for the next `bytes` bytes (at most kWriteBytes), to be filled before anything else is asked for.
    Result<std::span<std::byte>> next(std::size_t bytes)
    {
        if (m_used + bytes > m_pending.size()) {
            if (auto written = writePending(); !written)
                return failed(written);
        }
        m_zeros = 0;
        m_used += bytes;
        return std::span(m_pending).subspan(m_used - bytes, bytes);
    }

    Result<void> zeros(std::size_t bytes)
    {
        constexpr std::size_t kLong = 64 * 1024;
        const std::size_t before = m_zeros;
        auto room = next(bytes);
        if (!room)
            return failed(room);
        std::ranges::fill(*room, std::byte{0});
        m_zeros = std::min(before, m_used - bytes) + bytes;
        return m_zeros >= kLong ? writePending() : Result<void>{};
    }

    /// Writes what is left to write and makes the storage as long as what it was given.
    Result<void> finish()
    {
        if (auto written = writePending(); !written)
            return written;
        const auto size = m_storage.size();
        if (!size)
            return std::unexpected(size.error());
        return m_at.value() > *size ? m_storage.truncate(m_at.value()) : Result<void>{};
    }

private:
    Result<void> writePending()
    {
        std::size_t length = m_used;
        if (m_zeros > 0) {
            const auto size = m_storage.size();
            if (!size)
                return std::unexpected(size.error());
            const std::uint64_t there = *size - std::min(*size, m_at.value());
            length = std::max<std::size_t>(m_used - m_zeros, std::min<std::uint64_t>(m_used, there));
        }
        if (length > 0) {
            if (auto written = m_storage.write(m_at.value(), std::span(m_pending).first(length)); !written)
                return written;
        }
        m_at = m_at + m_used;
        m_used = 0;
        m_zeros = 0;
        return {};
    }

    Storage& m_storage;
    HostOffset m_at;
    std::vector<std::byte> m_pending;
    std::size_t m_used = 0; ///< bytes of m_pending
    std::size_t m_zeros = 0; ///< zeros at their end
};

class RefcountWriter
{
public:
    RefcountWriter(const Geometry& geometry, Storage& storage, const RefcountSwitch& target, const CountSource& source,
        const TaskContext& task)
        : m_geometry(geometry)
        , m_storage(storage)
        , m_target(target)
        , m_source(source)
        , m_task(task)
        , m_codec(target.order)
    {
        m_progress.total = target.clusters() * geometry.clusterSize() + kSectorBytes;
    }

    /// Nothing that the old image uses is touched.
    Result<void> write()
    {
        SequentialWriter writer(m_storage, m_geometry.offset(m_target.first));
        m_progress.phase = Phase::WriteRefblocks;
        for (const std::uint64_t index : m_target.refblocks) {
            if (auto written = writeRefblock(writer, index); !written)
                return written;
        }
        m_progress.phase = Phase::WriteReftable;
        if (auto written = writeReftable(writer); !written)
            return written;
        if (auto written = writer.finish(); !written)
            return written;
        m_progress.phase = Phase::Flush;
        if (auto go = m_task.step(m_progress); !go)
            return go;
        if (auto flushed = m_storage.flush(); !flushed)
            return flushed;
        // The last chance to stop: from here on the change is made.
        return m_task.step(m_progress);
    }

private:
    Result<void> writeRefblock(SequentialWriter& writer, std::uint64_t index)
    {
        const std::uint64_t entries = m_codec.entriesIn(m_geometry.clusterSize());
        m_counts.resize(std::min<std::uint64_t>(entries, kSliceEntries));
        const std::size_t bytes = m_codec.bytesFor(m_counts.size());
        for (std::uint64_t at = 0; at < entries; at += m_counts.size()) {
            if (auto go = m_task.step(m_progress); !go)
                return go;
            if (auto made = makeCounts(HostCluster(index * entries + at)); !made)
                return made;
            if (allBits(m_counts) == 0) {
                if (auto written = writer.zeros(bytes); !written)
                    return written;
            } else {
                auto room = writer.next(bytes);
                if (!room)
                    return failed(room);
                m_codec.pack(m_counts, *room);
            }
            m_progress.done += bytes;
        }
        return {};
    }

    /// Fills m_counts with the counts that the new image has for the clusters from `first` on.
    Result<void> makeCounts(HostCluster first)
    {
        if (auto made = m_source(first, m_counts); !made)
            return made;
        const HostCluster newFirst = std::max(first, m_target.first);
        const HostCluster newEnd = std::min(first + m_counts.size(), m_target.first + m_target.clusters());
        for (HostCluster cluster = newFirst; cluster < newEnd; ++cluster) {
            if (m_counts[cluster - first] != 0)
                return std::unexpected(changedSincePlan(fmt::format("cluster {} is in use now", cluster.value())));
            m_counts[cluster - first] = 1;
        }
        if ((allBits(m_counts) & ~m_codec.maximum()) != 0)
            return std::unexpected(changedSincePlan("a count no longer fits the new width"));
        return {};
    }

    Result<void> writeReftable(SequentialWriter& writer)
    {
        const std::size_t piece = std::min(m_geometry.clusterSize(), kWriteBytes);
        const std::uint64_t entries = piece / 8;
        const std::uint64_t pieces = m_target.reftableClusters * (m_geometry.clusterSize() / piece);
        auto next = m_target.refblocks.begin();
        HostCluster refblock = m_target.first;
        for (std::uint64_t i = 0; i < pieces; ++i) {
            if (auto go = m_task.step(m_progress); !go)
                return go;
            m_progress.done += piece;
            if (next == m_target.refblocks.end() || *next >= (i + 1) * entries) {
                if (auto written = writer.zeros(piece); !written)
                    return written;
                continue;
            }
            auto room = writer.next(piece);
            if (!room)
                return failed(room);
            std::ranges::fill(*room, std::byte{0});
            for (; next != m_target.refblocks.end() && *next < (i + 1) * entries; ++next, ++refblock)
                storeBigEndian(*room, (*next - i * entries) * 8, m_geometry.offset(refblock).value());
        }
        return {};
    }

    const Geometry& m_geometry;
    Storage& m_storage;
    const RefcountSwitch& m_target;
    const CountSource& m_source;
    const TaskContext& m_task;
    RefcountCodec m_codec;
    Progress m_progress;
    std::vector<std::uint64_t> m_counts;
};

Result<void> checkUnchanged(const Header& expected, std::span<const std::byte> sector)
{
    const auto held = encodeHeader(expected);
    const std::size_t length = std::min(held.size(), sector.size());
    if (!std::equal(sector.begin(), sector.begin() + static_cast<std::ptrdiff_t>(length), held.begin()))
        return std::unexpected(changedSincePlan("its header was written meanwhile"));
    return {};
}

} // namespace

Error changedSincePlan(std::string_view what)
{
    return {ErrorKind::Refused, fmt::format("The image is no longer what the change was planned for: {}", what),
        std::nullopt, "Reload it and look at the new plan"};
}

Result<HostOffset> writeRefcounts(const Geometry& geometry, Storage& storage, const RefcountSwitch& target,
    const CountSource& counts, const TaskContext& task)
{
    AppendedRefcounts appended(storage, target);
    if (auto written = RefcountWriter(geometry, storage, target, counts, task).write(); !written)
        return failed(written);
    appended.keep();
    return geometry.offset(target.first + target.refblocks.size());
}

Result<void> AppendedRefcounts::drop()
{
    m_settled = true;
    const auto size = m_storage.size();
    if (!size)
        return std::unexpected(size.error());
    return *size > m_bytesBefore ? m_storage.truncate(m_bytesBefore) : Result<void>{};
}

Result<void> switchRefcounts(const Image& image, Storage& storage, const RefcountSwitch& target,
    const CountSource& counts, const TaskContext& task)
{
    auto table = writeRefcounts(image.geometry(), storage, target, counts, task);
    return table ? switchToRefcounts(image, storage, target, *table, task) : failed(table);
}

Result<void> switchToRefcounts(
    const Image& image, Storage& storage, const RefcountSwitch& target, HostOffset table, const TaskContext& task)
{
    const auto change = [&](std::span<std::byte> sector) {
        storeBigEndian(sector, header_field::kRefcountTableOffset, table.value());
        storeBigEndian(sector, header_field::kRefcountTableClusters, target.reftableClusters);
        if (image.header().version >= 3)
            storeBigEndian(sector, header_field::kRefcountOrder, std::uint32_t{target.order});
    };
    const std::uint64_t bytes = target.clusters() * image.geometry().clusterSize();
    const auto whenOld = [&] { (void)AppendedRefcounts(storage, target).drop(); };
    if (task.report)
        task.report({Phase::Switch, bytes, bytes + kSectorBytes});
    if (auto switched = changeHeader(image.header(), storage, change, whenOld); !switched)
        return switched;
    if (task.report)
        task.report({Phase::Switch, bytes + kSectorBytes, bytes + kSectorBytes});
    return {};
}

Result<void> changeHeader(const Header& expected, Storage& storage,
    const std::function<void(std::span<std::byte> sector)>& change, const std::function<void()>& whenOld)
{
    const auto oldStands = [&whenOld] {
        if (whenOld)
            whenOld();
    };
    std::array<std::byte, kSectorBytes> before{};
    if (auto read = storage.read(0, before); !read) {
        oldStands();
        return failed(read);
    }
    if (auto same = checkUnchanged(expected, before); !same) {
        oldStands();
        return same;
    }
    auto after = before;
    change(after);
    if (expected.version >= 3) {
        const auto features = loadBigEndian<std::uint64_t>(after, header_field::kAutoclearFeatures);
        storeBigEndian(std::span<std::byte>(after), header_field::kAutoclearFeatures, features & kAutoclearKnown);
    }
    auto switched = storage.write(0, after);
    if (switched)
        switched = storage.flush();
    if (switched)
        return {};
    // Nobody knows what is on disk now: put the old sector back. Only when that works is the old header sure.
    if (storage.write(0, before) && storage.flush())
        oldStands();
    else
        switched.error().next = "The disk has neither confirmed the new header nor the old one. Check the image";
    return switched;
}

} // namespace cowscope
