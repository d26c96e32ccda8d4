// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/task.h"

#include <QString>

namespace cowscope::ui
{

/// How far a run is, for people: never runs backwards.
class RunProgress
{
public:
    static constexpr int kSteps = 1000; ///< of the progress bar

    /// Takes a report and the rate in bytes a second that goes with it.
    void add(const Progress& progress, double bytesPerSecond);

    /// False while the amount of work is not known yet: the image is still being looked at.
    bool isMeasured() const { return m_latest.total > 0; }

    int steps() const { return m_steps; } ///< 0 to kSteps, never less than before

    /// True when the last report began another phase.
    bool isNewPhase() const { return m_newPhase; }
    Phase phase() const { return m_latest.phase; }

    /// "12 MiB of 40 MiB, 80 MiB/s, 3 s left"; the parts that are not known are left out.
    QString text() const;

private:
    Progress m_latest;
    double m_bytesPerSecond = 0;
    int m_steps = 0;
    bool m_any = false;
    bool m_newPhase = false;
};

/// "less than a second", "3 s", "2 min 5 s"
QString durationText(double seconds);

} // namespace cowscope::ui
