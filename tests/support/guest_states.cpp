// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/guest_states.h"

#include <algorithm>

namespace cowscope::test
{

namespace
{

constexpr std::uint64_t kCompressed = std::uint64_t{1} << 62;
constexpr std::uint64_t kOffsetMask = 0x00fffffffffffe00;

class DiskReader
{
public:
    explicit DiskReader(const Bytes& image)
        : m_image(image)
        , m_clusterBits(static_cast<unsigned>(getNumber(image, 20, 4)))
        , m_extended(getNumber(image, 4, 4) == 3 && (getNumber(image, 72, 8) & 0x10) != 0)
    {
    }

    GuestState read(std::uint64_t l1, std::uint64_t l1Entries, std::uint64_t size) const
    {
        const std::uint64_t clusterSize = std::uint64_t{1} << m_clusterBits;
        const std::uint64_t entryBytes = m_extended ? 16 : 8;
        const std::uint64_t perTable = clusterSize / entryBytes;
        GuestState state{size, {}};
        for (std::uint64_t guest = 0; guest * clusterSize < size; ++guest) {
            const std::uint64_t index = guest / perTable;
            const std::uint64_t table = index < l1Entries ? getNumber(m_image, l1 + index * 8, 8) & kOffsetMask : 0;
            state.clusters.push_back(table == 0 ? "-" : cluster(table + guest % perTable * entryBytes));
        }
        return state;
    }

private:
    std::string cluster(std::uint64_t at) const
    {
        const std::uint64_t entry = getNumber(m_image, at, 8);
        if ((entry & kCompressed) != 0)
            return compressed(entry);
        if (m_extended)
            return subclusters(entry & kOffsetMask, getNumber(m_image, at + 8, 8));
        if ((entry & 1) != 0)
            return "0";
        return (entry & kOffsetMask) == 0 ? "-" : text('d', entry & kOffsetMask, std::uint64_t{1} << m_clusterBits);
    }

    std::string compressed(std::uint64_t entry) const
    {
        const unsigned offsetBits = 62 - (m_clusterBits - 8);
        const std::uint64_t offset = entry & ((std::uint64_t{1} << offsetBits) - 1);
        const std::uint64_t more = (entry & (kCompressed - 1)) >> offsetBits;
        return text('c', offset, (offset / 512 + more + 1) * 512 - offset);
    }

    std::string subclusters(std::uint64_t host, std::uint64_t bitmap) const
    {
        const std::uint64_t bytes = (std::uint64_t{1} << m_clusterBits) / 32;
        std::string out;
        for (unsigned i = 0; i < 32; ++i) {
            if ((bitmap >> i & 1) != 0)
                out += text('d', host + i * bytes, bytes);
            else
                out += (bitmap >> (32 + i) & 1) != 0 ? "0" : "-";
        }
        return out;
    }

    std::string text(char kind, std::uint64_t at, std::uint64_t bytes) const
    {
        const std::uint64_t from = std::min<std::uint64_t>(at, m_image.size());
        std::string out(1, kind);
        out.append(reinterpret_cast<const char*>(m_image.data()) + from,
            std::min<std::uint64_t>(bytes, m_image.size() - from));
        out.resize(1 + bytes, '\0');
        return out;
    }

    const Bytes& m_image;
    unsigned m_clusterBits;
    bool m_extended;
};

} // namespace

std::map<std::string, GuestState> guestStates(const Bytes& image)
{
    const DiskReader reader(image);
    const std::uint64_t size = getNumber(image, 24, 8);
    std::map<std::string, GuestState> states;
    states[""] = reader.read(getNumber(image, 40, 8), getNumber(image, 36, 4), size);
    std::uint64_t at = getNumber(image, 64, 8);
    for (std::uint64_t i = 0; i < getNumber(image, 60, 4); ++i) {
        const std::uint64_t idBytes = getNumber(image, at + 12, 2);
        const std::uint64_t extra = getNumber(image, at + 36, 4);
        std::string id;
        for (std::uint64_t n = 0; n < idBytes; ++n)
            id += static_cast<char>(getNumber(image, at + 40 + extra + n, 1));
        states[id] = reader.read(
            getNumber(image, at, 8), getNumber(image, at + 8, 4), extra >= 16 ? getNumber(image, at + 48, 8) : size);
        at = (at + 40 + extra + idBytes + getNumber(image, at + 14, 2) + 7) / 8 * 8;
    }
    return states;
}

} // namespace cowscope::test
