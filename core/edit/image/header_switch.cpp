// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/image/header_switch.h"

#include "core/base/big_endian.h"
#include "core/base/checked_math.h"
#include "core/format/field_catalog.h"
#include "core/format/header.h"

#include <algorithm>
#include <vector>

namespace cowscope
{

namespace
{

constexpr std::size_t kSectorBytes = 512;
constexpr std::size_t kExtensionHeadBytes = 8;

using Bytes = std::vector<std::byte>;

NamePlace nameIn(std::span<const std::byte> cluster)
{
    return {loadBigEndian<std::uint64_t>(cluster, header_field::kBackingFileOffset),
        loadBigEndian<std::uint32_t>(cluster, header_field::kBackingFileSize)};
}

/// Where the end marker of the extensions stands.
std::uint64_t extensionsEnd(std::span<const std::byte> cluster)
{
    const bool old = loadBigEndian<std::uint32_t>(cluster, header_field::kVersion) == 2;
    std::uint64_t at = old ? kHeaderBytesV2 : loadBigEndian<std::uint32_t>(cluster, header_field::kHeaderLength);
    while (at + kExtensionHeadBytes <= cluster.size() && loadBigEndian<std::uint32_t>(cluster, at) != 0)
        at += kExtensionHeadBytes + alignUp(loadBigEndian<std::uint32_t>(cluster, at + 4), 8);
    return at;
}

/// The cluster on disk, and writes of parts of it.
class FirstCluster
{
public:
    FirstCluster(Storage& storage, std::size_t size)
        : m_storage(storage)
        , m_now(size)
    {
    }

    const Bytes& now() const { return m_now; }

    Result<void> read()
    {
        auto held = m_storage.read(0, m_now);
        return held ? Result<void>{} : failed(held);
    }

    Result<void> writeFirstSector(std::span<const std::byte> wanted)
    {
        return write(wanted, 0, std::min(kSectorBytes, wanted.size()));
    }
    Result<void> writeRest(std::span<const std::byte> wanted)
    {
        return write(wanted, std::min(kSectorBytes, wanted.size()), wanted.size());
    }

private:
    /// Writes the sectors of [from, to) that are not as wanted, and flushes.
    Result<void> write(std::span<const std::byte> wanted, std::size_t from, std::size_t to)
    {
        while (from < to && m_now[from] == wanted[from])
            ++from;
        while (to > from && m_now[to - 1] == wanted[to - 1])
            --to;
        if (from == to)
            return {};
        from = from / kSectorBytes * kSectorBytes;
        to = std::min<std::size_t>(alignUp(to, kSectorBytes), wanted.size());
        const auto part = wanted.subspan(from, to - from);
        if (auto written = m_storage.write(from, part); !written)
            return written;
        std::ranges::copy(part, m_now.begin() + static_cast<std::ptrdiff_t>(from));
        return m_storage.flush();
    }

    Storage& m_storage;
    Bytes m_now;
};

std::span<const std::byte> nameBytes(std::span<const std::byte> cluster)
{
    const NamePlace name = nameIn(cluster);
    return name.offset + name.bytes <= cluster.size() ? cluster.subspan(name.offset, name.bytes) : cluster.first(0);
}

/// Puts the name where it shall be, beside the old one, and, if it is the same, lets the header lead there: extensions
/// may take the old place then. Another name shows with everything else only.
Result<void> copyName(FirstCluster& cluster, std::span<const std::byte> after, bool same)
{
    const NamePlace old = nameIn(cluster.now());
    const NamePlace wanted = nameIn(after);
    const bool reachesFar = wanted.offset + wanted.bytes > kSectorBytes || old.offset + old.bytes > kSectorBytes;
    if (wanted.bytes == 0 || wanted.offset < old.offset + old.bytes || !reachesFar)
        return {};
    Bytes state = cluster.now();
    std::ranges::copy(nameBytes(after), state.begin() + static_cast<std::ptrdiff_t>(wanted.offset));
    if (same)
        storeBigEndian(std::span(state), header_field::kBackingFileOffset, wanted.offset);
    if (auto copied = cluster.writeRest(state); !copied || !same)
        return copied;
    return cluster.writeFirstSector(state);
}

} // namespace

std::uint64_t placeOfName(
    NamePlace old, std::uint64_t bytes, bool sameName, std::uint64_t extensionsEnd, std::uint64_t clusterSize)
{
    const std::uint64_t inFirstSector = std::min<std::uint64_t>(kSectorBytes, clusterSize);
    const bool oneWrite = extensionsEnd + bytes <= inFirstSector && old.offset + old.bytes <= inFirstSector;
    if (sameName && old.offset >= extensionsEnd)
        return old.offset;
    if (old.offset == 0 || oneWrite || extensionsEnd + bytes <= old.offset)
        return extensionsEnd;
    const std::uint64_t beside = std::max(extensionsEnd, alignUp(old.offset + old.bytes, 8));
    return beside + bytes <= clusterSize ? beside : extensionsEnd;
}

Result<void> switchHeader(Storage& storage, std::span<const std::byte> after)
{
    FirstCluster cluster(storage, after.size());
    if (auto read = cluster.read(); !read)
        return read;
    const auto rest
        = [](std::span<const std::byte> bytes) { return bytes.subspan(std::min(kSectorBytes, bytes.size())); };
    const bool sameName = std::ranges::equal(nameBytes(cluster.now()), nameBytes(after));
    if (!std::ranges::equal(rest(cluster.now()), rest(after))) {
        if (auto copied = copyName(cluster, after, sameName); !copied)
            return copied;
    }
    if (!sameName || extensionsEnd(after) < extensionsEnd(cluster.now())) {
        if (auto written = cluster.writeFirstSector(after); !written)
            return written;
        return cluster.writeRest(after);
    }
    if (auto written = cluster.writeRest(after); !written)
        return written;
    return cluster.writeFirstSector(after);
}

} // namespace cowscope
