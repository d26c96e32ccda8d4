// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/format/snapshot_table.h"

#include "core/base/big_endian.h"
#include "core/base/checked_math.h"
#include "core/format/limits.h"

#include <algorithm>
#include <fmt/format.h>

namespace cowscope
{

namespace
{

std::string textAt(std::span<const std::byte> bytes, std::size_t at, std::size_t length)
{
    return {reinterpret_cast<const char*>(bytes.data()) + at, length};
}

void append(std::vector<std::byte>& out, std::size_t at, std::string_view text)
{
    std::transform(text.begin(), text.end(), out.begin() + static_cast<std::ptrdiff_t>(at),
        [](char c) { return static_cast<std::byte>(c); });
}

} // namespace

Result<Snapshot> decodeSnapshot(std::span<const std::byte> bytes, HostOffset at)
{
    if (bytes.size() < kSnapshotEntryBytes)
        return fail(ErrorKind::Truncated, "The snapshot table ends inside an entry", at.value());
    Snapshot snapshot;
    snapshot.entryOffset = at;
    snapshot.l1TableOffset = HostOffset(loadBigEndian<std::uint64_t>(bytes, 0));
    snapshot.l1Size = loadBigEndian<std::uint32_t>(bytes, 8);
    const std::size_t idSize = loadBigEndian<std::uint16_t>(bytes, 12);
    const std::size_t nameSize = loadBigEndian<std::uint16_t>(bytes, 14);
    snapshot.dateSeconds = loadBigEndian<std::uint32_t>(bytes, 16);
    snapshot.dateNanoseconds = loadBigEndian<std::uint32_t>(bytes, 20);
    snapshot.vmClockNanoseconds = loadBigEndian<std::uint64_t>(bytes, 24);
    snapshot.vmStateSize = loadBigEndian<std::uint32_t>(bytes, 32);
    const std::size_t extraSize = loadBigEndian<std::uint32_t>(bytes, 36);
    if (extraSize > kMaxSnapshotExtraBytes)
        return fail(ErrorKind::TooLarge,
            fmt::format(
                "A snapshot entry claims {} bytes of extra data; {} is the limit", extraSize, kMaxSnapshotExtraBytes),
            at.value());
    const std::size_t end = kSnapshotEntryBytes + extraSize + idSize + nameSize;
    if (end > bytes.size())
        return fail(ErrorKind::Truncated, "The snapshot table ends inside an entry", at.value());

    const auto extra = bytes.subspan(kSnapshotEntryBytes, extraSize);
    snapshot.extraData.assign(extra.begin(), extra.end());
    if (extraSize >= 8)
        snapshot.vmStateSize = loadBigEndian<std::uint64_t>(extra, 0);
    if (extraSize >= 16)
        snapshot.diskSize = loadBigEndian<std::uint64_t>(extra, 8);
    if (extraSize >= 24)
        snapshot.icount = loadBigEndian<std::uint64_t>(extra, 16);
    snapshot.id = textAt(bytes, kSnapshotEntryBytes + extraSize, idSize);
    snapshot.name = textAt(bytes, kSnapshotEntryBytes + extraSize + idSize, nameSize);
    snapshot.entryBytes = alignUp(end, 8);
    return snapshot;
}

std::vector<std::byte> encodeSnapshot(const Snapshot& snapshot)
{
    const std::size_t extra = snapshot.extraData.size();
    std::vector<std::byte> out(
        alignUp(kSnapshotEntryBytes + extra + snapshot.id.size() + snapshot.name.size(), 8), std::byte{0});
    storeBigEndian(std::span(out), 0, snapshot.l1TableOffset.value());
    storeBigEndian(std::span(out), 8, snapshot.l1Size);
    storeBigEndian(std::span(out), 12, static_cast<std::uint16_t>(snapshot.id.size()));
    storeBigEndian(std::span(out), 14, static_cast<std::uint16_t>(snapshot.name.size()));
    storeBigEndian(std::span(out), 16, snapshot.dateSeconds);
    storeBigEndian(std::span(out), 20, snapshot.dateNanoseconds);
    storeBigEndian(std::span(out), 24, snapshot.vmClockNanoseconds);
    storeBigEndian(std::span(out), 32, static_cast<std::uint32_t>(snapshot.vmStateSize));
    storeBigEndian(std::span(out), 36, static_cast<std::uint32_t>(extra));
    std::copy(snapshot.extraData.begin(), snapshot.extraData.end(), out.begin() + kSnapshotEntryBytes);
    append(out, kSnapshotEntryBytes + extra, snapshot.id);
    append(out, kSnapshotEntryBytes + extra + snapshot.id.size(), snapshot.name);
    return out;
}

} // namespace cowscope
