// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/task.h"

namespace cowscope::cli
{

/// The line that -p asks for, "    (12.34/100%)", written over itself while a task runs, and ended when the object
/// goes.
class ProgressLine
{
public:
    explicit ProgressLine(bool shown)
        : m_shown(shown)
    {
    }
    ~ProgressLine();
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;

    /// What to give to the task.
    TaskContext task(std::stop_token stop) const;

private:
    bool m_shown;
};

} // namespace cowscope::cli
