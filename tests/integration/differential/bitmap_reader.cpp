// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/integration/differential/bitmap_reader.h"

namespace cowscope::test
{

namespace
{

constexpr std::uint64_t kExtension = 0x23852875;
constexpr std::uint64_t kOffsetMask = 0x00fffffffffffe00;

/// Where the data of the bitmaps extension begins; 0: there is none.
std::uint64_t extensionAt(const Bytes& image)
{
    if (getNumber(image, 4, 4) < 3 || (getNumber(image, 88, 8) & 1) == 0)
        return 0;
    std::uint64_t at = getNumber(image, 100, 4);
    while (at < image.size() && getNumber(image, at, 4) != 0) {
        if (getNumber(image, at, 4) == kExtension)
            return at + 8;
        at += 8 + (getNumber(image, at + 4, 4) + 7) / 8 * 8;
    }
    return 0;
}

std::vector<bool> readBits(const Bytes& image, std::uint64_t table, std::uint64_t count)
{
    const std::uint64_t bitsOfCluster = 8ULL << getNumber(image, 20, 4);
    std::vector<bool> bits;
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::uint64_t entry = getNumber(image, table + i / bitsOfCluster * 8, 8);
        const std::uint64_t at = entry & kOffsetMask;
        const std::uint64_t within = i % bitsOfCluster;
        bits.push_back(at == 0 ? (entry & 1) != 0 : (getNumber(image, at + within / 8, 1) >> (within % 8) & 1) != 0);
    }
    return bits;
}

} // namespace

std::vector<StoredBitmap> readBitmaps(const Bytes& image)
{
    std::vector<StoredBitmap> out;
    const std::uint64_t extension = extensionAt(image);
    if (extension == 0)
        return out;
    std::uint64_t at = getNumber(image, extension + 16, 8);
    for (std::uint64_t i = getNumber(image, extension, 4); i > 0; --i) {
        StoredBitmap bitmap;
        const std::uint64_t flags = getNumber(image, at + 12, 4);
        bitmap.inUse = (flags & 1) != 0;
        bitmap.records = (flags & 2) != 0;
        const std::uint64_t granularity = 1ULL << getNumber(image, at + 17, 1);
        const std::uint64_t nameBytes = getNumber(image, at + 18, 2);
        const std::uint64_t extra = getNumber(image, at + 20, 4);
        QByteArray name;
        for (std::uint64_t n = 0; n < nameBytes; ++n)
            name += static_cast<char>(getNumber(image, at + 24 + extra + n, 1));
        bitmap.name = QString::fromUtf8(name);
        const std::uint64_t size = getNumber(image, 24, 8);
        bitmap.bits = readBits(image, getNumber(image, at, 8), (size + granularity - 1) / granularity);
        out.push_back(std::move(bitmap));
        at += (24 + extra + nameBytes + 7) / 8 * 8;
    }
    return out;
}

} // namespace cowscope::test
