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
    pthread_sigmask(SIG_BLOCK, &m_signals, &m_before);
    m_waiter = std::jthread([this](std::stop_token ended) {
        // A blocked signal stays pending, so a short wait misses none.
        constexpr timespec kWait{0, 50'000'000};
        while (!ended.stop_requested()) {
            if (sigtimedwait(&m_signals, nullptr, &kWait) > 0)
                m_source.request_stop();
        }
    });
}

InterruptStop::~InterruptStop()
{
    m_waiter.request_stop();
    m_waiter.join();
    pthread_sigmask(SIG_SETMASK, &m_before, nullptr);
}

} // namespace cowscope::cli
