// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/report/image_report.h"
#include "core/report/svg_chart.h"

namespace cowscope
{

// The charts of a report. Each may be empty: then there is nothing to show.

Chart spaceChart(const SpaceLedger& ledger);
Chart countChart(const Census& census);
Chart widthChart(std::span<const WidthAssessment> widths);
Chart fragmentationChart(const Fragmentation& fragmentation);
Chart refblockChart(const RefblockUsage& usage);

/// Exclusive and shared space of the active disk and of the snapshots with the most exclusive space.
Chart snapshotChart(const Image& image, const SpaceLedger& ledger);

/// Names of the twelve buckets of a RefblockUsage: "empty", "up to 10 %", ... "over 90 %", "full".
std::string refblockBucketName(std::size_t bucket);

/// Which snapshots a chart of at most `most` shows, in their order: those with the most exclusive space.
std::vector<std::size_t> snapshotsToShow(const SpaceLedger& ledger, std::size_t most);

} // namespace cowscope
