// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/image/guest_lookup.h"

#include "core/format/limits.h"

#include <algorithm>
#include <fmt/format.h>

namespace cowscope
{

namespace
{

constexpr std::uint64_t kSectorBytes = 512;

/// The raw L1 entry; 0 behind the end of the table.
Result<std::uint64_t> l1Word(const Image& image, DiskChoice disk, std::uint64_t index)
{
    if (!disk)
        return index < image.l1Table().size() ? image.l1Table()[index] : 0;
    const Snapshot& snapshot = image.snapshots()[*disk];
    if (index >= snapshot.l1Size)
        return 0;
    std::uint64_t word = 0;
    const auto at = checkedAdd(snapshot.l1TableOffset.value(), index * sizeof word);
    if (!image.geometry().isAligned(snapshot.l1TableOffset) || !at)
        return fail(ErrorKind::Invalid, fmt::format("The L1 table of snapshot '{}' cannot be read", snapshot.name),
            snapshot.l1TableOffset.value(), "Check the image");
    if (auto read = image.readWords(HostOffset(*at), std::span(&word, 1)); !read)
        return failed(read);
    return word;
}

} // namespace

std::uint64_t diskSize(const Image& image, DiskChoice disk)
{
    const bool kept = disk && *disk < image.snapshots().size() && image.snapshots()[*disk].diskSize;
    const std::uint64_t size = kept ? *image.snapshots()[*disk].diskSize : image.geometry().virtualSize();
    return std::min<std::uint64_t>(size, kMaxVirtualBytes) / kSectorBytes * kSectorBytes;
}

Result<std::vector<std::uint64_t>> readSnapshotL1(const Image& image, std::size_t index)
{
    const Snapshot& snapshot = image.snapshots()[index];
    const HostOffset at = snapshot.l1TableOffset;
    const std::uint64_t bytes = std::uint64_t{snapshot.l1Size} * sizeof(std::uint64_t);
    const auto refused = [&](ErrorKind kind, std::string_view why) {
        return fail(
            kind, fmt::format("The L1 table of snapshot '{}' {}", snapshot.name, why), at.value(), "Check the image");
    };
    if (bytes > kMaxL1Bytes)
        return refused(ErrorKind::TooLarge, "is larger than any image may have");
    if (!image.geometry().isAligned(at))
        return refused(ErrorKind::Invalid, "does not begin at a multiple of the cluster size");
    if (bytes > image.fileSize() || at.value() > image.fileSize() - bytes)
        return refused(ErrorKind::Truncated, "reaches past the end of the file");
    std::vector<std::uint64_t> table(snapshot.l1Size);
    if (auto read = image.readWords(at, table); !read)
        return failed(read);
    return table;
}

Result<GuestExtent> lookUpGuest(const Image& image, DiskChoice disk, GuestOffset start, std::uint64_t most)
{
    const Geometry& geometry = image.geometry();
    if (disk && *disk >= image.snapshots().size())
        return fail(ErrorKind::Invalid, "There is no such snapshot");
    const std::uint64_t l1Index = geometry.l1Index(start);
    auto l1 = l1Word(image, disk, l1Index);
    if (!l1)
        return failed(l1);
    const HostOffset table = L1Entry{*l1}.l2Offset();
    const std::uint64_t toTableEnd = geometry.l2Coverage() - start.value() % geometry.l2Coverage();
    if (table.value() == 0)
        return GuestExtent{start, std::min(most, toTableEnd), MappingKind::Unallocated, {}, {}};
    if (!geometry.isAligned(table))
        return fail(ErrorKind::Invalid,
            fmt::format("L1 entry {} leads to an L2 table that is not aligned to a cluster", l1Index), table.value(),
            "Check the image");
    const std::uint64_t first = geometry.l2Index(start);
    const std::uint64_t step = geometry.l2EntryBytes() / sizeof(std::uint64_t);
    const std::uint64_t wanted
        = divideUp(start.value() % geometry.clusterSize() + std::min(most, toTableEnd), geometry.clusterSize());
    std::vector<std::uint64_t> words(std::clamp<std::uint64_t>(wanted, 1, kLookupEntries) * step);
    const HostOffset slot = table + first * geometry.l2EntryBytes();
    if (auto read = image.readWords(slot, words); !read)
        return failed(read);
    return joinMappings(image, start, words, slot, std::min(most, toTableEnd));
}

} // namespace cowscope
