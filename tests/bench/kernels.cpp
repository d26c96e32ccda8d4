// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/map_pyramid.h"
#include "core/analysis/single_uses.h"
#include "core/base/bulk.h"
#include "core/edit/image/create.h"
#include "core/format/refcount_codec.h"
#include "core/storage/memory_storage.h"
#include "core/storage/overlay_storage.h"

#include <benchmark/benchmark.h>
#include <bit>
#include <optional>
#include <random>
#include <vector>

// The loops that a check, a map and an amend spend their time in. Items are clusters. The argument of pack and unpack
// is the width in bits.

using namespace cowscope;

namespace
{

constexpr std::size_t kEntries = 8192; ///< of an L2 table of 64 KiB
constexpr std::uint64_t kClusters = std::uint64_t{1} << 24; ///< 1 TiB of them
constexpr std::uint64_t kPyramidClusters = std::uint64_t{1} << 22;

std::vector<std::uint64_t> counts(std::uint64_t maximum)
{
    std::mt19937_64 random(1);
    std::vector<std::uint64_t> numbers(kEntries);
    for (std::uint64_t& number : numbers)
        number = random() & maximum;
    return numbers;
}

std::vector<std::uint64_t> ascending(std::size_t runLength)
{
    std::mt19937_64 random(1);
    std::vector<std::uint64_t> words(kEntries);
    for (std::size_t i = 0; i < words.size(); ++i)
        words[i] = i % runLength == 0 ? random() % kClusters << 16 : words[i - 1] + 65536;
    return words;
}

CompactCounts allOnes(std::uint64_t clusters)
{
    CompactCounts counts(clusters);
    counts.addRun(HostCluster(0), clusters, 1);
    return counts;
}

void finish(benchmark::State& state, std::size_t items)
{
    state.SetItemsProcessed(static_cast<std::int64_t>(items) * static_cast<std::int64_t>(state.iterations()));
}

void unpack(benchmark::State& state)
{
    const RefcountCodec codec(static_cast<unsigned>(std::countr_zero(static_cast<std::uint64_t>(state.range()))));
    std::vector<std::byte> block(codec.bytesFor(kEntries), std::byte{1});
    std::vector<std::uint64_t> numbers(kEntries);
    for (auto _ : state) {
        codec.unpack(block, numbers);
        benchmark::DoNotOptimize(numbers.data());
        benchmark::ClobberMemory();
    }
    finish(state, kEntries);
}
BENCHMARK(unpack)->RangeMultiplier(2)->Range(1, 64);

void pack(benchmark::State& state)
{
    const RefcountCodec codec(static_cast<unsigned>(std::countr_zero(static_cast<std::uint64_t>(state.range()))));
    const auto numbers = counts(codec.maximum());
    std::vector<std::byte> block(codec.bytesFor(kEntries));
    for (auto _ : state) {
        codec.pack(numbers, block);
        benchmark::DoNotOptimize(block.data());
        benchmark::ClobberMemory();
    }
    finish(state, kEntries);
}
BENCHMARK(pack)->RangeMultiplier(2)->Range(1, 64);

void zeroDetection(benchmark::State& state)
{
    const std::vector<std::byte> bytes(2 * kEntries);
    for (auto _ : state)
        benchmark::DoNotOptimize(isAllZero(bytes));
    finish(state, kEntries);
}
BENCHMARK(zeroDetection);

void swapTable(benchmark::State& state)
{
    std::vector<std::uint64_t> words(kEntries, 1);
    for (auto _ : state) {
        swapWords(words);
        benchmark::ClobberMemory();
    }
    finish(state, kEntries);
}
BENCHMARK(swapTable);

/// The argument is the length of the runs.
void runDetection(benchmark::State& state)
{
    const auto words = ascending(static_cast<std::size_t>(state.range()));
    for (auto _ : state) {
        for (std::size_t i = 0; i < words.size();)
            i += ascendingRun(std::span(words).subspan(i), 65536);
    }
    finish(state, kEntries);
}
BENCHMARK(runDetection)->Arg(1)->Arg(16)->Arg(kEntries);

/// References of one table after another, in runs of the argument's length at random places that are not in use yet.
template <typename Numbers, typename Add>
void update(benchmark::State& state, const Add& add)
{
    const auto length = static_cast<std::uint64_t>(state.range());
    std::optional<Numbers> numbers;
    std::uint64_t at = kClusters;
    std::uint64_t place = 0;
    for (auto _ : state) {
        if (at >= kClusters) {
            state.PauseTiming();
            numbers.emplace(kClusters);
            at = 0;
            state.ResumeTiming();
        }
        for (std::uint64_t done = 0; done < kEntries; done += length) {
            add(*numbers, HostCluster(place), length);
            place = (place + 10368889 / length * length) % kClusters; // comes round to each once
        }
        at += kEntries;
    }
    finish(state, kEntries);
}

void censusUpdate(benchmark::State& state)
{
    update<ClusterMap>(state, [](ClusterMap& map, HostCluster first, std::uint64_t count) {
        map.addReferencesToRun(first, count, ClusterOwner::Data, 1, 0);
    });
}
BENCHMARK(censusUpdate)->Arg(1)->Arg(64)->Arg(kEntries);

/// Where no count is above 1.
void soundCensusUpdate(benchmark::State& state)
{
    struct Uses : SingleUses {
        explicit Uses(std::uint64_t clusters)
            : SingleUses(allOnes(clusters))
        {
        }
    };
    update<Uses>(state, [](SingleUses& uses, HostCluster first, std::uint64_t count) {
        benchmark::DoNotOptimize(uses.add(first, count));
    });
}
BENCHMARK(soundCensusUpdate)->Arg(1)->Arg(64)->Arg(kEntries);

/// Where there are larger ones.
void sharedCensusUpdate(benchmark::State& state)
{
    update<CompactCounts>(state, [](CompactCounts& numbers, HostCluster first, std::uint64_t count) {
        if (count == 1)
            numbers.add(first, 2);
        else
            numbers.addRun(first, count, 2);
    });
}
BENCHMARK(sharedCensusUpdate)->Arg(1)->Arg(64)->Arg(kEntries);

/// From the map of an image with all of its metadata, 64 KiB a cluster.
void pyramidBuild(benchmark::State& state)
{
    CreateOptions options;
    options.size = kPyramidClusters << 16;
    options.preallocation = Preallocation::Metadata;
    std::shared_ptr<OverlayStorage> storage = OverlayStorage::over(std::make_shared<MemoryStorage>()).value();
    if (!createImage(options, storage, nullptr, {}))
        return state.SkipWithError("could not create the image");
    const auto image = Image::open(storage, {}).value();
    const auto source = std::make_shared<CensusMapSource>(image, takeCensus(*image, {}).value());
    for (auto _ : state) {
        MapPyramid pyramid(source);
        benchmark::DoNotOptimize(pyramid.build({}));
    }
    finish(state, source->clusters());
}
BENCHMARK(pyramidBuild)->Unit(benchmark::kMillisecond);

} // namespace

BENCHMARK_MAIN();
