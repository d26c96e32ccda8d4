// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/amend/amend_plan.h"

#include "core/base/number_text.h"
#include "core/edit/amend/amend_layout.h"
#include "core/edit/amend/amend_rules.h"

#include <algorithm>
#include <bit>
#include <fmt/format.h>

namespace cowscope
{

namespace
{

constexpr std::size_t kNamedObstacles = 3; ///< clusters that a refusal names; the assessment has more

std::string describeObstacles(const WidthObstacles& obstacles, unsigned bits, const Geometry& geometry)
{
    std::string named;
    for (std::size_t i = 0; i < std::min(kNamedObstacles, obstacles.first.size()); ++i) {
        const CountedCluster& each = obstacles.first[i];
        named += fmt::format("{}cluster {} (offset {:#x}) has count {}", i == 0 ? "" : ", ", each.cluster.value(),
            geometry.offset(each.cluster).value(), each.count);
    }
    const std::uint64_t more = obstacles.clusters - std::min<std::uint64_t>(kNamedObstacles, obstacles.clusters);
    if (more > 0)
        named += fmt::format(" and {} more", more);
    return fmt::format("{} to {}, but {}", bits == 1 ? "1 bit counts" : fmt::format("{} bits count", bits),
        (~std::uint64_t{0}) >> (64 - bits), named);
}

void collectRefusals(WidthAssessment& assessment, const Image& image, const Census& census)
{
    const Header& header = image.header();
    auto& refusals = assessment.refusals;
    if (header.version == 2)
        refusals.push_back("Images of compat 0.10 (version 2) always count in 16 bits. Upgrade it as well: amend "
                           "-o compat=1.1");
    for (std::string& damage : damageRefusals(image, census))
        refusals.push_back(std::move(damage));
    if (assessment.obstacles.clusters > 0)
        refusals.push_back(describeObstacles(assessment.obstacles, assessment.bits(), image.geometry()));
}

void collectWarnings(WidthAssessment& assessment, const Image& image, const Census& census)
{
    auto& warnings = assessment.warnings;
    if (assessment.order == 0)
        warnings.push_back(
            "At 1 bit no internal snapshot of guest data can be taken, and no two compressed clusters can share "
            "a host cluster.");
    else if (assessment.snapshotsThatFit < 16)
        warnings.push_back(fmt::format("Only {} more internal snapshot{} will fit.", assessment.snapshotsThatFit,
            assessment.snapshotsThatFit == 1 ? "" : "s"));
    if (census.leaks > 0)
        warnings.push_back(
            fmt::format("The image has {} leaked clusters. They stay leaked until a repair.", census.leaks));
    if (census.corruptions > 0)
        warnings.push_back(fmt::format(
            "The image has {} corruptions. The change keeps them; repair the image afterwards.", census.corruptions));
    if (census.countedPastEnd > 0)
        warnings.push_back(fmt::format(
            "{} counts of clusters behind the end of the file mean nothing and are dropped.", census.countedPastEnd));
    if ((image.header().autoclearFeatures & ~kAutoclearKnown) != 0)
        warnings.push_back("Unknown autoclear features will be switched off, as the format demands of every writer.");
}

AmendPlan makePlan(const Image& image, const Census& census, const AmendSurvey& survey, unsigned order)
{
    AmendPlan plan;
    plan.oldOrder = image.header().refcountOrder;
    plan.newOrder = order;
    plan.oldReftable = image.header().refcountTableOffset;
    plan.oldReftableClusters = image.header().refcountTableClusters;
    plan.oldRefblocks = survey.oldRefblocks;
    plan.fileBytesBefore = image.fileSize();
    plan.fileBytesAfter = image.fileSize();
    plan.countedClusters = census.map.clusters();
    plan.largest = census.largest;
    plan.snapshotsThatFit = census.snapshotsThatFit[order];
    if (plan.changesNothing())
        return plan;
    AmendLayout layout = layOutRefcounts(image.geometry(), survey, order);
    plan.firstNewCluster = layout.first;
    plan.newRefblocks = std::move(layout.refblocks);
    plan.newReftableClusters = static_cast<std::uint32_t>(layout.reftableClusters);
    const HostCluster end = plan.firstNewCluster + plan.newClusters();
    plan.fileBytesAfter = std::max(plan.fileBytesBefore, image.geometry().offset(end).value());
    return plan;
}

WidthAssessment assess(const Image& image, const Census& census, const AmendSurvey& survey, unsigned order)
{
    const std::uint64_t clusterSize = image.geometry().clusterSize();
    WidthAssessment assessment;
    assessment.order = order;
    assessment.maximum = RefcountCodec(order).maximum();
    assessment.snapshotsThatFit = census.snapshotsThatFit[order];
    assessment.obstacles = census.obstacles[order];
    assessment.plan = makePlan(image, census, survey, order);
    if (assessment.plan.changesNothing()) {
        assessment.state = WidthState::Current;
        assessment.metadataBytes = assessment.plan.oldClusters() * clusterSize;
        return assessment;
    }
    assessment.metadataBytes = assessment.plan.newClusters() * clusterSize;
    collectRefusals(assessment, image, census);
    if (assessment.plan.newReftableClusters * clusterSize > kMaxReftableBytes)
        assessment.refusals.push_back(fmt::format("The refcount table would take {} bytes; {} is the limit",
            assessment.plan.newReftableClusters * clusterSize, kMaxReftableBytes));
    collectWarnings(assessment, image, census);
    if (!assessment.refusals.empty())
        assessment.state = WidthState::Refused;
    else
        assessment.state = assessment.warnings.empty() ? WidthState::Fits : WidthState::FitsWarned;
    return assessment;
}

} // namespace

WidthAssessment assessWidth(const Image& image, const Census& census, unsigned order)
{
    return assess(image, census, surveyForAmend(image, census), order);
}

std::array<WidthAssessment, kWidthCount> assessWidths(const Image& image, const Census& census)
{
    const AmendSurvey survey = surveyForAmend(image, census);
    std::array<WidthAssessment, kWidthCount> all;
    for (unsigned order = 0; order < kWidthCount; ++order)
        all[order] = assess(image, census, survey, order);
    return all;
}

Result<AmendPlan> planAmend(const Image& image, const Census& census, unsigned order, const std::stop_token& stop)
{
    const AmendSurvey survey = surveyForAmend(image, census, CountBasis::Stored, stop);
    if (stop.stop_requested())
        return fail(ErrorKind::Cancelled, "Cancelled");
    return planAmend(image, census, survey, order);
}

Result<AmendPlan> planAmend(const Image& image, const Census& census, const AmendSurvey& survey, unsigned order)
{
    WidthAssessment assessment = assess(image, census, survey, order);
    if (assessment.refusals.empty())
        return std::move(assessment.plan);
    std::string reasons;
    for (const std::string& refusal : assessment.refusals)
        reasons += fmt::format("{}{}", reasons.empty() ? "" : ". ", refusal);
    return fail(ErrorKind::Refused,
        fmt::format("Cannot change the refcount width to {}: {}", bitsText(assessment.bits()), reasons), {},
        assessment.obstacles.clusters > 0 ? "Ask for --split-shared to copy what is shared" : "");
}

std::optional<unsigned> orderOfWidth(std::uint64_t bits)
{
    if (!std::has_single_bit(bits) || bits > 64)
        return std::nullopt;
    return static_cast<unsigned>(std::countr_zero(bits));
}

} // namespace cowscope
