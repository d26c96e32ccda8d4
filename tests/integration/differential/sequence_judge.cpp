// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/integration/differential/sequence.h"

#include <QJsonArray>
#include <QJsonObject>
#include <algorithm>

namespace cowscope::test
{

namespace
{

QString nameOf(Tool tool)
{
    return tool == Tool::Cowscope ? "cowscope-cli" : "qemu-img";
}

/// "" or where two contents begin to differ.
QString difference(const Bytes& got, const Bytes& wanted)
{
    if (got.size() != wanted.size())
        return QStringLiteral("%1 bytes instead of %2").arg(got.size()).arg(wanted.size());
    const auto [at, other] = std::ranges::mismatch(got, wanted);
    if (at == got.end())
        return {};
    return QStringLiteral("byte %1 is %2 instead of %3")
        .arg(at - got.begin())
        .arg(std::to_integer<unsigned>(*at))
        .arg(std::to_integer<unsigned>(*other));
}

/// What `qemu-img info` tells, without what may differ between two images that are alike.
QJsonObject comparable(QJsonObject info)
{
    for (const char* key : {"actual-size", "dirty-flag"})
        info.remove(QLatin1String(key));
    QJsonArray snapshots;
    for (const QJsonValueRef each : info["snapshots"].toArray()) {
        QJsonObject snapshot = each.toObject();
        snapshot.remove("date-sec");
        snapshot.remove("date-nsec");
        // The reference tool stores the instruction count 0 of no machine; ours stores none.
        snapshot.remove("icount");
        snapshots.append(snapshot);
    }
    info["snapshots"] = snapshots;
    return info;
}

} // namespace

bool Sequence::judge(bool thorough)
{
    const Tool tool = m_ours.tool();
    if (!judgeCheck(m_ours, Tool::Qemu) || !judgeCheck(m_theirs, tool))
        return false;
    if (!judgeContents(m_ours, Tool::Qemu) || !judgeContents(m_theirs, tool))
        return false;
    if (!judgeBitmaps(m_ours) || !judgeBitmaps(m_theirs))
        return false;
    if (!thorough)
        return true;
    return judgeCheck(m_ours, tool) && judgeContents(m_ours, tool) && judgeContents(m_theirs, Tool::Qemu)
        && judgeSnapshots(m_ours, Tool::Qemu) && judgeSnapshots(m_theirs, tool) && judgeInfo()
        && judgeRawDataFile(m_ours) && judgeRawDataFile(m_theirs);
}

bool Sequence::judgeCheck(const Twin& twin, Tool by)
{
    const ProgramRun check = twin.judge(by, {"check", "-f", "qcow2", "image.qcow2"});
    return check.exit == 0 || fail(QStringLiteral("%1 check of %2: %3").arg(nameOf(by), twin.name(), outcome(check)));
}

bool Sequence::judgeContents(const Twin& twin, Tool by)
{
    const Twin::Reading reading = twin.read(by);
    const QString fault = reading.good ? difference(reading.bytes, m_model.bytes()) : reading.fault;
    return fault.isEmpty() || fail(QStringLiteral("%1 reads %2: %3").arg(nameOf(by), twin.name(), fault));
}

bool Sequence::judgeSnapshots(const Twin& twin, Tool by)
{
    for (const DiskModel::Snapshot& snapshot : m_model.snapshots()) {
        Twin::Reading reading = twin.read(by, snapshot.name);
        // The reference tool copies a snapshot as long as the disk is now; ours no shorter than it was.
        Bytes wanted = snapshot.contents.bytes;
        if (by == Tool::Cowscope) {
            wanted.resize(std::max<std::size_t>(wanted.size(), m_model.size()));
        } else if (reading.bytes.size() == m_model.size()) {
            wanted.resize(std::min<std::size_t>(wanted.size(), m_model.size()));
            reading.bytes.resize(wanted.size());
        }
        const QString fault = reading.good ? difference(reading.bytes, wanted) : reading.fault;
        if (!fault.isEmpty())
            return fail(
                QStringLiteral("%1 reads snapshot %2 of %3: %4").arg(nameOf(by), snapshot.name, twin.name(), fault));
    }
    return true;
}

/// The reference tool has to tell the same of both, and the snapshots of the model.
bool Sequence::judgeInfo()
{
    const QStringList arguments{"info", "--output=json", "image.qcow2"};
    const ProgramRun ours = m_ours.judge(Tool::Qemu, arguments);
    const ProgramRun theirs = m_theirs.judge(Tool::Qemu, arguments);
    if (!good(ours, "info of ours") || !good(theirs, "info of theirs"))
        return false;
    const QJsonObject one = comparable(ours.json().object());
    if (const QJsonObject other = comparable(theirs.json().object()); one != other)
        return fail("info differs; ours: " + QString::fromUtf8(QJsonDocument(one).toJson())
            + "theirs: " + QString::fromUtf8(QJsonDocument(other).toJson()));
    QStringList names;
    for (const QJsonValue& snapshot : one["snapshots"].toArray())
        names << snapshot["name"].toString();
    QStringList wanted;
    for (const DiskModel::Snapshot& snapshot : m_model.snapshots())
        wanted << snapshot.name;
    return names == wanted || fail("snapshots are " + names.join(", ") + " instead of " + wanted.join(", "));
}

/// A raw data file holds the disk, for whoever reads it without the image.
bool Sequence::judgeRawDataFile(const Twin& twin)
{
    if (!m_recipe.dataFileRaw)
        return true;
    Bytes bytes = readFile(twin.path("data.raw"));
    bytes.resize(std::max<std::size_t>(bytes.size(), m_model.size()));
    bytes.resize(m_model.size());
    const QString fault = difference(bytes, m_model.bytes());
    return fault.isEmpty() || fail(QStringLiteral("the raw data file of %1: %2").arg(twin.name(), fault));
}

} // namespace cowscope::test
