// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/reftable/refblock_use.h"

#include <algorithm>

namespace cowscope::ui
{

namespace
{
constexpr std::uint64_t kClustersAStep = 1U << 18;
}

Result<std::vector<RefblockUse>> refblockUses(const Image& image, const Census& census, const TaskContext& task)
{
    const ClusterMap& map = census.map;
    const std::uint64_t perBlock = image.geometry().refblockEntries();
    const auto blocks = std::min<std::uint64_t>(divideUp(map.clusters(), perBlock), image.reftable().size());
    std::vector<RefblockUse> uses(blocks);
    for (std::uint64_t i = 0; i < blocks; ++i)
        uses[i].counted = std::min(perBlock, map.clusters() - i * perBlock);

    const HostCluster end(std::min(map.clusters(), blocks * perBlock));
    std::uint64_t untilStep = 0;
    for (HostCluster cluster = map.nextKnown(HostCluster(0)); cluster < end; cluster = map.nextKnown(cluster + 1)) {
        if (untilStep-- == 0) {
            untilStep = kClustersAStep;
            if (auto step = task.step({Phase::ReadRefcounts, cluster.value(), end.value()}); !step)
                return failed(step);
        }
        if (const std::uint64_t count = map.refcount(cluster); count != 0) {
            RefblockUse& use = uses[image.geometry().refblockIndex(cluster)];
            ++use.used;
            use.largest = std::max(use.largest, count);
        }
    }
    return uses;
}

} // namespace cowscope::ui
