// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/single_uses.h"

#include "core/base/bit_words.h"

namespace cowscope
{

SingleUses::SingleUses(const CompactCounts& stored)
    : m_pages(stored.pages())
{
    for (std::uint64_t page = 0; page < stored.pages(); ++page) {
        if (stored.bits(page) != nullptr)
            m_pages[page] = std::make_unique<Bits>();
    }
}

bool SingleUses::takeRun(Bits& bits, std::uint64_t slot, std::uint64_t count)
{
    bool first = true;
    forWords(slot, count, [&](std::size_t index, std::uint64_t mask) { first &= take(bits, index, mask); });
    return first;
}

bool SingleUses::has(HostCluster cluster) const
{
    const std::uint64_t slot = cluster.value() % CompactCounts::kPageClusters;
    Bits* const bits = m_pages[cluster.value() / CompactCounts::kPageClusters].get();
    return bits != nullptr
        && (std::atomic_ref((*bits)[slot / 64]).load(std::memory_order_relaxed) >> (slot % 64) & 1) != 0;
}

bool SingleUses::isAll(const CompactCounts& stored, std::uint64_t page) const
{
    const Bits* const counted = stored.bits(page);
    return counted == nullptr || *counted == *m_pages[page];
}

} // namespace cowscope
