// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/integration/differential/limits.h"
#include "tests/integration/differential/sequence.h"

#include <QFile>
#include <QJsonObject>
#include <algorithm>

namespace cowscope::test
{

namespace
{

QString command(const char* what, std::uint64_t start, std::uint64_t length)
{
    return QStringLiteral("%1 %2 %3").arg(what).arg(start).arg(length);
}

} // namespace

bool Sequence::step()
{
    const std::uint64_t dice = m_random.below(100);
    if (dice < 44)
        return ioStep();
    if (dice < 50)
        return bitmapStep();
    if (dice < 74)
        return snapshotStep();
    if (dice < 82)
        return resizeStep();
    if (dice < 90)
        return amendStep();
    if (dice < 94)
        return swapStep();
    if (dice < 96)
        return convertStep();
    // What a crash does to bitmaps is not a matter of counts.
    return m_recipe.lazyRefcounts && m_model.bitmaps().empty() ? crashStep() : ioStep();
}

Sequence::Range Sequence::randomRange()
{
    const std::uint64_t size = m_model.size();
    const std::uint64_t cluster = m_model.clusterSize();
    Range range;
    switch (m_random.below(6)) {
    case 0: // one cluster
        range = {m_random.below(m_model.clusters()) * cluster, cluster};
        break;
    case 1: // some clusters
        range = {m_random.below(m_model.clusters()) * cluster, (1 + m_random.below(8)) * cluster};
        break;
    case 2: // sectors
        range = {m_random.below(size / 512) * 512, (1 + m_random.below(16)) * 512};
        break;
    case 3: // any bytes
        range = {m_random.below(size), 1 + m_random.below(3 * cluster)};
        break;
    case 4: // much
        range = {m_random.below(size / 512) * 512, 1 + m_random.below(size)};
        break;
    default: // up to the end
        range.length = 1 + m_random.below(std::min(size, 2 * cluster));
        range.start = size - range.length;
        break;
    }
    range.length = std::min(range.length, size - range.start);
    return range;
}

bool Sequence::ioStep()
{
    if (m_model.size() == 0)
        return true;
    QStringList ours;
    QStringList theirs;
    for (std::uint64_t i = 1 + m_random.below(5); i > 0; --i)
        addCommand(ours, theirs);
    return good(m_theirs.io(theirs), "io by theirs") && good(m_ours.io(ours), "io by ours");
}

/// One more command for both, and what it does to the model.
void Sequence::addCommand(QStringList& ours, QStringList& theirs)
{
    const std::uint64_t dice = m_random.below(100);
    if (dice >= 85)
        return addReading(ours, theirs);
    if (dice < 20 && addCompressed(ours, theirs))
        return;
    const Range range = randomRange();
    QString text;
    if (dice < 50) {
        const auto pattern = static_cast<std::uint8_t>(1 + m_random.below(255));
        text = command(qPrintable(QStringLiteral("write -P %1").arg(pattern)), range.start, range.length);
        m_model.write(range.start, range.length, pattern);
    } else if (dice < 70) {
        text = command(m_random.oneOf("write -z", "write -z -u"), range.start, range.length);
        m_model.write(range.start, range.length, 0);
    } else {
        text = command("discard", range.start, range.length);
        // Version 2 cannot say "zero" where there is something below, so it keeps what is there.
        if (!m_recipe.version2 || !m_recipe.hasBacking())
            m_model.discard(range.start, range.length);
    }
    ours << text;
    theirs << text;
}

/// Whole clusters, compressed. Where something is allocated, only ours takes it; they write the same uncompressed.
bool Sequence::addCompressed(QStringList& ours, QStringList& theirs)
{
    if (m_recipe.dataFile)
        return false;
    const std::uint64_t cluster = m_random.below(m_model.clusters());
    const std::uint64_t most = std::min<std::uint64_t>(1 + m_random.below(6), m_model.clusters() - cluster);
    bool touched = false;
    for (std::uint64_t i = 0; i < most; ++i)
        touched = touched || m_model.touched(cluster + i);
    const std::uint64_t start = cluster * m_model.clusterSize();
    const std::uint64_t length = std::min(most * m_model.clusterSize(), m_model.size() - start);
    const auto pattern = static_cast<std::uint8_t>(m_random.below(256));
    const QString compressed = command(qPrintable(QStringLiteral("write -c -P %1").arg(pattern)), start, length);
    const QString plain = command(qPrintable(QStringLiteral("write -P %1").arg(pattern)), start, length);
    ours << (touched && m_ours.tool() == Tool::Qemu ? plain : compressed);
    theirs << (touched ? plain : compressed);
    m_model.write(start, length, pattern);
    return true;
}

/// A read of a stretch of equal bytes, which the tools compare themselves.
void Sequence::addReading(QStringList& ours, QStringList& theirs)
{
    Range range = randomRange();
    const Bytes& bytes = m_model.bytes();
    const std::byte first = bytes[range.start];
    const auto end = std::find_if(bytes.begin() + static_cast<long>(range.start),
        bytes.begin() + static_cast<long>(range.start + range.length), [&](std::byte b) { return b != first; });
    range.length = static_cast<std::uint64_t>(end - bytes.begin()) - range.start;
    const QString text = command(
        qPrintable(QStringLiteral("read -P %1").arg(std::to_integer<unsigned>(first))), range.start, range.length);
    ours << text;
    theirs << text;
}

bool Sequence::resizeStep()
{
    const std::uint64_t from = m_model.size();
    const std::uint64_t to = m_random.percent(10) ? from : randomSize(m_random, m_model.clusterSize());
    const bool asked = to >= from || m_random.percent(85);
    QStringList arguments{"resize", "image.qcow2", QString::number(to)};
    if (to < from && asked)
        arguments.insert(1, "--shrink");
    if (to > from && !m_recipe.hasBacking() && m_random.percent(30))
        arguments.insert(1, QStringLiteral("--preallocation=") + m_random.oneOf("off", "metadata", "falloc", "full"));
    // Theirs takes what is behind the last cluster in use for new and zero, and refuses where that is more than it
    // needs.
    const bool shownAgain = arguments.size() > 3 && to > from && hasTail(m_theirs);
    const Bytes before = readFile(m_ours.path());
    const ProgramRun theirs = m_theirs.img(arguments);
    const ProgramRun ours = m_ours.img(arguments);
    // Version 2 and compressed clusters of subclusters cannot say "zero", and theirs does not write zeros over what a
    // longer backing file would show.
    const bool shows = (m_recipe.version2 || m_recipe.extendedL2) && to > from && m_backing.size() > from;
    const bool impossible = to == 0 || (m_recipe.version2 && !m_model.snapshots().empty());
    switch (agreementOf(ours, theirs, "resizing")) {
    case Agreement::Fault:
        return false;
    case Agreement::OnlyTheirs:
        return fail("resizing: ours refused, theirs did not; ours " + outcome(ours));
    case Agreement::OnlyOurs:
        if (!shows && !shownAgain)
            return fail("resizing: theirs refused, ours did not; theirs " + outcome(theirs));
        m_model.resize(to);
        return m_theirs.copyFrom(m_ours);
    case Agreement::Refused:
        if (asked && !impossible && !shows)
            return fail("resizing: refused without need, ours " + outcome(ours) + "; theirs " + outcome(theirs));
        return oursIsAsBefore(before, "resizing") && m_theirs.copyFrom(m_ours);
    case Agreement::Done:
        break;
    }
    return grown(from, to, shownAgain);
}

/// Whether the file goes on behind the last cluster in use.
bool Sequence::hasTail(const Twin& twin) const
{
    const QJsonObject check = twin.judge(Tool::Qemu, {"check", "--output=json", "image.qcow2"}).json().object();
    return static_cast<std::uint64_t>(readFile(twin.path()).size())
        > check["image-end-offset"].toVariant().toULongLong();
}

bool Sequence::grown(std::uint64_t from, std::uint64_t to, bool shownAgain)
{
    m_model.resize(to);
    const std::uint64_t cluster = m_model.clusterSize();
    if (to <= from || (from % cluster == 0 && !shownAgain))
        return true;
    // Theirs shows again what the last cluster held before the disk was shrunk.
    const std::uint64_t spoilt = shownAgain ? to - from : std::min(cluster - from % cluster, to - from);
    const QString zeros = command("write -z", from, spoilt);
    return good(m_theirs.io({zeros}), "zeroing")
        && (m_ours.tool() == Tool::Cowscope || good(m_ours.io({zeros}), "zeroing"));
}

bool Sequence::amendStep()
{
    const unsigned bits = m_random.oneOf(1U, 2U, 4U, 8U, 16U, 32U, 64U);
    if (isSlowForTheirs(bits))
        return amendOursOnly(bits);
    const QStringList arguments{"amend", "-o", QStringLiteral("refcount_bits=%1").arg(bits), "image.qcow2"};
    const auto fits = [&](const Bytes& image) {
        return m_recipe.version2 ? bits == 16 : limits::largestCount(image) <= ~std::uint64_t{0} >> (64 - bits);
    };
    const Bytes before = readFile(m_ours.path());
    const bool oursFits = fits(before);
    const bool theirsFits = fits(readFile(m_theirs.path()));
    const ProgramRun theirs = m_theirs.img(arguments);
    const ProgramRun ours = m_ours.img(arguments);
    if (agreementOf(ours, theirs, "amending") == Agreement::Fault)
        return false;
    if ((ours.exit == 0) != oursFits || (theirs.exit == 0) != theirsFits)
        return fail("amending: one should have ended otherwise; ours " + outcome(ours) + "; theirs " + outcome(theirs));
    if (ours.exit != 0 && !oursIsAsBefore(before, "amending"))
        return false;
    if (theirs.exit != 0 || ours.exit != 0)
        return ours.exit == 0 || theirs.exit != 0 ? m_theirs.copyFrom(m_ours) : m_ours.copyFrom(m_theirs);
    return true;
}

/// Theirs takes minutes where a refblock has very many counts.
bool Sequence::isSlowForTheirs(unsigned bits) const
{
    constexpr std::uint64_t kManyCounts = 65536;
    const Bytes image = readFile(m_ours.path());
    const std::uint64_t today = m_recipe.version2 ? 16 : std::uint64_t{1} << getNumber(image, 96, 4);
    return m_model.clusterSize() * 8 / std::min<std::uint64_t>(bits, today) > kManyCounts;
}

bool Sequence::amendOursOnly(unsigned bits)
{
    if (m_ours.tool() == Tool::Qemu)
        return true;
    const Bytes before = readFile(m_ours.path());
    const bool fits = m_recipe.version2 ? bits == 16 : limits::largestCount(before) <= ~std::uint64_t{0} >> (64 - bits);
    const ProgramRun ours = m_ours.img({"amend", "-o", QStringLiteral("refcount_bits=%1").arg(bits), "image.qcow2"});
    if (ours.exit != (fits ? 0 : 1))
        return fail("amending ours ended otherwise than its counts say, " + outcome(ours));
    return fits ? m_theirs.copyFrom(m_ours) : oursIsAsBefore(before, "amending");
}

/// The disk goes on in a new image, without snapshots and without other files.
bool Sequence::convertStep()
{
    const Recipe target = randomTarget(m_random);
    QStringList arguments{"convert", "-O", "qcow2", "-o", target.options()};
    if (target.compressed)
        arguments << "-c";
    arguments << "image.qcow2"
              << "new.qcow2";
    for (Twin* twin : {&m_theirs, &m_ours}) {
        if (!good(twin->img(arguments), "converting " + twin->name())
            || !good(twin->run("mv", {"new.qcow2", "image.qcow2"}), "moving"))
            return false;
    }
    m_recipe = target;
    m_backing.clear();
    m_model.moveInto(target.clusterSize);
    return true;
}

/// Each tool goes on with the other's image.
bool Sequence::swapStep()
{
    return Twin::swap(m_ours, m_theirs) || fail("cannot exchange the folders");
}

/// Theirs ends without closing the image; both go on with what is left, whose counts are not written back.
bool Sequence::crashStep()
{
    if (m_model.size() == 0)
        return true;
    QStringList commands;
    for (int i = 0; i < 3; ++i) {
        const Range range = randomRange();
        commands << command(qPrintable(QStringLiteral("write -P %1").arg(70 + i)), range.start, range.length);
        m_model.write(range.start, range.length, static_cast<std::uint8_t>(70 + i));
    }
    if (m_theirs
            .io(commands << "flush"
                         << "abort")
            .exit
        != -1)
        return fail("theirs did not crash when it was told to");
    if (!m_ours.copyFrom(m_theirs))
        return fail("cannot copy files");
    m_model.write(0, 1, 7);
    const QStringList after{"write -P 7 0 1"};
    return good(m_theirs.io(after), "writing after a crash, theirs,")
        && good(m_ours.io(after), "writing after a crash, ours,");
}

} // namespace cowscope::test
