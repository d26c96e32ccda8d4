// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/progress.h"

#include "core/base/progress_throttle.h"
#include "core/report/text_report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fmt/format.h>

namespace cowscope::cli
{

namespace
{

std::string timeText(double seconds)
{
    const auto whole = static_cast<std::uint64_t>(std::ceil(std::min(seconds, 1e9)));
    if (whole < 60)
        return fmt::format("{} s left", whole);
    if (whole < 3600)
        return fmt::format("{} min {} s left", whole / 60, whole % 60);
    return fmt::format("{} h {} min left", whole / 3600, whole % 3600 / 60);
}

std::string rateText(const ProgressThrottle::Report& report)
{
    const Progress& progress = report.progress;
    if (progress.total == 0 || progress.done >= progress.total || report.bytesPerSecond < 1)
        return {};
    const double left = static_cast<double>(progress.total - progress.done);
    return fmt::format(", {}/s, {}", humanBytes(static_cast<std::uint64_t>(report.bytesPerSecond)),
        timeText(left / report.bytesPerSecond));
}

} // namespace

class ProgressLine::Writer
{
public:
    ~Writer()
    {
        show(m_throttle.rest());
        std::fputs("\n", stdout);
    }

    void add(const Progress& progress) { show(m_throttle.add(progress)); }

private:
    // Not fmt::print, which throws when nobody reads any more.
    void show(const std::optional<ProgressThrottle::Report>& report)
    {
        if (!report)
            return;
        const Progress& progress = report->progress;
        if (progress.total > 0)
            m_percent = std::max(m_percent,
                100 * static_cast<double>(std::min(progress.done, progress.total))
                    / static_cast<double>(progress.total));
        const std::string text
            = fmt::format("    ({:.2f}/100%) {}{}", m_percent, phaseName(progress.phase), rateText(*report));
        std::fputs(fmt::format("{:<{}}\r", text, m_length).c_str(), stdout); // over all of the text before
        std::fflush(stdout);
        m_length = text.size();
    }

    ProgressThrottle m_throttle;
    double m_percent = 0;
    std::size_t m_length = 0;
};

ProgressLine::ProgressLine(bool shown)
    : m_writer(shown ? std::make_unique<Writer>() : nullptr)
{
}

ProgressLine::~ProgressLine() = default;

TaskContext ProgressLine::task(std::stop_token stop) const
{
    TaskContext task{std::move(stop), {}};
    if (m_writer)
        task.report = [this](const Progress& progress) { m_writer->add(progress); };
    return task;
}

} // namespace cowscope::cli
