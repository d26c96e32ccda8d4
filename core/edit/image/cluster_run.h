// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/strong_index.h"

namespace cowscope
{

/// A run of clusters.
struct ClusterRun {
    HostCluster first;
    std::uint64_t count = 0;

    HostCluster end() const { return first + count; }
};

} // namespace cowscope
