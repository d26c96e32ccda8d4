// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/guest_view.h"

#include <algorithm>

namespace cowscope::test
{

namespace
{

constexpr std::uint64_t kCopied = std::uint64_t{1} << 63;
constexpr std::uint64_t kCompressed = std::uint64_t{1} << 62;
constexpr std::uint64_t kOffsetMask = 0x00fffffffffffe00;
constexpr std::uint64_t kExtendedL2 = 1U << 4;
constexpr std::uint64_t kMostSnapshots = 64;

class Viewer
{
public:
    explicit Viewer(const Bytes& bytes)
        : m_bytes(bytes)
        , m_clusterBits(getNumber(bytes, 20, 4))
        , m_clusterSize(std::uint64_t{1} << m_clusterBits)
        , m_size(getNumber(bytes, 24, 8))
        , m_version3(getNumber(bytes, 4, 4) >= 3)
        , m_extended(m_version3 && (getNumber(bytes, 72, 8) & kExtendedL2) != 0)
        , m_unallocated(getNumber(bytes, 8, 8) == 0 ? Bytes(m_clusterSize) : bytesOf("B"))
    {
    }

    std::map<std::string, DiskView> all() const
    {
        std::map<std::string, DiskView> views{{"", disk(getNumber(m_bytes, 40, 8), getNumber(m_bytes, 36, 4))}};
        const std::uint64_t snapshots = std::min(getNumber(m_bytes, 60, 4), kMostSnapshots);
        std::uint64_t at = getNumber(m_bytes, 64, 8);
        for (std::uint64_t i = 0; i < snapshots && at < m_bytes.size(); ++i) {
            const std::uint64_t l1 = getNumber(m_bytes, at, 8);
            const std::uint64_t entries = getNumber(m_bytes, at + 8, 4);
            const std::uint64_t idAt = at + 40 + getNumber(m_bytes, at + 36, 4);
            const std::uint64_t idSize = getNumber(m_bytes, at + 12, 2);
            std::string id;
            for (std::uint64_t n = 0; n < idSize; ++n)
                id += static_cast<char>(getNumber(m_bytes, idAt + n, 1));
            if (l1 % m_clusterSize == 0 && l1 < m_bytes.size() && entries > 0 && entries <= m_bytes.size()
                && idSize > 0)
                views[id] = disk(l1, entries);
            at = (idAt + idSize + getNumber(m_bytes, at + 14, 2) + 7) / 8 * 8;
        }
        return views;
    }

private:
    DiskView disk(std::uint64_t l1, std::uint64_t entries) const
    {
        const std::uint64_t perTable = m_clusterSize / (m_extended ? 16 : 8);
        DiskView view((m_size + m_clusterSize - 1) / m_clusterSize);
        for (std::uint64_t guest = 0; guest < view.size(); ++guest) {
            const std::uint64_t index = guest / perTable;
            const std::uint64_t table = index < entries ? getNumber(m_bytes, l1 + index * 8, 8) & kOffsetMask : 0;
            if (table == 0)
                view[guest] = m_unallocated;
            else if (table % m_clusterSize == 0)
                view[guest] = cluster(table + guest % perTable * (m_extended ? 16 : 8));
        }
        return view;
    }

    std::optional<Bytes> cluster(std::uint64_t slot) const
    {
        const std::uint64_t entry = getNumber(m_bytes, slot, 8);
        if ((entry & kCompressed) != 0)
            return packed(entry & ~(kCopied | kCompressed));
        const std::uint64_t host = entry & kOffsetMask;
        const bool zero = (entry & 1) != 0 && !m_extended;
        if (host % m_clusterSize != 0 || (zero && !m_version3))
            return std::nullopt;
        if (zero)
            return Bytes(m_clusterSize);
        if (m_extended)
            return subclusters(host, getNumber(m_bytes, slot + 8, 8));
        return host == 0 ? m_unallocated : read(host, m_clusterSize);
    }

    std::optional<Bytes> subclusters(std::uint64_t host, std::uint64_t bitmap) const
    {
        const std::uint64_t allocated = bitmap & 0xffffffff;
        const std::uint64_t zero = bitmap >> 32;
        if ((allocated & zero) != 0 || (host == 0 && allocated != 0))
            return std::nullopt;
        const std::uint64_t unit = m_clusterSize / 32;
        Bytes all;
        for (unsigned i = 0; i < 32; ++i) {
            Bytes piece = m_unallocated;
            if ((allocated >> i & 1) != 0)
                piece = read(host + i * unit, unit);
            else if ((zero >> i & 1) != 0 || piece.size() > 1)
                piece = Bytes(unit);
            all.insert(all.end(), piece.begin(), piece.end());
        }
        return all;
    }

    std::optional<Bytes> packed(std::uint64_t descriptor) const
    {
        const std::uint64_t offsetBits = 62 - (m_clusterBits - 8);
        const std::uint64_t offset = descriptor & ((std::uint64_t{1} << offsetBits) - 1);
        if (offset >= m_bytes.size())
            return std::nullopt;
        // What a claim past the end of the file adds are zeros.
        const std::uint64_t end = std::min<std::uint64_t>(
            (offset / 512 + (descriptor >> offsetBits) + 1) * 512, (m_bytes.size() + 511) / 512 * 512);
        return read(offset, end - offset);
    }

    Bytes read(std::uint64_t at, std::uint64_t length) const
    {
        Bytes out(length);
        if (at < m_bytes.size())
            std::copy_n(m_bytes.begin() + static_cast<std::ptrdiff_t>(at),
                std::min<std::uint64_t>(length, m_bytes.size() - at), out.begin());
        return out;
    }

    const Bytes& m_bytes;
    std::uint64_t m_clusterBits;
    std::uint64_t m_clusterSize;
    std::uint64_t m_size;
    bool m_version3;
    bool m_extended;
    Bytes m_unallocated;
};

bool allReadable(const DiskView& view)
{
    return std::ranges::all_of(view, [](const auto& cluster) { return cluster.has_value(); });
}

} // namespace

std::map<std::string, DiskView> viewGuests(const Bytes& image)
{
    return Viewer(image).all();
}

std::string lostGuestData(const std::map<std::string, DiskView>& before, const std::map<std::string, DiskView>& after)
{
    for (const auto& [id, disk] : before) {
        const auto now = after.find(id);
        if (now == after.end()) {
            if (allReadable(disk))
                return "snapshot " + id + " is gone";
            continue;
        }
        for (std::size_t i = 0; i < disk.size(); ++i) {
            if (disk[i] && disk[i] != now->second[i])
                return "guest cluster " + std::to_string(i) + " of disk '" + id + "' reads otherwise";
        }
    }
    return {};
}

} // namespace cowscope::test
