// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/image/snapshot_l1.h"

#include "core/base/big_endian.h"
#include "core/base/checked_math.h"
#include "core/format/limits.h"

#include <fmt/format.h>

namespace cowscope
{

namespace
{

constexpr std::size_t kExtraBytes = 24; ///< size of the VM state, size of the disk, instruction count
constexpr std::uint64_t kNoInstructionCount = ~std::uint64_t{0};

} // namespace

Result<std::vector<std::uint64_t>> readSnapshotL1(ImageEditor& editor, const Snapshot& snapshot)
{
    const std::uint64_t bytes = std::uint64_t{snapshot.l1Size} * 8;
    const std::uint64_t fileEnd = editor.refcounts().end().value() * editor.geometry().clusterSize();
    const auto end = checkedAdd(snapshot.l1TableOffset.value(), bytes);
    if (!editor.geometry().isAligned(snapshot.l1TableOffset) || bytes > kMaxL1Bytes || !end || *end > fileEnd)
        return fail(ErrorKind::Invalid, fmt::format("The L1 table of snapshot '{}' cannot be used", snapshot.name),
            snapshot.entryOffset.value(), "Check the image first");
    std::vector<std::uint64_t> words(snapshot.l1Size);
    if (auto read = editor.storage().read(snapshot.l1TableOffset.value(), std::as_writable_bytes(std::span(words)));
        !read)
        return failed(read);
    for (std::uint64_t& word : words)
        word = swapBigEndian(word);
    return words;
}

Result<HostOffset> placeSnapshotL1(ImageEditor& editor, std::span<const std::uint64_t> entries)
{
    if (entries.empty())
        return HostOffset(0);
    auto first = editor.allocate(editor.geometry().clustersFor(entries.size() * 8));
    if (!first)
        return failed(first);
    const HostOffset at = editor.geometry().offset(*first);
    std::vector<std::byte> bytes(alignUp(entries.size() * 8, editor.geometry().clusterSize()));
    for (std::size_t i = 0; i < entries.size(); ++i)
        storeBigEndian(std::span(bytes), i * 8, entries[i]);
    if (auto written = editor.writeNew(at, bytes); !written)
        return failed(written);
    return at;
}

Snapshot withFullExtraData(Snapshot snapshot, const Geometry& geometry)
{
    if (snapshot.extraData.size() >= kExtraBytes)
        return snapshot;
    snapshot.diskSize = snapshot.diskSize.value_or(geometry.virtualSize());
    snapshot.icount = kNoInstructionCount;
    snapshot.extraData.resize(kExtraBytes);
    const std::span<std::byte> extra(snapshot.extraData);
    storeBigEndian(extra, 0, snapshot.vmStateSize);
    storeBigEndian(extra, 8, *snapshot.diskSize);
    storeBigEndian(extra, 16, *snapshot.icount);
    return snapshot;
}

} // namespace cowscope
