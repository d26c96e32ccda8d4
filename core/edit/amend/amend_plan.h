// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/census.h"
#include "core/base/result.h"
#include "core/image/image.h"

#include <array>
#include <stop_token>
#include <string>
#include <vector>

namespace cowscope
{

struct AmendSurvey;

/// Exactly what a change of the refcount width will do. Made without writing; runAmend() does what it says.
///
///     before  | header | ... old reftable, old refblocks, data ... | end of file
///     after   | header | ... freed,        freed,         data ... | new refblocks | new reftable |
///
/// The new structures take one run of clusters that have no count and no reference: the first such run inside the file
/// that is long enough, else the space behind the last cluster in use. The new counts show them used and the old ones
/// free, so nothing is left to do once the header points to the new table.
struct AmendPlan {
    unsigned oldOrder = 0;
    unsigned newOrder = 0;
    HostOffset oldReftable;
    std::uint32_t oldReftableClusters = 0;
    std::vector<HostCluster> oldRefblocks; ///< sorted
    HostCluster firstNewCluster; ///< of the run that holds the new structures: refblocks, then the table
    std::vector<std::uint64_t> newRefblocks; ///< reftable indexes that get a refblock, ascending
    std::uint32_t newReftableClusters = 0;
    std::uint64_t fileBytesBefore = 0;
    std::uint64_t fileBytesAfter = 0;
    std::uint64_t countedClusters
        = 0; ///< clusters whose counts are kept: those of the file, and one that reaches behind it
    CountedCluster largest; ///< largest count of the image
    std::uint64_t snapshotsThatFit = 0; ///< further snapshots that the new width can count

    bool changesNothing() const { return oldOrder == newOrder; }
    std::uint64_t newClusters() const { return newRefblocks.size() + newReftableClusters; } ///< clusters written
    std::uint64_t oldClusters() const { return oldRefblocks.size() + oldReftableClusters; } ///< clusters freed

    bool operator==(const AmendPlan&) const = default;
};

/// What a width means for an image, for the wizard's cards and `amend --plan`.
enum class WidthState {
    Current, ///< today's width
    Fits,
    FitsWarned, ///< possible, with warnings
    Refused,
};

struct WidthAssessment {
    unsigned order = 0;
    WidthState state = WidthState::Refused;
    std::uint64_t maximum = 0; ///< largest count that the width holds
    std::uint64_t snapshotsThatFit = 0; ///< further snapshots
    std::uint64_t metadataBytes = 0; ///< of refblocks and reftable on this image at that width (today's: as it is)
    std::vector<std::string> warnings; ///< sentences
    std::vector<std::string> refusals; ///< sentences: what stands in the way, with clusters and counts
    WidthObstacles obstacles; ///< clusters whose count does not fit
    AmendPlan plan; ///< valid unless Refused

    unsigned bits() const { return 1U << order; }
};

/// Assesses one width, 0 <= order <= 6. Pure: reads no file. Cost: one pass over the map's pages in use.
WidthAssessment assessWidth(const Image& image, const Census& census, unsigned order);

/// All seven, by order.
std::array<WidthAssessment, kWidthCount> assessWidths(const Image& image, const Census& census);

/// The plan, or an error of kind Refused that holds every refusal of the assessment, or Cancelled.
Result<AmendPlan> planAmend(const Image& image, const Census& census, unsigned order, const std::stop_token& stop = {});

/// The same with a survey that was made otherwise, for a census that knows no single clusters.
Result<AmendPlan> planAmend(const Image& image, const Census& census, const AmendSurvey& survey, unsigned order);

/// The order of a width in bits, nothing unless it is 1, 2, 4, 8, 16, 32 or 64.
std::optional<unsigned> orderOfWidth(std::uint64_t bits);

} // namespace cowscope
