// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/safe_end.h"

#include "ui/jobs/job.h"

#include <QGuiApplication>

#include <array>
#include <csignal>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace cowscope::ui
{

namespace
{

constexpr std::array kSignals{SIGTERM, SIGINT, SIGHUP};

std::array<int, 2> s_sockets{-1, -1}; ///< the handler writes to the first, the event loop reads from the second

/// A handler may do next to nothing: it only wakes the event loop.
void handle(int number)
{
    const auto byte = static_cast<unsigned char>(number);
    [[maybe_unused]] const auto written = ::write(s_sockets[0], &byte, 1);
}

} // namespace

SafeEnd::SafeEnd(QObject* parent)
    : QObject(parent)
{
    connect(
        qGuiApp, &QGuiApplication::commitDataRequest, this, [] { Job::stopAll(); }, Qt::DirectConnection);
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s_sockets.data()) != 0)
        return; // signals do what they did
    m_notifier = std::make_unique<QSocketNotifier>(s_sockets[1], QSocketNotifier::Read);
    connect(m_notifier.get(), &QSocketNotifier::activated, this, &SafeEnd::signalled);
    for (const int number : kSignals) {
        struct sigaction action = {};
        action.sa_handler = handle;
        action.sa_flags = SA_RESTART;
        ::sigaction(number, &action, nullptr);
    }
}

SafeEnd::~SafeEnd()
{
    for (const int number : kSignals)
        std::signal(number, SIG_DFL);
    m_notifier.reset();
    for (int& each : s_sockets)
        ::close(std::exchange(each, -1));
}

void SafeEnd::signalled()
{
    unsigned char number = 0;
    if (::read(s_sockets[1], &number, 1) != 1)
        return;
    Job::stopAll();
    std::signal(number, SIG_DFL);
    ::raise(number);
}

} // namespace cowscope::ui
