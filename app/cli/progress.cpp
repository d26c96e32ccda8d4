// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/progress.h"

#include <cstdio>
#include <fmt/format.h>

namespace cowscope::cli
{

namespace
{

// Not fmt::print, which throws when nobody reads any more.
void print(const Progress& progress)
{
    const double share
        = progress.total == 0 ? 0 : static_cast<double>(progress.done) / static_cast<double>(progress.total);
    std::fputs(fmt::format("    ({:.2f}/100%)\r", 100 * share).c_str(), stdout);
    std::fflush(stdout);
}

} // namespace

ProgressLine::~ProgressLine()
{
    if (m_shown)
        std::fputs("\n", stdout);
}

TaskContext ProgressLine::task(std::stop_token stop) const
{
    TaskContext task{std::move(stop), {}};
    if (m_shown)
        task.report = print;
    return task;
}

} // namespace cowscope::cli
