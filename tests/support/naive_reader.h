// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/support/bytes.h"

#include <map>
#include <vector>

namespace cowscope::test
{

/// A second reader of the format, plain and slow, that shares no line with the engine: what it says of a sound image is
/// compared with what the engine says. Use it on images that are sound.
class NaiveReader
{
public:
    explicit NaiveReader(const Bytes& bytes);

    std::uint64_t clusterSize() const { return m_clusterSize; }
    unsigned refcountOrder() const { return m_order; }

    /// Every stored count that is not 0, by cluster.
    std::map<std::uint64_t, std::uint64_t> counts() const;

    /// Every reference that the structures make (header, refcounts, tables, snapshots, bitmaps, LUKS), by cluster.
    std::map<std::uint64_t, std::uint64_t> references() const;

    /// The raw bytes of everything that maps guest data: active L1 and its L2 tables, snapshot table, snapshots' L1 and
    /// L2 tables, in a fixed order and with the COPIED flags as they stand.
    Bytes mapping() const;

private:
    struct Table {
        std::uint64_t offset = 0;
        std::uint64_t entries = 0;
    };
    std::vector<Table> l1Tables() const;
    std::uint64_t snapshotTableBytes() const;
    std::vector<std::uint64_t> l2Tables(const Table& l1) const;
    std::uint64_t extensionData(std::uint32_t type) const; ///< where it begins; 0: there is none
    void countBitmaps(std::map<std::uint64_t, std::uint64_t>& out) const;

    const Bytes& m_bytes;
    std::uint32_t m_version;
    std::uint64_t m_clusterBits;
    std::uint64_t m_clusterSize;
    unsigned m_order;
    std::uint64_t m_reftable;
    std::uint64_t m_reftableClusters;
    unsigned m_entryBytes;
};

} // namespace cowscope::test
