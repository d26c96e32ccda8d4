// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/image/refcount_store.h"

#include "core/base/big_endian.h"
#include "core/format/limits.h"
#include "core/storage/gathered_writer.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace cowscope
{

namespace
{

constexpr std::uint64_t kMaxCleanBytes = std::uint64_t{32} << 20; ///< refblocks that are kept after a commit
constexpr std::uint64_t kSectorBytes = 512;

unsigned widthFor(std::uint64_t count)
{
    unsigned order = 0;
    while (count > RefcountCodec(order).maximum())
        ++order;
    return 1U << order;
}

} // namespace

void RefcountStore::load(const Image& image, Storage& storage, Guard guard)
{
    *this = RefcountStore();
    m_storage = &storage;
    m_guard = std::move(guard);
    m_clusterSize = image.geometry().clusterSize();
    m_entries = image.geometry().refblockEntries();
    m_codec = image.geometry().refcountCodec();
    m_reftable.assign(image.reftable().begin(), image.reftable().end());
    m_reftableOffset = image.header().refcountTableOffset;
    m_reftableClusters = image.header().refcountTableClusters;
    m_fileEnd = HostCluster(image.fileClusters());
    m_end = m_fileEnd;
    for (const std::uint64_t raw : m_reftable) {
        if (raw != 0)
            m_refblockClusters.insert(HostCluster(ReftableEntry{raw}.refblockOffset().value() / m_clusterSize));
    }
}

// Counts -------------------------------------------------------------------------------------------------------------

/// The refblock of a reftable index, loaded; null where there is none.
Result<RefcountStore::Refblock*> RefcountStore::refblock(std::uint64_t index)
{
    if (isLoaded(index))
        return m_loaded[index];
    if (!hasRefblock(index))
        return nullptr;
    const auto offset = refblockOffset(index);
    if (!offset)
        return std::unexpected(offset.error());
    Refblock block;
    block.now.resize(m_clusterSize);
    if (auto read = m_storage->read(*offset, block.now); !read)
        return failed(read);
    return &keep(index, std::move(block));
}

RefcountStore::Refblock& RefcountStore::keep(std::uint64_t index, Refblock block)
{
    Refblock& kept = m_blocks.insert_or_assign(index, std::move(block)).first->second;
    if (index >= m_loaded.size())
        m_loaded.resize(m_reftable.size());
    return *(m_loaded[index] = &kept);
}

/// Where a refblock that there is stands on disk.
Result<std::uint64_t> RefcountStore::refblockOffset(std::uint64_t index) const
{
    const ReftableEntry entry{m_reftable[index]};
    const std::uint64_t offset = entry.refblockOffset().value();
    if (entry.hasReservedBits() || offset % m_clusterSize != 0 || offset / m_clusterSize >= m_end.value())
        return fail(ErrorKind::Invalid,
            fmt::format("Reftable entry {} is {:#x}, which leads to no refblock", index, entry.raw),
            m_reftableOffset.value() + index * 8, "Repair the image: check -r all");
    return offset;
}

Result<std::uint64_t> RefcountStore::count(HostCluster cluster)
{
    auto block = refblock(blockIndex(cluster));
    if (!block)
        return failed(block);
    return *block == nullptr ? 0 : m_codec.get((*block)->now, cluster.value() % m_entries);
}

Result<bool> RefcountStore::isFreeOnDisk(HostCluster cluster)
{
    auto block = refblock(blockIndex(cluster));
    if (!block)
        return failed(block);
    if (*block == nullptr)
        return true;
    const auto& bytes = (*block)->onDisk.empty() ? (*block)->now : (*block)->onDisk;
    if ((*block)->placed && (*block)->onDisk.empty())
        return true;
    return m_codec.get(bytes, cluster.value() % m_entries) == 0;
}

Result<bool> RefcountStore::isFree(HostCluster cluster)
{
    if (!hasRefblock(blockIndex(cluster)))
        return cluster >= m_fileEnd;
    auto now = count(cluster);
    if (!now)
        return failed(now);
    return *now == 0 ? isFreeOnDisk(cluster) : Result<bool>(false);
}

/// The refblock of a cluster, with its state on disk put aside; it exists.
Result<RefcountStore::Refblock*> RefcountStore::changeable(HostCluster cluster)
{
    auto block = refblock(blockIndex(cluster));
    if (block && *block != nullptr && !(*block)->dirty()) {
        (*block)->onDisk = (*block)->now;
        m_pending += m_clusterSize;
    }
    return block;
}

Result<void> RefcountStore::set(HostCluster cluster, std::uint64_t count)
{
    auto block = changeable(cluster);
    if (!block)
        return failed(block);
    const std::uint64_t entry = cluster.value() % m_entries;
    (*block)->lowered |= !(*block)->onDisk.empty() && count < m_codec.get((*block)->onDisk, entry);
    m_codec.set((*block)->now, entry, count);
    // What was in use at the last commit is handed out after the next one only: settle() sees to that.
    const bool freeOnDisk = (*block)->onDisk.empty() || m_codec.get((*block)->onDisk, entry) == 0;
    if (count == 0 && freeOnDisk)
        m_cursor = std::min(m_cursor, cluster);
    return {};
}

/// Calls `change(block, first entry, entries)` for the part of the run in each refblock, until one returns fewer than
/// its entries. Returns the sum.
template <typename Change>
Result<std::uint64_t> RefcountStore::changeRun(ClusterRun run, Change change)
{
    std::uint64_t done = 0;
    while (done < run.count) {
        const HostCluster cluster = run.first + done;
        auto block = changeable(cluster);
        if (!block)
            return failed(block);
        if (*block == nullptr)
            break;
        const std::uint64_t entry = cluster.value() % m_entries;
        const std::uint64_t part = std::min(run.count - done, m_entries - entry);
        const std::uint64_t changed = change(**block, entry, part);
        done += changed;
        if (changed < part)
            break;
    }
    return done;
}

Result<std::uint64_t> RefcountStore::raise(ClusterRun run, std::uint64_t by)
{
    return changeRun(run, [&](Refblock& block, std::uint64_t entry, std::uint64_t entries) {
        return raiseCounts(m_codec, block.now, entry, entries, by);
    });
}

Result<std::uint64_t> RefcountStore::lower(ClusterRun run, std::uint64_t by, CountTally& tally)
{
    return changeRun(run, [&](Refblock& block, std::uint64_t entry, std::uint64_t entries) {
        block.lowered = true;
        return lowerCounts(m_codec, block.now, entry, entries, by, tally);
    });
}

Result<void> RefcountStore::change(HostCluster cluster, std::int64_t by)
{
    auto now = count(cluster);
    if (!now)
        return failed(now);
    const std::uint64_t offset = cluster.value() * m_clusterSize;
    const std::uint64_t amount = by < 0 ? 0 - static_cast<std::uint64_t>(by) : static_cast<std::uint64_t>(by);
    if (*now == 0 || (by < 0 && amount > *now))
        return fail(ErrorKind::Invalid,
            fmt::format("Cluster {} is in use, but its reference count is {}", cluster.value(), *now), offset,
            "Repair the image: check -r all");
    if (by > 0 && amount > m_codec.maximum() - *now) {
        const std::uint64_t wanted = *now > ~std::uint64_t{0} - amount ? ~std::uint64_t{0} : *now + amount;
        const std::string next = m_codec.bits() == 64
            ? "No width counts further: remove references to the cluster first"
            : fmt::format("Amend the image first: amend -o refcount_bits={}", widthFor(wanted));
        return fail(ErrorKind::Refused,
            fmt::format("Cluster {} has {} references; {} more do not fit a {}-bit count, which ends at {}",
                cluster.value(), *now, amount, m_codec.bits(), m_codec.maximum()),
            offset, next);
    }
    return set(cluster, by < 0 ? *now - amount : *now + amount);
}

CountChanges RefcountStore::changes() const
{
    CountChanges changes;
    const std::vector<std::byte> none(m_clusterSize); // a refblock that is not on disk yet
    for (const auto& [index, block] : m_blocks) {
        if (!block.dirty())
            continue;
        const auto count = [&](std::uint64_t, std::uint64_t now, std::uint64_t before) {
            changes.raised += before > 0 && now > before;
            changes.lowered += now < before;
            changes.freed += before > 0 && now == 0;
            changes.taken += before == 0 && now > 0;
        };
        forDifferentCounts(m_codec, block.now, block.onDisk.empty() ? none : block.onDisk, count);
    }
    return changes;
}

Result<void> RefcountStore::readCounts(HostCluster first, std::span<std::uint64_t> counts) const
{
    std::vector<std::byte> bytes;
    for (std::uint64_t done = 0; done < counts.size();) {
        const std::uint64_t index = blockIndex(first + done);
        const std::uint64_t entry = (first.value() + done) % m_entries;
        const auto part = counts.subspan(done, std::min(m_entries - entry, counts.size() - done));
        done += part.size();
        if (!hasRefblock(index)) {
            std::ranges::fill(part, 0);
            continue;
        }
        const std::uint64_t from = m_codec.bytesFor(entry);
        if (isLoaded(index)) {
            m_codec.unpack(std::span(m_loaded[index]->now).subspan(from, m_codec.bytesFor(part.size())), part);
            continue;
        }
        const auto offset = refblockOffset(index);
        if (!offset)
            return std::unexpected(offset.error());
        bytes.resize(m_codec.bytesFor(part.size()));
        if (auto read = m_storage->read(*offset + from, bytes); !read)
            return failed(read);
        m_codec.unpack(bytes, part);
    }
    return {};
}

std::vector<HostCluster> RefcountStore::structures() const
{
    std::vector<HostCluster> clusters;
    for (const std::uint64_t raw : m_reftable) {
        if (raw != 0)
            clusters.emplace_back(ReftableEntry{raw}.refblockOffset().value() / m_clusterSize);
    }
    for (std::uint32_t i = 0; i < m_reftableClusters; ++i)
        clusters.emplace_back(m_reftableOffset.value() / m_clusterSize + i);
    std::ranges::sort(clusters);
    return clusters;
}

bool RefcountStore::hasRefcountStructure(ClusterRun run) const
{
    const HostCluster reftable(m_reftableOffset.value() / m_clusterSize);
    return (run.first < reftable + m_reftableClusters && reftable < run.end()) || m_refblockClusters.firstIn(run);
}

// Allocation ---------------------------------------------------------------------------------------------------------

/// The first free cluster at or after `from`. Where the search has read enough, it goes on behind the end of the file.
Result<HostCluster> RefcountStore::nextFree(HostCluster from)
{
    for (HostCluster cluster = from;;) {
        while (cluster < m_fileEnd && !hasRefblock(blockIndex(cluster)))
            cluster = std::min(m_fileEnd, HostCluster((blockIndex(cluster) + 1) * m_entries));
        if (cluster < m_fileEnd && !isLoaded(blockIndex(cluster))) {
            m_scanned += m_clusterSize;
            if (m_scanned > kScanBytes)
                cluster = m_fileEnd;
        }
        auto block = refblock(blockIndex(cluster));
        if (!block)
            return failed(block);
        if (*block != nullptr) {
            const std::uint64_t entry = cluster.value() % m_entries;
            const std::uint64_t zero = firstZeroCount(m_codec, (*block)->now, entry);
            cluster = cluster + (zero - entry);
            if (zero == m_entries)
                continue;
        }
        auto free = isFree(cluster);
        if (!free)
            return failed(free);
        if (*free)
            return cluster;
        ++cluster;
    }
}

Result<ClusterRun> RefcountStore::findRun(std::uint64_t least, std::uint64_t most)
{
    auto first = nextFree(m_cursor);
    if (first)
        m_cursor = *first;
    while (first) {
        ClusterRun run{*first, 1};
        while (run.count < most) {
            auto free = isFree(run.end());
            if (!free)
                return failed(free);
            if (!*free)
                break;
            ++run.count;
        }
        if (run.count >= least)
            return run;
        first = nextFree(run.end());
    }
    return failed(first);
}

Result<ClusterRun> RefcountStore::allocate(std::uint64_t least, std::uint64_t most)
{
    while (true) {
        auto run = findRun(least, most);
        if (!run)
            return run;
        auto added = addMissingRefblock(*run);
        if (!added)
            return failed(added);
        if (*added)
            continue; // it may have taken a cluster of the run
        if (auto allowed = m_guard(*run); !allowed)
            return failed(allowed);
        for (HostCluster cluster = run->first; cluster < run->end(); ++cluster) {
            if (auto counted = set(cluster, 1); !counted)
                return failed(counted);
        }
        if (m_cursor == run->first)
            m_cursor = run->end();
        m_end = std::max(m_end, run->end());
        return run;
    }
}

/// Adds one refblock if the run needs one that is not there; tells whether it did.
Result<bool> RefcountStore::addMissingRefblock(ClusterRun run)
{
    for (std::uint64_t index = blockIndex(run.first); index <= blockIndex(HostCluster(run.end().value() - 1));
         ++index) {
        if (hasRefblock(index))
            continue;
        const auto added = index >= m_reftable.size() ? growReftable(index + 1) : addRefblock();
        if (!added)
            return std::unexpected(added.error());
        return true;
    }
    return false;
}

/// Puts a refblock into the first free cluster. If no refblock counts that cluster it becomes its own, and counts
/// itself; else it serves the first part of the file behind it that has none.
Result<void> RefcountStore::addRefblock()
{
    auto cluster = nextFree(m_cursor);
    if (!cluster)
        return failed(cluster);
    std::uint64_t index = blockIndex(*cluster);
    while (hasRefblock(index))
        ++index;
    if (index >= m_reftable.size())
        return growReftable(index + 1);
    if (auto allowed = m_guard({*cluster, 1}); !allowed)
        return allowed;

    Refblock block;
    block.now.resize(m_clusterSize);
    block.placed = true;
    keep(index, std::move(block));
    m_reftable[index] = cluster->value() * m_clusterSize;
    m_dirtyReftable.insert(index);
    m_refblockClusters.insert(*cluster);
    m_pending += m_clusterSize;
    m_end = std::max(m_end, *cluster + 1);
    return set(*cluster, 1);
}

/// Lays the reftable out anew with at least `entries` entries. While that is under way the table in memory has the new
/// length already, so that the refblocks of its own clusters find room in it.
Result<void> RefcountStore::growReftable(std::uint64_t entries)
{
    const std::uint64_t perCluster = m_clusterSize / 8;
    const std::uint64_t most = kMaxReftableBytes / 8;
    if (entries > most)
        return fail(ErrorKind::NoSpace,
            fmt::format(
                "The image file would become too large: a refcount table of {} bytes cannot count more clusters of "
                "{} bytes with {}-bit counts",
                kMaxReftableBytes, m_clusterSize, m_codec.bits()),
            std::nullopt, "Use larger clusters or narrower counts");
    const std::uint64_t roomy = alignUp(std::max(entries, m_reftable.size() + m_reftable.size() / 2), perCluster);
    m_reftable.resize(std::max(entries, std::min(roomy, most)));
    if (m_growing)
        return {};

    m_growing = true;
    ClusterRun run;
    do {
        if (auto freed = release(run); !freed)
            return freed;
        const std::uint64_t clusters = divideUp(m_reftable.size(), perCluster);
        auto found = allocate(clusters, clusters);
        if (!found)
            return failed(found);
        run = *found;
    } while (run.count * perCluster < m_reftable.size());
    m_growing = false;
    m_reftable.resize(run.count * perCluster);
    return moveReftable(run);
}

Result<void> RefcountStore::moveReftable(ClusterRun to)
{
    for (std::uint64_t i = 0; i < m_reftableClusters; ++i) {
        if (auto freed = change(HostCluster(m_reftableOffset.value() / m_clusterSize + i), -1); !freed)
            return freed;
    }
    m_reftableOffset = HostOffset(to.first.value() * m_clusterSize);
    m_reftableClusters = static_cast<std::uint32_t>(to.count);
    m_reftableMoved = true;
    return {};
}

Result<void> RefcountStore::relocate()
{
    if (m_pending == 0)
        return {};
    if (!m_reftableMoved) {
        auto run = allocate(m_reftableClusters, m_reftableClusters);
        if (!run)
            return failed(run);
        // The search for the run may have moved the table already.
        if (auto moved = m_reftableMoved ? release(*run) : moveReftable(*run); !moved)
            return moved;
    }
    // Moving one refblock changes counts in others, but each moves once only.
    while (true) {
        auto moved = relocateChanged();
        if (!moved)
            return failed(moved);
        if (!*moved)
            return {};
    }
}

Result<void> RefcountStore::release(ClusterRun run)
{
    for (HostCluster cluster = run.first; cluster < run.end(); ++cluster) {
        if (auto freed = change(cluster, -1); !freed)
            return freed;
    }
    return {};
}

/// Moves the changed refblocks that are still where they are on disk; tells whether there were any.
Result<bool> RefcountStore::relocateChanged()
{
    std::vector<std::uint64_t> changed;
    for (const auto& [index, block] : m_blocks) {
        if (!block.placed && block.dirty())
            changed.push_back(index);
    }
    for (const std::uint64_t index : changed) {
        auto run = allocate(1, 1);
        if (!run)
            return failed(run);
        const HostCluster old(ReftableEntry{m_reftable[index]}.refblockOffset().value() / m_clusterSize);
        if (auto freed = change(old, -1); !freed)
            return failed(freed);
        m_blocks.at(index).placed = true;
        m_reftable[index] = run->first.value() * m_clusterSize;
        m_refblockClusters.erase(old);
        m_refblockClusters.insert(run->first);
    }
    return !changed.empty();
}

Result<HostCluster> RefcountStore::usedEnd()
{
    for (std::uint64_t index = m_reftable.size(); index-- > 0;) {
        auto block = refblock(index);
        if (!block)
            return failed(block);
        if (*block == nullptr || isAllZero((*block)->now))
            continue;
        for (std::uint64_t entry = m_entries; entry-- > 0;) {
            if (m_codec.get((*block)->now, entry) != 0)
                return HostCluster(index * m_entries + entry + 1);
        }
    }
    return HostCluster(1);
}

/// Whether a refblock counts no cluster but, once, its own.
bool RefcountStore::countsNothing(std::uint64_t index, const Refblock& block) const
{
    if (isAllZero(block.now))
        return true;
    const HostCluster own(m_reftable[index] / m_clusterSize);
    if (blockIndex(own) != index || m_codec.get(block.now, own.value() % m_entries) != 1)
        return false;
    auto others = block.now;
    m_codec.set(others, own.value() % m_entries, 0);
    return isAllZero(others);
}

/// The first refblock stays: it counts the header. Until the commit is over the counts of the dropped ones' clusters
/// are at worst too high.
Result<void> RefcountStore::dropEmptyTail()
{
    for (std::uint64_t index = m_reftable.size(); index-- > 1;) {
        auto block = refblock(index);
        if (!block)
            return failed(block);
        if (*block == nullptr)
            continue;
        if (!countsNothing(index, **block))
            return {};
        const HostCluster own(m_reftable[index] / m_clusterSize);
        m_pending -= (*block)->dirty() ? m_clusterSize : 0;
        m_blocks.erase(index);
        m_loaded[index] = nullptr;
        m_reftable[index] = 0;
        m_dirtyReftable.insert(index);
        m_refblockClusters.erase(own);
        m_cursor = std::min(m_cursor, own);
        m_pending += sizeof(std::uint64_t);
        if (blockIndex(own) == index)
            continue;
        if (auto freed = change(own, -1); !freed)
            return freed;
    }
    return {};
}

void RefcountStore::setFileEnd(HostCluster end)
{
    m_fileEnd = end;
    m_end = end;
    m_cursor = std::min(m_cursor, end);
}

// Commit -------------------------------------------------------------------------------------------------------------

Result<bool> RefcountStore::writeFresh()
{
    bool wrote = false;
    GatheredWriter writer(*m_storage);
    for (const auto& [index, block] : m_blocks) {
        if (!block.placed)
            continue;
        if (auto written = writer.write(m_reftable[index], block.now); !written)
            return failed(written);
        wrote = true;
    }
    if (auto written = writer.finish(); !written)
        return failed(written);
    if (m_reftableMoved) {
        std::vector<std::byte> bytes(m_reftable.size() * 8);
        for (std::size_t i = 0; i < m_reftable.size(); ++i)
            storeBigEndian(std::span(bytes), i * 8, m_reftable[i]);
        if (auto written = m_storage->write(m_reftableOffset.value(), bytes); !written)
            return failed(written);
        wrote = true;
    }
    return wrote;
}

/// What a crash between here and the end of the commit may find: each count large enough for before and after.
std::vector<std::byte> RefcountStore::raisedCounts(const Refblock& block) const
{
    if (!block.lowered)
        return block.now;
    std::vector<std::uint64_t> now(m_entries);
    std::vector<std::uint64_t> onDisk(m_entries);
    m_codec.unpack(block.now, now);
    m_codec.unpack(block.onDisk, onDisk);
    for (std::size_t i = 0; i < now.size(); ++i)
        now[i] = std::max(now[i], onDisk[i]);
    std::vector<std::byte> bytes(m_clusterSize);
    m_codec.pack(now, bytes);
    return bytes;
}

/// Writes the sectors of a refblock in which `bytes` differ from `before`.
Result<void> RefcountStore::writeChanges(
    std::uint64_t index, std::span<const std::byte> bytes, std::span<const std::byte> before)
{
    const auto first = static_cast<std::uint64_t>(std::ranges::mismatch(bytes, before).in1 - bytes.begin());
    std::uint64_t end = bytes.size();
    while (end > first && bytes[end - 1] == before[end - 1])
        --end;
    const std::uint64_t start = first / kSectorBytes * kSectorBytes;
    return m_storage->write(m_reftable[index] + start, bytes.subspan(start, alignUp(end, kSectorBytes) - start));
}

Result<bool> RefcountStore::writeRaised()
{
    bool wrote = false;
    for (auto& [index, block] : m_blocks) {
        if (block.placed || block.onDisk.empty())
            continue;
        const auto bytes = raisedCounts(block);
        if (bytes == block.onDisk)
            continue;
        if (auto written = writeChanges(index, bytes, block.onDisk); !written)
            return failed(written);
        wrote = true;
    }
    return wrote;
}

/// A new refblock may be counted by another new one, always one of a lower index. So the entries go to disk by sectors,
/// in ascending order: within one they appear together, and each is on disk before the next.
Result<bool> RefcountStore::writeReftable()
{
    if (m_reftableMoved || m_dirtyReftable.empty())
        return false;
    constexpr std::uint64_t kSectorEntries = kSectorBytes / 8;
    for (auto dirty = m_dirtyReftable.begin(); dirty != m_dirtyReftable.end();) {
        if (dirty != m_dirtyReftable.begin()) {
            if (auto flushed = m_storage->flush(); !flushed)
                return failed(flushed);
        }
        const std::uint64_t first = *dirty / kSectorEntries * kSectorEntries;
        std::array<std::byte, kSectorBytes> sector{};
        for (std::uint64_t i = 0; i < kSectorEntries; ++i)
            storeBigEndian(std::span<std::byte>(sector), i * 8, m_reftable[first + i]);
        if (auto written = m_storage->write(m_reftableOffset.value() + first * 8, sector); !written)
            return failed(written);
        dirty = m_dirtyReftable.lower_bound(first + kSectorEntries);
    }
    return true;
}

Result<bool> RefcountStore::writeFinal()
{
    bool wrote = false;
    for (auto& [index, block] : m_blocks) {
        if (block.placed || !block.lowered)
            continue;
        if (auto written = writeChanges(index, block.now, raisedCounts(block)); !written)
            return failed(written);
        wrote = true;
    }
    return wrote;
}

std::vector<ClusterRun> RefcountStore::settle()
{
    std::vector<ClusterRun> freed;
    for (auto& [index, block] : m_blocks) {
        const auto noteFreed = [&](std::uint64_t entry, std::uint64_t now, std::uint64_t) {
            if (now != 0)
                return;
            const HostCluster cluster(index * m_entries + entry);
            m_cursor = std::min(m_cursor, cluster);
            if (!freed.empty() && freed.back().end() == cluster)
                ++freed.back().count;
            else
                freed.push_back({cluster, 1});
        };
        const bool mayHaveFreed = block.lowered && firstZeroCount(m_codec, block.now, 0) < m_entries;
        if (mayHaveFreed && !block.onDisk.empty())
            forDifferentCounts(m_codec, block.now, block.onDisk, noteFreed);
        block.onDisk.clear();
        block.onDisk.shrink_to_fit();
        block.placed = false;
        block.lowered = false;
    }
    if (m_blocks.size() * m_clusterSize > kMaxCleanBytes) {
        m_blocks.clear();
        m_loaded.clear();
    }
    m_dirtyReftable.clear();
    m_reftableMoved = false;
    m_pending = 0;
    return freed;
}

} // namespace cowscope
