// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/session/edit_session.h"

#include "core/base/task_sequence.h"
#include "core/edit/repair/repair.h"
#include "core/storage/file_storage.h"
#include "core/storage/overlay_storage.h"

#include <algorithm>
#include <fmt/format.h>

namespace cowscope
{

namespace
{

/// Opens an image and checks it, damaged as it may be.
Result<CheckedImage> openAndCheck(std::shared_ptr<const Storage> storage, const TaskContext& task)
{
    auto image = openForRepair(std::move(storage), {task.stop, {}});
    if (!image)
        return failed(image);
    auto census = takeCensus(**image, task);
    if (!census)
        return failed(census);
    return CheckedImage{std::move(*image), std::move(*census)};
}

/// About what it takes to walk the metadata of an image once, in bytes.
std::uint64_t bytesOfWalk(const Image& image)
{
    const auto used = [](std::span<const std::uint64_t> table) {
        return static_cast<std::uint64_t>(std::ranges::count_if(table, [](std::uint64_t entry) { return entry != 0; }));
    };
    return (used(image.reftable()) + used(image.l1Table())) * image.geometry().clusterSize();
}

} // namespace

std::uint64_t EditPreview::bytesWritten() const
{
    std::uint64_t bytes = 0;
    for (const StorageExtent& extent : written)
        bytes += extent.length;
    return bytes;
}

std::uint64_t EditPreview::clustersWritten() const
{
    const unsigned bits = after.image->geometry().clusterBits();
    std::uint64_t clusters = 0;
    std::uint64_t end = 0; // of the clusters that are counted already
    for (const StorageExtent& extent : written) {
        const std::uint64_t last = (extent.offset + extent.length - 1) >> bits;
        const std::uint64_t first = std::max(end, extent.offset >> bits);
        if (last >= first)
            clusters += last - first + 1;
        end = std::max(end, last + 1);
    }
    return clusters;
}

bool EditPreview::isSound() const
{
    const Census& was = *before.census;
    const Census& is = *after.census;
    return is.corruptions <= was.corruptions && is.leaks <= was.leaks && is.checkErrors <= was.checkErrors;
}

EditSession::~EditSession()
{
    m_storage->takeBack();
}

Result<FileState> EditSession::state() const
{
    const auto size = m_storage->size();
    if (!size)
        return std::unexpected(size.error());
    FileState state{*size, 0};
    const auto inner = m_storage->inner();
    if (const auto* file = dynamic_cast<const FileStorage*>(inner.get())) {
        const auto modified = file->modified();
        if (!modified)
            return std::unexpected(modified.error());
        state.modified = *modified;
    }
    return state;
}

Result<CheckedImage> EditSession::before(const TaskContext& task) const
{
    const std::lock_guard lock(m_mutex);
    const auto now = state();
    if (!now)
        return std::unexpected(now.error());
    if (m_before.image && m_beforeOf == *now)
        return m_before;
    auto checked = openAndCheck(m_storage, task);
    if (!checked)
        return checked;
    m_before = std::move(*checked);
    m_beforeOf = *now;
    return m_before;
}

Result<std::shared_ptr<Storage>> EditSession::trial() const
{
    auto overlay = OverlayStorage::over(m_storage);
    return overlay ? Result<std::shared_ptr<Storage>>(std::move(*overlay)) : failed(overlay);
}

Result<EditPreview> EditSession::preview(Edit edit, const TaskContext& task) const
{
    const auto now = state();
    if (!now)
        return std::unexpected(now.error());
    TaskSequence steps(task);
    auto was = before(steps.next(0));
    if (!was)
        return failed(was);
    const std::uint64_t walk = bytesOfWalk(*was->image);
    auto made = OverlayStorage::over(m_storage);
    if (!made)
        return failed(made);
    const std::shared_ptr<OverlayStorage> overlay = std::move(*made);
    auto outcome = edit.run(overlay, EditRun::Preview, steps.next(2 * walk));
    if (!outcome)
        return failed(outcome);
    auto after = openAndCheck(overlay, steps.next(walk));
    if (!after)
        return failed(after);
    auto diff = compareMetadata(*was->image, *after->image, steps.next(0));
    if (!diff)
        return failed(diff);
    return EditPreview{std::move(edit), *now, std::move(*outcome), std::move(*was), std::move(*after), std::move(*diff),
        overlay->writtenExtents()};
}

Result<std::any> EditSession::commit(const EditPreview& preview, const TaskContext& task)
{
    if (!m_storage->inner())
        return fail(
            ErrorKind::Refused, "The locks of the image were given back", {}, "Look again at what would change");
    const auto now = state();
    if (!now)
        return std::unexpected(now.error());
    auto done = *now == preview.of
        ? preview.edit.run(m_storage, EditRun::Commit, task)
        : Result<std::any>(
            fail(ErrorKind::Refused, fmt::format("The image was changed since the {} was previewed", preview.edit.name),
                {}, "Look again at what would change"));
    m_storage->takeBack();
    return done;
}

} // namespace cowscope
