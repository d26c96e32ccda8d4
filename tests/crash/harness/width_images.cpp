// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/crash/harness/width_images.h"

#include <algorithm>
#include <numeric>
#include <random>

namespace cowscope::test
{

namespace
{

/// Guest clusters of the disk: fewer where they are larger, so that a state stays small.
std::uint64_t diskClusters(unsigned clusterBits)
{
    return clusterBits <= 9 ? 200 : clusterBits <= 12 ? 60 : 16;
}

std::uint8_t fillOf(std::uint64_t guest)
{
    return static_cast<std::uint8_t>(guest % 251 + 1);
}

void fill(ImageBuilder& builder, std::uint64_t from, std::uint64_t to, std::uint64_t step = 1)
{
    for (std::uint64_t guest = from; guest < to; guest += step)
        builder.data(guest, fillOf(guest));
}

/// Data in any order, with free clusters in runs of up to three between.
void scatter(ImageBuilder& builder, std::uint64_t clusters)
{
    std::vector<std::uint64_t> guests(clusters / 2);
    std::iota(guests.begin(), guests.end(), std::uint64_t{0});
    std::mt19937_64 random(clusters);
    std::shuffle(guests.begin(), guests.end(), random);
    for (const std::uint64_t guest : guests) {
        builder.data(guest * 2, fillOf(guest));
        if (random() % 3 == 0)
            builder.skip(random() % 3 + 1);
    }
    builder.zero(1);
}

/// Snapshots share what was written before them, as often as `most` allows.
void share(ImageBuilder& builder, std::uint64_t clusters, std::uint64_t most)
{
    if (most > 1)
        fill(builder, 0, clusters / 2);
    const std::uint64_t snapshots = most > 1 ? std::min<std::uint64_t>(most - 1, 4) : 2;
    for (std::uint64_t i = 0; i < snapshots; ++i) {
        builder.snapshot(std::to_string(i + 1), std::to_string(i + 1) + " taken");
        if (most > 1)
            builder.data(i, static_cast<std::uint8_t>(0xe0 + i));
    }
    fill(builder, clusters / 2, clusters, 3);
}

void pack(ImageBuilder& builder, std::uint64_t clusters, std::uint64_t most)
{
    const std::uint64_t together = std::min<std::uint64_t>(most, 4); // in one host cluster
    fill(builder, 0, clusters / 4);
    for (std::uint64_t guest = clusters / 4; guest + together <= clusters / 2; guest += together) {
        std::vector<std::uint64_t> guests(together);
        std::iota(guests.begin(), guests.end(), guest);
        builder.compressed(guests, builder.clusterSize() / 4);
    }
}

} // namespace

const char* name(ImageKind kind)
{
    switch (kind) {
    case ImageKind::Fresh:
        return "fresh";
    case ImageKind::Full:
        return "full";
    case ImageKind::Fragmented:
        return "fragmented";
    case ImageKind::Snapshotted:
        return "snapshotted";
    case ImageKind::Compressed:
        return "compressed";
    }
    return "?";
}

ImageBuilder builderOf(ImageKind kind, unsigned clusterBits, unsigned order, std::uint64_t most)
{
    const std::uint64_t clusters = diskClusters(clusterBits);
    ImageBuilder builder({.clusterBits = clusterBits, .refcountOrder = order, .virtualSize = clusters << clusterBits});
    switch (kind) {
    case ImageKind::Fresh:
        break;
    case ImageKind::Full:
        fill(builder, 0, clusters);
        break;
    case ImageKind::Fragmented:
        scatter(builder, clusters);
        break;
    case ImageKind::Snapshotted:
        share(builder, clusters, most);
        break;
    case ImageKind::Compressed:
        pack(builder, clusters, most);
        break;
    }
    return builder;
}

BuiltImage imageOf(ImageKind kind, unsigned clusterBits, unsigned order, std::uint64_t most)
{
    ImageBuilder builder = builderOf(kind, clusterBits, order, most);
    if (kind != ImageKind::Fresh)
        builder.bitmap("changes");
    return builder.build();
}

} // namespace cowscope::test
