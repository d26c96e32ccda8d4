// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/bench/frame_times.h"

#include <algorithm>
#include <ctime>
#include <sys/resource.h>

namespace cowscope::bench
{

namespace
{

double milliseconds(clockid_t clock)
{
    timespec now{};
    clock_gettime(clock, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

QString figures(std::vector<double> times)
{
    std::ranges::sort(times);
    const auto at = [&times](double part) {
        return QString::number(times[static_cast<std::size_t>(part * static_cast<double>(times.size() - 1))], 'f', 1);
    };
    return QStringLiteral("p50 %1 ms, p99 %2 ms, max %3 ms").arg(at(0.5), at(0.99), at(1));
}

} // namespace

double FrameTimes::clockMilliseconds()
{
    return milliseconds(CLOCK_MONOTONIC);
}

double FrameTimes::threadMilliseconds()
{
    return milliseconds(CLOCK_THREAD_CPUTIME_ID);
}

double FrameTimes::processMilliseconds()
{
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto of = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
    };
    return of(usage.ru_utime) + of(usage.ru_stime);
}

QString FrameTimes::text(const QString& name) const
{
    if (m_clock.empty())
        return QStringLiteral("%1: no frames").arg(name);
    return QStringLiteral("%1: %2 frames, %3 (thread: %4)")
        .arg(name)
        .arg(m_clock.size())
        .arg(figures(m_clock), figures(m_ran));
}

double peakMebibytes()
{
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_maxrss) / 1024;
}

} // namespace cowscope::bench
