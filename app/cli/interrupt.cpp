// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/interrupt.h"

namespace cowscope::cli
{

InterruptStop::InterruptStop()
{
    sigemptyset(&m_signals);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP})
        sigaddset(&m_signals, signal);
    std::signal(SIGPIPE, SIG_IGN); // a reader that goes away must not end an edit in the middle
    std::signal(SIGXFSZ, SIG_IGN); // nor a limit on the size of files: the write fails
    pthread_sigmask(SIG_BLOCK, &m_signals, &m_before);
    m_waiter = std::jthread([this](std::stop_token ended) {
        int signal = 0;
        while (sigwait(&m_signals, &signal) == 0 && !ended.stop_requested())
            m_source.request_stop();
    });
}

InterruptStop::~InterruptStop()
{
    m_waiter.request_stop();
    pthread_kill(m_waiter.native_handle(), SIGHUP); // to that thread alone: it ends its wait
    m_waiter.join();
    pthread_sigmask(SIG_SETMASK, &m_before, nullptr);
}

} // namespace cowscope::cli
