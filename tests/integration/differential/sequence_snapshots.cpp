// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/integration/differential/limits.h"
#include "tests/integration/differential/sequence.h"

namespace cowscope::test
{

bool Sequence::snapshotStep()
{
    if (m_model.snapshots().empty() || m_random.percent(50))
        return takeSnapshot();
    return m_random.percent(50) ? applySnapshot() : deleteSnapshot();
}

/// The tools may place data differently, and so run into the width's maximum at different times: each one's refusal is
/// judged by the counts of its own image.
bool Sequence::takeSnapshot()
{
    const QString name = m_random.oneOf("s%1", "s%1", "a snapshot, %1", "Schnappschu\303\237 %1");
    const QString unique = name.arg(++m_snapshotsTaken);
    const QStringList arguments{"snapshot", "-c", unique, "image.qcow2"};
    const Bytes before = readFile(m_ours.path());
    const bool oursOverflows = !m_recipe.dataFile && limits::snapshotOverflows(before);
    const bool theirsOverflows = !m_recipe.dataFile && limits::snapshotOverflows(readFile(m_theirs.path()));
    const ProgramRun theirs = m_theirs.img(arguments);
    const ProgramRun ours = m_ours.img(arguments);
    const Agreement agreement = agreementOf(ours, theirs, "taking a snapshot");
    if (agreement == Agreement::Fault)
        return false;
    const bool oursRefused = ours.exit != 0;
    const bool theirsRefused = theirs.exit != 0;
    if (oursRefused != (oursOverflows || m_recipe.dataFile))
        return fail("taking a snapshot: by its counts ours should " + QString(oursRefused ? "do" : "refuse") + " it; "
            + outcome(ours));
    if (theirsRefused != (theirsOverflows || m_recipe.dataFile))
        return fail("taking a snapshot: by its counts theirs should " + QString(theirsRefused ? "do" : "refuse")
            + " it; " + outcome(theirs));
    if (oursRefused && !oursIsAsBefore(before, "a snapshot"))
        return false;
    switch (agreement) {
    case Agreement::Done:
        m_model.takeSnapshot(unique);
        return true;
    case Agreement::OnlyTheirs:
        m_model.takeSnapshot(unique);
        return m_ours.copyFrom(m_theirs);
    case Agreement::OnlyOurs:
        m_model.takeSnapshot(unique);
        return m_theirs.copyFrom(m_ours);
    default:
        return takeSnapshotByCopying(unique);
    }
}

/// Both refused. Theirs has leaked clusters now; ours can copy what would overflow.
bool Sequence::takeSnapshotByCopying(const QString& name)
{
    if (!m_recipe.dataFile && m_ours.tool() == Tool::Cowscope && m_random.percent(70)) {
        if (!good(m_ours.img({"snapshot", "-c", name, "--copy-on-overflow", "image.qcow2"}), "a snapshot by copying"))
            return false;
        m_model.takeSnapshot(name);
    } else if (m_ours.tool() == Tool::Qemu) {
        m_ours.img({"check", "-q", "-r", "all", "image.qcow2"});
    }
    return m_theirs.copyFrom(m_ours);
}

bool Sequence::applySnapshot()
{
    const std::size_t index = m_random.below(m_model.snapshots().size());
    const QString name = m_model.snapshots()[index].name;
    const QStringList arguments{"snapshot", "-a", name, "image.qcow2"};
    const Bytes before = readFile(m_ours.path());
    const bool overflows = limits::applyOverflows(before, name, false);
    const bool theirsOverflows = limits::applyOverflows(readFile(m_theirs.path()), name, true);
    // What theirs leaves behind when it refuses cannot always be repaired.
    if (theirsOverflows && m_ours.tool() == Tool::Qemu)
        return true;
    const ProgramRun theirs = m_theirs.img(arguments);
    const ProgramRun ours = m_ours.img(arguments);
    const Agreement agreement = agreementOf(ours, theirs, "applying a snapshot");
    if (agreement == Agreement::Fault)
        return false;
    // Theirs does not touch a disk that has bitmaps; ours marks all of it.
    if (theirs.exit != 0 && !theirsOverflows && m_model.bitmaps().empty())
        return fail("applying a snapshot: theirs refused without need, " + outcome(theirs));
    if (m_ours.tool() == Tool::Qemu) {
        if (agreement == Agreement::Done)
            m_model.applySnapshot(index);
        return true;
    }
    if ((ours.exit != 0) != overflows)
        return fail("applying a snapshot: by its counts ours should " + QString(overflows ? "refuse" : "do") + " it; "
            + outcome(ours));
    if (ours.exit != 0) {
        if (!oursIsAsBefore(before, "applying a snapshot")
            || !good(m_ours.img({"snapshot", "-a", name, "--copy-on-overflow", "image.qcow2"}), "applying by copying"))
            return false;
    }
    m_model.applySnapshot(index);
    return theirs.exit == 0 || m_theirs.copyFrom(m_ours);
}

bool Sequence::deleteSnapshot()
{
    const std::size_t index = m_random.below(m_model.snapshots().size());
    const QStringList arguments{"snapshot", "-d", m_model.snapshots()[index].name, "image.qcow2"};
    m_model.removeSnapshot(index);
    return good(m_theirs.img(arguments), "deleting a snapshot of theirs")
        && good(m_ours.img(arguments), "deleting a snapshot of ours");
}

} // namespace cowscope::test
