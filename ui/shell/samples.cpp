// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/samples.h"

#include <QCoreApplication>
#include <QDir>
#include <QFile>
#include <QTemporaryDir>

namespace cowscope::ui
{

namespace
{

QString describe(const QString& name)
{
    const auto tr = [](const char* text) { return QCoreApplication::translate("Samples", text); };
    if (name == QStringLiteral("fresh.qcow2"))
        return tr("A new disk: nothing but metadata");
    if (name == QStringLiteral("snapshots.qcow2"))
        return tr("Six snapshots that share clusters; a good one to amend");
    if (name == QStringLiteral("compressed.qcow2"))
        return tr("Compressed clusters that share host clusters");
    if (name == QStringLiteral("one-bit.qcow2"))
        return tr("The narrowest refcounts: used or free");
    if (name == QStringLiteral("sixty-four-bit.qcow2"))
        return tr("The widest refcounts, with two snapshots");
    if (name == QStringLiteral("damaged.qcow2"))
        return tr("Leaks, wrong counts and a cluster with two owners");
    return {};
}

} // namespace

QList<Sample> samples()
{
    QList<Sample> found;
    const QDir folder(QStringLiteral(":/samples"));
    const QStringList names = folder.entryList({QStringLiteral("*.qcow2")}, QDir::Files, QDir::Name);
    for (const QString& name : names)
        found.push_back({folder.filePath(name), name, describe(name)});
    return found;
}

QString copySample(const Sample& sample)
{
    static const QTemporaryDir folder;
    static int copies = 0;
    const QDir place(folder.filePath(QString::number(++copies)));
    const QString path = place.filePath(sample.name);
    if (!place.mkpath(QStringLiteral(".")) || !QFile::copy(sample.resource, path))
        return {};
    // Resources are read-only, and so would be the copy; it is there to be changed.
    QFile::setPermissions(path, QFile::ReadOwner | QFile::WriteOwner);
    return path;
}

} // namespace cowscope::ui
