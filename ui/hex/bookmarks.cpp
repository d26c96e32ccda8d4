// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/hex/bookmarks.h"

#include <QCryptographicHash>
#include <QFileInfo>
#include <QSettings>
#include <QStringList>

#include <algorithm>

namespace cowscope::ui
{

void Bookmarks::load(const QString& path)
{
    m_list.clear();
    m_key.clear();
    if (path.isEmpty())
        return;
    const QFileInfo file(path);
    const QString real = file.exists() ? file.canonicalFilePath() : file.absoluteFilePath();
    m_key = QStringLiteral("bookmarks/")
        + QString::fromLatin1(QCryptographicHash::hash(real.toUtf8(), QCryptographicHash::Sha1).toHex());
    // "FIRST COUNT NAME", numbers in decimal. Settings can be edited by hand: what is no bookmark is left out.
    const QStringList lines = QSettings().value(m_key).toStringList();
    for (const QString& line : lines) {
        bool firstIsNumber = false;
        bool countIsNumber = false;
        const std::uint64_t first = line.section(u' ', 0, 0).toULongLong(&firstIsNumber);
        const std::uint64_t count = line.section(u' ', 1, 1).toULongLong(&countIsNumber);
        if (firstIsNumber && countIsNumber && count > 0 && first <= UINT64_MAX - count && m_list.size() < kMost)
            m_list.push_back({line.section(u' ', 2), {HostOffset(first), count}});
    }
}

void Bookmarks::add(const Bookmark& bookmark)
{
    if (m_key.isEmpty())
        return;
    std::erase_if(m_list, [&](const Bookmark& each) { return each.name == bookmark.name; });
    if (m_list.size() == kMost)
        m_list.erase(m_list.begin());
    m_list.push_back(bookmark);
    save();
}

void Bookmarks::remove(std::size_t index)
{
    m_list.erase(m_list.begin() + static_cast<std::ptrdiff_t>(index));
    save();
}

void Bookmarks::save() const
{
    QStringList lines;
    for (const Bookmark& each : m_list)
        lines += QStringLiteral("%1 %2 ").arg(each.range.first.value()).arg(each.range.count) + each.name;
    QSettings().setValue(m_key, lines);
}

} // namespace cowscope::ui
