// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/repair/needs.h"

#include "core/analysis/reference_counter.h"
#include "core/edit/repair/rebuild.h"
#include "core/edit/repair/separate.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <set>

namespace cowscope
{

namespace
{

using enum FindingKind;

std::string plural(std::uint64_t number, std::string_view one, std::string_view many)
{
    return fmt::format("{} {}", number, number == 1 ? one : many);
}

/// What keeps a repair from touching anything; empty: nothing does.
std::string whyNothingCanBeDone(const Image& image, const Census& census)
{
    if (!census.complete)
        return "The check was stopped, so that not all references are known. Check the whole image first";
    if (census.checkErrors > 0)
        return "Parts of the image cannot be read, so that not all references are known. Copy the image from the "
               "failing disk first, then repair the copy";
    const Header& header = image.header();
    if (!isWithinFile(image, header.l1TableOffset, std::uint64_t{header.l1Size} * 8))
        return "The active L1 table lies behind the end of the file, so that no guest data can be found. Get the rest "
               "of the file back, or a copy of it";
    const auto& crypto = image.extensions().crypto;
    if (crypto && !isWithinFile(image, crypto->offset, crypto->length))
        return "The encryption header lies behind the end of the file, so that no guest data can be read. Get the rest "
               "of the file back, or a copy of it";
    return {};
}

bool bitmapsAreDamaged(const Image& image)
{
    const auto& extension = image.extensions().bitmaps;
    if (!extension || (image.header().autoclearFeatures & kAutoclearBitmaps) == 0)
        return false;
    if (image.bitmaps().empty() || !isWithinFile(image, extension->directoryOffset, extension->directorySize))
        return true;
    std::uint64_t tableBytes = 0;
    for (const Bitmap& bitmap : image.bitmaps()) {
        const std::uint64_t bytes = std::uint64_t{bitmap.tableSize} * 8;
        tableBytes += bytes;
        if (!isWithinFile(image, bitmap.tableOffset, bytes)
            || tableBytes > image.fileSize() + image.geometry().clusterSize())
            return true;
    }
    return false;
}

/// Whether the only corruptions are copied flags that disagree with sound counts.
bool onlyFlagsAreWrong(const Census& census)
{
    for (std::size_t i = 0; i < kFindingKindCount; ++i) {
        const auto kind = static_cast<FindingKind>(i);
        if (findingText(kind).severity == Severity::Corruption && kind != CopiedFlagWrong && census.count(kind) > 0)
            return false;
    }
    return true;
}

std::string entryActionText(FindingKind kind, std::uint64_t places)
{
    const auto entries = [places](std::string_view what, std::string_view which) {
        return fmt::format("{} {} {}", what, plural(places, "entry", "entries"), which);
    };
    switch (kind) {
    case L1EntryReserved:
    case L2EntryReserved:
        return entries("Clear the reserved bits of", kind == L1EntryReserved ? "of L1 tables" : "of L2 tables");
    case CopiedFlagWrong:
        return entries("Clear the copied flag of", "of L1 tables that lead nowhere");
    case ZeroInVersion2:
        return entries("Clear the zero flag of", "that version 2 has no zero clusters for");
    case CompressedCopied:
        return entries("Clear the copied flag of", "of compressed clusters");
    case L1EntryUnaligned:
        return entries("Drop", "of L1 tables whose L2 tables do not begin at a cluster");
    case DataUnaligned:
        return entries("Drop the places of", "whose data does not begin at a cluster");
    case ReferencePastEnd:
        return entries("Drop or shorten", "that lead behind the end of the file");
    case CompressedInDataFile:
        return entries("Drop", "of compressed clusters, which an external data file cannot hold");
    case DataFileOffset:
        return entries("Lead", "to their own places in the external data file");
    case SubclusterContradiction:
        return entries("Make the subclusters zeros that contradict each other in", "");
    case DoubleOwner:
        return entries("Drop", "that take something else for an L2 table");
    case BitmapTable:
        return entries("Mend", "of bitmap tables");
    default:
        return entries("Mend", "of tables");
    }
}

class Planner
{
public:
    Planner(const Image& image, const Census& census, RepairMode mode, const TaskContext& task)
        : m_image(image)
        , m_census(census)
        , m_mode(mode)
        , m_task(task)
    {
    }

    Result<RepairNeeds> run()
    {
        RepairPlan& plan = m_needs.plan;
        plan.mode = m_mode;
        plan.leaks = m_census.leaks;
        plan.corruptions = m_census.corruptions;
        if (std::string why = whyNothingCanBeDone(m_image, m_census); !why.empty()) {
            plan.remains.push_back(std::move(why));
            return std::move(m_needs);
        }
        if (m_mode == RepairMode::Leaks)
            planLeaks();
        else if (auto planned = planAll(); !planned)
            return failed(planned);
        if (plan.remains.empty())
            planBits();
        return std::move(m_needs);
    }

private:
    void act(FindingKind kind, std::uint64_t places, std::string what, bool losesData = false)
    {
        while (what.ends_with(' '))
            what.pop_back();
        m_needs.plan.actions.push_back({kind, places, std::move(what), losesData, false});
    }

    /// Lowers counts, and as the reference tool does it, mends copied flags if nothing else is wrong.
    void planLeaks()
    {
        RepairPlan& plan = m_needs.plan;
        plan.remains = whatRemains(m_image, m_census, m_mode);
        if (!m_image.problems().empty())
            return; // references may be missing
        if (m_census.leaks > 0 && !refcountsUsable(m_image, m_census)) {
            plan.remains.push_back("The refcount structures are damaged, so that no count can be lowered where it is. "
                                   "Repair everything: -r all");
            return;
        }
        if (onlyFlagsAreWrong(m_census))
            planFlags();
        planLowering();
    }

    Result<void> planAll()
    {
        RepairPlan& plan = m_needs.plan;
        if (auto planned = planTables(); !planned)
            return planned;
        if (m_needs.tables.foreignActiveL1) {
            plan.remains.push_back(
                "What should be the active L1 table is something else's place, so that no guest data "
                "can be found. Put the field l1_table_offset of the header right first");
            return {};
        }
        planSnapshots();
        planBitmaps();
        const bool usable = refcountsUsable(m_image, m_census);
        if (!usable) {
            plan.rebuild = true;
            act(rebuildCause(), m_census.count(rebuildCause()),
                "Write all refcount blocks and the refcount table anew, beside the old ones");
        }
        if (auto planned = planTwoOwners(); !planned)
            return planned;
        const std::uint64_t low = m_census.count(RefcountTooLow) + overflowsToRaise();
        if (usable && low > 0)
            act(RefcountTooLow, low, fmt::format("Raise the counts of {}", plural(low, "cluster", "clusters")));
        planFlags();
        planLowering();
        for (std::string& rest : whatRemains(m_image, m_census, m_mode))
            plan.remains.push_back(std::move(rest));
        addLosses(m_needs.tables.losses);
        addLosses(m_needs.snapshots.losses);
        return {};
    }

    void addLosses(const LossList& losses)
    {
        auto& givenUp = m_needs.plan.givenUp;
        givenUp.insert(givenUp.end(), losses.names.begin(), losses.names.end());
        if (losses.more > 0)
            givenUp.push_back(fmt::format("... and {} more", losses.more));
    }

    /// Findings that lie in entries of tables. Without any there is no need to read the tables again.
    bool hasBadEntries() const
    {
        constexpr std::array kinds{L1EntryReserved, L1EntryUnaligned, L2EntryReserved, DataUnaligned, ReferencePastEnd,
            CompressedCopied, CompressedInDataFile, SubclusterContradiction, ZeroInVersion2, BitmapTable,
            DataFileOffset, CopiedFlagWrong, DoubleOwner};
        return std::ranges::any_of(kinds, [this](FindingKind kind) { return m_census.count(kind) > 0; });
    }

    Result<void> planTables()
    {
        if (!hasBadEntries())
            return {};
        auto fixes = fixTables(m_image, m_census, nullptr, m_task);
        if (!fixes)
            return failed(fixes);
        for (const auto& [kind, tally] : fixes->byKind)
            act(kind, tally.places, entryActionText(kind, tally.places), tally.losesData);
        m_needs.tables = std::move(*fixes);
        return {};
    }

    void planSnapshots()
    {
        SnapshotFixes& fixes = m_needs.snapshots;
        fixes = planSnapshotFixes(m_image, m_needs.tables.foreignL1);
        if (fixes.cuts(m_image))
            act(SnapshotTable, m_image.header().snapshotCount - fixes.readable,
                fixes.readable == 0 ? std::string("Take the snapshot table off the image")
                                    : fmt::format("Cut the snapshot table behind its first {} entries", fixes.readable),
                true);
        if (!fixes.dropped.empty())
            act(SnapshotL1Unaligned, fixes.dropped.size(),
                fmt::format("Delete {}", plural(fixes.dropped.size(), "damaged snapshot", "damaged snapshots")), true);
        if (fixes.incomplete > 0)
            act(SnapshotTable, fixes.incomplete,
                fmt::format("Add the missing sizes to {}",
                    plural(fixes.incomplete, "entry of the snapshot table", "entries of the snapshot table")));
    }

    void planBitmaps()
    {
        m_needs.dropsBitmaps = bitmapsAreDamaged(m_image);
        if (!m_needs.dropsBitmaps)
            return;
        const std::uint64_t count = m_image.extensions().bitmaps->bitmapCount;
        act(BitmapTable, count, "Take the damaged bitmaps off the image", true);
        for (const Bitmap& bitmap : m_image.bitmaps())
            m_needs.plan.givenUp.push_back(fmt::format("Bitmap '{}'", bitmap.name));
        if (m_image.bitmaps().empty())
            m_needs.plan.givenUp.push_back(fmt::format("{} of the directory at {:#x}",
                plural(count, "bitmap", "bitmaps"), m_image.extensions().bitmaps->directoryOffset.value()));
    }

    /// The finding that stands for the reason of a rebuild.
    FindingKind rebuildCause() const
    {
        for (const FindingKind kind :
            {ReftableReserved, RefblockUnaligned, RefblockPastEnd, RefblockShared, DoubleOwner})
            if (m_census.count(kind) > 0)
                return kind;
        return RefcountTooLow;
    }

    Result<void> planTwoOwners()
    {
        if (m_census.count(DoubleOwner) == 0)
            return {};
        auto separation = planSeparation(m_image, m_census, m_needs.plan.rebuild, m_task);
        if (!separation)
            return failed(separation);
        if (!separation->moves.empty())
            act(DoubleOwner, separation->moves.size(),
                fmt::format("Copy {} elsewhere, since other structures use the same place",
                    plural(separation->moves.size(), "guest cluster", "guest clusters")));
        warnOfDoubt(separation->moves);
        // What entries will be dropped anyway may well be what claims those clusters.
        if (m_needs.tables.changesNothing() && !m_needs.snapshots.rewrites())
            m_needs.plan.remains = std::move(separation->unresolved);
        return {};
    }

    /// Of a cluster that a table uses too, the table's bytes are what is there, and what is copied.
    void warnOfDoubt(std::span<const Move> moves)
    {
        std::set<std::string_view> owners;
        std::uint64_t doubtful = 0;
        std::string guest;
        for (const Move& move : moves) {
            if (!move.isDoubtful())
                continue;
            ++doubtful;
            owners.insert(ownerName(move.other));
            if (guest.empty() && move.guest)
                guest = fmt::format(" ({}guest {:#x})", moves.size() == 1 ? "" : "the first is ", move.guest->value());
        }
        if (doubtful == 0)
            return;
        RepairPlan& plan = m_needs.plan;
        plan.actions.back().isDoubtful = true;
        plan.cautions.push_back(
            fmt::format("What is copied for {}{} is most likely what the other owner ({}) has there, "
                        "not what the guest wrote: that was overwritten",
                plural(doubtful, "guest cluster", "guest clusters"), guest, fmt::join(owners, ", ")));
        if (const std::uint64_t leaked = m_census.count(Leak); leaked > 0)
            plan.cautions.push_back(
                fmt::format("{} by the same repair and may hold the data that was lost. Copy the image first if it is "
                            "wanted",
                    plural(leaked, "leaked cluster is freed", "leaked clusters are freed")));
    }

    /// Flags that are wrong today, and those that will be once the counts have changed.
    void planFlags()
    {
        std::uint64_t wrong = m_census.count(CopiedFlagWrong);
        if (const auto tables = m_needs.tables.byKind.find(CopiedFlagWrong); tables != m_needs.tables.byKind.end())
            wrong -= std::min(wrong, tables->second.places);
        wrong -= std::min(wrong, flagsLeftClear());
        const bool sharedLeaks = std::ranges::any_of(
            m_census.findings, [](const Finding& each) { return each.kind == Leak && each.expected > 0; });
        if (wrong > 0)
            act(CopiedFlagWrong, wrong, fmt::format("Set or clear {}", plural(wrong, "copied flag", "copied flags")));
        else if (m_census.count(RefcountTooLow) > 0 || sharedLeaks)
            act(CopiedFlagWrong, 0, "Set or clear the copied flags of entries whose counts change");
    }

    /// Clusters with too many references whose counts are not at the maximum yet.
    std::uint64_t overflowsToRaise() const
    {
        const std::uint64_t maximum = m_image.geometry().refcountCodec().maximum();
        return static_cast<std::uint64_t>(std::ranges::count_if(m_census.findings,
            [&](const Finding& each) { return each.kind == RefcountOverflow && each.actual < maximum; }));
    }

    /// Where a count is 1 because it can be no more, the flag would let one of several references be written in place.
    std::uint64_t flagsLeftClear() const
    {
        const std::uint64_t maximum = m_image.geometry().refcountCodec().maximum();
        return static_cast<std::uint64_t>(std::ranges::count_if(m_census.findings, [&](const Finding& each) {
            const HostOffset target(each.actual & kTableOffsetMask);
            return each.kind == CopiedFlagWrong && (each.actual & kCopiedFlag) == 0
                && m_census.map.references(m_image.geometry().cluster(target)) > maximum;
        }));
    }

    void planLowering()
    {
        const RepairPlan& plan = m_needs.plan;
        const bool drops = std::ranges::any_of(plan.actions, &RepairAction::losesData);
        const std::uint64_t leaked = m_census.count(Leak);
        if (plan.rebuild)
            return; // new structures hold the right counts
        if (leaked > 0)
            act(Leak, leaked,
                fmt::format("Lower the counts of {}{}", plural(leaked, "leaked cluster", "leaked clusters"),
                    drops ? ", and of what is dropped" : ""));
        else if (drops)
            act(Leak, 0, "Lower the counts of what is dropped");
    }

    void planBits()
    {
        if (m_image.header().isDirty())
            act(MarkedDirty, 1, "Clear the dirty bit, once a second check finds no corruption");
        if (m_image.header().isCorrupt())
            act(MarkedCorrupt, 1, "Clear the corrupt bit, once a second check finds no corruption");
    }

    const Image& m_image;
    const Census& m_census;
    RepairMode m_mode;
    const TaskContext& m_task;
    RepairNeeds m_needs;
};

std::string overflowAdvice(const Image& image, const Census& census)
{
    std::uint64_t most = 0;
    for (const Finding& finding : census.findings) {
        if (finding.kind == RefcountOverflow)
            most = std::max(most, finding.expected);
    }
    const std::uint64_t clusters = census.count(RefcountOverflow);
    return fmt::format("{} more references than {} can count. Amend to {} bits first (cowscope-cli amend -o "
                       "refcount_bits={}), then repair{}",
        plural(clusters, "cluster has", "clusters have"), plural(image.header().refcountBits(), "bit", "bits"),
        1U << orderFor(most), 1U << orderFor(most),
        image.header().version == 2 ? "; an image of compat 0.10 must be upgraded for that" : "");
}

/// Problems of Image::open that no repair deals with. They are reported in the order of the structures: the name of the
/// backing file first, the LUKS header last.
std::vector<Error> lastingProblems(const Image& image)
{
    const Header& header = image.header();
    std::vector<Error> lasting;
    if (header.backingFileOffset.value() != 0 && header.backingFileSize > 0 && image.backingFile().empty())
        lasting.push_back(image.problems().front());
    if (header.cryptMethod == CryptMethod::Luks && !image.luks())
        lasting.push_back(image.problems().back());
    return lasting;
}

} // namespace

std::vector<std::string> whatRemains(const Image& image, const Census& census, RepairMode mode)
{
    std::vector<std::string> remains;
    const std::vector<Error> lasting = lastingProblems(image);
    for (const Error& problem : mode == RepairMode::Leaks ? image.problems() : std::span<const Error>(lasting))
        remains.push_back(problem.text());
    if (census.count(RefcountOverflow) > 0)
        remains.push_back(overflowAdvice(image, census));
    if (mode == RepairMode::Leaks && !onlyFlagsAreWrong(census))
        remains.push_back(fmt::format(
            "{}. Repair everything: -r all", plural(census.corruptions, "corruption remains", "corruptions remain")));
    return remains;
}

Result<RepairNeeds> assessRepair(const Image& image, const Census& census, RepairMode mode, const TaskContext& task)
{
    return Planner(image, census, mode, task).run();
}

RepairPlan planRepair(const Image& image, const Census& census, RepairMode mode)
{
    auto needs = assessRepair(image, census, mode, {});
    if (needs)
        return std::move(needs->plan);
    RepairPlan plan;
    plan.mode = mode;
    plan.leaks = census.leaks;
    plan.corruptions = census.corruptions;
    plan.remains.push_back(needs.error().text());
    return plan;
}

} // namespace cowscope
