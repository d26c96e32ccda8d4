// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/support/write_trace.h"

#include <QString>

#include <functional>
#include <string>

namespace cowscope::test
{

/// What an edit promises of every state that a crash in its middle may leave.
enum class Promise {
    OldOrNew, ///< no error, no leak; all disks and bitmaps are the old ones, or all are the new ones
    LeaksAtWorst, ///< no corruption; snapshots that stay are as they were; each sector of the disk is old or new
    NoWorse, ///< of a damaged image: no more corruptions than before, and nothing lost that could be read
};

/// What is wrong with one state. What is allowed is not: see Promise.
struct StateVerdict {
    bool unusable = false; ///< cannot be opened or checked
    bool corrupt = false;
    bool leaking = false;
    bool changed = false; ///< contents are neither the old nor the new ones
    std::string fault; ///< the first thing that breaks the promise; empty: it is kept
};

/// Judges states of a file by our check and by the contents of all its disks, which a reader of the tests' own finds.
using StateJudge = std::function<StateVerdict(const Bytes& state)>;
StateJudge judgeFor(Promise promise, const Bytes& before, const Bytes& after);

/// How many states were tried, and what was found. All but `tried` are of distinct states.
struct CrashFigures {
    std::uint64_t tried = 0;
    std::uint64_t distinct = 0;
    std::uint64_t unusable = 0;
    std::uint64_t corrupt = 0;
    std::uint64_t leaking = 0;
    std::uint64_t changed = 0;
    std::uint64_t killed = 0; ///< of them states that a mere kill of the program leaves
    std::uint64_t killedCorrupt = 0; ///< of those corrupt or unusable
    std::uint64_t killedLeaking = 0;
    std::uint64_t judgedByQemu = 0; ///< a sample
    std::uint64_t qemuCorrupt = 0; ///< of it; what qemu-img cannot check counts here too
    std::uint64_t qemuLeaking = 0;
    std::string fault; ///< the first that breaks the promise, ours or qemu-img's; empty: none

    CrashFigures& operator+=(const CrashFigures& other);
};

/// Whom else to ask.
struct QemuSample {
    std::size_t states = 0; ///< at most so many of each trace, drawn at random
    QString folder; ///< for the files
};

/// Tries the states that a crash may leave of the edit that `trace` has recorded.
CrashFigures tryCrashes(const WriteTrace& trace, Promise promise, const CutBounds& bounds, const QemuSample& qemu = {});

} // namespace cowscope::test
