// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/guest/guest_jobs.h"

namespace cowscope::ui
{

Job::Work summarizeWork(GuestDiskView view, std::shared_ptr<GuestSummary> summary)
{
    return [view = std::move(view), summary = std::move(summary)](const TaskContext& task) -> Result<std::any> {
        std::optional<BackingChain> below;
        if (view.layers) {
            auto opened = BackingChain::openBelow(*view.image, view.path, view.sharing, {task.stop, {}});
            if (!opened)
                return failed(opened);
            below = std::move(*opened);
        }
        auto done = summarizeGuest(*view.image, view.disk, below ? &*below : nullptr, *summary, task);
        if (!done)
            return failed(done);
        return std::any();
    };
}

Job::Work extentsWork(GuestDiskView view, GuestLink stretch, std::size_t most)
{
    return [view = std::move(view), stretch, most](const TaskContext& task) -> Result<std::any> {
        auto list = listExtents(*view.image, view.disk, stretch.start, stretch.bytes, most, task);
        if (!list)
            return failed(list);
        return std::any(std::move(*list));
    };
}

Job::Work linksWork(GuestDiskView view, HostCluster first, std::uint64_t count)
{
    return [view = std::move(view), first, count](const TaskContext& task) -> Result<std::any> {
        auto links = findGuestLinks(*view.image, view.disk, first, count, task);
        if (!links)
            return failed(links);
        return std::any(std::move(*links));
    };
}

} // namespace cowscope::ui
