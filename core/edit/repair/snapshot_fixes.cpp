// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/repair/snapshot_fixes.h"

#include "core/analysis/reference_counter.h"
#include "core/analysis/table_list.h"
#include "core/base/big_endian.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace cowscope
{

namespace
{

constexpr std::size_t kSizesBytes = 16; ///< of extra data: size of the VM state and of the disk
constexpr std::uint64_t kL1SizeInEntry = 8; ///< byte of the field l1_size

bool lacksSizes(const Image& image, const Snapshot& snapshot)
{
    return image.header().version >= 3 && snapshot.extraData.size() < kSizesBytes;
}

bool l1InFile(const Image& image, const Snapshot& snapshot)
{
    return isWithinFile(image, snapshot.l1TableOffset, std::uint64_t{snapshot.l1Size} * 8);
}

/// Why the snapshot cannot be kept; empty: it can.
std::string_view whyDropped(const Image& image, const Snapshot& snapshot, bool foreignL1)
{
    if (!checkSnapshotL1(image, snapshot, nullptr))
        return image.geometry().isAligned(snapshot.l1TableOffset) ? "its L1 table claims more entries than any can have"
                                                                  : "its L1 table does not begin at a cluster";
    if (!l1InFile(image, snapshot))
        return "its L1 table lies behind the end of the file";
    if (lacksL1(image, snapshot))
        return "it has no L1 table";
    return foreignL1 ? "what should be its L1 table belongs to something else" : "";
}

std::string nameOf(const Snapshot& snapshot)
{
    return fmt::format("Snapshot {} ('{}')", snapshot.id, snapshot.name);
}

} // namespace

SnapshotFixes planSnapshotFixes(const Image& image, std::span<const std::size_t> foreignL1)
{
    SnapshotFixes fixes;
    const std::span<const Snapshot> snapshots = image.snapshots();
    // Every snapshot has an id. One without is no entry, and nobody knows where the next one would begin.
    const auto noEntry = std::ranges::find_if(snapshots, [&](const Snapshot& snapshot) {
        return snapshot.id.empty() || !isWithinFile(image, snapshot.entryOffset, snapshot.entryBytes);
    });
    const auto readable = static_cast<std::size_t>(noEntry - snapshots.begin());
    if (readable < image.header().snapshotCount)
        fixes.losses.add(
            fmt::format("Snapshots behind the first {} of the table at {:#x}: their entries cannot be read", readable,
                image.header().snapshotsOffset.value()));
    for (std::size_t i = 0; i < readable; ++i) {
        std::string_view why = whyDropped(image, snapshots[i], std::ranges::binary_search(foreignL1, i));
        if (image.header().hasDataFile())
            why = "an image with an external data file cannot have snapshots";
        if (!why.empty()) {
            fixes.dropped.push_back(i);
            fixes.losses.add(fmt::format("{}: {}", nameOf(snapshots[i]), why));
        } else if (lacksSizes(image, snapshots[i])) {
            ++fixes.incomplete;
        }
    }
    fixes.readable = readable;
    if (fixes.dropped.size() == readable) { // nothing stays: no table is needed
        fixes.readable = 0;
        fixes.dropped.clear();
    }
    return fixes;
}

Result<bool> disarmSnapshots(const Image& image, const SnapshotFixes& fixes, Storage& storage)
{
    bool wrote = false;
    for (const std::size_t index : fixes.dropped) {
        const Snapshot& snapshot = image.snapshots()[index];
        if (l1InFile(image, snapshot))
            continue;
        const std::array<std::byte, 4> none{};
        if (auto written = storage.write(snapshot.entryOffset.value() + kL1SizeInEntry, none); !written)
            return failed(written);
        wrote = true;
    }
    return wrote;
}

std::vector<std::byte> newSnapshotTable(const Image& image, const SnapshotFixes& fixes)
{
    std::vector<std::byte> table;
    for (std::size_t i = 0; i < fixes.readable; ++i) {
        if (std::ranges::binary_search(fixes.dropped, i))
            continue;
        Snapshot snapshot = image.snapshots()[i];
        if (lacksSizes(image, snapshot)) {
            // What the specification says of an entry without them: the old field, and the disk as it is today.
            snapshot.extraData.resize(kSizesBytes);
            storeBigEndian(std::span<std::byte>(snapshot.extraData), 0, snapshot.vmStateSize);
            storeBigEndian(std::span<std::byte>(snapshot.extraData), 8, image.header().size);
        }
        const std::vector<std::byte> entry = encodeSnapshot(snapshot);
        table.insert(table.end(), entry.begin(), entry.end());
    }
    return table;
}

} // namespace cowscope
