// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/amend/amend.h"

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

Error changedSincePlan(std::string_view what)
{
    return {ErrorKind::Refused, fmt::format("The image is no longer what the change was planned for: {}", what),
        std::nullopt, "Reload it and look at the new plan"};
}

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

class AmendRun
{
public:
    AmendRun(const Image& image, Storage& storage, const AmendPlan& plan, const TaskContext& task)
        : m_image(image)
        , m_storage(storage)
        , m_plan(plan)
        , m_task(task)
        , m_codec(plan.newOrder)
    {
        m_progress.total = plan.newClusters() * clusterSize() + kSectorBytes;
        listOldClusters();
    }

    Result<void> run()
    {
        if (auto prepared = writeBeside(); !prepared) {
            restoreLength();
            return prepared;
        }
        return switchHeader();
    }

private:
    std::uint64_t clusterSize() const { return m_image.geometry().clusterSize(); }

    void listOldClusters()
    {
        m_oldClusters = m_plan.oldRefblocks;
        const HostCluster table = m_image.geometry().cluster(m_plan.oldReftable);
        for (std::uint32_t i = 0; i < m_plan.oldReftableClusters; ++i)
            m_oldClusters.push_back(table + i);
        std::sort(m_oldClusters.begin(), m_oldClusters.end());
    }

    /// Everything before the switch. Nothing that the old image uses is touched.
    Result<void> writeBeside()
    {
        SequentialWriter writer(m_storage, m_image.geometry().offset(m_plan.firstNewCluster));
        m_progress.phase = Phase::WriteRefblocks;
        for (const std::uint64_t index : m_plan.newRefblocks) {
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

    Result<void> writeRefblock(SequentialWriter& writer, std::uint64_t index)
    {
        const std::uint64_t entries = m_codec.entriesIn(clusterSize());
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
        const HostCluster end = first + m_counts.size();
        // Counts further behind the end of the file belong to nothing.
        const HostCluster kept(m_plan.countedClusters);
        const std::uint64_t inFile = first < kept ? std::min(kept - first, end - first) : 0;
        if (auto read = m_image.readRefcounts(first, std::span(m_counts).first(inFile)); !read)
            return read;
        std::fill(m_counts.begin() + static_cast<std::ptrdiff_t>(inFile), m_counts.end(), 0);

        for (auto old = std::lower_bound(m_oldClusters.begin(), m_oldClusters.end(), first);
             old != m_oldClusters.end() && *old < end; ++old) {
            std::uint64_t& count = m_counts[*old - first];
            count -= count > 0 ? 1 : 0;
        }
        const HostCluster newFirst = std::max(first, m_plan.firstNewCluster);
        const HostCluster newEnd = std::min(end, m_plan.firstNewCluster + m_plan.newClusters());
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
        std::vector<std::byte> cluster(clusterSize());
        const std::uint64_t entries = clusterSize() / 8;
        auto next = m_plan.newRefblocks.begin();
        HostCluster refblock = m_plan.firstNewCluster;
        for (std::uint64_t i = 0; i < m_plan.newReftableClusters; ++i) {
            if (auto go = m_task.step(m_progress); !go)
                return go;
            std::fill(cluster.begin(), cluster.end(), std::byte{0});
            for (; next != m_plan.newRefblocks.end() && *next < (i + 1) * entries; ++next, ++refblock)
                storeBigEndian(
                    std::span(cluster), (*next - i * entries) * 8, m_image.geometry().offset(refblock).value());
            if (auto written = writer.append(cluster); !written)
                return written;
            m_progress.done += cluster.size();
        }
        return {};
    }

    /// The commit: one write of the header's sector, which the disk does wholly or not at all.
    Result<void> switchHeader()
    {
        std::array<std::byte, kSectorBytes> before{};
        if (auto read = m_storage.read(0, before); !read) {
            restoreLength();
            return failed(read);
        }
        if (auto same = checkUnchanged(before); !same) {
            restoreLength();
            return same;
        }
        auto after = before;
        const std::span bytes(after);
        const HostCluster table = m_plan.firstNewCluster + m_plan.newRefblocks.size();
        storeBigEndian(bytes, header_field::kRefcountTableOffset, m_image.geometry().offset(table).value());
        storeBigEndian(bytes, header_field::kRefcountTableClusters, m_plan.newReftableClusters);
        storeBigEndian(bytes, header_field::kRefcountOrder, std::uint32_t{m_plan.newOrder});
        storeBigEndian(bytes, header_field::kAutoclearFeatures, m_image.header().autoclearFeatures & kAutoclearKnown);

        m_progress.phase = Phase::Switch;
        if (auto written = m_storage.write(0, after); !written) {
            takeBackSwitch(before);
            return written;
        }
        if (auto flushed = m_storage.flush(); !flushed) {
            Error error = std::move(flushed.error());
            error.next = "The new header was written, but the disk did not confirm it. Check the image";
            return std::unexpected(std::move(error));
        }
        m_progress.done = m_progress.total;
        if (m_task.report)
            m_task.report(m_progress);
        return {};
    }

    Result<void> checkUnchanged(std::span<const std::byte> sector) const
    {
        const auto held = encodeHeader(m_image.header());
        const std::size_t length = std::min(held.size(), sector.size());
        if (!std::equal(sector.begin(), sector.begin() + static_cast<std::ptrdiff_t>(length), held.begin()))
            return std::unexpected(changedSincePlan("its header was written meanwhile"));
        return {};
    }

    /// The write of the header failed, so nobody knows what is there: put the old sector back. Only when that works may
    /// the new structures go; otherwise both sets stay, whichever header survives.
    void takeBackSwitch(std::span<const std::byte> before)
    {
        if (m_storage.write(0, before) && m_storage.flush())
            restoreLength();
    }

    /// A failure here leaves bytes behind the old end that no count covers: harmless, so it is not reported.
    void restoreLength()
    {
        const auto size = m_storage.size();
        if (size && *size > m_plan.fileBytesBefore)
            (void)m_storage.truncate(m_plan.fileBytesBefore);
    }

    const Image& m_image;
    Storage& m_storage;
    const AmendPlan& m_plan;
    const TaskContext& m_task;
    RefcountCodec m_codec;
    Progress m_progress;
    std::vector<HostCluster> m_oldClusters; ///< refblocks and reftable that the switch frees, sorted
    std::vector<std::uint64_t> m_counts;
    std::vector<std::byte> m_bytes;
};

} // namespace

Result<void> runAmend(const Image& image, Storage& storage, const AmendPlan& plan, const TaskContext& task)
{
    if (plan.changesNothing())
        return {};
    const auto size = storage.size();
    if (!size)
        return std::unexpected(size.error());
    if (*size != plan.fileBytesBefore || image.header().refcountOrder != plan.oldOrder)
        return std::unexpected(changedSincePlan("its length or width is another"));
    if (plan.fileBytesAfter > plan.fileBytesBefore && !storage.canGrow())
        return fail(ErrorKind::Refused, "The new structures do not fit, and a device cannot grow");
    return AmendRun(image, storage, plan, task).run();
}

Result<AmendPlan> amendStorage(
    std::shared_ptr<Storage> storage, unsigned order, const AmendPlan* expected, const TaskContext& task)
{
    // How much there is to write is known after the plan only: until then the phases go by without a total.
    const TaskContext looking{task.stop, [&task](const Progress& progress) {
                                  if (task.report)
                                      task.report({progress.phase, 0, 0});
                              }};
    auto image = Image::open(storage, looking);
    if (!image)
        return failed(image);
    auto census = takeCensus(**image, looking);
    if (!census)
        return failed(census);
    auto plan = planAmend(**image, **census, order);
    if (!plan)
        return plan;
    if (expected != nullptr && *plan != *expected)
        return std::unexpected(changedSincePlan("the plan for it is another now"));
    if (auto done = runAmend(**image, *storage, *plan, task); !done)
        return failed(done);
    return plan;
}

} // namespace cowscope
