// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/bitmap_states.h"

namespace cowscope::test
{

namespace
{

constexpr std::uint64_t kBitmapsExtension = 0x23852875;
constexpr std::uint64_t kOffsetMask = 0x00fffffffffffe00;

/// Where the data of the bitmaps extension begins; 0: there is none, or it is not valid.
std::uint64_t extensionData(const Bytes& image)
{
    if (getNumber(image, 4, 4) < 3 || (getNumber(image, 88, 8) & 1) == 0)
        return 0;
    std::uint64_t at = getNumber(image, 100, 4);
    while (getNumber(image, at, 4) != 0) {
        if (getNumber(image, at, 4) == kBitmapsExtension)
            return at + 8;
        at += 8 + (getNumber(image, at + 4, 4) + 7) / 8 * 8;
    }
    return 0;
}

std::set<std::uint64_t> bitsOf(const Bytes& image, std::uint64_t table, std::uint64_t entries, std::uint64_t bitsInAll)
{
    const std::uint64_t clusterSize = std::uint64_t{1} << getNumber(image, 20, 4);
    std::set<std::uint64_t> bits;
    for (std::uint64_t index = 0; index < entries; ++index) {
        const std::uint64_t entry = getNumber(image, table + index * 8, 8);
        const std::uint64_t first = index * clusterSize * 8;
        for (std::uint64_t bit = 0; bit < clusterSize * 8 && entry != 0; ++bit) {
            const bool set = (entry & 1) != 0
                ? first + bit < bitsInAll
                : (getNumber(image, (entry & kOffsetMask) + bit / 8, 1) >> (bit % 8) & 1) != 0;
            if (set)
                bits.insert(first + bit);
        }
    }
    return bits;
}

} // namespace

void BitmapState::mark(std::uint64_t start, std::uint64_t length)
{
    const std::uint64_t granularity = std::uint64_t{1} << granularityBits;
    for (std::uint64_t bit = start / granularity; bit * granularity < start + length; ++bit)
        bits.insert(bit);
}

void BitmapState::cut(std::uint64_t size)
{
    const std::uint64_t granularity = std::uint64_t{1} << granularityBits;
    bits.erase(bits.lower_bound((size + granularity - 1) / granularity), bits.end());
}

std::map<std::string, BitmapState> bitmapStates(const Bytes& image)
{
    std::map<std::string, BitmapState> states;
    const std::uint64_t extension = extensionData(image);
    if (extension == 0)
        return states;
    std::uint64_t at = getNumber(image, extension + 16, 8);
    for (std::uint64_t left = getNumber(image, extension, 4); left > 0; --left) {
        const std::uint64_t nameBytes = getNumber(image, at + 18, 2);
        const std::uint64_t extraBytes = getNumber(image, at + 20, 4);
        const char* name = reinterpret_cast<const char*>(image.data()) + at + 24 + extraBytes;
        BitmapState& state = states[std::string(name, nameBytes)];
        state.flags = static_cast<unsigned>(getNumber(image, at + 12, 4));
        state.granularityBits = static_cast<unsigned>(getNumber(image, at + 17, 1));
        const std::uint64_t bits = ((getNumber(image, 24, 8) - 1) >> state.granularityBits) + 1;
        state.bits = bitsOf(image, getNumber(image, at, 8), getNumber(image, at + 8, 4), bits);
        at += (24 + extraBytes + nameBytes + 7) / 8 * 8;
    }
    return states;
}

} // namespace cowscope::test
