// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/crash/harness/crash_cases.h"

namespace cowscope::test
{

/// What became of edits in which an operation of the storage failed.
struct FaultFigures {
    std::uint64_t injected = 0; ///< runs, each with one place where it fails
    std::uint64_t ignored = 0; ///< the edit succeeded all the same: a favour that was not needed
    std::uint64_t old = 0; ///< contents, bitmaps and length are the old ones
    std::uint64_t longer = 0; ///< the same, but the file has grown
    std::uint64_t between = 0; ///< each sector old or new, as far as the edit promises no more
    std::uint64_t broken = 0; ///< the promise is broken
    std::string fault; ///< the first broken promise; empty: none

    FaultFigures& operator+=(const FaultFigures& other);
};

/// How the disk goes on after the operation that failed.
enum class AfterFault {
    Works, ///< as one that is full, or had one bad moment
    FailsAlike, ///< every later operation of the kind fails, too
};

/// Runs the edit again and again, and lets each write, flush and truncate of it fail, writes whole and torn. Of each
/// kind at most `places` places are tried, spread over all.
FaultFigures tryFaults(const CrashCase& each, AfterFault after, std::uint64_t places);

} // namespace cowscope::test
