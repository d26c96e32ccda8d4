// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

#include <vector>

namespace cowscope::bench
{

/// How long frames took: by the clock, and in the time that this thread ran, which other programs do not change.
class FrameTimes
{
public:
    template <typename Frame>
    void measure(Frame frame)
    {
        const double clock = clockMilliseconds();
        const double ran = threadMilliseconds();
        frame();
        m_clock.push_back(clockMilliseconds() - clock);
        m_ran.push_back(threadMilliseconds() - ran);
    }

    /// "pan: 300 frames, p50 1.2 ms, p99 3.4 ms, max 5.6 ms (thread: ...)"
    QString text(const QString& name) const;

    static double clockMilliseconds();
    static double threadMilliseconds();
    static double processMilliseconds(); ///< of processor time, all threads together

private:
    std::vector<double> m_clock;
    std::vector<double> m_ran;
};

/// The most memory that the process had at once, in MiB.
double peakMebibytes();

} // namespace cowscope::bench
