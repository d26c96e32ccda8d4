// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/table_list.h"
#include "core/edit/repair/repair.h"
#include "core/storage/memory_storage.h"
#include "tests/support/guest_view.h"

#include <string>

namespace cowscope::test
{

/// How bad a state of an image is, for a comparison of states before, during and after a repair.
struct ImageState {
    std::string unusable; ///< why it cannot be opened or checked
    bool sound = false; ///< no corruption, no leak, nothing unreadable
    std::uint64_t harm = 0; ///< corruptions, but for copied flags that disagree with counts
    std::uint64_t unsafeFlags = 0; ///< copied flags on what has several references: writing in place destroys one
    std::map<std::string, DiskView> guests;
    std::string first; ///< finding
};

inline std::uint64_t countUnsafeFlags(const Image& image, const ClusterMap& map)
{
    const auto shared = [&](std::uint64_t entry) {
        const HostOffset target(entry & kTableOffsetMask);
        return (entry & kCopiedFlag) != 0 && (entry & kCompressedFlag) == 0
            && map.references(image.geometry().cluster(target)) > 1;
    };
    std::uint64_t count = 0;
    for (const std::uint64_t entry : image.l1Table())
        count += shared(entry) ? 1 : 0;
    FindingList ignored(0);
    auto tables = listL2Tables(image, {}, ignored).value_or(std::vector<TableUse>{});
    std::erase_if(tables, [](const TableUse& use) { return use.active == 0; });
    Progress progress;
    const auto visit = [&](const TableUse&, std::span<const std::uint64_t> words) -> Result<void> {
        for (std::size_t i = 0; i < words.size(); i += image.geometry().l2EntryBytes() / 8)
            count += shared(words[i]) ? 1 : 0;
        return {};
    };
    (void)readL2Tables(image, tables, {visit, [](auto, const Error&) {}}, {}, progress);
    return count;
}

inline ImageState stateOf(const Bytes& bytes)
{
    ImageState state;
    const auto image = openForRepair(std::make_shared<MemoryStorage>(bytes), {});
    if (!image) {
        state.unusable = image.error().text();
        return state;
    }
    const auto census = takeCensus(**image, {});
    if (!census) {
        state.unusable = census.error().text();
        return state;
    }
    state.sound = (*census)->isClean() && (*image)->problems().empty();
    state.harm = (*census)->corruptions + (*image)->problems().size();
    for (const Finding& finding : (*census)->findings) {
        if (state.first.empty())
            state.first = describe(finding, (*image)->geometry().clusterBits());
        if (finding.kind == FindingKind::CopiedFlagWrong)
            state.harm -= finding.weight;
    }
    state.unsafeFlags = countUnsafeFlags(**image, (*census)->map);
    state.guests = viewGuests(bytes);
    return state;
}

/// What is worse in `after` than it was in `before`; "" if nothing is.
inline std::string worseThan(const ImageState& before, const ImageState& after)
{
    if (!after.unusable.empty())
        return "cannot be used: " + after.unusable;
    if (after.harm > before.harm)
        return std::to_string(after.harm) + " corruptions after " + std::to_string(before.harm) + ": " + after.first;
    if (after.unsafeFlags > before.unsafeFlags)
        return std::to_string(after.unsafeFlags) + " unsafe copied flags after " + std::to_string(before.unsafeFlags);
    return lostGuestData(before.guests, after.guests);
}

} // namespace cowscope::test
