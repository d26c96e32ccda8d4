// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/compact_counts.h"

#include <atomic>

namespace cowscope
{

/// References to host clusters whose pages have no stored count above 1: a bit each, which any number of threads may
/// set at the same time, since no second reference is allowed.
class SingleUses
{
public:
    /// With room in the pages of bits that `stored` has.
    explicit SingleUses(const CompactCounts& stored);

    /// Takes a reference to each cluster of a run inside one page. False if it is not the first one of any of them, or
    /// nothing is counted in the whole page.
    bool add(HostCluster first, std::uint64_t count)
    {
        Bits* const bits = m_pages[first.value() / CompactCounts::kPageClusters].get();
        if (bits == nullptr)
            return false;
        const std::uint64_t slot = first.value() % CompactCounts::kPageClusters;
        return count == 1 ? take(*bits, slot / 64, std::uint64_t{1} << (slot % 64)) : takeRun(*bits, slot, count);
    }

    bool has(HostCluster cluster) const;

    /// Whether in a page exactly those clusters were referred to that `stored` counts. Not while add() is called.
    bool isAll(const CompactCounts& stored, std::uint64_t page) const;

private:
    using Bits = CompactCounts::Bits;

    static bool take(Bits& bits, std::size_t index, std::uint64_t mask)
    {
        return (std::atomic_ref(bits[index]).fetch_or(mask, std::memory_order_relaxed) & mask) == 0;
    }
    static bool takeRun(Bits& bits, std::uint64_t slot, std::uint64_t count);

    std::vector<std::unique_ptr<Bits>> m_pages; ///< null where there are no bits to set
};

} // namespace cowscope
