// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/sample_images.h"

#include <array>

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

BuiltImage randomImage(std::mt19937& random)
{
    const auto below
        = [&random](std::uint32_t end) { return std::uniform_int_distribution<std::uint32_t>(0, end - 1)(random); };
    const bool extended = below(4) == 0;
    const unsigned clusterBits = extended ? 14 : std::array{9U, 12U, 16U}[below(3)];
    const unsigned snapshots = below(3) == 0 ? 0 : below(5);
    ImageBuilder builder({.clusterBits = clusterBits,
        .refcountOrder = 3 + below(4),
        .virtualSize = std::uint64_t{700} << clusterBits,
        .extendedL2 = extended});
    const auto write = [&] {
        for (std::uint32_t guest = below(300), end = guest + below(64); guest < end; ++guest)
            builder.data(guest);
        for (std::uint32_t i = below(20); i > 0; --i)
            builder.data(400 + below(100));
    };
    write();
    for (unsigned i = 0; i < snapshots; ++i) {
        builder.snapshot(std::to_string(i + 1), "snapshot " + std::to_string(i + 1));
        write();
    }
    if (below(2) == 0)
        builder.skip(1 + below(5));
    if (below(3) == 0)
        builder.compressed({600, 601, 602}, 100 + below(200));
    if (below(3) == 0)
        builder.bitmap("bits");
    return builder.build();
}

} // namespace cowscope::test
