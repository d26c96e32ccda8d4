// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/preview/edit_desk.h"

namespace cowscope::ui
{

namespace
{

std::shared_ptr<const MarkedClusters> changedClusters(const EditPreview& preview)
{
    const unsigned bits = preview.after.image->geometry().clusterBits();
    std::vector<ClusterRange> ranges;
    for (const StorageExtent& extent : preview.written) {
        const std::uint64_t first = extent.offset >> bits;
        ranges.push_back({HostCluster(first), ((extent.offset + extent.length - 1) >> bits) - first + 1});
    }
    for (const CountDifference& each : preview.diff.counts)
        if (each.first == 0 || each.second == 0)
            ranges.push_back({each.cluster, each.clusters});
    return std::make_shared<MarkedClusters>(std::move(ranges));
}

std::shared_ptr<const CensusMapSource> mapOf(const CheckedImage& checked)
{
    return std::make_shared<CensusMapSource>(checked.image, checked.census);
}

} // namespace

Result<std::shared_ptr<EditSession>> EditDesk::session()
{
    const std::lock_guard lock(m_mutex);
    if (m_session)
        return m_session;
    auto storage = m_opener(m_path, Access::ReadWrite, Sharing::Locked);
    if (!storage)
        return std::unexpected(std::move(storage.error()).in(m_path));
    m_session = std::make_shared<EditSession>(std::move(*storage));
    return m_session;
}

Result<std::shared_ptr<const ShownPreview>> EditDesk::preview(Edit edit, const TaskContext& task)
{
    auto open = session();
    if (!open)
        return failed(open);
    auto made = (*open)->preview(std::move(edit), task);
    if (!made)
        return std::unexpected(std::move(made.error()).in(m_path));
    const auto before = mapOf(made->before);
    const auto after = mapOf(made->after);
    const auto changed = changedClusters(*made);
    return std::make_shared<const ShownPreview>(ShownPreview{std::move(*made), before, after, changed});
}

Result<std::any> EditDesk::commit(const ShownPreview& preview, const TaskContext& task)
{
    auto open = session();
    if (!open)
        return failed(open);
    auto done = (*open)->commit(preview.edit, task);
    leave();
    if (!done)
        return std::unexpected(std::move(done.error()).in(m_path));
    return done;
}

void EditDesk::leave()
{
    const std::lock_guard lock(m_mutex);
    m_session.reset();
}

} // namespace cowscope::ui
