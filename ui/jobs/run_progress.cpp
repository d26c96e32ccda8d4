// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/jobs/run_progress.h"

#include "ui/common/format.h"

#include <QCoreApplication>
#include <QStringList>

#include <algorithm>
#include <cmath>

namespace cowscope::ui
{

namespace
{

struct Text {
    Q_DECLARE_TR_FUNCTIONS(cowscope::ui::RunProgress)
};

} // namespace

void RunProgress::add(const Progress& progress, double bytesPerSecond)
{
    m_newPhase = !m_any || progress.phase != m_latest.phase;
    m_any = true;
    m_latest = progress;
    m_bytesPerSecond = bytesPerSecond;
    if (isMeasured()) {
        const double share = static_cast<double>(progress.done) / static_cast<double>(progress.total);
        m_steps = std::clamp(static_cast<int>(share * kSteps), m_steps, kSteps);
    }
}

QString RunProgress::text() const
{
    if (!isMeasured())
        return {};
    QStringList parts{Text::tr("%1 of %2").arg(formatBytes(m_latest.done), formatBytes(m_latest.total))};
    if (m_bytesPerSecond >= 1) {
        parts << Text::tr("%1/s").arg(formatBytes(static_cast<std::uint64_t>(m_bytesPerSecond)));
        const std::uint64_t left = m_latest.total - std::min(m_latest.done, m_latest.total);
        if (left > 0)
            parts << Text::tr("%1 left").arg(durationText(static_cast<double>(left) / m_bytesPerSecond));
    }
    return parts.join(Text::tr(", "));
}

QString durationText(double seconds)
{
    if (seconds < 1)
        return Text::tr("less than a second");
    const auto whole = static_cast<long long>(std::llround(std::min(seconds, 1e9)));
    if (whole < 60)
        return Text::tr("%1 s").arg(whole);
    if (whole < 3600)
        return Text::tr("%1 min %2 s").arg(whole / 60).arg(whole % 60);
    return Text::tr("%1 h %2 min").arg(whole / 3600).arg(whole % 3600 / 60);
}

} // namespace cowscope::ui
