// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/sample_images.h"

namespace cowscope::test
{

namespace
{

constexpr std::uint32_t kUnknownExtension = 0x0badcafe;

ImageBuilder plainBuilder(unsigned clusterBits, unsigned order)
{
    const std::uint64_t clusterSize = std::uint64_t{1} << clusterBits;
    ImageBuilder builder({.clusterBits = clusterBits, .refcountOrder = order, .virtualSize = 600 * clusterSize + 512});
    builder.extension(kUnknownExtension, bytesOf("nobody knows"));
    for (std::uint64_t guest = 0; guest < 20; ++guest)
        builder.data(guest, static_cast<std::uint8_t>(guest + 1));
    builder.skip(3);
    builder.data(500, 0x77);
    builder.zero(501);
    builder.compressed({502}, clusterSize / 4);
    builder.data(600, 0x66); // the last, partial cluster of the disk
    return builder;
}

} // namespace

BuiltImage plainImage(unsigned clusterBits, unsigned order)
{
    ImageBuilder builder = plainBuilder(clusterBits, order);
    builder.bitmap("changes");
    return builder.build();
}

BuiltImage snapshotImage(unsigned clusterBits, unsigned order, unsigned snapshots, bool shared)
{
    ImageBuilder builder = plainBuilder(clusterBits, order);
    if (shared)
        builder.compressed({503, 504, 505}, builder.clusterSize() / 4);
    for (unsigned i = 0; i < snapshots; ++i) {
        builder.snapshot(std::to_string(i + 1), "snapshot " + std::to_string(i + 1));
        builder.data(30 + i, static_cast<std::uint8_t>(0x80 + i));
    }
    return builder.build();
}

} // namespace cowscope::test
