// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/report/report_charts.h"

#include "core/analysis/count_buckets.h"
#include "core/base/number_text.h"
#include "core/report/owner_colors.h"
#include "core/report/text_report.h"

#include <algorithm>
#include <fmt/format.h>
#include <functional>
#include <numeric>

namespace cowscope
{

namespace
{

constexpr std::uint32_t kPlain = 0x1f6fb2;
constexpr std::uint32_t kMuted = 0xa9b4be;
constexpr std::size_t kMostSnapshots = 40;

constexpr std::array<std::string_view, kOwnerCount> kOwnerClasses{
    "o0", "o1", "o2", "o3", "o4", "o5", "o6", "o7", "o8", "o9", "o10", "o11", "o12", "o13", "o14"};

ChartPart plainPart(std::uint64_t value, bool muted = false)
{
    return {static_cast<double>(value), muted ? "m" : "p", muted ? kMuted : kPlain};
}

std::string rangeText(std::uint64_t from, std::uint64_t to)
{
    return from == to ? groupedNumber(from) : fmt::format("{} to {}", groupedNumber(from), groupedNumber(to));
}

ChartBar shareBar(std::string label, const SpaceShare& share)
{
    return {std::move(label), fmt::format("{} + {}", humanBytes(share.exclusive), humanBytes(share.shared)),
        {plainPart(share.exclusive), plainPart(share.shared, true)}};
}

} // namespace

Chart spaceChart(const SpaceLedger& ledger)
{
    Chart chart{"Space by use", {}, false};
    for (std::size_t i = 0; i < kSpaceUseCount; ++i) {
        const SpaceSum& sum = ledger.uses[i];
        const auto owner = static_cast<std::size_t>(ownerOf(static_cast<SpaceUse>(i)));
        if (sum.clusters > 0)
            chart.bars.push_back({std::string(spaceUseName(static_cast<SpaceUse>(i))), humanBytes(sum.bytes),
                {{static_cast<double>(sum.bytes), kOwnerClasses[owner], kOwnerColors[owner].light}}});
    }
    return chart;
}

Chart countChart(const Census& census)
{
    Chart chart{"How many clusters have which reference count (logarithmic)", {}, true};
    for (const CountBucket& bucket : countBuckets(census.histogram))
        chart.bars.push_back({"count " + rangeText(bucket.from, bucket.to), groupedNumber(bucket.clusters),
            {plainPart(bucket.clusters, bucket.from == 0)}});
    return chart;
}

Chart widthChart(std::span<const WidthAssessment> widths)
{
    Chart chart{"What each refcount width costs on this image (logarithmic)", {}, true};
    for (const WidthAssessment& width : widths) {
        std::string label = width.bits() == 1 ? std::string("1 bit") : fmt::format("{} bits", width.bits());
        if (width.state == WidthState::Refused)
            chart.bars.push_back({std::move(label), "not possible", {}});
        else
            chart.bars.push_back({std::move(label),
                humanBytes(width.metadataBytes) + (width.state == WidthState::Current ? " (today)" : ""),
                {plainPart(width.metadataBytes, width.state != WidthState::Current)}});
    }
    return chart;
}

Chart fragmentationChart(const Fragmentation& fragmentation)
{
    Chart chart{"Guest data by the length of contiguous runs", {}, false};
    for (std::size_t i = 0; i < Fragmentation::kBuckets; ++i) {
        if (fragmentation.runs[i] == 0)
            continue;
        const std::uint64_t from = std::uint64_t{1} << i;
        chart.bars.push_back({fmt::format("runs of {}", rangeText(from, from + (from - 1))),
            fmt::format(
                "{} clusters, {} runs", groupedNumber(fragmentation.clusters[i]), groupedNumber(fragmentation.runs[i])),
            {plainPart(fragmentation.clusters[i])}});
    }
    if (fragmentation.compressed > 0)
        chart.bars.push_back({"compressed, one by one", groupedNumber(fragmentation.compressed) + " clusters",
            {plainPart(fragmentation.compressed, true)}});
    return chart;
}

std::string refblockBucketName(std::size_t bucket)
{
    if (bucket == 0)
        return "empty";
    if (bucket + 1 == RefblockUsage::kBuckets)
        return "full";
    return bucket == 10 ? std::string("over 90 %") : fmt::format("up to {} %", bucket * 10);
}

Chart refblockChart(const RefblockUsage& usage)
{
    Chart chart{"How full the refblocks are", {}, false};
    for (std::size_t i = 0; i < RefblockUsage::kBuckets; ++i)
        chart.bars.push_back(
            {refblockBucketName(i), groupedNumber(usage.refblocks[i]), {plainPart(usage.refblocks[i])}});
    if (usage.missing > 0)
        chart.bars.push_back({"missing", groupedNumber(usage.missing), {plainPart(usage.missing, true)}});
    return chart;
}

std::vector<std::size_t> snapshotsToShow(const SpaceLedger& ledger, std::size_t most)
{
    std::vector<std::size_t> shown(ledger.snapshots.size());
    std::iota(shown.begin(), shown.end(), std::size_t{0});
    std::ranges::stable_sort(
        shown, std::ranges::greater{}, [&ledger](std::size_t i) { return ledger.snapshots[i].exclusive; });
    shown.resize(std::min(shown.size(), most));
    std::ranges::sort(shown);
    return shown;
}

Chart snapshotChart(const Image& image, const SpaceLedger& ledger)
{
    Chart chart{"Space of the active disk and of each snapshot: exclusive + shared", {}, false};
    if (ledger.snapshots.empty())
        return chart;
    chart.bars.push_back(shareBar("active disk", ledger.active));
    for (const std::size_t i : snapshotsToShow(ledger, kMostSnapshots)) {
        const Snapshot& snapshot = image.snapshots()[i];
        chart.bars.push_back(
            shareBar(snapshot.name.empty() ? "snapshot " + snapshot.id : snapshot.name, ledger.snapshots[i]));
    }
    return chart;
}

} // namespace cowscope
