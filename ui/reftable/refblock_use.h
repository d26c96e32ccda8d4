// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/census.h"
#include "core/base/task.h"
#include "core/image/image.h"

#include <vector>

namespace cowscope::ui
{

/// What the counts of one refblock say, over the clusters that are in the file.
struct RefblockUse {
    std::uint64_t counted = 0; ///< clusters of the file that it counts
    std::uint64_t used = 0; ///< of them, those with a count above 0
    std::uint64_t largest = 0; ///< largest count
};

/// One value for each entry of the reftable that counts clusters of the file; the entries behind them count none.
/// Cost: one pass over the map's pages in use. Errors: Cancelled.
Result<std::vector<RefblockUse>> refblockUses(const Image& image, const Census& census, const TaskContext& task);

} // namespace cowscope::ui
