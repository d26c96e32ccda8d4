// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/amend/amend.h"

#include "core/analysis/sound_census.h"
#include "core/base/task_sequence.h"
#include "core/edit/amend/amend_layout.h"
#include "core/edit/amend/refcount_switch.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>

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

RefcountSwitch switchOf(const AmendPlan& plan)
{
    return {plan.newOrder, plan.firstNewCluster, plan.newRefblocks, plan.newReftableClusters, plan.fileBytesBefore};
}

Result<void> checkStorage(const Image& image, const Storage& storage, const AmendPlan& plan)
{
    const auto size = storage.size();
    if (!size)
        return std::unexpected(size.error());
    if (*size != plan.fileBytesBefore || image.header().refcountOrder != plan.oldOrder)
        return std::unexpected(changedSincePlan("its length or width is another"));
    if (plan.fileBytesAfter > plan.fileBytesBefore && !storage.canGrow())
        return fail(ErrorKind::Refused, "The new structures do not fit, and a device cannot grow");
    return {};
}

Result<void> carryOut(
    const Image& image, Storage& storage, const AmendPlan& plan, const CompactCounts* known, const TaskContext& task)
{
    if (plan.changesNothing())
        return {};
    if (auto fit = checkStorage(image, storage, plan); !fit)
        return fit;
    return switchRefcounts(image, storage, switchOf(plan), KeptCounts(image, plan, known), task);
}

/// The walk of a proof in a thread of its own. Unless it ends in a proof, it stops all that `stop` stops.
class Walk
{
public:
    Walk(SoundnessProof& proof, std::stop_source& stop)
        : m_stop(stop)
        , m_bytes(proof.bytesToWalk())
        , m_result(std::async(std::launch::async | std::launch::deferred, [this, &proof] { return walk(proof); }))
    {
    }
    ~Walk() { m_stop.request_stop(); }
    Walk(const Walk&) = delete;
    Walk& operator=(const Walk&) = delete;

    std::uint64_t bytes() const { return m_bytes; }
    std::uint64_t done() const { return m_done; }
    bool hasProved() const { return m_proved; }
    bool goesOn() const { return m_result.wait_for(kReportEvery) == std::future_status::timeout; }

    Result<bool> end()
    {
        auto proved = m_result.get();
        m_done = m_bytes;
        return proved;
    }

private:
    static constexpr std::chrono::milliseconds kReportEvery{50};

    Result<bool> walk(SoundnessProof& proof)
    {
        Result<bool> proved = false;
        try {
            proved = proof.walk(
                {m_stop.get_token(), [this](const Progress& progress) { m_done = std::min(progress.done, m_bytes); }});
        } catch (...) {
            m_stop.request_stop();
            throw;
        }
        if (!proved || !*proved)
            m_stop.request_stop();
        else
            m_proved = true;
        return proved;
    }

    std::stop_source& m_stop;
    std::uint64_t m_bytes;
    std::atomic<std::uint64_t> m_done{0};
    std::atomic<bool> m_proved{false};
    std::future<Result<bool>> m_result;
};

/// The way of amendStorage(), in the order of its functions.
class Amend
{
public:
    Amend(const Image& image, Storage& storage, unsigned order, const AmendPlan* expected, const TaskContext& task)
        : m_image(image)
        , m_storage(storage)
        , m_order(order)
        , m_expected(expected)
        , m_task{task.stop,
              [this, &task](const Progress& progress) {
                  // Where a second look at the image is needed, its phases are none that the first has passed.
                  m_furthest = std::max(m_furthest, progress.phase);
                  if (task.report)
                      task.report({m_furthest, progress.done, progress.total});
              }}
        , m_steps(m_task)
    {
    }

    Result<AmendPlan> run()
    {
        auto sound = amendIfSound();
        if (!sound)
            return failed(sound);
        return *sound ? Result<AmendPlan>(std::move(**sound)) : amendAnyhow();
    }

private:
    using Plan = Result<std::optional<AmendPlan>>;

    /// Mostly there is nothing wrong with an image, and the plan needs little of the census. Nothing if that cannot be
    /// proved.
    Plan amendIfSound()
    {
        auto proof = SoundnessProof::begin(m_image, {m_task.stop, {}});
        if (!proof || *proof == nullptr)
            return notProved(proof);
        const std::uint64_t later = mostRefcountBytes(m_image, m_order);
        auto counted = (*proof)->readCounts(m_steps.next((*proof)->bytesToWalk() + later));
        if (!counted || !*counted)
            return notProved(counted);
        const AmendSurvey survey = surveyForAmend(m_image, (*proof)->counts(), m_task.stop);
        if (m_task.stop.stop_requested())
            return fail(ErrorKind::Cancelled, "Cancelled");
        auto plan = planAmend(m_image, (*proof)->census(), survey, m_order);
        if (plan && onlyAppends(*plan) && m_storage.readsWhileAppending() && mayBeExpected(*plan))
            return appendWhileProving(**proof, std::move(*plan));
        auto proved = (*proof)->walk(m_steps.next(later));
        if (!proved || !*proved)
            return notProved(proved);
        if (!plan)
            return failed(plan);
        plan->snapshotsThatFit = (*proof)->census().snapshotsThatFit[m_order];
        return finish(std::move(*plan), &(*proof)->counts());
    }

    /// Only a stop ends everything: what else is in the way of a proof, the census will tell.
    template <typename Step>
    static Plan notProved(Step& step)
    {
        if (!step && step.error().kind == ErrorKind::Cancelled)
            return failed(step);
        return std::nullopt;
    }

    bool onlyAppends(const AmendPlan& plan) const
    {
        return !plan.changesNothing() && plan.firstNewCluster.value() >= m_image.fileClusters();
    }

    /// Behind the end of the file nothing can be hurt: the disk gets its work while the references are still walked,
    /// and what was written is dropped if something is wrong with them.
    Plan appendWhileProving(SoundnessProof& proof, AmendPlan plan)
    {
        if (auto fit = checkStorage(m_image, m_storage, plan); !fit)
            return failed(fit);
        const RefcountSwitch target = switchOf(plan);
        const KeptCounts counts(m_image, plan, &proof.counts());
        const TaskContext both = m_steps.next(0);
        AppendedRefcounts appended(m_storage, target);
        std::stop_source stop;
        const std::stop_callback whenStopped(m_task.stop, [&stop] { stop.request_stop(); });
        Walk walk(proof, stop);
        Progress written;
        const TaskContext writing{stop.get_token(), [&](const Progress& progress) {
                                      written = progress;
                                      const Phase phase = walk.hasProved() ? progress.phase : Phase::WalkTables;
                                      both.report({phase, progress.done + walk.done(), progress.total + walk.bytes()});
                                  }};
        auto table = writeRefcounts(m_image.geometry(), m_storage, target, counts, writing);
        while (walk.goesOn())
            writing.report(written);
        const auto proved = walk.end();

        if (m_task.stop.stop_requested())
            return fail(ErrorKind::Cancelled, "Cancelled");
        if (!proved || !*proved) {
            auto dropped = appended.drop();
            return dropped ? Plan(std::nullopt) : failed(dropped);
        }
        if (!table)
            return failed(table);
        plan.snapshotsThatFit = proof.census().snapshotsThatFit[m_order];
        if (auto same = checkExpected(plan); !same)
            return failed(same);
        appended.keep(); // the switch knows when it may be dropped
        if (auto switched = switchToRefcounts(m_image, m_storage, target, *table, writing); !switched)
            return failed(switched);
        return plan;
    }

    /// With the census of an image in which something is wrong.
    Result<AmendPlan> amendAnyhow()
    {
        auto census = takeCensus(m_image, m_steps.next(mostRefcountBytes(m_image, m_order)));
        if (!census)
            return failed(census);
        auto plan = planAmend(m_image, **census, m_order, m_task.stop);
        return plan ? finish(std::move(*plan), nullptr) : failed(plan);
    }

    Result<AmendPlan> finish(AmendPlan plan, const CompactCounts* known)
    {
        auto done = checkExpected(plan);
        if (done)
            done = carryOut(m_image, m_storage, plan, known, m_steps.next(0));
        return done ? Result<AmendPlan>(std::move(plan)) : failed(done);
    }

    /// Before it is known how many snapshots fit.
    bool mayBeExpected(const AmendPlan& plan) const
    {
        if (m_expected == nullptr)
            return true;
        AmendPlan same = plan;
        same.snapshotsThatFit = m_expected->snapshotsThatFit;
        return same == *m_expected;
    }

    Result<void> checkExpected(const AmendPlan& plan) const
    {
        if (m_expected != nullptr && plan != *m_expected)
            return std::unexpected(changedSincePlan("the plan for it is another now"));
        return {};
    }

    const Image& m_image;
    Storage& m_storage;
    unsigned m_order;
    const AmendPlan* m_expected;
    Phase m_furthest = Phase::Open;
    TaskContext m_task;
    TaskSequence m_steps;
};

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
    return Amend(**image, *storage, order, expected, task).run();
}

} // namespace cowscope
