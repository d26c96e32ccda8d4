// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/guest/guest_writer.h"

#include <algorithm>

namespace cowscope
{

// Zeroing and freeing ------------------------------------------------------------------------------------------------

Result<void> GuestWriter::zero(std::uint64_t start, std::uint64_t length, ZeroMode mode, const TaskContext& task)
{
    return operation(start, length, task, [&] { return zeroRange(start, start + length, mode, task); });
}

Result<void> GuestWriter::zeroUnrecorded(std::uint64_t start, std::uint64_t length, const TaskContext& task)
{
    if (auto legal = checkRange(start, length); !legal)
        return legal;
    return zeroRange(start, start + length, ZeroMode::Unmap, task);
}

Result<void> GuestWriter::zeroRange(std::uint64_t start, std::uint64_t end, ZeroMode mode, const TaskContext& task)
{
    const Geometry& geometry = m_editor.geometry();
    const std::uint64_t first = start;
    while (start < end) {
        if (auto go = task.step({Phase::Write, start - first, end - first}); !go)
            return go;
        if (!hasBacking() && m_editor.l1Entry(geometry.l1Index(GuestOffset(start))).l2Offset().value() == 0) {
            start = std::min(end, (geometry.l1Index(GuestOffset(start)) + 1) * geometry.l2Coverage());
            continue; // nothing is allocated there
        }
        const std::uint64_t cluster = start & ~(geometry.clusterSize() - 1);
        const std::uint64_t clusterEnd = cluster + geometry.clusterSize();
        const std::uint64_t to = end == size() ? clusterEnd : std::min(end, clusterEnd);
        const std::uint64_t wholeFrom = alignUp(start, unitSize());
        const std::uint64_t wholeTo = to / unitSize() * unitSize();
        if (wholeFrom < wholeTo) {
            const std::uint32_t mask = unitsTouched(wholeFrom - cluster, wholeTo - cluster);
            if (auto done = zeroWhole(GuestOffset(cluster), mask, mode); !done)
                return done;
        }
        const std::uint64_t headEnd = std::min({wholeFrom, to, end});
        if (auto done = zeroBytes(start, headEnd); !done)
            return done;
        if (auto done = zeroBytes(std::max(wholeTo, headEnd), std::min(to, end)); !done)
            return done;
        start = std::min(to, end);
        if (auto done = commitIfLarge(task); !done)
            return done;
    }
    return {};
}

/// Writes zeros to part of a unit, unless it reads as zeros anyway.
Result<void> GuestWriter::zeroBytes(std::uint64_t start, std::uint64_t end)
{
    if (start >= end)
        return {};
    std::vector<std::byte> bytes(end - start);
    if (auto done = read(start, bytes); !done)
        return done;
    if (isAllZero(bytes))
        return {};
    std::ranges::fill(bytes, std::byte{0});
    return writeStretch(start, bytes);
}

/// Makes the units of `mask` zero.
Result<void> GuestWriter::zeroWhole(GuestOffset cluster, std::uint32_t mask, ZeroMode mode)
{
    const std::uint64_t clusterSize = m_editor.geometry().clusterSize();
    auto found = lookUp(cluster);
    if (!found)
        return failed(found);
    Entry entry = *found;
    if (readsAsZero(entry) && (mode == ZeroMode::KeepClusters || !entry.host))
        return {};
    auto ours = isOurs(entry);
    if (!ours)
        return failed(ours);
    const bool raw = (m_editor.header().autoclearFeatures & kAutoclearRawDataFile) != 0;
    const bool needsBytes = (m_editor.header().version == 2 && (hasBacking() || (*ours && mode != ZeroMode::Unmap)))
        || (entry.compressed && mask != allUnits());
    if (needsBytes || raw) {
        const std::uint64_t end = std::min(size(), cluster.value() + clusterSize);
        for (unsigned unit = 0; unit < units(); ++unit) {
            const std::uint64_t from = cluster.value() + unit * unitSize();
            if ((mask >> unit & 1) == 0 || from >= end)
                continue;
            const std::vector<std::byte> zeros(std::min(unitSize(), end - from));
            if (auto written = writeStretch(from, zeros); !written)
                return written;
        }
        return {};
    }
    if (m_editor.header().version == 2)
        return unmapOne(entry);
    entry.allocated &= ~mask;
    entry.zero |= mask;
    const bool keep = *ours && (mode == ZeroMode::KeepClusters || entry.allocated != 0);
    if (entry.compressed || (entry.host && !keep && entry.allocated == 0)) {
        if (auto released = releaseOld(entry); !released)
            return released;
        entry.compressed.reset();
        entry.host.reset();
    }
    return storeShared(entry);
}

/// Like store(), for an entry that may still share its host cluster.
Result<void> GuestWriter::storeShared(const Entry& entry)
{
    if (auto stored = store(entry); !stored)
        return stored;
    auto ours = isOurs(entry);
    if (!ours || *ours || !entry.host)
        return ours ? Result<void>{} : failed(ours);
    auto table = writableTable(entry.guest);
    return table ? m_editor.setL2Word(*table, entry.word, entry.host->value()) : failed(table);
}

Result<void> GuestWriter::discard(std::uint64_t start, std::uint64_t length, const TaskContext& task)
{
    if (auto legal = checkRange(start, length); !legal)
        return legal;
    if (m_editor.header().version == 2 && hasBacking())
        return {}; // the backing file's contents would show again
    const std::uint64_t clusterSize = m_editor.geometry().clusterSize();
    const std::uint64_t first = alignUp(start, clusterSize);
    const std::uint64_t end = start + length == size() ? size() : (start + length) / clusterSize * clusterSize;
    if (first >= end)
        return {};
    return operation(first, end - first, task, [&] { return zeroRange(first, end, ZeroMode::Unmap, task); });
}

Result<void> GuestWriter::unmapOne(const Entry& entry)
{
    if (!entry.host && !entry.compressed && entry.zero == 0)
        return {};
    if (auto released = releaseOld(entry); !released)
        return released;
    Entry empty;
    empty.guest = entry.guest;
    empty.word = entry.word;
    return store(empty);
}

Result<void> GuestWriter::unmap(std::uint64_t start, std::uint64_t length)
{
    const Geometry& geometry = m_editor.geometry();
    const std::uint64_t end = start + length;
    std::uint64_t at = alignUp(start, geometry.clusterSize());
    while (at < end) {
        const std::uint64_t l1Index = geometry.l1Index(GuestOffset(at));
        if (l1Index >= m_editor.l1Table().size())
            return {};
        if (m_editor.l1Entry(l1Index).l2Offset().value() == 0) {
            at = (l1Index + 1) * geometry.l2Coverage();
            continue;
        }
        auto entry = lookUp(GuestOffset(at));
        if (!entry)
            return failed(entry);
        if (auto done = unmapOne(*entry); !done)
            return done;
        at += geometry.clusterSize();
    }
    return {};
}

// Preallocation ------------------------------------------------------------------------------------------------------

Result<void> GuestWriter::preallocate(std::uint64_t start, std::uint64_t length, const TaskContext& task)
{
    if (auto legal = checkRange(start, length); !legal || length == 0)
        return legal;
    const auto reserve = [&]() -> Result<void> {
        const std::uint64_t clusterSize = m_editor.geometry().clusterSize();
        std::uint64_t at = start / clusterSize * clusterSize;
        while (at < start + length) {
            if (auto go = task.step({Phase::Write, at - std::min(at, start), length}); !go)
                return go;
            if (auto done = preallocateRun(at, start + length, at); !done)
                return done;
            if (auto done = commitIfLarge(task); !done)
                return done;
        }
        return {};
    };
    return finish(reserve(), task);
}

/// Gives host clusters to the clusters from `start` on, as far as one table and one run of free clusters reach.
Result<void> GuestWriter::preallocateRun(std::uint64_t start, std::uint64_t end, std::uint64_t& done)
{
    const Geometry& geometry = m_editor.geometry();
    const std::uint64_t clusterSize = geometry.clusterSize();
    const std::uint64_t reach = std::min(
        {end, (geometry.l1Index(GuestOffset(start)) + 1) * geometry.l2Coverage(), start + kStretchBytes * 16});
    if (auto table = writableTable(GuestOffset(start)); !table)
        return failed(table);
    std::vector<Entry> entries;
    done = start;
    for (; done < reach; done += clusterSize) {
        auto entry = lookUp(GuestOffset(done));
        if (!entry)
            return failed(entry);
        // A standard entry with a cluster, unless it is zero, hides the backing file.
        const bool showsBacking = hasBacking() && units() == 1 && entry->zero == 0;
        if (!entry->host && !entry->compressed && !showsBacking)
            entries.push_back(*entry);
    }
    const std::uint32_t fresh = hasBacking() ? 0 : allUnits(); // with a backing file its contents keep showing
    for (auto next = entries.begin(); next != entries.end();) {
        ClusterRun run{HostCluster(0), static_cast<std::uint64_t>(entries.end() - next)};
        if (!m_editor.header().hasDataFile()) {
            auto size = m_editor.storage().size();
            auto found = m_editor.allocateUpTo(run.count);
            if (!size || !found)
                return std::unexpected(size ? found.error() : size.error());
            run = *found;
            const std::uint64_t at = geometry.offset(run.first).value();
            if (fresh != 0 && at < *size) { // reused clusters hold something old
                const std::vector<std::byte> zeros(std::min(run.count * clusterSize, *size - at));
                if (auto written = m_editor.writeNew(HostOffset(at), zeros); !written)
                    return written;
            }
        }
        for (std::uint64_t i = 0; i < run.count; ++i, ++next) {
            next->host
                = m_editor.header().hasDataFile() ? HostOffset(next->guest.value()) : geometry.offset(run.first + i);
            next->allocated = fresh & ~next->zero;
            if (auto stored = store(*next); !stored)
                return stored;
        }
    }
    return {};
}

} // namespace cowscope
