// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/preview/aligned_source.h"

#include <algorithm>

namespace cowscope::ui
{

void AlignedSource::summarize(HostCluster first, unsigned level, std::span<MapCell> out, MapTotals* totals) const
{
    const std::uint64_t left = m_source->clusters() - std::min(first.value(), m_source->clusters());
    const std::uint64_t inside = (left >> level) + ((left & ((std::uint64_t{1} << level) - 1)) != 0 ? 1 : 0);
    const std::size_t cells = std::min<std::uint64_t>(out.size(), inside);
    if (cells > 0)
        m_source->summarize(first, level, out.first(cells), totals);
    std::ranges::fill(out.subspan(cells), MapCell{});
}

} // namespace cowscope::ui
