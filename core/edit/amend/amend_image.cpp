// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/amend/amend_image.h"

#include "core/analysis/sound_census.h"
#include "core/base/task_sequence.h"
#include "core/edit/amend/amend_layout.h"
#include "core/edit/image/resize.h"
#include "core/edit/image/snapshot_l1.h"
#include "core/storage/overlay_storage.h"

#include <algorithm>

namespace cowscope
{

namespace
{

/// One amend of an image that is open for changes.
class Amendment
{
public:
    Amendment(ImageEditor& editor, const AmendRequest& request, AmendTarget target, bool writeCopies,
        std::uint64_t commitBytes, TaskSequence& steps)
        : m_editor(editor)
        , m_request(request)
        , m_target(std::move(target))
        , m_writeCopies(writeCopies)
        , m_commitBytes(commitBytes)
        , m_steps(steps)
    {
    }

    Result<void> run(AmendSummary& summary)
    {
        auto done = changeTables(summary);
        if (done)
            done = changeHeader();
        if (done)
            done = growAtOnce();
        if (done)
            done = commit();
        if (!done) {
            (void)m_editor.rollback(); // the first error is the one to tell
            return done;
        }
        return m_growLater ? resizeDisk(m_editor, *m_request.size, false, m_steps.next(0)) : Result<void>{};
    }

private:
    bool downgrades() const { return m_target.version == 2 && m_editor.header().version != 2; }
    bool splits() const { return m_request.splitShared && m_target.order < m_editor.header().refcountOrder; }

    Result<void> changeTables(AmendSummary& summary)
    {
        if (!downgrades() && !splits())
            return {};
        auto tables = TableRewriter::open(m_editor);
        if (!tables)
            return failed(tables);
        if (downgrades()) {
            auto zeros
                = expandZeroClusters(m_editor, *tables, !m_target.backingFile.empty(), m_steps.next(m_commitBytes));
            if (!zeros)
                return failed(zeros);
            summary.zeros = *zeros;
        }
        if (splits()) {
            auto split = splitShared(m_editor, *tables, m_target.order, m_writeCopies, m_steps.next(m_commitBytes));
            if (!split)
                return failed(split);
            summary.split = *split;
        } else if (summary.zeros.entries > 0) { // what was released may have one reference left
            if (auto corrected = tables->correctCopiedFlags(); !corrected)
                return corrected;
        }
        summary.tablesMoved = tables->moved();
        return tables->finish();
    }

    Result<void> changeHeader()
    {
        if (m_target.version != m_editor.header().version) {
            if (auto changed = changeVersion(); !changed)
                return changed;
        }
        Header header = m_editor.header();
        header.compatibleFeatures &= ~kCompatibleLazyRefcounts;
        if (m_target.lazyRefcounts)
            header.compatibleFeatures |= kCompatibleLazyRefcounts;
        if (m_request.dataFileRaw && !*m_request.dataFileRaw)
            header.autoclearFeatures &= ~kAutoclearRawDataFile;
        m_editor.setHeader(header);
        for (const std::uint32_t type : {kExtensionFeatureNames, kExtensionBackingFormat}) {
            if (auto set = setExtension(type); !set)
                return set;
        }
        return m_target.backingFile == m_editor.backingFile() ? Result<void>{}
                                                              : m_editor.setBackingFile(m_target.backingFile);
    }

    /// Gives the image the extension of this type that it shall have, or none.
    Result<void> setExtension(std::uint32_t type)
    {
        const auto dataIn = [type](std::span<const RawExtension> all) -> std::optional<std::vector<std::byte>> {
            const auto found = std::ranges::find(all, type, &RawExtension::type);
            return found == all.end() ? std::nullopt : std::optional(found->data);
        };
        auto wanted = dataIn(m_target.extensions);
        return wanted == dataIn(m_editor.extensions().raw) ? Result<void>{}
                                                           : m_editor.setExtension(type, std::move(wanted));
    }

    Result<void> changeVersion()
    {
        if (m_target.version == 2) {
            Header header = m_editor.header();
            header.incompatibleFeatures = 0;
            header.compatibleFeatures = 0;
            header.autoclearFeatures = 0;
            m_editor.setHeader(header);
            if (auto dropped = setExtension(kExtensionFeatureNames); !dropped)
                return dropped;
        } else if (auto completed = completeSnapshots(); !completed) {
            return completed;
        }
        return m_editor.setVersion(m_target.version);
    }

    /// Version 3 wants the extra data in every entry.
    Result<void> completeSnapshots()
    {
        std::vector<Snapshot> snapshots;
        for (const Snapshot& snapshot : m_editor.snapshots())
            snapshots.push_back(withFullExtraData(snapshot, m_editor.geometry()));
        return std::ranges::equal(snapshots, m_editor.snapshots()) ? Result<void>{}
                                                                   : m_editor.replaceSnapshots(std::move(snapshots));
    }

    Result<void> growAtOnce()
    {
        if (!m_request.size || *m_request.size == m_editor.geometry().virtualSize())
            return {};
        auto grown = growWithoutZeroing(m_editor, *m_request.size);
        if (!grown)
            return failed(grown);
        m_growLater = !*grown;
        return {};
    }

    Result<void> commit()
    {
        const TaskContext task = m_steps.next(0);
        return m_target.order == m_editor.header().refcountOrder ? m_editor.commit(task, CommitOrder::Switch)
                                                                 : m_editor.commitAtWidth(m_target.order, task);
    }

    ImageEditor& m_editor;
    const AmendRequest& m_request;
    AmendTarget m_target;
    bool m_writeCopies;
    std::uint64_t m_commitBytes; ///< about what the commit writes
    TaskSequence& m_steps;
    bool m_growLater = false; ///< something behind the end of the disk must be zeroed
};

} // namespace

Result<AmendSummary> amendImage(std::shared_ptr<Storage> storage, GuestFiles files, const AmendRequest& request,
    const TaskContext& task, AmendContents contents)
{
    auto image = Image::open(storage, {task.stop, {}});
    if (!image)
        return failed(image);
    AmendTarget target = amendTarget(**image, request);
    const std::uint64_t commitBytes = mostRefcountBytes(**image, target.order);
    TaskSequence steps(task);
    auto census = checkImage(**image, steps.next(commitBytes));
    if (!census)
        return failed(census);
    if (const auto reasons = amendRefusals(**image, **census, request); !reasons.empty())
        return std::unexpected(refusedFor("Cannot amend the image", reasons));

    AmendSummary summary;
    const Header& header = (*image)->header();
    summary.oldVersion = header.version;
    summary.newVersion = target.version;
    summary.oldOrder = header.refcountOrder;
    summary.newOrder = target.order;
    summary.oldLazyRefcounts = header.hasLazyRefcounts();
    summary.newLazyRefcounts = target.lazyRefcounts;
    summary.oldSize = (*image)->geometry().virtualSize();
    summary.oldBackingFile = (*image)->backingFile();
    summary.newBackingFile = target.backingFile;
    summary.fileBytesBefore = (*image)->fileSize();
    summary.warnings = amendWarnings(**image, **census, request);
    census->reset(); // its memory is worth more to the edit

    auto editor = ImageEditor::open(storage, std::move(files), {task.stop, {}});
    if (!editor)
        return failed(editor);
    const bool writeCopies = contents == AmendContents::Copy;
    if (auto done = Amendment(**editor, request, std::move(target), writeCopies, commitBytes, steps).run(summary);
        !done)
        return failed(done);
    steps.next(0).report({Phase::Switch, 0, 0}); // what was not needed is done as well
    summary.newSize = (*editor)->geometry().virtualSize();
    const auto size = storage->size();
    if (!size)
        return std::unexpected(size.error());
    summary.fileBytesAfter = *size;
    return summary;
}

Result<AmendSummary> previewAmend(
    std::shared_ptr<const Storage> storage, GuestFiles files, const AmendRequest& request, const TaskContext& task)
{
    auto overlay = OverlayStorage::over(std::move(storage));
    if (!overlay)
        return failed(overlay);
    return amendImage(std::move(*overlay), std::move(files), request, task, AmendContents::Leave);
}

} // namespace cowscope
