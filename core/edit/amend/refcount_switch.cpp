// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/amend/refcount_switch.h"

#include "core/base/big_endian.h"
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
constexpr std::size_t kSliceEntries = 1U << 16; ///< counts converted at a time; a whole number of bytes at any width

static_assert(header_field::kHeaderLength + 4 <= kSectorBytes, "the switch is one write of one sector");

/// Collects consecutive bytes and writes them in large pieces.
class SequentialWriter
{
public:
    SequentialWriter(Storage& storage, HostOffset at)
        : m_storage(storage)
        , m_at(at)
    {
        m_pending.reserve(kWriteBytes);
    }

    Result<void> append(std::span<const std::byte> bytes)
    {
        m_pending.insert(m_pending.end(), bytes.begin(), bytes.end());
        return m_pending.size() >= kWriteBytes ? finish() : Result<void>{};
    }

    Result<void> finish()
    {
        if (m_pending.empty())
            return {};
        if (auto written = m_storage.write(m_at.value(), m_pending); !written)
            return written;
        m_at = m_at + m_pending.size();
        m_pending.clear();
        return {};
    }

private:
    Storage& m_storage;
    HostOffset m_at;
    std::vector<std::byte> m_pending;
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
        m_bytes.resize(m_codec.bytesFor(m_counts.size()));
        for (std::uint64_t at = 0; at < entries; at += m_counts.size()) {
            if (auto go = m_task.step(m_progress); !go)
                return go;
            if (auto made = makeCounts(HostCluster(index * entries + at)); !made)
                return made;
            m_codec.pack(m_counts, m_bytes);
            if (auto written = writer.append(m_bytes); !written)
                return written;
            m_progress.done += m_bytes.size();
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
        if (std::ranges::max(m_counts) > m_codec.maximum())
            return std::unexpected(changedSincePlan("a count no longer fits the new width"));
        return {};
    }

    Result<void> writeReftable(SequentialWriter& writer)
    {
        std::vector<std::byte> cluster(m_geometry.clusterSize());
        const std::uint64_t entries = m_geometry.clusterSize() / 8;
        auto next = m_target.refblocks.begin();
        HostCluster refblock = m_target.first;
        for (std::uint64_t i = 0; i < m_target.reftableClusters; ++i) {
            if (auto go = m_task.step(m_progress); !go)
                return go;
            std::fill(cluster.begin(), cluster.end(), std::byte{0});
            for (; next != m_target.refblocks.end() && *next < (i + 1) * entries; ++next, ++refblock)
                storeBigEndian(std::span(cluster), (*next - i * entries) * 8, m_geometry.offset(refblock).value());
            if (auto written = writer.append(cluster); !written)
                return written;
            m_progress.done += cluster.size();
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
    std::vector<std::byte> m_bytes;
};

/// A failure here leaves bytes behind the old end that no count covers: harmless, so it is not reported.
void restoreLength(Storage& storage, std::uint64_t bytes)
{
    const auto size = storage.size();
    if (size && *size > bytes)
        (void)storage.truncate(bytes);
}

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
    if (auto written = RefcountWriter(geometry, storage, target, counts, task).write(); !written) {
        restoreLength(storage, target.fileBytesBefore);
        return failed(written);
    }
    return geometry.offset(target.first + target.refblocks.size());
}

Result<void> switchRefcounts(const Image& image, Storage& storage, const RefcountSwitch& target,
    const CountSource& counts, const TaskContext& task)
{
    auto table = writeRefcounts(image.geometry(), storage, target, counts, task);
    if (!table)
        return failed(table);
    const auto change = [&](std::span<std::byte> sector) {
        storeBigEndian(sector, header_field::kRefcountTableOffset, table->value());
        storeBigEndian(sector, header_field::kRefcountTableClusters, target.reftableClusters);
        if (image.header().version >= 3)
            storeBigEndian(sector, header_field::kRefcountOrder, std::uint32_t{target.order});
    };
    const std::uint64_t bytes = target.clusters() * image.geometry().clusterSize();
    const auto whenOld = [&] { restoreLength(storage, target.fileBytesBefore); };
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
    if (auto written = storage.write(0, after); !written) {
        // Nobody knows what is there now: put the old sector back. Only when that works is the old header sure.
        if (storage.write(0, before) && storage.flush())
            oldStands();
        return written;
    }
    if (auto flushed = storage.flush(); !flushed) {
        Error error = std::move(flushed.error());
        error.next = "The new header was written, but the disk did not confirm it. Check the image";
        return std::unexpected(std::move(error));
    }
    return {};
}

} // namespace cowscope
