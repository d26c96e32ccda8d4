// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/crash/harness/fault_judge.h"

#include "core/storage/memory_storage.h"
#include "tests/support/bitmap_states.h"
#include "tests/support/faulty_storage.h"
#include "tests/support/guest_states.h"

#include <fmt/format.h>

namespace cowscope::test
{

namespace
{

constexpr const char* opName(StorageOp op)
{
    return op == StorageOp::Write ? "write" : op == StorageOp::Flush ? "flush" : "truncate";
}

/// Which operation fails, and how.
struct Failure {
    StorageOp op;
    bool tears;
};

constexpr std::array kFailures{Failure{StorageOp::Write, false}, Failure{StorageOp::Write, true},
    Failure{StorageOp::Flush, false}, Failure{StorageOp::Truncate, false}};

class FaultRun
{
public:
    FaultRun(const CrashCase& each, AfterFault after)
        : m_case(each)
        , m_after(after)
        , m_before(each.make())
    {
        const auto memory = std::make_shared<MemoryStorage>(m_before);
        const auto plan = std::make_shared<FaultPlan>();
        m_works = each.run(std::make_shared<FaultyStorage>(memory, plan), {}).has_value();
        for (std::size_t op = 0; op < kStorageOpCount; ++op)
            m_counts[op] = plan->counts[op];
        m_judge = judgeFor(each.promise, m_before, memory->bytes());
    }

    FaultFigures all(std::uint64_t places)
    {
        if (!m_works)
            m_figures.fault = m_case.name() + " fails by itself";
        for (const Failure& failure : kFailures) {
            const std::uint64_t count = m_counts[static_cast<std::size_t>(failure.op)];
            const std::uint64_t stride = std::max<std::uint64_t>(1, count / std::max<std::uint64_t>(1, places));
            for (std::uint64_t number = 1; number <= count; number += stride)
                once(failure, number);
        }
        return m_figures;
    }

private:
    void once(const Failure& failure, std::uint64_t number)
    {
        const auto memory = std::make_shared<MemoryStorage>(m_before);
        const auto plan = std::make_shared<FaultPlan>();
        plan->failingOp = failure.op;
        plan->failFrom = number;
        plan->failAllAfter = m_after == AfterFault::FailsAlike;
        plan->tearWrites = failure.tears;
        plan->failure = failure.op == StorageOp::Flush ? ErrorKind::Io : ErrorKind::NoSpace;
        const auto done = m_case.run(std::make_shared<FaultyStorage>(memory, plan), {});
        ++m_figures.injected;
        const std::string where = fmt::format("{}: {} {} of {}{}{} fails", m_case.name(), opName(failure.op), number,
            m_counts[static_cast<std::size_t>(failure.op)], m_after == AfterFault::FailsAlike ? " and all later" : "",
            failure.tears ? ", torn" : "");
        const StateVerdict verdict = m_judge(memory->bytes());
        if (!verdict.fault.empty())
            return broken(where + ": " + verdict.fault);
        if (done) {
            ++m_figures.ignored;
            return;
        }
        if (done.error().kind != plan->failure)
            return broken(where + ": another error is told: " + done.error().text());
        judgeContents(memory->bytes());
    }

    void judgeContents(const Bytes& state)
    {
        const bool same = m_case.promise != Promise::NoWorse && guestStates(state) == guestStates(m_before)
            && bitmapStates(state) == bitmapStates(m_before);
        if (!same)
            ++m_figures.between;
        else if (state.size() == m_before.size())
            ++m_figures.old;
        else
            ++m_figures.longer;
    }

    void broken(const std::string& fault)
    {
        ++m_figures.broken;
        if (m_figures.fault.empty())
            m_figures.fault = fault;
    }

    const CrashCase& m_case;
    AfterFault m_after;
    Bytes m_before;
    bool m_works = false;
    std::array<std::uint64_t, kStorageOpCount> m_counts{};
    StateJudge m_judge;
    FaultFigures m_figures;
};

} // namespace

FaultFigures& FaultFigures::operator+=(const FaultFigures& other)
{
    for (const auto member : {&FaultFigures::injected, &FaultFigures::ignored, &FaultFigures::old,
             &FaultFigures::longer, &FaultFigures::between, &FaultFigures::broken})
        this->*member += other.*member;
    if (fault.empty())
        fault = other.fault;
    return *this;
}

FaultFigures tryFaults(const CrashCase& each, AfterFault after, std::uint64_t places)
{
    return FaultRun(each, after).all(places);
}

} // namespace cowscope::test
