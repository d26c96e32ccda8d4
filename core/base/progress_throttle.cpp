// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/progress_throttle.h"

namespace cowscope
{

std::optional<ProgressThrottle::Report> ProgressThrottle::add(const Progress& progress)
{
    m_latest = progress;
    const Clock::time_point now = Clock::now();
    if (m_sent && now - m_sentAt < kInterval && progress.phase == m_sentProgress.phase)
        return std::nullopt;
    return send(now);
}

std::optional<ProgressThrottle::Report> ProgressThrottle::rest()
{
    if (!m_latest)
        return std::nullopt;
    return send(Clock::now());
}

ProgressThrottle::Report ProgressThrottle::send(Clock::time_point now)
{
    const Progress progress = *m_latest;
    const double interval = std::chrono::duration<double>(now - (m_sent ? m_sentAt : m_startedAt)).count();
    const std::uint64_t before = m_sent ? m_sentProgress.done : 0;
    if (interval > 0 && progress.done >= before) {
        const double rate = static_cast<double>(progress.done - before) / interval;
        m_rate = m_sent ? m_rate + (rate - m_rate) * 0.2 : rate;
    }
    m_sent = true;
    m_sentAt = now;
    m_sentProgress = progress;
    m_latest.reset();
    return {progress, m_rate};
}

} // namespace cowscope
