// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/task.h"
#include "core/image/guest_lookup.h"

#include <vector>

namespace cowscope
{

/// A stretch of a virtual disk that a part of the image file serves.
struct GuestLink {
    GuestOffset start;
    std::uint64_t bytes = 0;

    bool operator==(const GuestLink&) const = default;
};

/// The stretches of a disk that lead to the `count` host clusters from `first` on: clusters whose data is there, and
/// all that an L2 table there maps. In guest order, neighbours joined. Looks at the first kMostLinkedClusters clusters
/// only, and at some referrers of each. One walk over the metadata. Errors: Cancelled, Io.
Result<std::vector<GuestLink>> findGuestLinks(
    const Image& image, DiskChoice disk, HostCluster first, std::uint64_t count, const TaskContext& task);

inline constexpr std::uint64_t kMostLinkedClusters = 4096;

} // namespace cowscope
