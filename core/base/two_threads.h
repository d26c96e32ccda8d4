// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <exception>
#include <system_error>
#include <thread>

namespace cowscope
{

inline constexpr std::size_t kWorkers = 2;

/// Calls work(0) here and at the same time work(1) in a thread of its own, and returns once both have; an exception of
/// either is thrown here. Where there is only one processor, or no thread to be had, work(0) is all: the workers must
/// take what there is to do from each other.
template <typename Work>
void onTwoThreads(const Work& work)
{
    std::exception_ptr thrown;
    {
        std::jthread other;
        if (std::thread::hardware_concurrency() > 1) {
            try {
                other = std::jthread([&work, &thrown] {
                    try {
                        work(std::size_t{1});
                    } catch (...) {
                        thrown = std::current_exception();
                    }
                });
            } catch (const std::system_error&) {
                // The first worker does it alone.
            }
        }
        work(std::size_t{0});
    }
    if (thrown)
        std::rethrow_exception(thrown);
}

} // namespace cowscope
