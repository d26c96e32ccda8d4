// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/support/bytes.h"

#include <functional>
#include <random>
#include <span>
#include <variant>
#include <vector>

namespace cowscope::test
{

/// How many of the states that a crash may leave are tried.
struct CutBounds {
    int random = 8; ///< power cuts at random behind each step
    std::size_t single = 12; ///< writes since the last flush, of which each is lost alone and kept alone
    std::size_t prefixes = 1000; ///< steps behind which power is cut, spread over all of them
    std::uint64_t seed = 1;
};

/// Everything that has changed a file, in order, so that a test can cut the power at any point and see what a disk
/// might hold then.
class WriteTrace
{
public:
    struct Write {
        std::uint64_t offset = 0;
        Bytes bytes;
    };
    struct Truncate {
        std::uint64_t size = 0;
    };
    struct Flush {
    };
    using Step = std::variant<Write, Truncate, Flush>;

    static constexpr std::uint64_t kSectorBytes = 512; ///< what a disk writes whole or not at all

    explicit WriteTrace(Bytes initial)
        : m_initial(std::move(initial))
    {
    }

    void add(Step step) { m_steps.push_back(std::move(step)); }

    const std::vector<Step>& steps() const { return m_steps; }
    const Bytes& initial() const { return m_initial; }

    /// The file after the first `count` steps, all of them on disk.
    Bytes stateAfter(std::size_t count) const;

    /// The file after a power cut behind the first `count` steps: those up to the last flush among them are on disk; of
    /// the later ones some are missing, some are torn at sectors, and they reach the disk in any order.
    Bytes stateAfterPowerCut(std::size_t count, std::mt19937_64& random) const;

    /// A file as a crash behind the first `steps` steps may leave it.
    struct CrashState {
        const Bytes& bytes;
        std::size_t steps = 0;
        bool killed = false; ///< every step is on disk: the program was killed, and the power stayed on
    };

    /// Calls `visit` with states that a crash behind each step may leave: all steps on disk; none since the last flush;
    /// each of those lost, and each alone; the last write torn in its middle, at its ends and at every other sector;
    /// and power cuts at random. A state may come more than once.
    void eachCrashState(const CutBounds& bounds, const std::function<void(const CrashState&)>& visit) const;

private:
    Bytes m_initial;
    std::vector<Step> m_steps;
};

} // namespace cowscope::test
