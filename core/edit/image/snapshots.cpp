// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/image/snapshots.h"

#include "core/edit/image/bitmaps.h"
#include "core/edit/image/snapshot_l1.h"
#include "core/edit/image/table_sharing.h"
#include "core/format/limits.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace cowscope
{

namespace
{

constexpr std::size_t kMaxNameBytes = 255; ///< (Q) what it keeps of a name
constexpr std::string_view kCheckFirst = "Check the image first";

/// What an edit does beside changing the editor's tables.
struct EditOptions {
    OnOverflow onOverflow = OnOverflow::Refuse;
    bool costOnly = false; ///< write nothing: the editor will be rolled back
};

Result<void> refuseDataFile(const ImageEditor& editor)
{
    if (editor.header().hasDataFile())
        return fail(ErrorKind::Refused,
            "The image keeps its data in another file, and what is there cannot be shared with a snapshot");
    return {};
}

Error notFound(const std::string& idOrName)
{
    return {ErrorKind::NotFound, fmt::format("There is no snapshot '{}'", idOrName), std::nullopt, {}, {}};
}

std::optional<std::size_t> findBy(const ImageEditor& editor, std::string Snapshot::*field, const std::string& wanted)
{
    const auto found = std::ranges::find(editor.snapshots(), wanted, field);
    if (found == editor.snapshots().end())
        return std::nullopt;
    return static_cast<std::size_t>(found - editor.snapshots().begin());
}

/// The number that an id begins with, as strtoul() reads it; 0 if there is none.
std::uint64_t numberOf(const std::string& id)
{
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
    return error == std::errc() ? number : 0;
}

std::string nextId(const ImageEditor& editor)
{
    std::uint64_t largest = 0;
    for (const Snapshot& snapshot : editor.snapshots())
        largest = std::max(largest, numberOf(snapshot.id));
    std::uint64_t number = largest == ~std::uint64_t{0} ? 1 : largest + 1;
    while (findBy(editor, &Snapshot::id, std::to_string(number)))
        ++number;
    return std::to_string(number);
}

std::vector<Snapshot> completedAll(const ImageEditor& editor)
{
    std::vector<Snapshot> all;
    for (const Snapshot& snapshot : editor.snapshots())
        all.push_back(withFullExtraData(snapshot, editor.geometry()));
    return all;
}

std::uint64_t tableBytes(std::span<const Snapshot> snapshots)
{
    std::uint64_t bytes = 0;
    for (const Snapshot& snapshot : snapshots)
        bytes += encodeSnapshot(snapshot).size();
    return bytes;
}

Result<void> replaceTable(ImageEditor& editor, std::vector<Snapshot> snapshots, EditOptions options)
{
    if (!options.costOnly)
        return editor.replaceSnapshots(std::move(snapshots));
    if (const std::uint64_t bytes = tableBytes(snapshots); bytes > 0) {
        if (auto placed = editor.allocate(editor.geometry().clustersFor(bytes)); !placed)
            return failed(placed);
    }
    return editor.release(editor.header().snapshotsOffset, tableBytes(editor.snapshots()));
}

// Create -------------------------------------------------------------------------------------------------------------

Result<HostOffset> placeL1(ImageEditor& editor, std::span<const std::uint64_t> entries, EditOptions options)
{
    if (!options.costOnly || entries.empty())
        return placeSnapshotL1(editor, entries);
    auto first = editor.allocate(editor.geometry().clustersFor(entries.size() * 8));
    return first ? Result<HostOffset>(editor.geometry().offset(*first)) : failed(first);
}

Result<void> checkRequest(const ImageEditor& editor, const SnapshotRequest& request)
{
    if (auto possible = refuseDataFile(editor); !possible)
        return possible;
    if (request.name.size() > kMaxNameBytes)
        return fail(ErrorKind::Refused, fmt::format("The name of a snapshot has {} bytes at most", kMaxNameBytes));
    if (editor.snapshots().size() >= kMaxSnapshots)
        return fail(ErrorKind::Refused, fmt::format("An image has {} snapshots at most", kMaxSnapshots), std::nullopt,
            "Delete one first");
    return {};
}

/// All of it but the commit. Returns how many clusters were copied.
Result<std::uint64_t> doCreate(
    ImageEditor& editor, const SnapshotRequest& request, EditOptions options, const TaskContext& task)
{
    if (auto legal = checkRequest(editor, request); !legal)
        return failed(legal);
    TableSharing sharing(editor, {options.onOverflow, !options.costOnly}, task);
    const TableUses uses = tableUses(editor.l1Table());
    sharing.expect(uses.size());
    auto shared = sharing.share(uses, TableSharing::Holder::Snapshot);
    if (!shared)
        return failed(shared);
    if (auto fits = sharing.overflow(); !fits)
        return failed(fits);
    std::vector<std::uint64_t> l1(editor.l1Table().size());
    for (std::size_t i = 0; i < l1.size(); ++i) {
        const L1Entry entry = editor.l1Entry(i);
        if (entry.l2Offset().value() != 0)
            l1[i] = shared->at(entry.l2Offset().value());
    }
    if (auto replaced = sharing.replaceActiveL1(); !replaced)
        return failed(replaced);
    auto at = placeL1(editor, l1, options);
    if (!at)
        return failed(at);

    Snapshot snapshot;
    snapshot.id = nextId(editor);
    snapshot.name = request.name;
    snapshot.dateSeconds = request.dateSeconds;
    snapshot.dateNanoseconds = request.dateNanoseconds;
    snapshot.l1TableOffset = *at;
    snapshot.l1Size = static_cast<std::uint32_t>(l1.size());
    auto all = completedAll(editor);
    all.push_back(withFullExtraData(std::move(snapshot), editor.geometry()));
    if (auto replaced = replaceTable(editor, std::move(all), options); !replaced)
        return failed(replaced);
    if (auto finished = sharing.finish(); !finished)
        return failed(finished);
    return sharing.copied();
}

// Apply --------------------------------------------------------------------------------------------------------------

/// Gives the disk the size that it had when the snapshot was taken.
Result<void> restoreSize(ImageEditor& editor, const Snapshot& snapshot, EditOptions options)
{
    const std::uint64_t size = snapshot.diskSize.value_or(editor.geometry().virtualSize());
    if (size == editor.geometry().virtualSize())
        return {};
    if (size % 512 != 0 || size > kMaxVirtualBytes)
        return fail(ErrorKind::Invalid, fmt::format("Snapshot '{}' claims a disk of {} bytes", snapshot.name, size),
            snapshot.entryOffset.value(), std::string(kCheckFirst));
    // A snapshot that does not say how large its disk was has the present size: now it has to say so.
    const bool silent
        = std::ranges::any_of(editor.snapshots(), [](const Snapshot& each) { return !each.diskSize.has_value(); });
    if (silent) {
        if (auto replaced = replaceTable(editor, completedAll(editor), options); !replaced)
            return replaced;
    }
    if (!options.costOnly && !editor.bitmaps().empty()) {
        if (auto resized = resizeBitmaps(editor, size); !resized)
            return resized;
    }
    Header header = editor.header();
    header.size = size;
    editor.setHeader(header);
    return {};
}

/// What `from` has more of than `than`.
TableUses excess(const TableUses& from, const TableUses& than)
{
    TableUses out;
    for (const auto& [table, uses] : from) {
        const auto other = than.find(table);
        const std::uint64_t kept = other == than.end() ? 0 : std::min(uses, other->second);
        if (uses > kept)
            out.emplace(table, uses - kept);
    }
    return out;
}

/// All of it but the commit. Returns how many clusters were copied. Tables that disk and snapshot share stay as they
/// are: what one reference to them gives up, the other takes.
Result<std::uint64_t> doApply(
    ImageEditor& editor, const Snapshot& snapshot, EditOptions options, const TaskContext& task)
{
    if (auto possible = refuseDataFile(editor); !possible)
        return failed(possible);
    auto l1 = readSnapshotL1(editor, snapshot);
    if (!l1)
        return failed(l1);
    const TableUses before = tableUses(editor.l1Table());
    const TableUses after = tableUses(*l1);
    const TableUses given = excess(before, after);
    const TableUses taken = excess(after, before);
    TableSharing sharing(editor, {options.onOverflow, !options.costOnly}, task);
    sharing.expect(given.size() + taken.size());
    // Taking away comes first, so that a count that is nearly full does not overflow on the way.
    if (auto released = sharing.release(given); !released)
        return failed(released);
    auto shared = sharing.share(taken, TableSharing::Holder::ActiveDisk);
    if (!shared)
        return failed(shared);
    if (auto fits = sharing.overflow(); !fits)
        return failed(fits);
    for (std::uint64_t& raw : *l1) {
        const std::uint64_t table = L1Entry{raw}.l2Offset().value();
        const auto entry = shared->find(table);
        raw = entry == shared->end() ? table : entry->second;
    }
    if (auto sized = restoreSize(editor, snapshot, options); !sized)
        return failed(sized);
    const std::uint64_t needed = editor.geometry().l1EntriesFor(editor.header().size);
    if (needed * 8 > kMaxL1Bytes)
        return fail(ErrorKind::Invalid,
            fmt::format("The disk of snapshot '{}' is too large for an L1 table", snapshot.name),
            snapshot.entryOffset.value(), std::string(kCheckFirst));
    l1->resize(std::max<std::uint64_t>(l1->size(), needed));
    if (auto replaced = editor.replaceL1(std::move(*l1)); !replaced)
        return failed(replaced);
    if (auto finished = sharing.finish(); !finished)
        return failed(finished);
    return sharing.copied();
}

// Delete -------------------------------------------------------------------------------------------------------------

/// All of it but the commit.
Result<std::uint64_t> doDelete(ImageEditor& editor, std::size_t index, EditOptions options, const TaskContext& task)
{
    if (auto possible = refuseDataFile(editor); !possible)
        return failed(possible);
    const Snapshot snapshot = editor.snapshots()[index];
    auto l1 = readSnapshotL1(editor, snapshot);
    if (!l1)
        return failed(l1);
    const TableUses uses = tableUses(*l1);
    TableSharing sharing(editor, {options.onOverflow, !options.costOnly}, task);
    sharing.expect(uses.size() + tableUses(editor.l1Table()).size());
    if (auto released = sharing.release(uses); !released)
        return failed(released);
    if (auto marked = sharing.markCopied(*l1); !marked)
        return failed(marked);
    if (auto replaced = sharing.replaceActiveL1(); !replaced)
        return failed(replaced);
    auto all = completedAll(editor);
    all.erase(all.begin() + static_cast<std::ptrdiff_t>(index));
    if (auto replaced = replaceTable(editor, std::move(all), options); !replaced)
        return failed(replaced);
    if (auto released = editor.release(snapshot.l1TableOffset, std::uint64_t{snapshot.l1Size} * 8); !released)
        return failed(released);
    if (auto finished = sharing.finish(); !finished)
        return failed(finished);
    return sharing.copied();
}

// All ----------------------------------------------------------------------------------------------------------------

/// The end of every edit: commits at one stroke, or rolls back. The walk's progress has ended before.
Result<void> settle(ImageEditor& editor, const Result<std::uint64_t>& done, const TaskContext& task)
{
    auto result
        = done ? editor.commit({task.stop, {}}, CommitOrder::Switch) : Result<void>(std::unexpected(done.error()));
    if (!result)
        (void)editor.rollback(); // the first error is the one to tell
    return result;
}

/// The end of every question for the cost.
Result<SnapshotCost> costOf(ImageEditor& editor, const Result<std::uint64_t>& done)
{
    const auto moved = done ? editor.refcounts().relocate() : Result<void>{}; // as the commit would
    const CountChanges changes = editor.refcounts().changes();
    auto back = editor.rollback();
    if (!done || !moved)
        return std::unexpected(done ? moved.error() : done.error());
    if (!back)
        return failed(back);
    return SnapshotCost{changes.raised, changes.lowered, changes.freed, *done, changes.taken};
}

Result<std::size_t> findForApply(const ImageEditor& editor, const std::string& idOrName)
{
    for (const auto field : {&Snapshot::id, &Snapshot::name}) {
        if (const auto index = findBy(editor, field, idOrName))
            return *index;
    }
    return std::unexpected(notFound(idOrName));
}

Result<std::size_t> findForDelete(const ImageEditor& editor, const std::string& nameOrId)
{
    for (const auto field : {&Snapshot::name, &Snapshot::id}) {
        if (const auto index = findBy(editor, field, nameOrId))
            return *index;
    }
    return std::unexpected(notFound(nameOrId));
}

bool recordsWrites(const Bitmap& bitmap)
{
    return (bitmap.flags & kBitmapAuto) != 0 && (bitmap.flags & kBitmapInUse) == 0;
}

} // namespace

Result<Snapshot> createSnapshot(ImageEditor& editor, const SnapshotRequest& request, const TaskContext& task)
{
    const auto done = doCreate(editor, request, {request.onOverflow, false}, task);
    if (auto settled = settle(editor, done, task); !settled)
        return failed(settled);
    return editor.snapshots().back();
}

Result<void> applySnapshot(
    ImageEditor& editor, const std::string& idOrName, OnOverflow onOverflow, const TaskContext& task)
{
    auto index = findForApply(editor, idOrName);
    if (!index)
        return failed(index);
    const Snapshot snapshot = editor.snapshots()[*index];
    const std::uint64_t sizeBefore = editor.geometry().virtualSize();
    const bool recorded = std::ranges::any_of(editor.bitmaps(), recordsWrites);
    if (recorded) {
        // What is recorded stays recorded, so make sure first that there will be something to record.
        if (auto cost = costOf(editor, doApply(editor, snapshot, {onOverflow, true}, {task.stop, {}})); !cost)
            return failed(cost);
        if (auto marked = recordWrite(editor, GuestOffset(0), sizeBefore, {task.stop, {}}); !marked) {
            (void)editor.rollback();
            return marked;
        }
    }
    if (auto settled = settle(editor, doApply(editor, snapshot, {onOverflow, false}, task), task); !settled)
        return settled;
    const std::uint64_t size = editor.geometry().virtualSize();
    if (recorded && size > sizeBefore)
        return recordWrite(editor, GuestOffset(sizeBefore), size - sizeBefore, {task.stop, {}});
    return {};
}

Result<void> deleteSnapshot(ImageEditor& editor, const std::string& nameOrId, const TaskContext& task)
{
    auto index = findForDelete(editor, nameOrId);
    if (!index)
        return failed(index);
    return settle(editor, doDelete(editor, *index, {}, task), task);
}

Result<SnapshotCost> costOfCreate(ImageEditor& editor, OnOverflow onOverflow, const TaskContext& task)
{
    return costOf(editor, doCreate(editor, {}, {onOverflow, true}, task));
}

Result<SnapshotCost> costOfApply(
    ImageEditor& editor, const std::string& idOrName, OnOverflow onOverflow, const TaskContext& task)
{
    auto index = findForApply(editor, idOrName);
    if (!index)
        return failed(index);
    const Snapshot snapshot = editor.snapshots()[*index];
    return costOf(editor, doApply(editor, snapshot, {onOverflow, true}, task));
}

Result<SnapshotCost> costOfDelete(ImageEditor& editor, const std::string& nameOrId, const TaskContext& task)
{
    auto index = findForDelete(editor, nameOrId);
    if (!index)
        return failed(index);
    return costOf(editor, doDelete(editor, *index, {OnOverflow::Refuse, true}, task));
}

} // namespace cowscope
