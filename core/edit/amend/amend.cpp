// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/amend/amend.h"

#include "core/analysis/sound_census.h"
#include "core/base/task_sequence.h"
#include "core/edit/amend/amend_layout.h"
#include "core/edit/amend/refcount_switch.h"

#include <algorithm>

namespace cowscope
{

namespace
{

/// The counts that an image keeps when its width changes.
class KeptCounts
{
public:
    /// `known`: all counts of the image, where they are in memory already; else null.
    KeptCounts(const Image& image, const AmendPlan& plan, const CompactCounts* known)
        : m_image(image)
        , m_plan(plan)
        , m_known(known)
        , m_oldClusters(plan.oldRefblocks)
    {
        const HostCluster table = image.geometry().cluster(plan.oldReftable);
        for (std::uint32_t i = 0; i < plan.oldReftableClusters; ++i)
            m_oldClusters.push_back(table + i);
        std::sort(m_oldClusters.begin(), m_oldClusters.end());
    }

    /// See CountSource.
    Result<void> operator()(HostCluster first, std::span<std::uint64_t> counts) const
    {
        const HostCluster end = first + counts.size();
        // Counts further behind the end of the file belong to nothing.
        const HostCluster kept(m_plan.countedClusters);
        const std::uint64_t inFile = first < kept ? std::min(kept - first, end - first) : 0;
        if (m_known != nullptr) {
            m_known->copy(first, counts.first(inFile));
        } else if (auto read = m_image.readRefcounts(first, counts.first(inFile)); !read) {
            return read;
        }
        std::ranges::fill(counts.subspan(inFile), 0);

        for (auto old = std::lower_bound(m_oldClusters.begin(), m_oldClusters.end(), first);
             old != m_oldClusters.end() && *old < end; ++old) {
            std::uint64_t& count = counts[*old - first];
            count -= count > 0 ? 1 : 0;
        }
        return {};
    }

private:
    const Image& m_image;
    const AmendPlan& m_plan;
    const CompactCounts* m_known;
    std::vector<HostCluster> m_oldClusters; ///< refblocks and reftable that the switch frees, sorted
};

/// A plan, and the counts of the image where it was made from those of a sound one.
struct PlanWithCounts {
    AmendPlan plan;
    std::optional<CompactCounts> counts;
};

/// Mostly there is nothing wrong with an image, and the plan needs little of the census. Where a second one is needed,
/// it waits for the phase of the first.
Result<PlanWithCounts> makePlan(const Image& image, unsigned order, TaskSequence& steps, std::stop_token stop)
{
    const std::uint64_t later = mostRefcountBytes(image, order);
    Phase furthest = Phase::Open;
    const auto onwards = [&furthest](const TaskContext& task) {
        return TaskContext{task.stop, [report = task.report, &furthest](const Progress& progress) {
                               furthest = std::max(furthest, progress.phase);
                               if (report)
                                   report({furthest, progress.done, progress.total});
                           }};
    };
    auto sound = takeSoundCensus(image, onwards(steps.next(later)));
    if (!sound && sound.error().kind == ErrorKind::Cancelled)
        return failed(sound);
    if (sound && *sound) {
        auto plan = planAmend(image, (*sound)->census, surveyForAmend(image, **sound), order);
        if (!plan)
            return failed(plan);
        return PlanWithCounts{std::move(*plan), std::move((*sound)->counts)};
    }
    auto census = takeCensus(image, onwards(steps.next(later)));
    if (!census)
        return failed(census);
    auto plan = planAmend(image, **census, order, stop);
    if (!plan)
        return failed(plan);
    return PlanWithCounts{std::move(*plan), {}};
}

Result<void> carryOut(
    const Image& image, Storage& storage, const AmendPlan& plan, const CompactCounts* known, const TaskContext& task)
{
    if (plan.changesNothing())
        return {};
    const auto size = storage.size();
    if (!size)
        return std::unexpected(size.error());
    if (*size != plan.fileBytesBefore || image.header().refcountOrder != plan.oldOrder)
        return std::unexpected(changedSincePlan("its length or width is another"));
    if (plan.fileBytesAfter > plan.fileBytesBefore && !storage.canGrow())
        return fail(ErrorKind::Refused, "The new structures do not fit, and a device cannot grow");
    const RefcountSwitch target{
        plan.newOrder, plan.firstNewCluster, plan.newRefblocks, plan.newReftableClusters, plan.fileBytesBefore};
    return switchRefcounts(image, storage, target, KeptCounts(image, plan, known), task);
}

} // namespace

Result<void> runAmend(const Image& image, Storage& storage, const AmendPlan& plan, const TaskContext& task)
{
    return carryOut(image, storage, plan, nullptr, task);
}

Result<AmendPlan> amendStorage(
    std::shared_ptr<Storage> storage, unsigned order, const AmendPlan* expected, const TaskContext& task)
{
    auto image = Image::open(storage, {task.stop, {}});
    if (!image)
        return failed(image);
    TaskSequence steps(task);
    auto made = makePlan(**image, order, steps, task.stop);
    if (!made)
        return failed(made);
    if (expected != nullptr && made->plan != *expected)
        return std::unexpected(changedSincePlan("the plan for it is another now"));
    const CompactCounts* known = made->counts ? &*made->counts : nullptr;
    if (auto done = carryOut(**image, *storage, made->plan, known, steps.next(0)); !done)
        return failed(done);
    return std::move(made->plan);
}

} // namespace cowscope
