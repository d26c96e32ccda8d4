// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/document/selection.h"

#include <QString>

#include <vector>

namespace cowscope::ui
{

struct Bookmark {
    QString name;
    ByteRange range;

    bool operator==(const Bookmark&) const = default;
};

/// Named places of one image file, kept in the settings under the file's path: by offset in the file.
class Bookmarks
{
public:
    static constexpr std::size_t kMost = 200; ///< for one file; a further one takes the place of the oldest

    /// Those of another file; an empty path has none.
    void load(const QString& path);

    const std::vector<Bookmark>& list() const { return m_list; }

    /// One with the same name is replaced.
    void add(const Bookmark& bookmark);
    void remove(std::size_t index); ///< index < list().size()

private:
    void save() const;

    QString m_key;
    std::vector<Bookmark> m_list;
};

} // namespace cowscope::ui
