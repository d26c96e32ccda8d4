// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/strong_index.h"

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace cowscope
{

/// A small number for each host cluster: a bit where the neighbourhood (a page of 65536 clusters) has nothing but 0 and
/// 1, a byte elsewhere, nothing for pages of 0.
class CompactCounts
{
public:
    static constexpr std::uint64_t kPageClusters = 1U << 16;
    using Bits
        = std::array<std::uint64_t, kPageClusters / 64>; ///< of a page, the least significant bit of a word first
    static constexpr std::uint64_t kMost = 254; ///< larger numbers are not held: see isFull()

    /// All 0, for `clusters` clusters and the rest of the last page.
    explicit CompactCounts(std::uint64_t clusters)
        : m_pages((clusters + kPageClusters - 1) / kPageClusters)
    {
    }

    std::uint64_t pages() const { return m_pages.size(); }
    bool isFull() const { return m_full; } ///< a sum went past kMost; numbers mean nothing from then on

    std::uint64_t count(HostCluster cluster) const;

    /// The largest number of the run.
    std::uint64_t largest(HostCluster first, std::uint64_t count) const;

    /// What there is in a run.
    struct Look {
        bool ones = false; ///< numbers of 1
        bool others = false; ///< numbers of anything else, 0 included
        std::uint64_t largest = 0;
    };
    Look look(HostCluster first, std::uint64_t count) const;

    /// How many numbers of a page are above `number`, which is at least 1.
    std::uint64_t above(std::uint64_t page, std::uint64_t number) const;

    /// Whether no number in the page of `cluster` is above 1.
    bool isPageOfBits(HostCluster cluster) const { return !m_pages[cluster.value() / kPageClusters].bytes; }

    /// How many clusters of the run are not 0. It may go on behind end(), where there are none.
    std::uint64_t used(HostCluster first, std::uint64_t count) const;

    HostCluster nextUsed(
        HostCluster from) const; ///< the first at or after `from` that is not 0; end() if there is none
    HostCluster nextFree(HostCluster from) const; ///< the first at or after `from` that is 0
    HostCluster end() const { return HostCluster(m_pages.size() * kPageClusters); }

    void add(HostCluster cluster, std::uint64_t number)
    {
        Page& page = m_pages[cluster.value() / kPageClusters];
        const std::uint64_t slot = cluster.value() % kPageClusters;
        if (page.bits && number == 1 && ((*page.bits)[slot / 64] >> (slot % 64) & 1) == 0)
            (*page.bits)[slot / 64] |= std::uint64_t{1} << (slot % 64);
        else
            addRun(cluster, 1, number);
    }
    void addRun(HostCluster first, std::uint64_t count, std::uint64_t number);

    /// Sets numbers that are 0 still: a multiple of 64 of them, from a multiple of 64 on, within a page. False, and
    /// nothing done, if one is above kMost. Threads may set different pages at the same time.
    bool set(HostCluster first, std::span<const std::uint64_t> numbers);

    /// Lets a page whose numbers are all 1, of which there may be many, take no memory of its own. Call it after the
    /// last set() in the page. Threads may do so for different pages at the same time.
    void compact(std::uint64_t page);

    /// A part of a page, as bytes: from a multiple of 64 on where the page is one of bits.
    void expand(HostCluster first, std::span<std::uint8_t> numbers) const;

    /// The numbers from `first` on, a multiple of 64; they may go on behind end(), where there are none.
    void copy(HostCluster first, std::span<std::uint64_t> numbers) const;

    /// The bytes of a page, null if it has none.
    const std::uint8_t* bytes(std::uint64_t page) const
    {
        return m_pages[page].bytes ? m_pages[page].bytes->data() : nullptr;
    }

    /// The bits of a page, null if it has none.
    const Bits* bits(std::uint64_t page) const { return m_pages[page].bits.get(); }
    bool isEmptyPage(std::uint64_t page) const { return !m_pages[page].bits && !m_pages[page].bytes; }

private:
    using Bytes = std::array<std::uint8_t, kPageClusters>;

    struct Page {
        std::shared_ptr<Bits> bits; ///< one that is full may belong to many pages
        std::unique_ptr<Bytes> bytes; ///< instead of `bits`
    };

    static void toBytes(Page& page);
    void addInPage(Page& page, std::uint64_t slot, std::uint64_t count, std::uint64_t number);
    HostCluster next(HostCluster from, bool used) const;

    std::vector<Page> m_pages;
    bool m_full = false;
};

/// Whether in a page each number of `stored` is the sum of all those in `groups`, and no cluster is in two of the
/// groups; those that are in `settled` must be in none, and their numbers do not matter. A group is one set of counts
/// in parts.
bool addsUp(const CompactCounts& stored, std::span<const std::vector<const CompactCounts*>> groups,
    const CompactCounts& settled, std::uint64_t page);

} // namespace cowscope
