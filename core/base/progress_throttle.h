// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/task.h"

#include <chrono>
#include <optional>

namespace cowscope
{

/// Between a task that reports often and somebody who looks: lets through at most one report each kInterval, and the
/// first of each phase; measures the rate on the way.
class ProgressThrottle
{
public:
    static constexpr auto kInterval = std::chrono::milliseconds(50);

    struct Report {
        Progress progress;
        double bytesPerSecond = 0; ///< smoothed over some ten reports, so that the number can be read
    };

    std::optional<Report> add(const Progress& progress);

    /// What was kept back last, if anything: for the end of the task.
    std::optional<Report> rest();

private:
    using Clock = std::chrono::steady_clock;

    Report send(Clock::time_point now);

    Clock::time_point m_startedAt = Clock::now();
    Clock::time_point m_sentAt;
    Progress m_sentProgress;
    std::optional<Progress> m_latest;
    double m_rate = 0;
    bool m_sent = false;
};

} // namespace cowscope
