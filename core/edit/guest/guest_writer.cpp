// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/guest/guest_writer.h"

#include "core/edit/image/bitmaps.h"
#include "core/format/compression.h"

#include <algorithm>
#include <fmt/format.h>

namespace cowscope
{

GuestWriter::GuestWriter(ImageEditor& editor)
    : m_editor(editor)
{
}

// One operation ------------------------------------------------------------------------------------------------------

Result<void> GuestWriter::checkRange(std::uint64_t start, std::uint64_t length) const
{
    if (start > size() || length > size() - start)
        return fail(ErrorKind::Refused,
            fmt::format("The range of {} bytes from {} reaches past the end of the disk, which has {} bytes", length,
                start, size()));
    if (m_editor.header().cryptMethod != CryptMethod::None)
        return fail(ErrorKind::Unsupported, "The guest data is encrypted, and this program has no key");
    return {};
}

/// Runs `body`, then commits; an error of either takes everything back.
Result<void> GuestWriter::operation(
    std::uint64_t start, std::uint64_t length, const TaskContext& task, const std::function<Result<void>()>& body)
{
    if (auto legal = checkRange(start, length); !legal)
        return legal;
    if (length == 0)
        return {};
    auto done = recordWrite(m_editor, GuestOffset(start), length, task);
    return finish(done ? body() : std::move(done), task);
}

/// Commits what succeeded, takes back what did not.
Result<void> GuestWriter::finish(Result<void> done, const TaskContext& task)
{
    if (done)
        done = m_editor.commit(task);
    if (!done)
        (void)m_editor.rollback(); // the first error is the one to tell
    return done;
}

Result<void> GuestWriter::commitIfLarge(const TaskContext& task)
{
    return m_editor.pendingBytes() > ImageEditor::kCommitBytes ? m_editor.commit(task) : Result<void>{};
}

Result<void> GuestWriter::flush(const TaskContext& task)
{
    if (auto done = m_editor.commit(task); !done)
        return done;
    if (m_editor.files().dataFile) {
        if (auto flushed = m_editor.files().dataFile->flush(); !flushed)
            return flushed;
    }
    return m_editor.storage().flush();
}

// Writing ------------------------------------------------------------------------------------------------------------

Result<void> GuestWriter::write(std::uint64_t start, std::span<const std::byte> bytes, const TaskContext& task)
{
    return operation(start, bytes.size(), task, [&]() -> Result<void> {
        Progress progress{Phase::Write, 0, bytes.size()};
        while (progress.done < bytes.size()) {
            if (auto go = task.step(progress); !go)
                return go;
            const std::uint64_t length = std::min<std::uint64_t>(bytes.size() - progress.done, kStretchBytes);
            if (auto done = writeStretch(start + progress.done, bytes.subspan(progress.done, length)); !done)
                return done;
            progress.done += length;
            if (auto done = commitIfLarge(task); !done)
                return done;
        }
        return {};
    });
}

Result<void> GuestWriter::writeStretch(std::uint64_t start, std::span<const std::byte> bytes)
{
    const std::uint64_t clusterSize = m_editor.geometry().clusterSize();
    while (!bytes.empty()) {
        auto entry = lookUp(GuestOffset(start));
        if (!entry)
            return failed(entry);
        auto ours = isOurs(*entry);
        if (!ours)
            return failed(ours);
        std::uint64_t length = std::min<std::uint64_t>(bytes.size(), clusterSize - (start & (clusterSize - 1)));
        if (*ours || m_editor.header().hasDataFile()) {
            if (auto done = writeInPlace(*entry, start, bytes.first(length)); !done)
                return done;
        } else {
            auto written = writeToNew(start, bytes);
            if (!written)
                return failed(written);
            length = *written;
        }
        start += length;
        bytes = bytes.subspan(length);
    }
    return {};
}

/// Writes within one cluster, into the host cluster that is its own. Units that were not allocated are filled up first.
Result<void> GuestWriter::writeInPlace(Entry entry, std::uint64_t start, std::span<const std::byte> bytes)
{
    auto storage = m_editor.dataStorage();
    if (!storage)
        return failed(storage);
    const std::uint64_t clusterSize = m_editor.geometry().clusterSize();
    const bool dataFile = m_editor.header().hasDataFile();
    if (dataFile)
        entry.host = HostOffset(entry.guest.value());
    std::uint64_t from = start & (clusterSize - 1);
    std::uint64_t to = from + bytes.size();
    const std::uint32_t touched = unitsTouched(from, to);
    std::vector<std::byte> filled;
    if ((touched & ~entry.allocated) != 0) {
        filled.resize(clusterSize);
        if (auto merged = mergeOld(entry, from, to, filled); !merged)
            return merged;
        std::ranges::copy(bytes, filled.begin() + static_cast<std::ptrdiff_t>(from));
        from = from / unitSize() * unitSize();
        to = alignUp(to, unitSize());
        bytes = std::span(filled).subspan(from, to - from);
    }
    const auto written = dataFile ? (*storage)->write(entry.host->value() + from, bytes)
                                  : m_editor.overwrite(*entry.host + from, bytes);
    if (!written || (touched & ~entry.allocated) == 0)
        return written;
    entry.allocated |= touched;
    entry.zero &= ~touched;
    return store(entry);
}

/// Fills a cluster's buffer with what the guest sees there now, unless [from, to) will cover all of it. Bytes behind
/// the end of the disk are zeros.
Result<void> GuestWriter::mergeOld(
    const Entry& entry, std::uint64_t from, std::uint64_t to, std::span<std::byte> cluster)
{
    const std::uint64_t onDisk = std::min<std::uint64_t>(cluster.size(), size() - entry.guest.value());
    if (from == 0 && to >= onDisk) {
        std::ranges::fill(cluster.subspan(to), std::byte{0});
        return {};
    }
    std::ranges::fill(cluster.subspan(onDisk), std::byte{0});
    return read(entry.guest.value(), cluster.first(onDisk));
}

/// Writes clusters in a row that have no host cluster of their own, into new ones; returns how many bytes of `bytes`
/// that took (at least those of the first cluster).
Result<std::uint64_t> GuestWriter::writeToNew(std::uint64_t start, std::span<const std::byte> bytes)
{
    const Geometry& geometry = m_editor.geometry();
    const std::uint64_t clusterSize = geometry.clusterSize();
    const std::uint64_t firstCluster = start / clusterSize;
    const std::uint64_t endCluster = divideUp(start + bytes.size(), clusterSize);
    // Tables come before their data, and an allocation of data stays within the reach of one.
    if (auto table = writableTable(GuestOffset(start)); !table)
        return failed(table);
    std::vector<Entry> entries;
    constexpr std::uint64_t kMostClusters = 512; // looked at before it is known how many there is room for
    const std::uint64_t tableEnd = (geometry.l1Index(GuestOffset(start)) + 1) * geometry.l2Entries();
    for (std::uint64_t cluster = firstCluster; cluster < std::min({endCluster, tableEnd, firstCluster + kMostClusters});
         ++cluster) {
        auto entry = lookUp(GuestOffset(cluster * clusterSize));
        if (!entry)
            return failed(entry);
        auto ours = isOurs(*entry);
        if (!ours)
            return failed(ours);
        if (*ours)
            break;
        entries.push_back(*entry);
    }
    auto run = m_editor.allocateUpTo(entries.size());
    if (!run)
        return failed(run);

    std::vector<std::byte> contents(run->count * clusterSize);
    std::uint64_t done = 0;
    for (std::uint64_t i = 0; i < run->count; ++i) {
        Entry& entry = entries[i];
        const std::uint64_t from = (start + done) & (clusterSize - 1);
        const std::uint64_t length = std::min<std::uint64_t>(bytes.size() - done, clusterSize - from);
        const auto cluster = std::span(contents).subspan(i * clusterSize, clusterSize);
        if (auto merged = mergeOld(entry, from, from + length, cluster); !merged)
            return failed(merged);
        std::ranges::copy(bytes.subspan(done, length), cluster.begin() + static_cast<std::ptrdiff_t>(from));
        done += length;
        const std::uint32_t touched = unitsTouched(from, from + length);
        if (auto released = releaseOld(entry); !released)
            return failed(released);
        // All of a compressed cluster was data.
        entry.allocated = entry.compressed ? allUnits() : entry.allocated | touched;
        entry.zero &= ~touched;
        entry.compressed.reset();
        entry.host = geometry.offset(run->first + i);
        if (auto stored = store(entry); !stored)
            return failed(stored);
    }
    if (auto written = m_editor.writeNew(geometry.offset(run->first), contents); !written)
        return failed(written);
    return done;
}

Result<void> GuestWriter::writeCompressed(
    std::uint64_t start, std::span<const std::byte> bytes, const TaskContext& task)
{
    const std::uint64_t clusterSize = m_editor.geometry().clusterSize();
    const bool whole = bytes.size() % clusterSize == 0 || start + bytes.size() == size();
    if (start % clusterSize != 0 || !whole)
        return fail(ErrorKind::Refused,
            fmt::format("Compressed writes take whole clusters of {} bytes; this one is {} bytes at {}", clusterSize,
                bytes.size(), start));
    if (m_editor.header().hasDataFile())
        return fail(ErrorKind::Refused, "An image with an external data file has no compressed clusters");
    return operation(start, bytes.size(), task, [&]() -> Result<void> {
        Progress progress{Phase::Write, 0, bytes.size()};
        while (progress.done < bytes.size()) {
            if (auto go = task.step(progress); !go)
                return go;
            const std::uint64_t length = std::min<std::uint64_t>(bytes.size() - progress.done, clusterSize);
            if (auto done = compressOne(GuestOffset(start + progress.done), bytes.subspan(progress.done, length));
                !done)
                return done;
            progress.done += length;
            if (auto done = commitIfLarge(task); !done)
                return done;
        }
        return {};
    });
}

Result<void> GuestWriter::compressOne(GuestOffset cluster, std::span<const std::byte> bytes)
{
    const Geometry& geometry = m_editor.geometry();
    std::vector<std::byte> padded(bytes.begin(), bytes.end());
    padded.resize(geometry.clusterSize());
    const auto packed = compressCluster(m_editor.header().compressionType, padded);
    if (!packed)
        return writeStretch(cluster.value(), bytes);
    if (auto table = writableTable(cluster); !table) // tables come before their data
        return failed(table);
    auto entry = lookUp(cluster);
    if (!entry)
        return failed(entry);
    auto at = m_editor.allocateCompressed(packed->size());
    if (!at)
        return failed(at);
    const std::uint64_t lastSector = (at->value() + packed->size() - 1) / 512;
    const CompressedDescriptor descriptor{*at, lastSector - at->value() / 512 + 1};
    if (L2Entry{encodeCompressed(descriptor, geometry.clusterBits())}
            .compressedDescriptor(geometry.clusterBits())
            .offset
        != *at)
        return fail(ErrorKind::NoSpace, "The image file is too large for compressed clusters", at->value());
    if (auto written = m_editor.overwrite(*at, *packed); !written)
        return written;
    if (auto released = releaseOld(*entry); !released)
        return released;
    entry->host.reset();
    entry->compressed = descriptor;
    return store(*entry);
}

} // namespace cowscope
