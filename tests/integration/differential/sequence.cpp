// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/integration/differential/sequence.h"

namespace cowscope::test
{

Sequence::Sequence(std::uint64_t seed, Tool ours, const QString& root)
    : m_seed(seed)
    , m_random(seed)
    , m_ours(root, "ours", ours, m_log)
    , m_theirs(root, "theirs", Tool::Qemu, m_log)
{
}

SequenceResult Sequence::run()
{
    const std::uint64_t steps = m_random.percent(4) ? 40 : 3 + m_random.below(8);
    bool going = create() && (m_over || judge(true));
    for (std::uint64_t i = 1; going && !m_over && i <= steps; ++i) {
        m_log.add(QStringLiteral("# step %1").arg(i));
        going = step();
        if (going && m_sabotaged && i == 1)
            m_ours.io({"write -P 201 0 1", "write -P 202 1 1"});
        going = going && judge(i == steps || i % 3 == 0);
    }
    return {m_fault, m_log.text()};
}

bool Sequence::fail(const QString& fault)
{
    if (m_fault.isEmpty())
        m_fault = fault;
    return false;
}

bool Sequence::good(const ProgramRun& run, const QString& what)
{
    return run.exit == 0 || fail(what + " failed, " + outcome(run));
}

Sequence::Agreement Sequence::agreementOf(const ProgramRun& ours, const ProgramRun& theirs, const QString& what)
{
    // A refusal is exit code 1; anything else is no answer.
    for (const ProgramRun* run : {&ours, &theirs}) {
        if (run->exit != 0 && run->exit != 1) {
            fail(what + (run == &ours ? " by ours " : " by theirs ") + outcome(*run));
            return Agreement::Fault;
        }
    }
    if (ours.exit == theirs.exit)
        return ours.exit == 0 ? Agreement::Done : Agreement::Refused;
    return ours.exit == 0 ? Agreement::OnlyOurs : Agreement::OnlyTheirs;
}

bool Sequence::oursIsAsBefore(const Bytes& before, const QString& what)
{
    // The reference tools write even when they refuse.
    return m_ours.tool() == Tool::Qemu || readFile(m_ours.path()) == before
        || fail(what + " was refused, but the file has changed");
}

} // namespace cowscope::test
