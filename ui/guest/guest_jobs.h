// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/guest_links.h"
#include "core/analysis/guest_overview.h"
#include "ui/jobs/job.h"

namespace cowscope::ui
{

/// A virtual disk to look at: which one, and with which files.
struct GuestDiskView {
    std::shared_ptr<const Image> image;
    DiskChoice disk;
    std::string path; ///< of the image
    Sharing sharing = Sharing::Locked;
    bool layers = false; ///< open the backing files too: only when the user has asked for it
};

// The work of jobs. Each owns what it needs.

/// Fills `summary`, which others may read meanwhile. Result: nothing.
Job::Work summarizeWork(GuestDiskView view, std::shared_ptr<GuestSummary> summary);

/// Result: GuestExtents.
Job::Work extentsWork(GuestDiskView view, GuestLink stretch, std::size_t most);

/// Result: std::vector<GuestLink>.
Job::Work linksWork(GuestDiskView view, HostCluster first, std::uint64_t count);

} // namespace cowscope::ui
