// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/amend/split_shared.h"

#include <algorithm>
#include <unordered_map>

namespace cowscope
{

namespace
{

constexpr std::uint64_t kSectorBytes = 512;

/// The references that the clusters of an image keep, one number a cluster, at the width that they shall fit.
class KeptReferences
{
public:
    KeptReferences(unsigned order, HostCluster end)
        : m_codec(order)
        , m_end(end)
        , m_counts(m_codec.bytesFor(end.value()))
    {
    }

    std::uint64_t maximum() const { return m_codec.maximum(); }

    /// Whether all clusters of the run can take `uses` more references; takes them if so.
    bool take(HostCluster first, std::uint64_t clusters, std::uint64_t uses)
    {
        for (std::uint64_t i = 0; i < clusters; ++i) {
            if (first + i >= m_end || m_codec.get(m_counts, first.value() + i) > maximum() - uses)
                return false;
        }
        for (std::uint64_t i = first.value(); i < first.value() + clusters; ++i)
            m_codec.set(m_counts, i, m_codec.get(m_counts, i) + uses);
        return true;
    }

private:
    RefcountCodec m_codec;
    HostCluster m_end;
    std::vector<std::byte> m_counts;
};

class Splitter
{
public:
    Splitter(ImageEditor& editor, TableRewriter& tables, unsigned order, bool writeCopies, const TaskContext& task)
        : m_editor(editor)
        , m_tables(tables)
        , m_kept(order, editor.refcounts().end())
        , m_maximum(RefcountCodec(order).maximum())
        , m_writeCopies(writeCopies)
        , m_task(task)
    {
    }

    Result<SplitCost> run()
    {
        // The disk's tables come first: what it keeps needs no copy on its next write.
        auto tables = m_tables.tables();
        std::ranges::stable_partition(tables, &TableRewriter::Table::active);
        m_progress = {Phase::Copy, 0, tables.size() * m_editor.geometry().clusterSize()};
        for (const TableRewriter::Table& table : tables) {
            if (auto go = m_task.step(m_progress); !go)
                return failed(go);
            if (auto done = splitTable(table); !done)
                return failed(done);
            m_progress.done += m_editor.geometry().clusterSize();
        }
        if (m_cost.clusters > 0) {
            if (auto corrected = m_tables.correctCopiedFlags(); !corrected)
                return failed(corrected);
        }
        return m_cost;
    }

private:
    /// Deals the references to a table out to as many tables as they need.
    Result<void> splitTable(const TableRewriter::Table& table)
    {
        const auto words = m_editor.l2Words(table.at);
        if (!words)
            return std::unexpected(words.error());
        std::vector<TableRewriter::Part> parts;
        for (std::uint64_t left = table.uses; left > 0;) {
            TableRewriter::Part part{std::min(left, m_maximum), *words};
            auto copied = giveReferences(*part.words, part.uses, table.at);
            if (!copied)
                return failed(copied);
            if (parts.empty() && !*copied)
                part.words.reset(); // all stays as it is for the first of them
            m_cost.clusters += parts.empty() ? 0 : 1;
            m_cost.bytes += parts.empty() ? 0 : m_editor.geometry().clusterSize();
            left -= part.uses;
            parts.push_back(std::move(part));
        }
        if (parts.size() == 1 && !parts.front().words)
            return {};
        return m_tables.split(table, parts);
    }

    /// Lets `uses` references to each entry of a table be kept, or gives the entry a copy that has them. Returns
    /// whether any entry is another now.
    Result<bool> giveReferences(std::vector<std::uint64_t>& words, std::uint64_t uses, HostOffset table)
    {
        const Geometry& geometry = m_editor.geometry();
        bool changed = false;
        for (std::size_t i = 0; i < words.size(); i += geometry.l2EntryBytes() / 8) {
            const L2Entry entry{words[i]};
            HostCluster first = geometry.cluster(entry.hostOffset());
            std::uint64_t clusters = 1;
            if (entry.compressed()) {
                const auto data = entry.compressedDescriptor(geometry.clusterBits());
                first = geometry.cluster(data.offset);
                clusters = geometry.cluster(data.offset + (data.maxBytes() - 1)) - first + 1;
            } else if (entry.hostOffset().value() == 0) {
                continue;
            }
            for (std::uint64_t c = 0; c < clusters; ++c) {
                const auto what = m_editor.metadataAt(first + c);
                if (!what.empty())
                    return fail(ErrorKind::Invalid, "An L2 entry leads to metadata", (table + i * 8).value(),
                        "Repair the image first: check -r all");
            }
            if (m_kept.take(first, clusters, uses))
                continue;
            auto copy = copyOf(entry, geometry.extendedL2() ? words[i + 1] : 0, uses);
            if (!copy)
                return failed(copy);
            words[i] = *copy;
            const std::uint64_t bytes = clusters * geometry.clusterSize();
            if (auto released = m_editor.release(geometry.offset(first), bytes, uses); !released)
                return failed(released);
            changed = true;
        }
        return changed;
    }

    // Copies. Copied flags are set at the end, when the counts are known.
    Result<std::uint64_t> copyOf(L2Entry entry, std::uint64_t bitmap, std::uint64_t uses)
    {
        const Geometry& geometry = m_editor.geometry();
        if (entry.compressed()) {
            const auto data = entry.compressedDescriptor(geometry.clusterBits());
            auto at = copyCompressed(data, uses);
            if (!at)
                return failed(at);
            return encodeCompressed({*at, data.sectors}, geometry.clusterBits());
        }
        const std::uint64_t rest = entry.raw & ~(kCopiedFlag | kTableOffsetMask);
        const bool reserved = geometry.extendedL2() ? SubclusterBitmap{bitmap}.allocated() == 0 : entry.zeroFlag();
        if (reserved)
            return rest; // the cluster is only kept for later writes: nobody reads it
        auto cluster = m_editor.allocate(1);
        if (!cluster)
            return failed(cluster);
        if (auto counted = addUses(*cluster, uses - 1); !counted)
            return failed(counted);
        const HostOffset at = geometry.offset(*cluster);
        if (auto copied = copyBytes(entry.hostOffset(), at, geometry.clusterSize()); !copied)
            return failed(copied);
        return rest | at.value();
    }

    /// Copies whole sectors: where in them the data ends is not known without decompressing it.
    Result<HostOffset> copyCompressed(const CompressedDescriptor& data, std::uint64_t uses)
    {
        auto at = roomForSectors(data.sectors, uses);
        if (!at)
            return at;
        const std::uint64_t inSector = data.offset.value() % kSectorBytes;
        if (auto copied = copyBytes(HostOffset(data.offset.value() - inSector), *at, data.sectors * kSectorBytes);
            !copied)
            return failed(copied);
        return *at + inSector;
    }

    /// Room behind the piece before while its cluster can take the references, else in new clusters.
    Result<HostOffset> roomForSectors(std::uint64_t sectors, std::uint64_t uses)
    {
        const Geometry& geometry = m_editor.geometry();
        const std::uint64_t bytes = sectors * kSectorBytes;
        const std::uint64_t used = geometry.offsetInCluster(m_packedEnd);
        if (used != 0 && bytes <= geometry.clusterSize() - used && m_packedUses <= m_maximum - uses) {
            if (auto counted = addUses(geometry.cluster(m_packedEnd), uses); !counted)
                return failed(counted);
            m_packedUses += uses;
            return std::exchange(m_packedEnd, m_packedEnd + bytes);
        }
        const std::uint64_t clusters = geometry.clustersFor(bytes);
        auto first = m_editor.allocate(clusters);
        if (!first)
            return failed(first);
        for (std::uint64_t i = 0; i < clusters; ++i) {
            if (auto counted = addUses(*first + i, uses - 1); !counted)
                return failed(counted);
        }
        m_packedEnd = geometry.offset(*first) + bytes;
        m_packedUses = uses;
        return geometry.offset(*first);
    }

    Result<void> addUses(HostCluster cluster, std::uint64_t uses)
    {
        return uses == 0 ? Result<void>{} : m_editor.refcounts().change(cluster, static_cast<std::int64_t>(uses));
    }

    Result<void> copyBytes(HostOffset from, HostOffset to, std::uint64_t bytes)
    {
        if (m_editor.header().cryptMethod == CryptMethod::Luks)
            return fail(ErrorKind::Refused,
                "Clusters encrypted with LUKS can be read at their own place only, so that none can be copied",
                from.value(), "Delete snapshots, or choose a wider count");
        ++m_cost.clusters;
        m_cost.bytes += bytes;
        if (!m_writeCopies)
            return m_editor.storage().reserve(to.value(), bytes);
        if (auto go = m_task.step(m_progress); !go)
            return go;
        m_bytes.resize(bytes);
        if (auto read = m_editor.storage().read(from.value(), m_bytes); !read)
            return failed(read);
        return m_editor.writeNew(to, m_bytes);
    }

    ImageEditor& m_editor;
    TableRewriter& m_tables;
    KeptReferences m_kept;
    std::uint64_t m_maximum;
    bool m_writeCopies;
    const TaskContext& m_task;
    Progress m_progress;
    SplitCost m_cost;
    HostOffset m_packedEnd; ///< behind the compressed piece that was copied last; 0: there is no room behind it
    std::uint64_t m_packedUses = 0; ///< references to the cluster that it ends in
    std::vector<std::byte> m_bytes;
};

} // namespace

Result<SplitCost> splitShared(
    ImageEditor& editor, TableRewriter& tables, unsigned order, bool writeCopies, const TaskContext& task)
{
    return Splitter(editor, tables, order, writeCopies, task).run();
}

} // namespace cowscope
