// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/result.h"
#include "core/edit/image/cluster_run.h"

#include <algorithm>
#include <vector>

namespace cowscope
{

/// Collects references to clusters and hands them out refblock after refblock: where tables refer to clusters all over
/// the file, each refblock is then visited once a batch and not once an entry.
class ReferenceBatch
{
public:
    struct Item {
        HostCluster first;
        std::uint32_t count = 0; ///< clusters
        std::uint32_t times = 0; ///< how often each is referred to; below 2^31
        bool compressed = false;
    };

    /// Of a file of `clusters` clusters whose refblocks have `entries` counts.
    ReferenceBatch(std::uint64_t clusters, std::uint64_t entries)
        : m_bucketClusters(entries)
    {
        while (clusters / m_bucketClusters >= kMostBuckets)
            m_bucketClusters *= 2;
        m_starts.resize(clusters / m_bucketClusters + 2);
    }

    bool isFull() const { return m_items.size() >= kMostItems; }

    void add(const Item& item) { m_items.push_back(item); }

    /// Calls `visit(item)`, which returns a Result<void>, for each, those of one refblock in the order in which they
    /// came. Forgets them; after an error, too.
    template <typename Visit>
    Result<void> drain(Visit visit)
    {
        sort();
        m_items.clear();
        for (const Item& item : m_sorted) {
            if (auto visited = visit(item); !visited)
                return visited;
        }
        return {};
    }

private:
    static constexpr std::size_t kMostItems = std::size_t{1} << 19;
    static constexpr std::uint64_t kMostBuckets = 1U << 14;

    std::size_t bucketOf(const Item& item) const
    {
        return std::min<std::size_t>(item.first.value() / m_bucketClusters, m_starts.size() - 2);
    }

    /// By counting: the buckets are few.
    void sort()
    {
        std::ranges::fill(m_starts, 0);
        for (const Item& item : m_items)
            ++m_starts[bucketOf(item) + 1];
        for (std::size_t i = 1; i < m_starts.size(); ++i)
            m_starts[i] += m_starts[i - 1];
        m_sorted.resize(m_items.size());
        for (const Item& item : m_items)
            m_sorted[m_starts[bucketOf(item)]++] = item;
    }

    std::uint64_t m_bucketClusters;
    std::vector<std::size_t> m_starts; ///< where in m_sorted the items of each bucket begin
    std::vector<Item> m_items;
    std::vector<Item> m_sorted;
};

} // namespace cowscope
