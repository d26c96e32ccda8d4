// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/fragmentation.h"

#include "core/analysis/reference_counter.h"

#include <algorithm>
#include <bit>

namespace cowscope
{

namespace
{

/// Joins clusters to runs as they come in guest order.
class RunBuilder
{
public:
    explicit RunBuilder(Fragmentation& result)
        : m_result(result)
    {
    }

    void add(GuestCluster guest, HostCluster host)
    {
        if (m_length > 0 && (guest != m_guest + m_length || host != m_host + m_length))
            end();
        if (m_length++ == 0) {
            m_guest = guest;
            m_host = host;
        }
    }

    void end()
    {
        if (m_length > 0)
            m_result.addRun(m_length);
        m_length = 0;
    }

private:
    Fragmentation& m_result;
    GuestCluster m_guest;
    HostCluster m_host;
    std::uint64_t m_length = 0;
};

std::size_t fillBucket(std::uint64_t used, std::uint64_t entries)
{
    constexpr std::uint64_t kSteps = 10;
    if (used == 0 || entries == 0)
        return 0;
    return used == entries ? RefblockUsage::kBuckets - 1
                           : static_cast<std::size_t>(std::min(kSteps, (used * kSteps + entries - 1) / entries));
}

} // namespace

void Fragmentation::addRun(std::uint64_t length)
{
    const auto bucket = static_cast<std::size_t>(std::bit_width(length)) - 1;
    ++runs[bucket];
    clusters[bucket] += length;
    ++allRuns;
    allClusters += length;
    longest = std::max(longest, length);
}

Result<Fragmentation> measureFragmentation(const Image& image, const TaskContext& task)
{
    const Geometry& geometry = image.geometry();
    Fragmentation result;
    RunBuilder builder(result);
    std::vector<std::uint64_t> words(geometry.clusterSize() / 8);
    for (std::size_t i = 0; i < image.l1Table().size(); ++i) {
        const L1Entry table{image.l1Table()[i]};
        if (auto go = task.step({Phase::WalkTables, i, image.l1Table().size()}); !go)
            return failed(go);
        if (table.l2Offset().value() == 0 || !geometry.isAligned(table.l2Offset())
            || !isWithinFile(image, table.l2Offset(), geometry.clusterSize())
            || !image.readWords(table.l2Offset(), words))
            continue;
        for (std::uint64_t entry = 0; entry < geometry.l2Entries(); ++entry) {
            const L2Entry mapping{words[entry * geometry.l2EntryBytes() / 8]};
            const HostOffset host = mapping.hostOffset();
            if (mapping.compressed())
                ++result.compressed;
            else if (host.value() != 0)
                builder.add(GuestCluster(i * geometry.l2Entries() + entry), geometry.cluster(host));
        }
    }
    builder.end();
    return result;
}

Result<RefblockUsage> measureRefblockUsage(const Image& image, const Census& census, const TaskContext& task)
{
    const std::uint64_t entries = image.geometry().refblockEntries();
    const ClusterMap& map = census.map;
    RefblockUsage usage;
    const auto blocks = std::min<std::uint64_t>(divideUp(map.clusters(), entries), image.reftable().size());
    for (std::uint64_t block = 0; block < blocks; ++block) {
        if (auto go = task.step({Phase::ReadRefcounts, block, blocks}); !go)
            return failed(go);
        if (!image.usableRefblock(block)) {
            ++usage.missing;
            continue;
        }
        const HostCluster end(std::min(map.clusters(), (block + 1) * entries));
        std::uint64_t used = 0;
        for (HostCluster at = map.nextKnown(HostCluster(block * entries)); at < end; at = map.nextKnown(at + 1))
            used += map.refcount(at) != 0 ? 1 : 0;
        ++usage.refblocks[fillBucket(used, entries)];
    }
    return usage;
}

} // namespace cowscope
