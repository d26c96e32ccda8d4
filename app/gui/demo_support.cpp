// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/demo_support.h"

#include "ui/jobs/job.h"

#include <QCoreApplication>
#include <QDeadlineTimer>
#include <QTextStream>
#include <QThread>

#include <chrono>

namespace cowscope
{

namespace
{

using namespace std::chrono_literals;

constexpr auto kPatience = 10min; ///< for one step on a large image

QString tr(const char* text)
{
    return QCoreApplication::translate("demo", text);
}

} // namespace

void say(const QString& line)
{
    QTextStream(stdout) << line << Qt::endl;
}

bool complain(const QString& line)
{
    QTextStream(stderr) << QStringLiteral("cowscope: ") << line << Qt::endl;
    return false;
}

bool waitUntil(const std::function<bool()>& condition)
{
    const QDeadlineTimer deadline(kPatience);
    while (!condition()) {
        if (deadline.hasExpired())
            return complain(tr("a step took too long"));
        QCoreApplication::processEvents();
        QThread::msleep(5);
    }
    return true;
}

bool settle()
{
    const QDeadlineTimer pause(400ms);
    return waitUntil([&pause] { return pause.hasExpired() && !ui::Job::anyRunning(); });
}

bool PictureBook::take(QWidget& widget, const QString& name)
{
    if (!settle())
        return false;
    const QString file
        = m_folder.filePath(QStringLiteral("%1-%2.png").arg(++m_pictures, 2, 10, QLatin1Char('0')).arg(name));
    if (!widget.grab().save(file))
        return complain(tr("%1 cannot be written").arg(file));
    say(tr("Saved %1").arg(file));
    return true;
}

} // namespace cowscope
