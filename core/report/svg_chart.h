// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/cluster_map.h"

#include <cstdint>
#include <string>
#include <vector>

namespace cowscope
{

/// One part of a bar.
struct ChartPart {
    double value = 0;
    std::string_view cssClass; ///< for a style sheet that overrides the colour
    std::uint32_t color = 0x1f6fb2; ///< 0xrrggbb on white
};

/// A horizontal bar: its parts follow each other from the left.
struct ChartBar {
    std::string label; ///< left of the bar
    std::string value; ///< right of it
    std::vector<ChartPart> parts; ///< one only on a logarithmic scale
};

struct Chart {
    std::string title; ///< what it shows, also for those who cannot see it
    std::vector<ChartBar> bars; ///< a few dozen
    bool logarithmic = false;
};

/// A chart as an SVG element of its own, 640 units wide. Text is escaped.
std::string chartSvg(const Chart& chart);

/// All clusters of a file as cells in rows, some clusters a cell: the owner that the file has least of wins a cell,
/// damage always, so that a lone cluster is seen. One pass over the map.
std::string mapSvg(const ClusterMap& map);

} // namespace cowscope
