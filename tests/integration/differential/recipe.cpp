// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/integration/differential/recipe.h"

#include <QStringList>
#include <algorithm>

namespace cowscope::test
{

namespace
{

constexpr std::uint64_t kSector = 512;
constexpr std::uint64_t kMostBytes = std::uint64_t{8} << 20;

std::uint64_t randomClusterSize(Random& random)
{
    const std::uint64_t dice = random.below(100);
    if (dice < 40)
        return kSector << random.below(3);
    if (dice < 70)
        return std::uint64_t{4096} << random.below(2);
    if (dice < 95)
        return std::uint64_t{16384} << random.below(3);
    return std::uint64_t{131072} << random.below(5);
}

unsigned randomWidth(Random& random)
{
    // The narrow ones have the more interesting limits.
    return random.oneOf(1U, 1U, 2U, 2U, 4U, 8U, 16U, 16U, 32U, 64U, 64U);
}

/// Everything at random, contradictions included.
Recipe wildRecipe(Random& random)
{
    Recipe recipe;
    recipe.wild = true;
    recipe.clusterSize = random.oneOf(256ULL, 512ULL, 1000ULL, 8192ULL, 16384ULL, 65536ULL, 2ULL << 20, 4ULL << 20);
    recipe.size = randomSize(random, 65536);
    recipe.refcountBits = random.oneOf(0U, 1U, 3U, 8U, 16U, 16U, 48U, 64U, 65U, 128U);
    recipe.version2 = random.percent(40);
    recipe.lazyRefcounts = random.percent(30);
    recipe.extendedL2 = random.percent(30);
    recipe.zstd = random.percent(30);
    recipe.preallocation = random.oneOf("", "off", "metadata", "falloc", "full");
    recipe.dataFile = random.percent(20);
    recipe.dataFileRaw = random.percent(15);
    recipe.backing = random.percent(20) ? Recipe::Backing::Raw : Recipe::Backing::None;
    recipe.backingSize = random.below(64) * kSector;
    return recipe;
}

void addBacking(Recipe& recipe, Random& random)
{
    recipe.backing = random.oneOf(Recipe::Backing::Raw, Recipe::Backing::Qcow2);
    const std::uint64_t least = std::min(recipe.size, kSector);
    recipe.backingSize = random.oneOf(
        recipe.size, least + random.below(recipe.size / kSector + 1) * kSector, recipe.size + 8 * kSector);
}

} // namespace

std::uint64_t randomSize(Random& random, std::uint64_t clusterSize)
{
    const std::uint64_t most = std::min(kMostBytes, std::max(clusterSize * 300, std::uint64_t{4} * clusterSize));
    const std::uint64_t sectors = 1 + random.below(most / kSector);
    if (random.percent(40))
        return std::max(sectors * kSector / clusterSize, std::uint64_t{1}) * clusterSize;
    return sectors * kSector;
}

Recipe randomTarget(Random& random)
{
    Recipe recipe;
    recipe.clusterSize = randomClusterSize(random);
    recipe.version2 = random.percent(12);
    if (!recipe.version2) {
        recipe.refcountBits = randomWidth(random);
        recipe.lazyRefcounts = random.percent(25);
        recipe.extendedL2 = recipe.clusterSize >= 16384 && random.percent(40);
        recipe.zstd = random.percent(35);
    }
    recipe.compressed = random.percent(50);
    return recipe;
}

Recipe randomRecipe(Random& random)
{
    if (random.percent(6))
        return wildRecipe(random);
    Recipe recipe = randomTarget(random);
    recipe.compressed = false;
    recipe.size = random.percent(2) ? 0 : randomSize(random, recipe.clusterSize);
    if (random.percent(15)) {
        recipe.noise = true;
        recipe.compressed = random.percent(60);
        recipe.backingSize = std::max(recipe.size, kSector);
        recipe.size = recipe.backingSize;
        return recipe;
    }
    if (random.percent(30))
        addBacking(recipe, random);
    if (!recipe.version2 && random.percent(10)) {
        recipe.dataFile = true;
        recipe.dataFileRaw = !recipe.hasBacking() && random.percent(50);
    }
    if (!recipe.hasBacking() && random.percent(25))
        recipe.preallocation = random.oneOf("off", "metadata", "falloc", "full");
    return recipe;
}

QString Recipe::options() const
{
    QStringList out{QStringLiteral("cluster_size=%1").arg(clusterSize)};
    out << (version2 ? "compat=0.10" : "compat=1.1");
    // A width is not always given: the default is part of what is compared.
    if (refcountBits != 16)
        out << QStringLiteral("refcount_bits=%1").arg(refcountBits);
    if (lazyRefcounts)
        out << "lazy_refcounts=on";
    if (extendedL2)
        out << "extended_l2=on";
    if (zstd)
        out << "compression_type=zstd";
    if (!preallocation.isEmpty())
        out << "preallocation=" + preallocation;
    if (backing == Backing::Raw)
        out << "backing_file=base.raw"
            << "backing_fmt=raw";
    if (backing == Backing::Qcow2)
        out << "backing_file=base.qcow2"
            << "backing_fmt=qcow2";
    if (dataFile)
        out << "data_file=data.raw";
    if (dataFileRaw)
        out << "data_file_raw=on";
    return out.join(',');
}

} // namespace cowscope::test
