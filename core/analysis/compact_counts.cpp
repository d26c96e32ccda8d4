// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/compact_counts.h"

#include "core/base/bit_words.h"
#include "core/base/bulk.h"
#include "core/format/refcount_codec.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace cowscope
{

namespace
{

constexpr std::size_t kWordBits = 64;
constexpr std::size_t kChunk = 4096; ///< clusters compared at a time where bits do not do

/// Adds `number` to each byte; false if one went past kMost.
COWSCOPE_WIDE bool addToBytes(std::uint8_t* bytes, std::size_t count, std::uint8_t number)
{
    const auto most = static_cast<std::uint8_t>(CompactCounts::kMost - number);
    std::uint8_t past = 0;
    for (std::size_t i = 0; i < count; ++i) {
        past |= static_cast<std::uint8_t>(bytes[i] > most);
        bytes[i] = static_cast<std::uint8_t>(bytes[i] + number);
    }
    return past == 0;
}

COWSCOPE_WIDE std::uint8_t largestByte(const std::uint8_t* bytes, std::size_t count)
{
    std::uint8_t largest = 0;
    for (std::size_t i = 0; i < count; ++i)
        largest = largest < bytes[i] ? bytes[i] : largest;
    return largest;
}

/// Which of the bytes are 1, which are not, and what bits there are, as masks of any bit.
COWSCOPE_WIDE void lookAtBytes(
    const std::uint8_t* bytes, std::size_t count, std::uint8_t& ones, std::uint8_t& others, std::uint8_t& largest)
{
    std::uint8_t one = 0;
    std::uint8_t other = 0;
    std::uint8_t most = 0;
    for (std::size_t i = 0; i < count; ++i) {
        one |= static_cast<std::uint8_t>(bytes[i] == 1);
        other |= static_cast<std::uint8_t>(bytes[i] != 1);
        most = most < bytes[i] ? bytes[i] : most;
    }
    ones = one;
    others = other;
    largest = most;
}

/// How many of the bytes of a page are above `number`; counted in short rows, whose sums fit a byte.
COWSCOPE_WIDE std::uint64_t bytesAbove(const std::uint8_t* bytes, std::uint8_t number)
{
    constexpr std::size_t kRow = 128;
    std::uint64_t above = 0;
    for (std::size_t row = 0; row < CompactCounts::kPageClusters; row += kRow) {
        std::uint8_t inRow = 0;
        for (std::size_t i = 0; i < kRow; ++i)
            inRow = static_cast<std::uint8_t>(inRow + (bytes[row + i] > number ? 1 : 0));
        above += inRow;
    }
    return above;
}

/// Eight bits as bytes of 0 and 1, the least significant one first.
void expandBits(std::uint64_t eight, std::uint8_t* bytes)
{
    constexpr std::uint64_t kEach = 0x0101010101010101;
    const std::uint64_t apart = eight * kEach & 0x8040201008040201; // in each byte the bit that belongs there
    std::uint64_t out = ((apart + 0x7f * kEach) >> 7) & kEach;
    if constexpr (std::endian::native == std::endian::big)
        out = std::byteswap(out);
    std::memcpy(bytes, &out, sizeof out);
}

COWSCOPE_WIDE void widenBytes(const std::uint8_t* bytes, std::span<std::uint64_t> numbers)
{
    std::uint64_t* const out = numbers.data();
    const std::size_t count = numbers.size();
    for (std::size_t i = 0; i < count; ++i)
        out[i] = bytes[i];
}

COWSCOPE_WIDE void addChunk(std::uint16_t* sums, const std::uint8_t* bytes)
{
    for (std::size_t i = 0; i < kChunk; ++i)
        sums[i] = static_cast<std::uint16_t>(sums[i] + bytes[i]);
}

/// Adds a group's sums to the totals and counts the clusters that it is the second group of.
COWSCOPE_WIDE bool joinChunk(std::uint16_t* totals, const std::uint16_t* sums)
{
    std::uint16_t clash = 0;
    for (std::size_t i = 0; i < kChunk; ++i) {
        clash |= static_cast<std::uint16_t>(totals[i] != 0) & static_cast<std::uint16_t>(sums[i] != 0);
        totals[i] = static_cast<std::uint16_t>(totals[i] + sums[i]);
    }
    return clash == 0;
}

/// `settled` has a 1 where the total must be 0, and 0 elsewhere.
COWSCOPE_WIDE bool equalChunk(const std::uint16_t* totals, const std::uint8_t* stored, const std::uint8_t* settled)
{
    std::uint16_t wrong = 0;
    for (std::size_t i = 0; i < kChunk; ++i)
        wrong |= static_cast<std::uint16_t>(totals[i] ^ (stored[i] & (settled[i] - 1)));
    return wrong == 0;
}

/// The index of the first byte that is not 0; all of them if there is none.
std::size_t firstUsed(std::span<const std::uint8_t> bytes)
{
    const auto found = std::ranges::find_if(bytes, [](std::uint8_t number) { return number != 0; });
    return static_cast<std::size_t>(found - bytes.begin());
}

std::size_t firstUnused(std::span<const std::uint8_t> bytes)
{
    const void* found = std::memchr(bytes.data(), 0, bytes.size());
    return found == nullptr ? bytes.size()
                            : static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - bytes.data());
}

using Groups = std::span<const std::vector<const CompactCounts*>>;

/// The kChunk numbers from `first` on: in `room`, if the page has them as bits.
const std::uint8_t* bytesOfChunk(const CompactCounts& counts, HostCluster first, std::span<std::uint8_t> room)
{
    if (const std::uint8_t* bytes = counts.bytes(first.value() / CompactCounts::kPageClusters))
        return bytes + first.value() % CompactCounts::kPageClusters;
    counts.expand(first, room);
    return room.data();
}

bool chunkAddsUp(const CompactCounts& stored, Groups groups, const CompactCounts& settled, HostCluster first)
{
    const std::uint64_t page = first.value() / CompactCounts::kPageClusters;
    std::array<std::uint8_t, kChunk> room;
    std::array<std::uint16_t, kChunk> sums;
    std::array<std::uint16_t, kChunk> totals{};
    for (const auto& group : groups) {
        if (std::ranges::all_of(group, [page](const CompactCounts* part) { return part->isEmptyPage(page); }))
            continue;
        sums.fill(0);
        for (const CompactCounts* part : group) {
            if (!part->isEmptyPage(page))
                addChunk(sums.data(), bytesOfChunk(*part, first, room));
        }
        if (!joinChunk(totals.data(), sums.data()))
            return false;
    }
    std::array<std::uint8_t, kChunk> settledRoom;
    return equalChunk(totals.data(), bytesOfChunk(stored, first, room), bytesOfChunk(settled, first, settledRoom));
}

} // namespace

std::uint64_t CompactCounts::count(HostCluster cluster) const
{
    const Page& page = m_pages[cluster.value() / kPageClusters];
    const std::uint64_t slot = cluster.value() % kPageClusters;
    if (page.bits)
        return (*page.bits)[slot / kWordBits] >> (slot % kWordBits) & 1;
    return page.bytes ? (*page.bytes)[slot] : 0;
}

std::uint64_t CompactCounts::largest(HostCluster first, std::uint64_t count) const
{
    std::uint64_t largest = 0;
    while (count > 0) {
        const Page& page = m_pages[first.value() / kPageClusters];
        const std::uint64_t slot = first.value() % kPageClusters;
        const std::uint64_t part = std::min(count, kPageClusters - slot);
        if (page.bytes)
            largest = std::max<std::uint64_t>(largest, largestByte(page.bytes->data() + slot, part));
        else if (page.bits && largest == 0)
            largest = used(first, part) > 0 ? 1 : 0;
        first = first + part;
        count -= part;
    }
    return largest;
}

CompactCounts::Look CompactCounts::look(HostCluster first, std::uint64_t count) const
{
    Look look;
    while (count > 0) {
        const Page& page = m_pages[first.value() / kPageClusters];
        const std::uint64_t slot = first.value() % kPageClusters;
        const std::uint64_t part = std::min(count, kPageClusters - slot);
        std::uint8_t ones = 0;
        std::uint8_t others = 0;
        std::uint8_t largest = 0;
        if (page.bytes) {
            lookAtBytes(page.bytes->data() + slot, part, ones, others, largest);
        } else {
            const std::uint64_t set = used(first, part);
            ones = set > 0;
            others = set < part;
            largest = ones;
        }
        look.ones |= ones != 0;
        look.others |= others != 0;
        look.largest = std::max<std::uint64_t>(look.largest, largest);
        first = first + part;
        count -= part;
    }
    return look;
}

std::uint64_t CompactCounts::above(std::uint64_t page, std::uint64_t number) const
{
    const bool none = number >= kMost || !m_pages[page].bytes;
    return none ? 0 : bytesAbove(m_pages[page].bytes->data(), static_cast<std::uint8_t>(number));
}

std::uint64_t CompactCounts::used(HostCluster first, std::uint64_t count) const
{
    std::uint64_t used = 0;
    while (count > 0 && first < end()) {
        const Page& page = m_pages[first.value() / kPageClusters];
        const std::uint64_t slot = first.value() % kPageClusters;
        const std::uint64_t part = std::min(count, kPageClusters - slot);
        if (page.bits)
            forWords(slot, part, [&](std::size_t index, std::uint64_t mask) {
                used += static_cast<std::uint64_t>(std::popcount((*page.bits)[index] & mask));
            });
        else if (page.bytes)
            used += static_cast<std::uint64_t>(std::ranges::count_if(
                std::span(*page.bytes).subspan(slot, part), [](std::uint8_t number) { return number != 0; }));
        first = first + part;
        count -= part;
    }
    return used;
}

HostCluster CompactCounts::nextUsed(HostCluster from) const
{
    return next(from, true);
}

HostCluster CompactCounts::nextFree(HostCluster from) const
{
    return next(from, false);
}

HostCluster CompactCounts::next(HostCluster from, bool used) const
{
    while (from < end()) {
        const Page& page = m_pages[from.value() / kPageClusters];
        const std::uint64_t slot = from.value() % kPageClusters;
        const HostCluster pageEnd((from.value() / kPageClusters + 1) * kPageClusters);
        if (page.bits) {
            const std::uint64_t word = (*page.bits)[slot / kWordBits] ^ (used ? 0 : ~std::uint64_t{0});
            const std::uint64_t rest = word >> (slot % kWordBits);
            if (rest != 0)
                return from + static_cast<std::uint64_t>(std::countr_zero(rest));
            from = HostCluster((from.value() / kWordBits + 1) * kWordBits);
        } else if (page.bytes) {
            const auto bytes = std::span(*page.bytes).subspan(slot);
            const std::size_t found = used ? firstUsed(bytes) : firstUnused(bytes);
            if (found < bytes.size())
                return from + found;
            from = pageEnd;
        } else if (!used) {
            return from;
        } else {
            from = pageEnd;
        }
    }
    return end();
}

void CompactCounts::addRun(HostCluster first, std::uint64_t count, std::uint64_t number)
{
    if (number > kMost)
        m_full = true;
    if (m_full || number == 0)
        return;
    while (count > 0) {
        const std::uint64_t slot = first.value() % kPageClusters;
        const std::uint64_t part = std::min(count, kPageClusters - slot);
        addInPage(m_pages[first.value() / kPageClusters], slot, part, number);
        first = first + part;
        count -= part;
    }
}

void CompactCounts::addInPage(Page& page, std::uint64_t slot, std::uint64_t count, std::uint64_t number)
{
    if (!page.bytes && number == 1) {
        if (!page.bits)
            page.bits = std::make_shared<Bits>();
        Bits& bits = *page.bits;
        std::uint64_t taken = 0;
        forWords(slot, count, [&](std::size_t index, std::uint64_t mask) { taken |= bits[index] & mask; });
        if (taken == 0) {
            forWords(slot, count, [&](std::size_t index, std::uint64_t mask) { bits[index] |= mask; });
            return;
        }
    }
    toBytes(page);
    if (!addToBytes(page.bytes->data() + slot, count, static_cast<std::uint8_t>(number)))
        m_full = true;
}

void CompactCounts::toBytes(Page& page)
{
    if (page.bytes)
        return;
    page.bytes = std::make_unique<Bytes>();
    if (!page.bits)
        return;
    for (std::size_t i = 0; i < kPageClusters; i += 8)
        expandBits((*page.bits)[i / kWordBits] >> (i % kWordBits) & 0xff, page.bytes->data() + i);
    page.bits.reset();
}

bool CompactCounts::set(HostCluster first, std::span<const std::uint64_t> numbers)
{
    const std::uint64_t bits = allBits(numbers);
    Page& page = m_pages[first.value() / kPageClusters];
    const std::uint64_t slot = first.value() % kPageClusters;
    if (bits == 0)
        return true;
    if (bits == 1 && !page.bytes) {
        if (!page.bits)
            page.bits = std::make_shared<Bits>();
        for (std::size_t i = 0; i < numbers.size(); i += kWordBits) {
            std::uint64_t word = 0;
            for (std::size_t n = 0; n < kWordBits; ++n)
                word |= numbers[i + n] << n;
            (*page.bits)[(slot + i) / kWordBits] = word;
        }
        return true;
    }
    if (bits > kMost && std::ranges::max(numbers) > kMost)
        return false;
    toBytes(page);
    RefcountCodec(3).pack(numbers, std::as_writable_bytes(std::span(*page.bytes).subspan(slot, numbers.size())));
    return true;
}

void CompactCounts::compact(std::uint64_t page)
{
    static const auto full = [] {
        auto bits = std::make_shared<Bits>();
        bits->fill(~std::uint64_t{0});
        return bits;
    }();
    std::shared_ptr<Bits>& bits = m_pages[page].bits;
    if (bits && *bits == *full)
        bits = full;
}

void CompactCounts::expand(HostCluster first, std::span<std::uint8_t> numbers) const
{
    const Page& page = m_pages[first.value() / kPageClusters];
    const std::uint64_t slot = first.value() % kPageClusters;
    if (page.bytes) {
        std::ranges::copy(std::span(*page.bytes).subspan(slot, numbers.size()), numbers.begin());
        return;
    }
    if (!page.bits) {
        std::ranges::fill(numbers, std::uint8_t{0});
        return;
    }
    const std::size_t whole = numbers.size() / 8 * 8;
    for (std::size_t i = 0; i < whole; i += 8)
        expandBits((*page.bits)[(slot + i) / kWordBits] >> ((slot + i) % kWordBits) & 0xff, numbers.data() + i);
    for (std::size_t i = whole; i < numbers.size(); ++i)
        numbers[i] = (*page.bits)[(slot + i) / kWordBits] >> ((slot + i) % kWordBits) & 1;
}

void CompactCounts::copy(HostCluster first, std::span<std::uint64_t> numbers) const
{
    std::array<std::uint8_t, kChunk> room;
    while (!numbers.empty() && first < end()) {
        const std::uint64_t page = first.value() / kPageClusters;
        const std::uint64_t slot = first.value() % kPageClusters;
        const auto part = numbers.first(std::min({numbers.size(), kPageClusters - slot, room.size()}));
        if (isEmptyPage(page)) {
            std::ranges::fill(part, 0);
        } else if (const std::uint8_t* there = bytes(page)) {
            widenBytes(there + slot, part);
        } else {
            expand(first, std::span(room).first(part.size()));
            widenBytes(room.data(), part);
        }
        first = first + part.size();
        numbers = numbers.subspan(part.size());
    }
    std::ranges::fill(numbers, 0);
}

bool addsUp(const CompactCounts& stored, Groups groups, const CompactCounts& settled, std::uint64_t page)
{
    const HostCluster first(page * CompactCounts::kPageClusters);
    if (!settled.isPageOfBits(first))
        return false;
    for (std::uint64_t at = 0; at < CompactCounts::kPageClusters; at += kChunk) {
        if (!chunkAddsUp(stored, groups, settled, first + at))
            return false;
    }
    return true;
}

} // namespace cowscope
