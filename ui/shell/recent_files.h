// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QStringList>

namespace cowscope::ui
{

/// Images that were opened lately, newest first, kept in the settings.
class RecentFiles
{
public:
    static constexpr int kMost = 10;

    static QStringList list(); ///< those that still exist
    static void add(const QString& path);
    static void clear();
};

} // namespace cowscope::ui
