// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/task_sequence.h"

#include <algorithm>
#include <cmath>
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
    const std::uint64_t total = known == 0 ? 0 : std::max(known + m_later, m_done);
    // A task that nobody expected makes the whole longer, but takes back nothing of the share that was shown.
    if (m_total > 0 && total > m_total)
        m_done = std::min(total,
            static_cast<std::uint64_t>(
                std::ceil(static_cast<long double>(m_done) * total / static_cast<long double>(m_total))));
    m_total = total;
    m_whole.report({progress.phase, m_done, total});
}

} // namespace cowscope
