// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <csignal>
#include <stop_token>
#include <thread>

namespace cowscope::cli
{

/// While it lives, Ctrl-C and a termination signal request a stop instead of ending the program in the middle of an
/// edit. Create it before any other thread.
class InterruptStop
{
public:
    InterruptStop();
    ~InterruptStop();

    std::stop_token token() const { return m_source.get_token(); }

private:
    sigset_t m_signals;
    sigset_t m_before;
    std::stop_source m_source;
    std::jthread m_waiter;
};

} // namespace cowscope::cli
