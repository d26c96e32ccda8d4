// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/crash/harness/crash_judge.h"

#include "core/analysis/census.h"
#include "tests/support/bitmap_states.h"
#include "tests/support/guest_states.h"
#include "tests/support/qemu_oracle.h"
#include "tests/support/repair_judge.h"

#include <fmt/format.h>
#include <memory>
#include <string_view>
#include <unordered_map>

namespace cowscope::test
{

namespace
{

using Disks = std::map<std::string, GuestState>;

/// A cluster as the guest reads it, if that can be told: no compressed one.
std::optional<std::string> readableBytes(const std::string& cluster, std::size_t clusterSize)
{
    if (cluster == "-" || cluster == "0")
        return std::string(clusterSize, '\0');
    if (cluster.size() == clusterSize + 1 && cluster.front() == 'd')
        return cluster.substr(1);
    return std::nullopt;
}

bool eachSectorIsOldOrNew(
    const std::string& old, const std::string& now, const std::string& wanted, std::size_t clusterSize)
{
    if (now == old || now == wanted)
        return true;
    const auto a = readableBytes(old, clusterSize);
    const auto b = readableBytes(now, clusterSize);
    const auto c = readableBytes(wanted, clusterSize);
    if (!b || (!a && !c))
        return false;
    for (std::size_t at = 0; at < clusterSize; at += WriteTrace::kSectorBytes) {
        const auto same = [&](const std::optional<std::string>& other) {
            return other && b->compare(at, WriteTrace::kSectorBytes, *other, at, WriteTrace::kSectorBytes) == 0;
        };
        if (!same(a) && !same(c))
            return false;
    }
    return true;
}

/// Where a disk is neither old nor new.
std::string faultOfDisk(const GuestState& old, const GuestState& now, const GuestState& wanted, std::size_t clusterSize)
{
    if (now.size != old.size && now.size != wanted.size)
        return "the disk has another size";
    const std::string nothing = "-";
    for (std::size_t i = 0; i < now.clusters.size(); ++i) {
        const std::string& before = i < old.clusters.size() ? old.clusters[i] : nothing;
        const std::string& after = i < wanted.clusters.size() ? wanted.clusters[i] : nothing;
        if (!eachSectorIsOldOrNew(before, now.clusters[i], after, clusterSize))
            return fmt::format("guest cluster {} holds something else", i);
    }
    return {};
}

/// What a check and a look at the disks find in states of an image that was sound before.
class SoundJudge
{
public:
    SoundJudge(Promise promise, const Bytes& before, const Bytes& after)
        : m_promise(promise)
        , m_before(guestStates(before))
        , m_after(guestStates(after))
        , m_bitmapsBefore(bitmapStates(before))
        , m_bitmapsAfter(bitmapStates(after))
        , m_clusterSize(std::size_t{1} << getNumber(before, 20, 4))
    {
    }

    StateVerdict operator()(const Bytes& state) const
    {
        StateVerdict verdict;
        check(state, verdict);
        if (!verdict.unusable && !verdict.corrupt) {
            const std::string fault = m_promise == Promise::OldOrNew ? faultOfWhole(state) : faultOfParts(state);
            verdict.changed = !fault.empty();
            if (verdict.fault.empty())
                verdict.fault = fault;
        }
        return verdict;
    }

private:
    void check(const Bytes& state, StateVerdict& verdict) const
    {
        const auto image = Image::open(std::make_shared<MemoryStorage>(state), {});
        const auto census = image ? takeCensus(**image, {}) : std::unexpected(image.error());
        if (!census || !(*image)->problems().empty() || (*census)->checkErrors > 0) {
            verdict.unusable = true;
            verdict.fault = census ? "cannot be used" : census.error().text();
            return;
        }
        // A copied flag that disagrees with a count does no harm where nothing is overwritten in place, but only an
        // edit that is atomic leaves none.
        std::uint64_t corruptions = (*census)->corruptions;
        if (m_promise == Promise::LeaksAtWorst)
            corruptions -= harmlessFlags(**image, **census);
        verdict.corrupt = corruptions > 0;
        verdict.leaking = (*census)->leaks > 0;
        if (verdict.corrupt || (verdict.leaking && m_promise == Promise::OldOrNew))
            verdict.fault = describe((*census)->findings.front(), (*image)->geometry().clusterBits());
    }

    /// Copied flags that are missing where there is one reference: a writer copies what it could have overwritten.
    static std::uint64_t harmlessFlags(const Image& image, const Census& census)
    {
        const std::uint64_t wrong = census.count(FindingKind::CopiedFlagWrong);
        return wrong > 0 && countUnsafeFlags(image, census.map) == 0 ? wrong : 0;
    }

    std::string faultOfWhole(const Bytes& state) const
    {
        const Disks now = guestStates(state);
        const auto bitmaps = bitmapStates(state);
        const bool isOld = now == m_before && bitmaps == m_bitmapsBefore;
        const bool isNew = now == m_after && bitmaps == m_bitmapsAfter;
        return isOld || isNew ? "" : "the disks or the bitmaps are neither the old ones nor the new ones";
    }

    std::string faultOfParts(const Bytes& state) const
    {
        const Disks now = guestStates(state);
        for (const auto& [id, old] : m_before) {
            const auto wanted = m_after.find(id);
            const auto found = now.find(id);
            if (wanted == m_after.end())
                continue;
            if (found == now.end())
                return "snapshot " + id + " is gone";
            if (!id.empty() && found->second != old && found->second != wanted->second)
                return "snapshot " + id + " has changed";
            if (const std::string fault = faultOfDisk(old, found->second, wanted->second, m_clusterSize);
                !fault.empty())
                return fault;
        }
        return {};
    }

    Promise m_promise;
    Disks m_before;
    Disks m_after;
    std::map<std::string, BitmapState> m_bitmapsBefore;
    std::map<std::string, BitmapState> m_bitmapsAfter;
    std::size_t m_clusterSize;
};

/// States of an image that had damage.
StateVerdict judgeDamaged(const ImageState& before, const Bytes& state)
{
    const ImageState now = stateOf(state);
    StateVerdict verdict;
    verdict.unusable = !now.unusable.empty();
    verdict.fault = worseThan(before, now);
    verdict.corrupt = !verdict.unusable && (now.harm > before.harm || now.unsafeFlags > before.unsafeFlags);
    verdict.changed = !verdict.unusable && !verdict.corrupt && !verdict.fault.empty();
    return verdict;
}

/// The states of one trace, each once.
class DistinctStates
{
public:
    DistinctStates(StateJudge judge, const QemuSample& sample, std::uint64_t seed)
        : m_judge(std::move(judge))
        , m_sample(sample)
        , m_random(seed)
    {
    }

    void add(const WriteTrace::CrashState& state)
    {
        ++m_figures.tried;
        const std::string_view bytes(reinterpret_cast<const char*>(state.bytes.data()), state.bytes.size());
        const auto [entry, isNew] = m_seen.try_emplace(std::hash<std::string_view>{}(bytes));
        if (isNew) {
            entry->second.verdict = m_judge(state.bytes);
            count(entry->second.verdict, state.steps);
            keepForQemu(state.bytes);
        }
        if (state.killed && !std::exchange(entry->second.killed, true)) {
            const StateVerdict& verdict = entry->second.verdict;
            ++m_figures.killed;
            m_figures.killedCorrupt += verdict.corrupt || verdict.unusable ? 1 : 0;
            m_figures.killedLeaking += verdict.leaking ? 1 : 0;
        }
    }

    CrashFigures finish(Promise promise)
    {
        const QString path = m_sample.folder + QStringLiteral("/state.qcow2");
        if (!m_forQemu.empty()) // an amend that names a backing file names this one
            (void)writeFile(m_sample.folder + QStringLiteral("/base.raw"), Bytes(WriteTrace::kSectorBytes));
        for (const Bytes& state : m_forQemu) {
            if (!writeFile(path, state)) {
                m_figures.fault = "a state cannot be written for qemu-img";
                break;
            }
            const auto check
                = qemu::img({QStringLiteral("check"), QStringLiteral("-f"), QStringLiteral("qcow2"), path});
            const bool leaks = check.exit == 3;
            ++m_figures.judgedByQemu;
            m_figures.qemuLeaking += leaks ? 1 : 0;
            m_figures.qemuCorrupt += check.exit != 0 && !leaks ? 1 : 0;
            const bool broken = promise == Promise::OldOrNew ? check.exit != 0 : check.exit != 0 && !leaks;
            if (broken && m_figures.fault.empty())
                m_figures.fault = "qemu-img: " + (check.out + check.err).toStdString();
        }
        return m_figures;
    }

private:
    struct Seen {
        StateVerdict verdict;
        bool killed = false;
    };

    void count(const StateVerdict& verdict, std::size_t step)
    {
        ++m_figures.distinct;
        m_figures.unusable += verdict.unusable ? 1 : 0;
        m_figures.corrupt += verdict.corrupt ? 1 : 0;
        m_figures.leaking += verdict.leaking ? 1 : 0;
        m_figures.changed += verdict.changed ? 1 : 0;
        if (!verdict.fault.empty() && m_figures.fault.empty())
            m_figures.fault = fmt::format("behind step {}: {}", step, verdict.fault);
    }

    /// Each distinct state has the same chance to be judged.
    void keepForQemu(const Bytes& state)
    {
        if (m_forQemu.size() < m_sample.states) {
            m_forQemu.push_back(state);
        } else if (m_sample.states > 0) {
            if (const std::uint64_t place = m_random() % m_figures.distinct; place < m_forQemu.size())
                m_forQemu[place] = state;
        }
    }

    StateJudge m_judge;
    const QemuSample& m_sample;
    std::mt19937_64 m_random;
    std::unordered_map<std::size_t, Seen> m_seen;
    std::vector<Bytes> m_forQemu;
    CrashFigures m_figures;
};

} // namespace

StateJudge judgeFor(Promise promise, const Bytes& before, const Bytes& after)
{
    if (promise == Promise::NoWorse)
        return [state = std::make_shared<ImageState>(stateOf(before))](
                   const Bytes& bytes) { return judgeDamaged(*state, bytes); };
    return
        [judge = std::make_shared<SoundJudge>(promise, before, after)](const Bytes& bytes) { return (*judge)(bytes); };
}

CrashFigures& CrashFigures::operator+=(const CrashFigures& other)
{
    for (const auto member : {&CrashFigures::tried, &CrashFigures::distinct, &CrashFigures::unusable,
             &CrashFigures::corrupt, &CrashFigures::leaking, &CrashFigures::changed, &CrashFigures::killed,
             &CrashFigures::killedCorrupt, &CrashFigures::killedLeaking, &CrashFigures::judgedByQemu,
             &CrashFigures::qemuCorrupt, &CrashFigures::qemuLeaking})
        this->*member += other.*member;
    if (fault.empty())
        fault = other.fault;
    return *this;
}

CrashFigures tryCrashes(const WriteTrace& trace, Promise promise, const CutBounds& bounds, const QemuSample& qemu)
{
    DistinctStates states(
        judgeFor(promise, trace.initial(), trace.stateAfter(trace.steps().size())), qemu, bounds.seed);
    trace.eachCrashState(bounds, [&](const WriteTrace::CrashState& state) { states.add(state); });
    return states.finish(promise);
}

} // namespace cowscope::test
