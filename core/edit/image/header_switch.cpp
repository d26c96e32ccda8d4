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

/// Where there is room for extensions: up to the name, or to the end of the cluster.
std::uint64_t roomEnd(std::span<const std::byte> cluster)
{
    const NamePlace name = nameIn(cluster);
    return name.offset == 0 ? cluster.size() : std::min<std::uint64_t>(name.offset, cluster.size());
}

/// Where the end marker of the extensions stands.
std::uint64_t extensionsEnd(std::span<const std::byte> cluster)
{
    const bool old = loadBigEndian<std::uint32_t>(cluster, header_field::kVersion) == 2;
    const std::uint64_t end = roomEnd(cluster);
    std::uint64_t at = old ? kHeaderBytesV2 : loadBigEndian<std::uint32_t>(cluster, header_field::kHeaderLength);
    while (at + kExtensionHeadBytes <= end && loadBigEndian<std::uint32_t>(cluster, at) != 0)
        at += kExtensionHeadBytes + alignUp(loadBigEndian<std::uint32_t>(cluster, at + 4), 8);
    return at;
}

/// One write of a switch, in whole sectors where the cluster has them. A flush follows each.
struct HeaderWrite {
    std::size_t offset = 0;
    Bytes bytes;
};

/// The cluster as it is after the writes so far, and these writes.
class FirstCluster
{
public:
    explicit FirstCluster(std::span<const std::byte> now)
        : m_now(now.begin(), now.end())
    {
    }

    const Bytes& now() const { return m_now; }
    std::vector<HeaderWrite> takeWrites() { return std::move(m_writes); }

    void writeFirstSector(std::span<const std::byte> wanted)
    {
        write(wanted, 0, std::min(kSectorBytes, wanted.size()));
    }
    void writeRest(std::span<const std::byte> wanted)
    {
        write(wanted, std::min(kSectorBytes, wanted.size()), wanted.size());
    }

private:
    /// Writes the sectors of [from, to) that are not as wanted.
    void write(std::span<const std::byte> wanted, std::size_t from, std::size_t to)
    {
        while (from < to && m_now[from] == wanted[from])
            ++from;
        while (to > from && m_now[to - 1] == wanted[to - 1])
            --to;
        if (from == to)
            return;
        from = from / kSectorBytes * kSectorBytes;
        to = std::min<std::size_t>(alignUp(to, kSectorBytes), wanted.size());
        const auto part = wanted.subspan(from, to - from);
        std::ranges::copy(part, m_now.begin() + static_cast<std::ptrdiff_t>(from));
        m_writes.push_back({from, Bytes(part.begin(), part.end())});
    }

    Bytes m_now;
    std::vector<HeaderWrite> m_writes;
};

std::span<const std::byte> nameBytes(std::span<const std::byte> cluster)
{
    const NamePlace name = nameIn(cluster);
    return name.offset + name.bytes <= cluster.size() ? cluster.subspan(name.offset, name.bytes) : cluster.first(0);
}

bool overlap(NamePlace a, NamePlace b)
{
    return a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
}

/// Puts the name where it shall be, beside the old one, and, if it is the same, lets the header lead there: extensions
/// may take the old place then. Another name shows with everything else only.
void copyName(FirstCluster& cluster, std::span<const std::byte> after, bool same)
{
    const NamePlace old = nameIn(cluster.now());
    const NamePlace wanted = nameIn(after);
    const bool reachesFar = wanted.offset + wanted.bytes > kSectorBytes || old.offset + old.bytes > kSectorBytes;
    if (wanted.bytes == 0 || overlap(wanted, old) || !reachesFar)
        return;
    Bytes state = cluster.now();
    std::ranges::copy(nameBytes(after), state.begin() + static_cast<std::ptrdiff_t>(wanted.offset));
    if (same)
        storeBigEndian(std::span(state), header_field::kBackingFileOffset, wanted.offset);
    cluster.writeRest(state);
    if (same)
        cluster.writeFirstSector(state);
}

/// The writes that make `after` of `before`, in their order.
std::vector<HeaderWrite> writesFor(std::span<const std::byte> before, std::span<const std::byte> after)
{
    FirstCluster cluster(before);
    const auto rest
        = [](std::span<const std::byte> bytes) { return bytes.subspan(std::min(kSectorBytes, bytes.size())); };
    const bool sameName = std::ranges::equal(nameBytes(before), nameBytes(after));
    if (!std::ranges::equal(rest(before), rest(after)))
        copyName(cluster, after, sameName);
    if (!sameName || extensionsEnd(after) < extensionsEnd(cluster.now())) {
        cluster.writeFirstSector(after);
        cluster.writeRest(after);
    } else {
        cluster.writeRest(after);
        cluster.writeFirstSector(after);
    }
    return cluster.takeWrites();
}

/// What a reader takes from the cluster: fields and extensions with their end marker, and the name. Where the name
/// stands does not matter.
struct SeenHeader {
    Bytes fields;
    Bytes name;

    bool operator==(const SeenHeader&) const = default;
};

std::uint64_t seenEnd(std::span<const std::byte> cluster)
{
    return std::min<std::uint64_t>(extensionsEnd(cluster) + kExtensionHeadBytes, roomEnd(cluster));
}

SeenHeader seenIn(std::span<const std::byte> cluster)
{
    const auto fields = cluster.first(seenEnd(cluster));
    const auto name = nameBytes(cluster);
    SeenHeader seen{{fields.begin(), fields.end()}, {name.begin(), name.end()}};
    if (!seen.name.empty())
        storeBigEndian(std::span(seen.fields), header_field::kBackingFileOffset, std::uint64_t{1});
    return seen;
}

/// Whether a write changes something that a reader of the cluster as it is takes from it.
bool isSeen(const HeaderWrite& write, std::span<const std::byte> cluster)
{
    const NamePlace name = nameIn(cluster);
    const std::uint64_t end = seenEnd(cluster);
    for (std::size_t i = 0; i < write.bytes.size(); ++i) {
        const std::uint64_t at = write.offset + i;
        const bool inName = at >= name.offset && at < name.offset + name.bytes;
        if ((at < end || inName) && cluster[at] != write.bytes[i])
            return true;
    }
    return false;
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
    Bytes before(after.size());
    if (auto held = storage.read(0, before); !held)
        return failed(held);
    for (const HeaderWrite& write : writesFor(before, after)) {
        if (auto written = storage.write(write.offset, write.bytes); !written)
            return written;
        if (auto flushed = storage.flush(); !flushed)
            return flushed;
    }
    return {};
}

bool switchesWhole(std::span<const std::byte> before, std::span<const std::byte> after)
{
    const SeenHeader old = seenIn(before);
    const SeenHeader wanted = seenIn(after);
    Bytes now(before.begin(), before.end());
    for (const HeaderWrite& write : writesFor(before, after)) {
        const bool oneSector = write.offset + write.bytes.size() <= kSectorBytes;
        if (!oneSector && isSeen(write, now))
            return false;
        std::ranges::copy(write.bytes, now.begin() + static_cast<std::ptrdiff_t>(write.offset));
        if (const SeenHeader seen = seenIn(now); seen != old && seen != wanted)
            return false;
    }
    return true;
}

} // namespace cowscope
