// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/repair/count_fixes.h"

#include "core/analysis/reference_counter.h"
#include "core/analysis/table_list.h"

#include <algorithm>
#include <fmt/format.h>

namespace cowscope
{

namespace
{

constexpr std::uint64_t kBlockClusters = 1024;

class CopiedFlagFixer
{
public:
    CopiedFlagFixer(const Image& image, const Census& census, Storage& storage, const TaskContext& task)
        : m_image(image)
        , m_map(census.map)
        , m_storage(storage)
        , m_task(task)
    {
    }

    Result<std::uint64_t> run()
    {
        if (auto fixed = fixL1(); !fixed)
            return failed(fixed);
        FindingList ignored(0);
        auto tables = listL2Tables(m_image, m_task, ignored);
        if (!tables)
            return failed(tables);
        std::erase_if(*tables, [this](const TableUse& use) { return use.active == 0 || !isOwn(use.offset); });
        Progress progress{Phase::Write, 0, tables->size() * m_image.geometry().clusterSize()};
        const auto visit
            = [this](const TableUse& use, std::span<const std::uint64_t> words) { return fixTable(use.offset, words); };
        std::optional<Error> unreadable;
        const auto failure = [&unreadable](std::span<const TableUse>, const Error& error) { unreadable = error; };
        if (auto read = readL2Tables(m_image, *tables, {visit, failure}, m_task, progress); !read)
            return failed(read);
        if (unreadable)
            return std::unexpected(std::move(*unreadable));
        if (m_changed > 0) {
            if (auto flushed = m_storage.flush(); !flushed)
                return failed(flushed);
        }
        return m_changed;
    }

private:
    bool isOwn(HostOffset table) const
    {
        const HostCluster cluster = m_image.geometry().cluster(table);
        return m_image.geometry().isAligned(table) && m_map.owner(cluster) == ClusterOwner::L2Table
            && !m_map.hasSeveralOwners(cluster);
    }

    bool onlyReference(HostOffset target) const { return m_map.references(m_image.geometry().cluster(target)) == 1; }

    Result<void> fixL1()
    {
        const std::span<const std::uint64_t> words = m_image.l1Table();
        const HostOffset at = m_image.header().l1TableOffset;
        std::optional<SectorPatch> patch;
        for (std::size_t i = 0; i < words.size(); ++i) {
            const L1Entry entry{words[i]};
            const bool right = entry.l2Offset().value() != 0 && onlyReference(entry.l2Offset());
            if (entry.copied() == right || m_map.hasSeveralOwners(m_image.geometry().cluster(at + i * 8)))
                continue;
            if (auto set = setWord(patch, at, words.size() * 8, i, entry.raw ^ kCopiedFlag); !set)
                return set;
        }
        return patch ? patch->write(m_storage) : Result<void>{};
    }

    Result<void> fixTable(HostOffset table, std::span<const std::uint64_t> words)
    {
        const std::size_t step = m_image.geometry().l2EntryBytes() / 8;
        std::optional<SectorPatch> patch;
        for (std::size_t i = 0; i < words.size(); i += step) {
            const L2Entry entry{words[i]};
            if (entry.copied() == rightFlag(entry))
                continue;
            if (auto set = setWord(patch, table, words.size() * 8, i, entry.raw ^ kCopiedFlag); !set)
                return set;
        }
        return patch ? patch->write(m_storage) : Result<void>{};
    }

    bool rightFlag(L2Entry entry) const
    {
        if (entry.compressed())
            return false;
        if (entry.hostOffset().value() == 0) // nothing, or the first cluster of a data file, which the flag tells of
            return entry.copied();
        return m_image.header().hasDataFile() || onlyReference(entry.hostOffset());
    }

    Result<void> setWord(std::optional<SectorPatch>& patch, HostOffset table, std::uint64_t bytes, std::size_t index,
        std::uint64_t value)
    {
        if (!patch) {
            auto read = SectorPatch::read(m_storage, table, bytes);
            if (!read)
                return failed(read);
            patch = std::move(*read);
        }
        patch->setWord(index * 8, value);
        ++m_changed;
        return {};
    }

    const Image& m_image;
    const ClusterMap& m_map;
    Storage& m_storage;
    const TaskContext& m_task;
    std::uint64_t m_changed = 0;
};

} // namespace

Result<void> RefblockPatch::set(HostCluster cluster, std::uint64_t count)
{
    const Geometry& geometry = m_image.geometry();
    const RefcountCodec codec = geometry.refcountCodec();
    const std::uint64_t index = geometry.refblockIndex(cluster);
    if (!m_patch || index != m_index) {
        if (auto written = finish(); !written)
            return written;
        const auto refblock = m_image.usableRefblock(index);
        if (!refblock)
            return fail(ErrorKind::Invalid, fmt::format("No refblock counts cluster {}", cluster.value()),
                geometry.offset(cluster).value());
        auto read = SectorPatch::read(m_storage, *refblock, geometry.clusterSize());
        if (!read)
            return failed(read);
        m_patch = std::move(*read);
        m_index = index;
    }
    // The whole bytes that hold the entry: one where entries are narrower than that.
    const std::uint64_t entry = cluster.value() % geometry.refblockEntries();
    const std::uint64_t bytes = std::max<std::uint64_t>(1, codec.bits() / 8);
    const std::uint64_t at = entry * codec.bits() / 8 / bytes * bytes;
    codec.set(m_patch->change(at, bytes), entry - codec.entriesIn(at), std::min(count, codec.maximum()));
    return {};
}

Result<void> RefblockPatch::finish()
{
    if (!m_patch)
        return {};
    auto written = m_patch->write(m_storage);
    m_patch.reset();
    return written;
}

Result<std::uint64_t> fixCounts(
    const Image& image, const Census& census, Storage& storage, CountChange change, const TaskContext& task)
{
    const ClusterMap& map = census.map;
    const HostCluster end(map.clusters());
    const std::uint64_t maximum = image.geometry().refcountCodec().maximum();
    const auto bytesOf
        = [bits = image.geometry().refcountCodec().bits()](HostCluster to) { return to.value() * bits / 8; };
    RefblockPatch patch(image, storage);
    std::uint64_t changed = 0;
    for (HostCluster first = map.nextKnown(HostCluster(0)); first < end;) {
        if (auto go = task.step({Phase::Write, bytesOf(first), bytesOf(end)}); !go)
            return failed(go);
        const HostCluster blockEnd = first + std::min(end - first, kBlockClusters);
        const bool wrong = !map.summarize(first, blockEnd - first);
        for (HostCluster cluster = first; wrong && cluster < blockEnd; ++cluster) {
            const ClusterState state = map.state(cluster);
            if (state.owner == ClusterOwner::Free)
                continue;
            const auto stored = state.exact ? Result<std::uint64_t>(state.refcount) : image.refcount(cluster);
            if (!stored)
                return stored;
            const std::uint64_t wanted = std::min(state.references, maximum);
            if (change == CountChange::Raise ? *stored >= wanted : *stored <= wanted)
                continue;
            if (auto set = patch.set(cluster, wanted); !set)
                return failed(set);
            ++changed;
        }
        first = map.nextKnown(blockEnd);
    }
    if (auto written = patch.finish(); !written)
        return failed(written);
    if (changed > 0) {
        if (auto flushed = storage.flush(); !flushed)
            return failed(flushed);
    }
    return changed;
}

Result<std::uint64_t> fixCopiedFlags(
    const Image& image, const Census& census, Storage& storage, const TaskContext& task)
{
    return CopiedFlagFixer(image, census, storage, task).run();
}

} // namespace cowscope
