// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/chart_figures.h"

#include "ui/common/format.h"

#include <QCoreApplication>

#include <algorithm>

namespace cowscope::ui
{

namespace
{

struct Text {
    Q_DECLARE_TR_FUNCTIONS(cowscope::ui::ChartFigures)
};

QString bitsText(unsigned bits)
{
    return bits == 1 ? Text::tr("1 bit") : Text::tr("%1 bits").arg(bits);
}

QString lengthText(std::uint64_t from)
{
    return from == 1 ? Text::tr("1") : Text::tr("%1\u2013%2").arg(formatCount(from), formatCount(from + (from - 1)));
}

/// Short, so that twelve of them stand below an axis: "0", "10", ... "<100", "100".
QString bucketText(std::size_t bucket)
{
    return bucket + 1 == RefblockUsage::kBuckets ? Text::tr("100")
        : bucket == 10                           ? Text::tr("<100")
                                                 : QString::number(bucket * 10);
}

} // namespace

Result<ChartFigures> takeFigures(const Image& image, const Census& census, const TaskContext& task)
{
    ChartFigures figures;
    figures.widths = assessWidths(image, census);
    auto refblocks = measureRefblockUsage(image, census, task);
    if (!refblocks)
        return failed(refblocks);
    figures.refblocks = *refblocks;
    auto fragmentation = measureFragmentation(image, task);
    if (!fragmentation)
        return failed(fragmentation);
    figures.fragmentation = *fragmentation;
    auto ledger = takeLedger(image, census, task);
    if (!ledger)
        return failed(ledger);
    figures.ledger = std::move(*ledger);
    return figures;
}

QList<BarChart::Bar> widthBars(std::span<const WidthAssessment> widths)
{
    QList<BarChart::Bar> bars;
    for (const WidthAssessment& width : widths) {
        const QString bits = bitsText(width.bits());
        if (width.state == WidthState::Refused)
            bars.push_back({Text::tr("%1: no").arg(width.bits()),
                Text::tr("%1: not possible. %2")
                    .arg(bits, width.refusals.empty() ? QString() : toQString(width.refusals.front())),
                0});
        else
            bars.push_back({Text::tr("%1: %2").arg(width.bits()).arg(formatBytes(width.metadataBytes)),
                Text::tr("%1: %2").arg(bits, formatExactBytes(width.metadataBytes)),
                static_cast<double>(width.metadataBytes)});
    }
    return bars;
}

QList<BarChart::Bar> fragmentationBars(const Fragmentation& fragmentation)
{
    QList<BarChart::Bar> bars;
    for (std::size_t i = 0; i < Fragmentation::kBuckets; ++i) {
        if (fragmentation.runs[i] == 0)
            continue;
        const QString length = lengthText(std::uint64_t{1} << i);
        bars.push_back({length,
            Text::tr("runs of %1 clusters: %2 clusters in %3 runs")
                .arg(length, formatCount(fragmentation.clusters[i]), formatCount(fragmentation.runs[i])),
            static_cast<double>(fragmentation.clusters[i])});
    }
    if (fragmentation.compressed > 0)
        bars.push_back({Text::tr("compressed"),
            Text::tr("%1 compressed clusters, each read by itself").arg(formatCount(fragmentation.compressed)),
            static_cast<double>(fragmentation.compressed), false});
    return bars;
}

QList<BarChart::Bar> refblockBars(const RefblockUsage& usage)
{
    QList<BarChart::Bar> bars;
    for (std::size_t i = 0; i < RefblockUsage::kBuckets; ++i)
        bars.push_back({bucketText(i),
            Text::tr("up to %1 % of the entries in use: %2 refblocks")
                .arg(bucketText(i), formatCount(usage.refblocks[i])),
            static_cast<double>(usage.refblocks[i])});
    if (usage.missing > 0)
        bars.push_back({Text::tr("none"),
            Text::tr("%1 entries of the reftable lead to no refblock").arg(formatCount(usage.missing)),
            static_cast<double>(usage.missing), false});
    return bars;
}

QString widthsTitle(std::span<const WidthAssessment> widths)
{
    const auto today = std::ranges::find(widths, WidthState::Current, &WidthAssessment::state);
    return today == widths.end() ? Text::tr("What each refcount width costs on this image")
                                 : Text::tr("What each refcount width costs on this image (today %1, %2)")
                                       .arg(bitsText(today->bits()), formatBytes(today->metadataBytes));
}

QString fragmentationTitle(const Fragmentation& fragmentation)
{
    const QString title = Text::tr("Guest data by the length of contiguous runs");
    if (fragmentation.allRuns == 0)
        return title;
    return Text::tr("%1 (%2 runs, the longest of %3 clusters)")
        .arg(title, formatCount(fragmentation.allRuns), formatCount(fragmentation.longest));
}

} // namespace cowscope::ui
