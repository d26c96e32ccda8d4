// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>
#include <QSocketNotifier>

#include <memory>

namespace cowscope::ui
{

/// Ends of the program that come from outside: the desktop's session ends, or a signal (SIGTERM, SIGINT, SIGHUP)
/// arrives. All jobs are stopped and waited for, so that an edit leaves the old image or the new one; a signal then
/// ends the program as its sender expects. One for a program, made after the application.
class SafeEnd : public QObject
{
    Q_OBJECT

public:
    explicit SafeEnd(QObject* parent = nullptr);
    ~SafeEnd() override;

private:
    void signalled();

    std::unique_ptr<QSocketNotifier> m_notifier;
};

} // namespace cowscope::ui
