// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/census.h"
#include "core/analysis/table_list.h"

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace cowscope
{

/// For clusters that the active disk does not use: the one snapshot that does, or that there are several. And the
/// bytes that each snapshot uses in all.
class SoleUsers
{
public:
    /// Reads each of `tables` once: those L2 tables that snapshots use, sorted by offset. Moves `progress` on by their
    /// bytes. Errors: Cancelled, Io, TooLarge.
    static Result<SoleUsers> find(const Image& image, const Census& census, std::span<const TableUse> tables,
        const TaskContext& task, Progress& progress);

    /// The index of the only snapshot that uses a cluster; nothing if several do, or the active disk, or none.
    std::optional<std::size_t> soleUser(HostCluster cluster) const;

    /// Bytes of the file that a snapshot uses: its L1 table, L2 tables and data.
    std::uint64_t bytesUsedBy(std::size_t snapshot) const { return m_bytes[snapshot]; }

private:
    static constexpr std::uint64_t kPageClusters = 1U << 16;
    static constexpr std::size_t kMaxPages = 1U << 11; ///< 512 MiB
    static constexpr std::uint32_t kNobody = 0;
    static constexpr std::uint32_t kSeveral = UINT32_MAX;
    using Page = std::array<std::uint32_t, kPageClusters>; ///< kNobody, kSeveral, or a snapshot's index + 1

    /// What one L2 table leads to, the table itself included.
    struct TableReach {
        std::uint64_t bytes = 0;
        HostCluster firstCompressed; ///< of its compressed data; valid where it has some
        HostCluster lastCompressed;
        bool compressed = false;
    };

    SoleUsers(const Image& image, const Census& census, std::span<const TableUse> tables)
        : m_image(image)
        , m_map(census.map)
        , m_tables(tables)
        , m_pages(census.map.clusters() / kPageClusters + 1)
        , m_userOfTable(tables.size(), kNobody)
        , m_reach(tables.size())
        , m_bytes(image.snapshots().size(), 0)
    {
    }

    void noteL1Tables();
    Result<void> noteTables(const TaskContext& task);
    Result<void> readTables(const TaskContext& task, Progress& progress);
    Result<void> addUp(const TaskContext& task);
    void follow(TableReach& reach, std::span<const std::uint64_t> words, std::uint32_t user);
    void touch(HostOffset offset, std::uint64_t bytes);
    void note(HostCluster cluster, std::uint32_t user);
    std::size_t indexOf(HostOffset table) const; ///< in m_tables; their number if it is not there
    std::uint64_t bytesIn(HostCluster first, std::uint64_t clusters) const;

    const Image& m_image;
    const ClusterMap& m_map;
    std::span<const TableUse> m_tables;
    std::vector<std::unique_ptr<Page>> m_pages;
    std::size_t m_pagesInUse = 0;
    bool m_full = false;
    std::vector<std::uint32_t> m_userOfTable; ///< by table: as in a page
    std::vector<TableReach> m_reach; ///< by table
    std::vector<std::uint64_t> m_bytes; ///< by snapshot
    std::vector<HostCluster> m_touched; ///< by the table that is being read
};

} // namespace cowscope
