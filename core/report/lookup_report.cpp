// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/report/lookup_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace cowscope
{

namespace
{

using Json = nlohmann::json;

std::string hexText(std::span<const std::byte> bytes)
{
    std::string text;
    for (const std::byte byte : bytes)
        text += fmt::format("{}{:02x}", text.empty() ? "" : " ", std::to_integer<unsigned>(byte));
    return text;
}

std::string stepsText(std::span<const LookupStep> steps)
{
    std::string text;
    std::size_t number = 0;
    for (const LookupStep& step : steps) {
        text += fmt::format("{}. {}\n", ++number, step.title);
        for (const std::string& line : step.arithmetic)
            text += fmt::format("     {}\n", line);
        if (step.place)
            text += fmt::format("     bytes at {:#x}: {}\n", step.place->value(), hexText(step.bytes));
        if (!step.result.empty())
            text += fmt::format("   > {}\n", step.result);
    }
    return text;
}

Json stepsJson(std::span<const LookupStep> steps)
{
    Json out = Json::array();
    for (const LookupStep& step : steps) {
        Json each{{"title", step.title}, {"arithmetic", step.arithmetic}, {"result", step.result}};
        if (step.place) {
            each["offset"] = step.place->value();
            each["bytes"] = hexText(step.bytes);
        }
        out.push_back(std::move(each));
    }
    return out;
}

const char* kindName(MappingKind kind)
{
    switch (kind) {
    case MappingKind::Unallocated:
    case MappingKind::UnallocatedHere:
        return "unallocated";
    case MappingKind::Zero:
    case MappingKind::ZeroAllocated:
        return "zero";
    case MappingKind::Data:
        return "data";
    case MappingKind::Compressed:
        return "compressed";
    }
    return "";
}

} // namespace

std::string lookupText(const GuestTrace& trace)
{
    return stepsText(trace.steps) + trace.outcome + ".\n";
}

std::string lookupText(const HostTrace& trace, const Image& image)
{
    const auto unused = [&trace]() -> std::string_view {
        if (!trace.refcount)
            return "Nothing refers to this cluster.\n";
        return *trace.refcount == 0 ? "Nothing refers to this cluster: it is free.\n"
                                    : "Nothing refers to this cluster, though it has a count: it is a leak.\n";
    };
    std::string text = stepsText(trace.steps);
    text += trace.referrers.empty() ? unused() : "Referred to by:\n";
    for (const Referrer& each : trace.referrers)
        text += fmt::format("  {:#x}: {}, as {}\n", each.slot.value(), each.text(image), ownerName(each.as));
    if (trace.moreReferrers)
        text += "  ... and more\n";
    return text;
}

Json lookupJson(const GuestTrace& trace)
{
    Json out{{"steps", stepsJson(trace.steps)}, {"outcome", trace.outcome}, {"broken", trace.broken}};
    if (trace.kind)
        out["kind"] = kindName(*trace.kind);
    if (trace.host)
        out["host"] = trace.host->value();
    return out;
}

Json lookupJson(const HostTrace& trace, const Image& image)
{
    Json referrers = Json::array();
    for (const Referrer& each : trace.referrers) {
        Json one{{"offset", each.slot.value()}, {"text", each.text(image)}, {"as", ownerName(each.as)}};
        if (each.guest)
            one["guest"] = each.guest->value();
        if (each.snapshot)
            one["snapshot"] = image.snapshots()[*each.snapshot].id;
        referrers.push_back(std::move(one));
    }
    Json out{{"steps", stepsJson(trace.steps)}, {"referrers", std::move(referrers)}, {"more", trace.moreReferrers}};
    if (trace.refcount) {
        out["refcount"] = *trace.refcount;
        out["leak"] = *trace.refcount > 0 && trace.referrers.empty();
    }
    return out;
}

} // namespace cowscope
