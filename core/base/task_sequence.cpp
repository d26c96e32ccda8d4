// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/task_sequence.h"

#include <algorithm>
#include <utility>

namespace cowscope
{

TaskContext TaskSequence::next(std::uint64_t later)
{
    m_before += std::exchange(m_current, 0);
    m_later = later;
    return {m_whole.stop, [this](const Progress& progress) { report(progress); }};
}

void TaskSequence::report(const Progress& progress)
{
    if (!m_whole.report)
        return;
    m_current = std::max(m_current, progress.total);
    const std::uint64_t known = m_before + m_current;
    m_done = std::max(m_done, std::min(m_before + progress.done, known));
    m_whole.report({progress.phase, m_done, known == 0 ? 0 : known + m_later});
}

} // namespace cowscope
