// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/task.h"

namespace cowscope
{

/// Tasks that follow each other, reported as one: their bytes of work add up, and neither `done` nor its share of the
/// total ever decreases. The total is known once the first task knows its own; what the later ones will do is estimated
/// until they begin.
class TaskSequence
{
public:
    /// `whole` hears of the progress; it must live as long as the sequence.
    explicit TaskSequence(const TaskContext& whole)
        : m_whole(whole)
    {
    }
    TaskSequence(const TaskSequence&) = delete;
    TaskSequence& operator=(const TaskSequence&) = delete;

    /// What to give to the next task. `later`: bytes of work of the tasks behind it, an upper bound where it is not
    /// known yet: an estimate that proves too large makes the share leap forward, one too small would hold it back.
    TaskContext next(std::uint64_t later);

private:
    void report(const Progress& progress);

    const TaskContext& m_whole;
    std::uint64_t m_before = 0; ///< bytes of the tasks that have ended
    std::uint64_t m_current = 0; ///< of the one that runs; 0: not known yet
    std::uint64_t m_later = 0;
    std::uint64_t m_done = 0;
    std::uint64_t m_total = 0; ///< as reported last
};

} // namespace cowscope
