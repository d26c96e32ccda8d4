// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/repair/repair.h"

#include "core/analysis/sound_census.h"
#include "core/base/big_endian.h"
#include "core/base/task_sequence.h"
#include "core/edit/amend/refcount_switch.h"
#include "core/edit/repair/beside.h"
#include "core/edit/repair/count_fixes.h"
#include "core/edit/repair/needs.h"
#include "core/edit/repair/rebuild.h"
#include "core/format/field_catalog.h"
#include "core/format/limits.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace cowscope
{

namespace
{

/// An image whose header reads as if it claimed the most snapshots that an image can have.
class CappedSnapshots final : public Storage
{
public:
    explicit CappedSnapshots(std::shared_ptr<const Storage> inner)
        : m_inner(std::move(inner))
    {
    }

    Result<std::uint64_t> size() const override { return m_inner->size(); }
    Result<std::uint64_t> allocatedBytes() const override { return m_inner->allocatedBytes(); }
    Result<StorageExtent> extentAt(std::uint64_t offset) const override { return m_inner->extentAt(offset); }
    bool canGrow() const override { return m_inner->canGrow(); }

    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) const override
    {
        auto held = m_inner->read(offset, out);
        std::array<std::byte, 4> most{};
        storeBigEndian(std::span<std::byte>(most), 0, kMaxSnapshots);
        for (std::size_t i = 0; held && i < most.size(); ++i) {
            const std::uint64_t at = header_field::kNbSnapshots + i;
            if (at >= offset && at < offset + out.size())
                out[at - offset] = most[i];
        }
        return held;
    }

    Result<void> write(std::uint64_t offset, std::span<const std::byte>) override { return refused(offset); }
    Result<void> flush() override { return {}; }
    Result<void> truncate(std::uint64_t size) override { return refused(size); }

private:
    static Result<void> refused(std::uint64_t offset)
    {
        return fail(ErrorKind::Refused, "This view of the image is for looking", offset);
    }

    std::shared_ptr<const Storage> m_inner;
};

/// The steps of repairImage() in their order.
class RepairRun
{
public:
    RepairRun(std::shared_ptr<Storage> storage, RepairMode mode, const TaskContext& task)
        : m_storage(std::move(storage))
        , m_mode(mode)
        , m_steps(task)
        , m_task{task.stop, {}}
    {
    }

    Result<RepairResult> run(const RepairPlan* expected)
    {
        if (auto opened = openFirst(); !opened)
            return failed(opened);
        auto needs = assessRepair(*m_image, *m_census, m_mode, m_task);
        if (!needs)
            return failed(needs);
        m_needs = std::move(*needs);
        if (expected != nullptr && m_needs.plan != *expected)
            return std::unexpected(changedSincePlan("the plan for it is another now"));
        const std::uint64_t leaks = m_census->leaks;
        const std::uint64_t corruptions = m_census->corruptions;
        if (!m_needs.plan.changesNothing()) {
            if (auto done = m_mode == RepairMode::All ? repairAll() : repairCounts(); !done)
                return failed(done);
            if (auto done = finish(); !done)
                return failed(done);
        }
        m_task = m_steps.next(0);
        m_task.report({Phase::Verify, 0, 0}); // what was not needed is done as well
        return RepairResult{std::move(m_needs.plan), leaks - std::min(leaks, m_census->leaks),
            corruptions - std::min(corruptions, m_census->corruptions), m_image, m_census};
    }

private:
    /// Between two steps: the place where a repair can be cancelled. Behind the next one there may be that many looks
    /// at the whole image: what turns out not to be needed makes the progress leap.
    Result<void> next(std::uint64_t looksLater)
    {
        m_task = m_steps.next(looksLater * m_lookBytes);
        return m_task.step({Phase::Write, 0, 0});
    }

    /// About the bytes that a look reads: refblocks, and the L2 tables of the active disk.
    static std::uint64_t lookBytes(const Image& image)
    {
        std::uint64_t clusters = 0;
        for (std::uint64_t i = 0; i < image.reftable().size(); ++i)
            clusters += image.usableRefblock(i).has_value();
        for (const std::uint64_t raw : image.l1Table())
            clusters += L1Entry{raw}.l2Offset().value() != 0;
        return clusters * image.geometry().clusterSize();
    }

    Result<void> openFirst()
    {
        auto image = m_mode == RepairMode::All ? openForRepair(m_storage, m_task) : Image::open(m_storage, m_task);
        if (!image)
            return failed(image);
        m_image = std::move(*image);
        m_lookBytes = lookBytes(*m_image);
        if (auto go = next(m_mode == RepairMode::All ? 7 : 2); !go)
            return go;
        return look();
    }

    Result<void> reopen()
    {
        auto image = Image::open(m_storage, {m_task.stop, {}});
        if (!image)
            return failed(image);
        m_image = std::move(*image);
        return {};
    }

    Result<void> look(const CensusOptions& options = {})
    {
        auto census = takeCensus(*m_image, m_task, options);
        if (!census)
            return failed(census);
        m_census = std::move(*census);
        return {};
    }

    Result<void> lookAgain(const CensusOptions& options = {})
    {
        if (auto opened = reopen(); !opened)
            return opened;
        return look(options);
    }

    /// Between the steps. What lost tables hold is noise, and they go only in the step that puts others in their place.
    Result<void> lookOnTheWay() { return lookAgain({.skipUnaligned = true}); }

    Result<void> repairAll()
    {
        if (auto go = next(6); !go)
            return go;
        if (auto mended = mendInPlace(); !mended)
            return mended;
        // The file must not grow over what a reference past its end takes for its own.
        if (leadsPastEnd())
            return {};
        if (auto go = next(5); !go)
            return go;
        if (!refcountsUsable(*m_image, *m_census)) {
            m_needs.plan.rebuild = true;
            if (auto rebuilt = rebuildRefcounts(*m_image, *m_census, *m_storage, {}, m_task); !rebuilt)
                return failed(rebuilt);
            if (auto looked = lookOnTheWay(); !looked)
                return looked;
        }
        if (auto go = next(4); !go)
            return go;
        if (auto done = doBeside(); !done)
            return done;
        return repairCounts();
    }

    Result<void> mendInPlace()
    {
        bool wrote = false;
        if (!m_needs.tables.changesNothing()) {
            auto fixed = fixTables(*m_image, *m_census, m_storage.get(), m_task);
            if (!fixed)
                return failed(fixed);
            wrote = !fixed->byKind.empty();
        }
        auto disarmed = disarmSnapshots(*m_image, m_needs.snapshots, *m_storage);
        if (!disarmed)
            return failed(disarmed);
        wrote = wrote || *disarmed;
        if (wrote) {
            if (auto flushed = m_storage->flush(); !flushed)
                return flushed;
        }
        auto mended = mendHeader();
        if (!mended)
            return failed(mended);
        if (!wrote && !*mended && m_needs.tables.lostTables.empty())
            return {};
        if (auto go = next(5); !go)
            return go;
        return lookOnTheWay();
    }

    /// Takes off the header what cannot be read.
    Result<bool> mendHeader()
    {
        Header expected = m_image->header();
        std::array<std::byte, 4> count{};
        if (auto read = m_storage->read(header_field::kNbSnapshots, count); !read)
            return failed(read);
        expected.snapshotCount = loadBigEndian<std::uint32_t>(count);
        const auto readable = static_cast<std::uint32_t>(m_needs.snapshots.readable);
        const bool cuts = expected.snapshotCount != readable;
        if (!cuts && !m_needs.dropsBitmaps)
            return false;
        const auto change = [&](std::span<std::byte> sector) {
            storeBigEndian(sector, header_field::kNbSnapshots, readable);
            if (readable == 0)
                storeBigEndian(sector, header_field::kSnapshotsOffset, std::uint64_t{0});
            if (m_needs.dropsBitmaps)
                storeBigEndian(
                    sector, header_field::kAutoclearFeatures, expected.autoclearFeatures & ~kAutoclearBitmaps);
        };
        if (auto changed = changeHeader(expected, *m_storage, change); !changed)
            return failed(changed);
        return true;
    }

    bool leadsPastEnd() const
    {
        const auto toReftable
            = static_cast<std::uint64_t>(std::ranges::count_if(m_census->findings, [](const Finding& each) {
                  return each.kind == FindingKind::ReferencePastEnd && each.as == ClusterOwner::Reftable;
              }));
        return m_census->count(FindingKind::ReferencePastEnd) > toReftable;
    }

    Result<void> doBeside()
    {
        BesideWork work;
        const SnapshotFixes snapshots = planSnapshotFixes(*m_image, m_needs.tables.foreignL1);
        if (snapshots.rewrites()) {
            work.snapshotTable = newSnapshotTable(*m_image, snapshots);
            work.snapshotCount = static_cast<std::uint32_t>(snapshots.readable - snapshots.dropped.size());
        }
        work.lostTables = m_needs.tables.lostTables;
        if (m_census->count(FindingKind::DoubleOwner) > 0) {
            auto separation = planSeparation(*m_image, *m_census, false, m_task);
            if (!separation)
                return failed(separation);
            work.moves = std::move(separation->moves);
            m_unresolved = std::move(separation->unresolved);
        }
        if (work.isEmpty())
            return {};
        const auto counts = work.counts(m_image->geometry());
        auto first = reserveClusters(*m_image, *m_census, *m_storage, counts, m_task);
        if (!first)
            return failed(first);
        if (auto opened = reopen(); !opened)
            return opened;
        if (auto written = writeBeside(*m_image, work, *first, *m_storage); !written)
            return written;
        return lookAgain();
    }

    /// Counts and flags in place, in the order that never leaves a count below the references. Only the counts that are
    /// too high change where that is all that was asked for.
    Result<void> repairCounts()
    {
        const bool flags = m_mode == RepairMode::All || plans(FindingKind::CopiedFlagWrong);
        if (auto go = next(3); !go)
            return go;
        if (m_mode == RepairMode::All) {
            auto raised = fixCounts(*m_image, *m_census, *m_storage, CountChange::Raise, m_task);
            if (!raised)
                return failed(raised);
        }
        if (auto go = next(2); !go)
            return go;
        if (flags) {
            auto set = fixCopiedFlags(*m_image, *m_census, *m_storage, m_task);
            if (!set)
                return failed(set);
        }
        if (auto go = next(1); !go)
            return go;
        auto lowered = fixCounts(*m_image, *m_census, *m_storage, CountChange::Lower, m_task);
        return lowered ? Result<void>{} : failed(lowered);
    }

    bool plans(FindingKind kind) const
    {
        const auto& actions = m_needs.plan.actions;
        return std::ranges::find(actions, kind, &RepairAction::kind) != actions.end();
    }

    Result<void> finish()
    {
        if (auto go = next(0); !go)
            return go;
        if (auto opened = reopen(); !opened)
            return opened;
        auto census = checkImage(*m_image, m_task);
        if (!census)
            return failed(census);
        m_census = std::move(*census);
        const Header& header = m_image->header();
        const bool sound = m_census->corruptions == 0 && m_census->checkErrors == 0 && m_image->problems().empty();
        if (sound && (header.isDirty() || header.isCorrupt())) {
            const auto clear = [&](std::span<std::byte> sector) {
                storeBigEndian(sector, header_field::kIncompatibleFeatures,
                    header.incompatibleFeatures & ~(kIncompatibleDirty | kIncompatibleCorrupt));
            };
            if (auto changed = changeHeader(header, *m_storage, clear); !changed)
                return changed;
            if (auto opened = reopen(); !opened)
                return opened;
        }
        listRemains();
        return {};
    }

    void listRemains()
    {
        std::vector<std::string>& remains = m_needs.plan.remains;
        remains = whatRemains(*m_image, *m_census, m_mode);
        if (m_mode == RepairMode::Leaks)
            return;
        if (m_census->count(FindingKind::DoubleOwner) > 0)
            remains.insert(remains.end(), m_unresolved.begin(), m_unresolved.end());
        for (std::size_t i = 0; i < kFindingKindCount; ++i) {
            const FindingText& text = findingText(static_cast<FindingKind>(i));
            if (text.severity == Severity::Corruption && m_census->findingsByKind[i] > 0
                && text.kind != FindingKind::RefcountOverflow)
                remains.push_back(fmt::format("{}: {}", text.title, m_census->findingsByKind[i]));
        }
    }

    std::shared_ptr<Storage> m_storage;
    RepairMode m_mode;
    TaskSequence m_steps;
    TaskContext m_task; ///< of the step that runs
    std::uint64_t m_lookBytes = 0;
    std::shared_ptr<const Image> m_image;
    std::shared_ptr<const Census> m_census;
    RepairNeeds m_needs;
    std::vector<std::string> m_unresolved; ///< clusters that keep two owners
};

} // namespace

Result<std::shared_ptr<const Image>> openForRepair(std::shared_ptr<const Storage> storage, const TaskContext& task)
{
    auto image = Image::open(storage, task);
    const bool tooManySnapshots
        = !image && image.error().kind == ErrorKind::TooLarge && image.error().offset == header_field::kNbSnapshots;
    return tooManySnapshots ? Image::open(std::make_shared<CappedSnapshots>(std::move(storage)), task) : image;
}

Result<RepairResult> repairImage(
    std::shared_ptr<Storage> storage, RepairMode mode, const RepairPlan* expected, const TaskContext& task)
{
    return RepairRun(std::move(storage), mode, task).run(expected);
}

} // namespace cowscope
