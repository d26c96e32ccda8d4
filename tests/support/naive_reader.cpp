// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/naive_reader.h"

namespace cowscope::test
{

namespace
{

constexpr std::uint64_t kCompressed = std::uint64_t{1} << 62;
constexpr std::uint64_t kOffsetMask = 0x00fffffffffffe00;

std::uint64_t pad8(std::uint64_t bytes)
{
    return (bytes + 7) / 8 * 8;
}

void addRange(
    std::map<std::uint64_t, std::uint64_t>& out, std::uint64_t clusterSize, std::uint64_t at, std::uint64_t bytes)
{
    if (bytes == 0)
        return;
    for (std::uint64_t cluster = at / clusterSize; cluster <= (at + bytes - 1) / clusterSize; ++cluster)
        ++out[cluster];
}

void append(Bytes& out, const Bytes& from, std::uint64_t at, std::uint64_t bytes)
{
    for (std::uint64_t i = 0; i < bytes; ++i)
        out.push_back(at + i < from.size() ? from[at + i] : std::byte{0});
}

} // namespace

NaiveReader::NaiveReader(const Bytes& bytes)
    : m_bytes(bytes)
    , m_version(static_cast<std::uint32_t>(getNumber(bytes, 4, 4)))
    , m_clusterBits(getNumber(bytes, 20, 4))
    , m_clusterSize(std::uint64_t{1} << m_clusterBits)
    , m_order(m_version == 2 ? 4 : static_cast<unsigned>(getNumber(bytes, 96, 4)))
    , m_reftable(getNumber(bytes, 48, 8))
    , m_reftableClusters(getNumber(bytes, 56, 4))
    , m_entryBytes(m_version == 3 && (getNumber(bytes, 72, 8) & 0x10) != 0 ? 16 : 8)
{
}

std::map<std::uint64_t, std::uint64_t> NaiveReader::counts() const
{
    std::map<std::uint64_t, std::uint64_t> out;
    const std::uint64_t perBlock = m_clusterSize * 8 >> m_order;
    for (std::uint64_t i = 0; i < m_reftableClusters * m_clusterSize / 8; ++i) {
        const std::uint64_t block = getNumber(m_bytes, m_reftable + i * 8, 8);
        for (std::uint64_t n = 0; block != 0 && n < perBlock; ++n) {
            if (const std::uint64_t count = getCount(m_bytes, block, m_order, n); count != 0)
                out[i * perBlock + n] = count;
        }
    }
    return out;
}

std::map<std::uint64_t, std::uint64_t> NaiveReader::references() const
{
    std::map<std::uint64_t, std::uint64_t> out;
    addRange(out, m_clusterSize, 0, 1);
    addRange(out, m_clusterSize, m_reftable, m_reftableClusters * m_clusterSize);
    for (std::uint64_t i = 0; i < m_reftableClusters * m_clusterSize / 8; ++i) {
        if (const std::uint64_t block = getNumber(m_bytes, m_reftable + i * 8, 8); block != 0)
            ++out[block / m_clusterSize];
    }
    addRange(out, m_clusterSize, getNumber(m_bytes, 64, 8), snapshotTableBytes());
    countBitmaps(out);
    if (const std::uint64_t crypto = extensionData(0x0537be77); crypto != 0)
        addRange(out, m_clusterSize, getNumber(m_bytes, crypto, 8), getNumber(m_bytes, crypto + 8, 8));
    const unsigned offsetBits = static_cast<unsigned>(62 - (m_clusterBits - 8));
    for (const Table& l1 : l1Tables()) {
        addRange(out, m_clusterSize, l1.offset, l1.entries * 8);
        for (const std::uint64_t table : l2Tables(l1)) {
            ++out[table / m_clusterSize];
            for (std::uint64_t at = table; at < table + m_clusterSize; at += m_entryBytes) {
                const std::uint64_t entry = getNumber(m_bytes, at, 8);
                if ((entry & kCompressed) != 0) {
                    const std::uint64_t offset = entry & ((std::uint64_t{1} << offsetBits) - 1);
                    const std::uint64_t more = (entry & ~kCompressed & ~(std::uint64_t{1} << 63)) >> offsetBits;
                    addRange(out, m_clusterSize, offset, (offset / 512 + more) * 512 + 512 - offset);
                } else if ((entry & kOffsetMask) != 0) {
                    ++out[(entry & kOffsetMask) / m_clusterSize];
                }
            }
        }
    }
    return out;
}

Bytes NaiveReader::mapping() const
{
    Bytes out;
    append(out, m_bytes, getNumber(m_bytes, 64, 8), snapshotTableBytes());
    for (const Table& l1 : l1Tables()) {
        append(out, m_bytes, l1.offset, l1.entries * 8);
        for (const std::uint64_t table : l2Tables(l1))
            append(out, m_bytes, table, m_clusterSize);
    }
    return out;
}

std::vector<NaiveReader::Table> NaiveReader::l1Tables() const
{
    std::vector<Table> out{{getNumber(m_bytes, 40, 8), getNumber(m_bytes, 36, 4)}};
    std::uint64_t at = getNumber(m_bytes, 64, 8);
    for (std::uint64_t i = 0; i < getNumber(m_bytes, 60, 4); ++i) {
        out.push_back({getNumber(m_bytes, at, 8), getNumber(m_bytes, at + 8, 4)});
        at += pad8(
            40 + getNumber(m_bytes, at + 12, 2) + getNumber(m_bytes, at + 14, 2) + getNumber(m_bytes, at + 36, 4));
    }
    return out;
}

std::uint64_t NaiveReader::snapshotTableBytes() const
{
    const std::uint64_t start = getNumber(m_bytes, 64, 8);
    std::uint64_t at = start;
    for (std::uint64_t i = 0; i < getNumber(m_bytes, 60, 4); ++i)
        at += pad8(
            40 + getNumber(m_bytes, at + 12, 2) + getNumber(m_bytes, at + 14, 2) + getNumber(m_bytes, at + 36, 4));
    return at - start;
}

std::vector<std::uint64_t> NaiveReader::l2Tables(const Table& l1) const
{
    std::vector<std::uint64_t> out;
    for (std::uint64_t i = 0; i < l1.entries; ++i) {
        if (const std::uint64_t table = getNumber(m_bytes, l1.offset + i * 8, 8) & kOffsetMask; table != 0)
            out.push_back(table);
    }
    return out;
}

std::uint64_t NaiveReader::extensionData(std::uint32_t type) const
{
    std::uint64_t at = m_version < 3 ? 72 : getNumber(m_bytes, 100, 4);
    while (at < m_clusterSize && getNumber(m_bytes, at, 4) != 0) {
        if (getNumber(m_bytes, at, 4) == type)
            return at + 8;
        at += 8 + pad8(getNumber(m_bytes, at + 4, 4));
    }
    return 0;
}

void NaiveReader::countBitmaps(std::map<std::uint64_t, std::uint64_t>& out) const
{
    const std::uint64_t at = extensionData(0x23852875);
    if (at == 0 || (getNumber(m_bytes, 88, 8) & 1) == 0)
        return;
    const std::uint64_t bitmaps = getNumber(m_bytes, at, 4);
    std::uint64_t entry = getNumber(m_bytes, at + 16, 8);
    addRange(out, m_clusterSize, entry, getNumber(m_bytes, at + 8, 8));
    for (std::uint64_t i = 0; i < bitmaps; ++i) {
        const std::uint64_t table = getNumber(m_bytes, entry, 8);
        const std::uint64_t entries = getNumber(m_bytes, entry + 8, 4);
        addRange(out, m_clusterSize, table, entries * 8);
        for (std::uint64_t n = 0; n < entries; ++n) {
            if (const std::uint64_t bits = getNumber(m_bytes, table + n * 8, 8) & kOffsetMask; bits != 0)
                ++out[bits / m_clusterSize];
        }
        entry += pad8(24 + getNumber(m_bytes, entry + 18, 2) + getNumber(m_bytes, entry + 20, 4));
    }
}

} // namespace cowscope::test
