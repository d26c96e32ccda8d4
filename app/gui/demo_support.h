// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDir>
#include <QString>
#include <QWidget>

#include <functional>

namespace cowscope
{

/// Says on standard output what a run without a user does.
void say(const QString& line);

/// Says on standard error why it cannot go on; returns false.
bool complain(const QString& line);

/// Runs the event loop until the condition holds; false, with a complaint, when patience ends.
bool waitUntil(const std::function<bool()>& condition);

/// Lets jobs, layouts and paints that are due happen.
bool settle();

/// Numbered pictures of widgets in a folder.
class PictureBook
{
public:
    explicit PictureBook(const QString& folder)
        : m_folder(folder)
    {
    }

    const QDir& folder() const { return m_folder; }

    /// Takes one once all jobs have ended.
    bool take(QWidget& widget, const QString& name);

private:
    QDir m_folder;
    int m_pictures = 0;
};

} // namespace cowscope
