// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/task.h"

#include <memory>

namespace cowscope::cli
{

/// The line that -p asks for, "    (12.34/100%) walking L2 tables, 80.0 MiB/s, 3 s left", written over itself while a
/// task runs, and ended when the object goes. It begins as qemu-img's does, and its share never falls.
class ProgressLine
{
public:
    explicit ProgressLine(bool shown);
    ~ProgressLine();
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;

    /// What to give to the task.
    TaskContext task(std::stop_token stop) const;

private:
    class Writer;

    std::unique_ptr<Writer> m_writer; ///< null: nothing is shown
};

} // namespace cowscope::cli
