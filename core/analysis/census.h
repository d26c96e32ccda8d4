// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/cluster_map.h"
#include "core/analysis/finding.h"
#include "core/base/task.h"
#include "core/format/limits.h"
#include "core/image/image.h"

#include <array>
#include <map>
#include <memory>
#include <vector>

namespace cowscope
{

inline constexpr std::size_t kWidthCount = kMaxRefcountOrder + 1; ///< refcount orders 0 to 6

/// How many clusters have which stored count. Counts up to kExact are kept one by one, larger ones by powers of two.
struct RefcountHistogram {
    static constexpr std::uint64_t kExact = 1023;

    std::array<std::uint64_t, kExact + 1> exact{}; ///< clusters with count i; 0 counts clusters of the file only
    std::array<std::uint64_t, 64> byLog2{}; ///< clusters with a count in [2^i, 2^(i+1)) above kExact

    void add(std::uint64_t count);
};

/// A cluster and its count.
struct CountedCluster {
    HostCluster cluster;
    std::uint64_t count = 0;

    bool operator==(const CountedCluster&) const = default;
};

/// What stands in the way of one refcount width.
struct WidthObstacles {
    static constexpr std::size_t kListed = 32;

    std::uint64_t clusters = 0; ///< how many clusters have a count that the width cannot hold
    std::vector<CountedCluster> first; ///< the first kListed of them, by host offset
};

/// Figures of the active guest disk as `qemu-img check` reports them; all in guest clusters.
struct AllocationFigures {
    std::uint64_t total = 0;
    std::uint64_t allocated = 0;
    std::uint64_t fragmented = 0;
    std::uint64_t compressed = 0;
};

/// Everything that one walk over an image's metadata finds: who uses each cluster, whether the counts are right, and
/// what the refcount widths would hold. An immutable value, shared by check, map, charts and the amend plan.
struct Census {
    static constexpr std::size_t kMaxFindings = 1U << 16;

    /// False if the census was stopped before its end and its caller wanted what there was: see CensusOptions. What it
    /// reports is true, but it is not all. Map, figures and totals lack what was not looked at, no width is known to
    /// hold any snapshot, and there are no findings that more looking might take back: clusters are not called leaked
    /// before all references are known. Nothing may be written on the strength of it.
    bool complete = true;
    Phase reached = Phase::Compare; ///< the phase that was stopped, or the last one

    ClusterMap map;
    std::vector<Finding> findings; ///< severest first, then by cluster; at most kMaxFindings
    std::uint64_t findingsDropped = 0; ///< findings past kMaxFindings; the totals below have them
    std::array<std::uint64_t, kFindingKindCount> findingsByKind{}; ///< indexed by FindingKind; also of dropped ones
    std::uint64_t corruptions = 0; ///< as qemu-img counts them
    std::uint64_t leaks = 0; ///< leaked clusters
    std::uint64_t checkErrors = 0; ///< parts that could not be checked
    AllocationFigures allocation;
    std::uint64_t imageEndOffset = 0; ///< bytes: behind the last cluster that has a count or a reference

    RefcountHistogram histogram;
    CountedCluster largest; ///< the largest stored count, first cluster that has it
    std::uint64_t countedPastEnd = 0; ///< clusters behind the end of the file that have a count
    std::array<WidthObstacles, kWidthCount> obstacles; ///< by refcount order
    std::array<std::uint64_t, kOwnerCount> clustersByOwner{}; ///< indexed by ClusterOwner

    /// How many further internal snapshots each width could count before some cluster overflows, by refcount order;
    /// 0 for a width that does not even hold today's counts. At most kMaxSnapshots less those there are.
    std::array<std::uint64_t, kWidthCount> snapshotsThatFit{};

    std::uint64_t count(FindingKind kind) const { return findingsByKind[static_cast<std::size_t>(kind)]; }
    bool isClean() const { return corruptions == 0 && leaks == 0 && checkErrors == 0; }
};

struct CensusOptions {
    bool keepPartial = false; ///< a stop gives an incomplete census instead of the error Cancelled
    bool skipUnaligned = false; ///< L2 tables that do not begin at a cluster do not count: they are about to go
};

/// Walks all metadata of the image, every L2 table once. Reads only the image file. Memory: the map (4 bytes a cluster,
/// 8 where one has 255 references or more, in use) and a few MiB. Bad content becomes a finding; an error means that
/// looking was impossible: Cancelled, TooLarge (more than kMaxCensusClusters), Io of the reftable.
Result<std::shared_ptr<const Census>> takeCensus(
    const Image& image, const TaskContext& task, const CensusOptions& options = {});

inline constexpr std::uint64_t kMaxCensusClusters = std::uint64_t{1} << 33;

} // namespace cowscope
