// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/recent_files.h"

#include <QFileInfo>
#include <QSettings>

namespace cowscope::ui
{

namespace
{
const QString kKey = QStringLiteral("recentFiles");
}

QStringList RecentFiles::list()
{
    QStringList existing;
    const QStringList stored = QSettings().value(kKey).toStringList();
    for (const QString& path : stored)
        if (QFileInfo::exists(path))
            existing += path;
    return existing;
}

void RecentFiles::add(const QString& path)
{
    QStringList files = list();
    const QString absolute = QFileInfo(path).absoluteFilePath();
    files.removeAll(absolute);
    files.prepend(absolute);
    QSettings().setValue(kKey, QStringList(files.first(std::min<qsizetype>(files.size(), kMost))));
}

void RecentFiles::clear()
{
    QSettings().remove(kKey);
}

} // namespace cowscope::ui
