// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/task.h"

namespace cowscope
{

std::string_view phaseName(Phase phase)
{
    switch (phase) {
    case Phase::Open:
        return "opening";
    case Phase::ReadRefcounts:
        return "reading refblocks";
    case Phase::WalkTables:
        return "walking L2 tables";
    case Phase::Compare:
        return "comparing counts";
    case Phase::WriteRefblocks:
        return "writing refblocks";
    case Phase::WriteReftable:
        return "writing the reftable";
    case Phase::Flush:
        return "flushing to disk";
    case Phase::Switch:
        return "switching the header";
    case Phase::Verify:
        return "verifying";
    case Phase::Write:
        return "writing";
    case Phase::Copy:
        return "copying";
    }
    return "working";
}

Result<void> TaskContext::step(const Progress& progress) const
{
    if (stop.stop_requested())
        return fail(ErrorKind::Cancelled, "Cancelled");
    if (report)
        report(progress);
    return {};
}

} // namespace cowscope
