// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/census.h"

#include <QString>

namespace cowscope::ui
{

/// Whether a cluster's stored count agrees with the references that the image's structures make.
enum class CountVerdict : std::uint8_t {
    Right,
    TooHigh, ///< a leak: space is lost
    TooLow, ///< a corruption: a cluster in use may be given away
};

CountVerdict countVerdict(const ClusterMap& map, HostCluster cluster);

/// "right", "too high (leak)", ...
QString verdictText(CountVerdict verdict);

/// "CLEAN", "2 corruptions, 5 leaks", ...: the verdict of a check in a few words.
QString verdictLine(const Census& census);

} // namespace cowscope::ui
