// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/result.h"

#include <functional>
#include <stop_token>
#include <string_view>

namespace cowscope
{

/// The step that a long task is in, in the order in which a task can pass them.
enum class Phase {
    Open,
    ReadRefcounts,
    WalkTables,
    Compare,
    WriteRefblocks,
    WriteReftable,
    Flush,
    Switch,
    Verify,
    Write,
    Copy,
};

/// "reading refblocks", ...: English, for logs and the command line.
std::string_view phaseName(Phase phase);

/// How far a task is, in bytes of work. `done` never decreases within a task and ends at `total`; a total of 0 means
/// that it is not known yet.
struct Progress {
    Phase phase = Phase::Open;
    std::uint64_t done = 0;
    std::uint64_t total = 0;
};

/// What a long engine call needs from its caller. It knows no threads and no Qt; the call runs where it is called.
/// `report` is called from that thread, at most once a metadata cluster: the receiver throttles.
struct TaskContext {
    std::stop_token stop = {};
    std::function<void(const Progress&)> report = {};

    /// Reports, then tells whether to go on: an error of kind Cancelled once a stop was requested.
    Result<void> step(const Progress& progress) const;
};

} // namespace cowscope
