// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/fragmentation.h"
#include "core/analysis/space_ledger.h"
#include "core/edit/amend/amend_plan.h"
#include "ui/common/plots/bar_chart.h"

namespace cowscope::ui
{

/// What the charts show beside what a census has; a job finds it out.
struct ChartFigures {
    std::array<WidthAssessment, kWidthCount> widths;
    Fragmentation fragmentation;
    RefblockUsage refblocks;
    SpaceLedger ledger;
};

/// Errors: Cancelled, Io, TooLarge.
Result<ChartFigures> takeFigures(const Image& image, const Census& census, const TaskContext& task);

// The figures as bars, a few dozen at most.
QList<BarChart::Bar> widthBars(std::span<const WidthAssessment> widths);
QList<BarChart::Bar> fragmentationBars(const Fragmentation& fragmentation);
QList<BarChart::Bar> refblockBars(const RefblockUsage& usage);

/// "What each refcount width costs on this image (today 16 bits, 64 KiB)"
QString widthsTitle(std::span<const WidthAssessment> widths);

/// "... (9 runs, the longest of 40 clusters)"
QString fragmentationTitle(const Fragmentation& fragmentation);

} // namespace cowscope::ui
