// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/image/resize.h"

#include "core/base/big_endian.h"
#include "core/edit/guest/guest_writer.h"
#include "core/edit/guest/preallocate.h"
#include "core/edit/image/bitmaps.h"
#include "core/format/limits.h"

#include <algorithm>
#include <fmt/format.h>

namespace cowscope
{

namespace
{

constexpr std::uint64_t kSectorBytes = 512;
constexpr std::uint64_t kStepTableBytes = std::uint64_t{16} << 20; ///< of L2 tables that one commit of a growth writes

Result<void> checkRequest(const ImageEditor& editor, std::uint64_t size, bool mayShrink)
{
    if (size % kSectorBytes != 0)
        return fail(ErrorKind::Refused, "The new size must be a multiple of 512");
    if (editor.header().version == 2 && !editor.snapshots().empty())
        return fail(ErrorKind::Refused,
            "A version 2 image which has snapshots cannot be resized: they do not know "
            "how large their disk is",
            std::nullopt, "Delete the snapshots first");
    if (size < editor.geometry().virtualSize() && !mayShrink)
        return fail(ErrorKind::Refused, "Shrinking an image deletes all data beyond its new end", std::nullopt,
            "Use the --shrink option to perform a shrink operation");
    const std::uint64_t largest = kMaxL1Bytes / 8 * editor.geometry().l2Coverage();
    if (size > largest)
        return fail(ErrorKind::Refused,
            fmt::format("A disk of {} bytes is too large for clusters of {} bytes, which reach to {}", size,
                editor.geometry().clusterSize(), largest));
    for (const Bitmap& bitmap : editor.bitmaps()) {
        if ((bitmap.flags & kBitmapInUse) != 0)
            return fail(ErrorKind::Refused,
                fmt::format("Bitmap '{}' was not saved properly and cannot be resized", bitmap.name), std::nullopt,
                "Remove the bitmap first");
    }
    return {};
}

/// An old entry that does not tell the size of its disk means the size that the image has now: says so in it.
Result<void> keepSnapshotSizes(ImageEditor& editor)
{
    constexpr std::size_t kSizesBytes = 16; // VM state and disk, the first of the extra data
    std::vector<Snapshot> snapshots(editor.snapshots().begin(), editor.snapshots().end());
    bool changed = false;
    for (Snapshot& snapshot : snapshots) {
        if (snapshot.diskSize)
            continue;
        snapshot.diskSize = editor.geometry().virtualSize();
        snapshot.extraData.resize(std::max(snapshot.extraData.size(), kSizesBytes));
        storeBigEndian(std::span(snapshot.extraData), 0, snapshot.vmStateSize);
        storeBigEndian(std::span(snapshot.extraData), 8, *snapshot.diskSize);
        changed = true;
    }
    return changed ? editor.replaceSnapshots(std::move(snapshots)) : Result<void>{};
}

/// The header's part of a new size, and that of the bitmaps. Does not commit.
Result<void> setSize(ImageEditor& editor, std::uint64_t size)
{
    if (auto resized = resizeBitmaps(editor, size); !resized)
        return resized;
    Header header = editor.header();
    header.size = size;
    editor.setHeader(header);
    return {};
}

// Growing -----------------------------------------------------------------------------------------------------------

/// How far the backing file reaches, in whole clusters.
Result<std::uint64_t> backingReach(ImageEditor& editor)
{
    if (editor.header().backingFileOffset.value() == 0)
        return 0;
    if (editor.backing() == nullptr)
        return fail(ErrorKind::Refused,
            "The image cannot grow while its backing file is not open: what that holds "
            "behind the present end must not show");
    return alignUp(editor.backing()->size(), editor.geometry().clusterSize());
}

/// The part of an extent that a growing disk must not show as it is: data that was left behind the end, and what the
/// backing file has there. Its length; 0 for nothing.
std::uint64_t bytesToZero(const GuestExtent& extent, std::uint64_t backingReach)
{
    switch (extent.kind) {
    case MappingKind::Zero:
    case MappingKind::ZeroAllocated:
        return 0;
    case MappingKind::Data:
    case MappingKind::Compressed:
        return extent.length;
    case MappingKind::Unallocated:
    case MappingKind::UnallocatedHere:
        break;
    }
    return std::min(extent.length, backingReach - std::min(backingReach, extent.start.value()));
}

/// Where the first byte to zero in [at, end) is; `end` if there is none.
Result<std::uint64_t> firstToZero(GuestWriter& guest, std::uint64_t at, std::uint64_t end, std::uint64_t backingReach)
{
    while (at < end) {
        auto extent = guest.mapping(GuestOffset(at), end - at);
        if (!extent)
            return failed(extent);
        if (bytesToZero(*extent, backingReach) > 0)
            return at;
        at += extent->length;
    }
    return end;
}

Result<void> zeroStretch(
    GuestWriter& guest, std::uint64_t at, std::uint64_t end, std::uint64_t backingReach, const TaskContext& task)
{
    while (at < end) {
        auto extent = guest.mapping(GuestOffset(at), end - at);
        if (!extent)
            return failed(extent);
        const std::uint64_t length = bytesToZero(*extent, backingReach);
        if (length > 0) {
            if (auto done = guest.zeroUnrecorded(at, length, task); !done)
                return done;
        }
        at += extent->length;
    }
    return {};
}

Result<void> growL1(ImageEditor& editor, std::uint64_t size)
{
    const std::uint64_t needed = editor.geometry().l1EntriesFor(size);
    if (needed <= editor.l1Table().size())
        return {};
    std::vector<std::uint64_t> entries(editor.l1Table().begin(), editor.l1Table().end());
    entries.resize(needed);
    return editor.replaceL1(std::move(entries));
}

/// Each commit ends a step: the disk is larger by a stretch that shows zeros.
Result<void> grow(ImageEditor& editor, std::uint64_t size, const TaskContext& task)
{
    const std::uint64_t old = editor.geometry().virtualSize();
    const std::uint64_t clusterSize = editor.geometry().clusterSize();
    auto reach = backingReach(editor);
    if (!reach)
        return failed(reach);
    if (editor.header().hasDataFile()) {
        auto data = editor.dataStorage();
        if (!data)
            return failed(data);
        if (auto cut = (*data)->truncate(old); !cut) // what was behind the end is no part of the disk
            return cut;
        if (auto grown = (*data)->truncate(size); !grown)
            return grown;
    }
    if (auto grown = growL1(editor, size); !grown)
        return grown;
    const std::uint64_t step
        = std::max<std::uint64_t>(kStepTableBytes / clusterSize, 1) * editor.geometry().l2Coverage();
    GuestWriter guest(editor);
    for (std::uint64_t at = old; at < size;) {
        if (auto go = task.step({Phase::Write, at - old, size - old}); !go)
            return go;
        auto first = firstToZero(guest, at, size, *reach);
        if (!first)
            return failed(first);
        const std::uint64_t next = *first >= size || size - *first <= step ? size : alignUp(*first + step, clusterSize);
        if (auto set = setSize(editor, std::min(next, size)); !set)
            return set;
        at = editor.geometry().virtualSize();
        if (auto zeroed = zeroStretch(guest, *first, at, *reach, {task.stop, {}}); !zeroed)
            return zeroed;
        if (auto done = editor.commit({task.stop, {}}); !done)
            return done;
    }
    const bool raw = (editor.header().autoclearFeatures & kAutoclearRawDataFile) != 0;
    return raw ? preallocateDisk(editor, old, size - old, Preallocation::Metadata, task) : Result<void>{};
}

// Shrinking ---------------------------------------------------------------------------------------------------------

/// Takes the active disk's references from everything that an L2 table behind the end leads to, and from itself. Never
/// copies a table that a snapshot shares.
Result<void> dropTable(ImageEditor& editor, std::uint64_t l1Index)
{
    const Geometry& geometry = editor.geometry();
    const HostOffset table = editor.l1Entry(l1Index).l2Offset();
    if (table.value() == 0)
        return {};
    auto words = editor.l2Words(table);
    if (!words)
        return failed(words);
    for (std::size_t i = 0; i < words->size(); i += geometry.l2EntryBytes() / 8) {
        const L2Entry entry{(*words)[i]};
        HostOffset at = entry.hostOffset();
        std::uint64_t bytes = geometry.clusterSize();
        if (entry.compressed()) {
            const CompressedDescriptor data = entry.compressedDescriptor(geometry.clusterBits());
            at = data.offset;
            bytes = data.maxBytes();
        } else if (at.value() == 0 || editor.header().hasDataFile()) {
            continue;
        } else if (!geometry.isAligned(at)) {
            return fail(ErrorKind::Invalid, "An L2 entry does not point to the start of a cluster",
                (table + i * 8).value(), "Repair the image first: check -r all");
        }
        if (auto released = editor.release(at, bytes); !released)
            return released;
    }
    editor.setL1Entry(l1Index, 0);
    return editor.release(table, geometry.clusterSize());
}

Result<void> shrink(ImageEditor& editor, std::uint64_t size, const TaskContext& task)
{
    const Geometry geometry = editor.geometry();
    const TaskContext quiet{task.stop, {}}; // the progress is that of the tables
    const std::uint64_t tables = geometry.l1EntriesFor(size);
    const std::uint64_t keptEnd = alignUp(size, geometry.clusterSize());
    if (auto done = GuestWriter(editor).unmap(keptEnd, tables * geometry.l2Coverage() - keptEnd); !done)
        return done;
    const std::uint64_t dropped = editor.l1Table().size() - std::min<std::uint64_t>(tables, editor.l1Table().size());
    const std::uint64_t total = (dropped + 1) * geometry.clusterSize(); // the header's as well
    for (std::uint64_t index = 0; index < dropped; ++index) {
        if (auto go = task.step({Phase::Write, index * geometry.clusterSize(), total}); !go)
            return go;
        if (auto done = dropTable(editor, tables + index); !done)
            return done;
        if (editor.pendingBytes() <= ImageEditor::kCommitBytes)
            continue;
        if (auto done = editor.commit(quiet); !done)
            return done;
    }
    if (auto set = setSize(editor, size); !set)
        return set;
    if (auto done = editor.commit(quiet); !done)
        return done;
    if (editor.header().hasDataFile()) {
        auto data = editor.dataStorage();
        if (!data)
            return failed(data);
        if (auto cut = (*data)->truncate(size); !cut)
            return cut;
    }
    if (auto cut = editor.refcounts().dropEmptyTail(); !cut)
        return cut;
    if (auto done = editor.commit(quiet); !done)
        return done;
    if (task.report) // too late to be stopped
        task.report({Phase::Write, total, total});
    return editor.trimFile();
}

} // namespace

Result<bool> growWithoutZeroing(ImageEditor& editor, std::uint64_t size)
{
    if (auto possible = checkRequest(editor, size, false); !possible)
        return failed(possible);
    if (editor.header().hasDataFile())
        return false;
    auto reach = backingReach(editor);
    if (!reach)
        return failed(reach);
    if (auto kept = keepSnapshotSizes(editor); !kept)
        return failed(kept);
    if (auto grown = growL1(editor, size); !grown)
        return failed(grown);
    GuestWriter guest(editor);
    auto first = firstToZero(guest, editor.geometry().virtualSize(), size, *reach);
    if (!first)
        return failed(first);
    if (*first < size)
        return false;
    auto set = setSize(editor, size);
    return set ? Result<bool>(true) : failed(set);
}

Result<void> resizeDisk(ImageEditor& editor, std::uint64_t size, bool mayShrink, const TaskContext& task)
{
    if (auto possible = checkRequest(editor, size, mayShrink); !possible)
        return possible;
    const std::uint64_t old = editor.geometry().virtualSize();
    if (size == old)
        return {};
    auto done = keepSnapshotSizes(editor);
    if (done)
        done = size > old ? grow(editor, size, task) : shrink(editor, size, task);
    if (!done)
        (void)editor.rollback(); // the first error is the one to tell
    else if (size > old && task.report)
        task.report({Phase::Write, size - old, size - old}); // too late to be stopped
    return done;
}

} // namespace cowscope
