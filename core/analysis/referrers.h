// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/cluster_map.h"
#include "core/base/task.h"
#include "core/image/image.h"

#include <span>
#include <string>
#include <vector>

namespace cowscope
{

/// One reference to a cluster: which structure makes it, from where.
struct Referrer {
    HostCluster cluster; ///< that is referred to
    ClusterOwner as = ClusterOwner::Data; ///< what the reference takes the cluster for
    HostOffset slot; ///< of the entry that refers; of the header field for what the header leads to
    std::optional<GuestOffset> guest = {}; ///< of the guest data concerned, for L1 and L2 entries
    std::optional<std::size_t> snapshot = {}; ///< index of the snapshot whose table refers; nothing: the image itself

    std::string text(const Image& image) const; ///< "L2 entry 7 of table 0x50000 (guest 0x70000), snapshot 'a'"
};

/// Who refers to each of `clusters` (sorted, distinct, a few thousand at most): at most `mostEach` referrers for one.
/// One walk over the metadata. Errors: Cancelled, Io.
Result<std::vector<Referrer>> findReferrers(
    const Image& image, std::span<const HostCluster> clusters, std::size_t mostEach, const TaskContext& task);

} // namespace cowscope
