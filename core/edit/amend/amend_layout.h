// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/census.h"
#include "core/analysis/compact_counts.h"
#include "core/edit/image/cluster_run.h"
#include "core/image/image.h"

#include <stop_token>
#include <vector>

namespace cowscope
{

/// What every width's layout needs to know of the image, gathered in one pass over the cluster map: which chunks hold
/// counts that stay, where old refcount structures are, and where there is room. A chunk is the reach of the smallest
/// refblock (64-bit counts), so that each refblock of any width is a whole number of chunks.
struct AmendSurvey {
    std::uint64_t chunkClusters = 0;
    std::vector<std::uint64_t> chunksInUse; ///< chunks with a count once the old structures are gone, ascending
    std::vector<HostCluster> oldRefblocks; ///< sorted
    std::vector<ClusterRun> freeRuns; ///< inside the file, two clusters and more, by offset; not a trailing one
    HostCluster end; ///< from here on nothing is in use
};
/// Which counts the new structures will hold.
enum class CountBasis {
    Stored, ///< those that the image has
    References, ///< the number of references found
};
/// Once a stop is requested it ends early, and the survey is of no use: its caller asks for that.
AmendSurvey surveyForAmend(
    const Image& image, const Census& census, CountBasis basis = CountBasis::Stored, const std::stop_token& stop = {});

/// The same of an image in which nothing is wrong, from all its counts.
AmendSurvey surveyForAmend(const Image& image, const CompactCounts& counts, const std::stop_token& stop = {});

/// Where the new structures of one width go.
struct AmendLayout {
    HostCluster first; ///< of the run: refblocks in the order of their indexes, then the table
    std::vector<std::uint64_t> refblocks; ///< reftable indexes that get a refblock, ascending
    std::uint64_t reftableClusters = 0;
};

/// Solves the fixed point: the new structures count themselves, and may need a further refblock (or table cluster)
/// because of that. Takes the first free run that is long enough, else the end of the image.
AmendLayout layOutRefcounts(const Geometry& geometry, const AmendSurvey& survey, unsigned order);

/// An upper bound for the bytes of new structures before there is a layout: what they take if every cluster of the file
/// is counted. 0 for the width that the image has.
std::uint64_t mostRefcountBytes(const Image& image, unsigned order);

} // namespace cowscope
