// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/edit/image/image_editor.h"

#include <functional>

namespace cowscope
{

/// What a stretch that is zeroed shall leave of its clusters.
enum class ZeroMode {
    KeepClusters, ///< allocated clusters stay reserved
    Unmap, ///< they are freed
};

/// Reads and changes the contents of the virtual disk of an image that is open for changes. Offsets and lengths in
/// bytes of the guest; a range past the end of the disk is Refused, in whole. Each call is one operation: it commits at
/// its end (and in between when much has piled up, at cluster boundaries), and rolls the editor back when it fails. A
/// write that fails half-way may have changed guest data in place, as a disk's write does. Errors: Unsupported
/// (encrypted guest data), Refused (no room for a count, files not open, data file), Invalid (entries that cannot be
/// followed, a write that would land on metadata), Io, NoSpace, Cancelled.
class GuestWriter
{
public:
    explicit GuestWriter(ImageEditor& editor);

    std::uint64_t size() const { return m_editor.geometry().virtualSize(); }

    /// As the guest sees it now, through the backing chain.
    Result<void> read(std::uint64_t start, std::span<std::byte> out);

    Result<void> write(std::uint64_t start, std::span<const std::byte> bytes, const TaskContext& task);

    /// Writes whole clusters compressed where that saves space; `start` is a cluster's, `bytes` are whole clusters or
    /// end with the disk. Host clusters are shared by compressed ones up to the width's maximum.
    Result<void> writeCompressed(std::uint64_t start, std::span<const std::byte> bytes, const TaskContext& task);

    /// Whole clusters (subclusters) become zero by their flag, the rest by writing.
    Result<void> zero(std::uint64_t start, std::uint64_t length, ZeroMode mode, const TaskContext& task);

    /// Like zero(), for what a disk that grows would show otherwise: bitmaps do not record it, and the caller commits
    /// or rolls back. (It commits by itself only when much has piled up.)
    Result<void> zeroUnrecorded(std::uint64_t start, std::uint64_t length, const TaskContext& task);

    /// Frees the whole clusters within the range: they read as zeros (in version 2 only where there is no backing file;
    /// else nothing happens). The rest of the range is left alone.
    Result<void> discard(std::uint64_t start, std::uint64_t length, const TaskContext& task);

    /// Reserves a cluster for every guest cluster from `start` on that has none, contents zero: for preallocation. A
    /// cluster that shows the backing file stays without one, but for subclusters, which go on showing it. What the
    /// guest reads does not change, so bitmaps do not record it.
    Result<void> preallocate(std::uint64_t start, std::uint64_t length, const TaskContext& task);

    /// Makes whole clusters read from the backing file again, freeing theirs; L2 tables that get empty stay. For
    /// shrinking. Does not commit.
    Result<void> unmap(std::uint64_t start, std::uint64_t length);

    /// What the image itself says of the stretch at `start`, of at most `most` bytes.
    Result<GuestExtent> mapping(GuestOffset start, std::uint64_t most);

    /// Commits what is pending.
    Result<void> flush(const TaskContext& task);

private:
    /// One L2 entry, taken apart. A standard entry is one unit of the size of a cluster, an extended one 32
    /// subclusters; bit n of `allocated` and `zero` is unit n.
    struct Entry {
        GuestOffset guest; ///< where its cluster begins
        HostOffset table; ///< 0: there is no L2 table
        std::uint64_t word = 0; ///< index in the table
        std::optional<HostOffset> host; ///< the cluster reserved for it
        std::optional<CompressedDescriptor> compressed;
        std::uint32_t allocated = 0;
        std::uint32_t zero = 0;
    };

    Result<void> operation(
        std::uint64_t start, std::uint64_t length, const TaskContext& task, const std::function<Result<void>()>& body);
    Result<void> checkRange(std::uint64_t start, std::uint64_t length) const;
    Result<void> finish(Result<void> done, const TaskContext& task);
    Result<void> commitIfLarge(const TaskContext& task);

    unsigned units() const { return m_editor.geometry().extendedL2() ? kSubclusters : 1; }
    std::uint64_t unitSize() const { return m_editor.geometry().clusterSize() / units(); }
    std::uint32_t unitsTouched(std::uint64_t from, std::uint64_t to) const;
    std::uint32_t allUnits() const { return static_cast<std::uint32_t>(bitRange(0, units())); }
    bool hasBacking() const { return m_editor.header().backingFileOffset.value() != 0; }

    Result<Entry> lookUp(GuestOffset cluster);
    Result<HostOffset> writableTable(GuestOffset cluster);
    Result<void> store(const Entry& entry);
    Result<void> storeShared(const Entry& entry);
    Result<bool> isOurs(const Entry& entry);
    Result<void> releaseOld(const Entry& entry);
    bool readsAsZero(const Entry& entry) const;

    Result<GuestExtent> piece(GuestOffset start);
    Result<void> readPiece(const GuestExtent& piece, std::span<std::byte> out);

    Result<void> writeStretch(std::uint64_t start, std::span<const std::byte> bytes);
    Result<void> writeInPlace(Entry entry, std::uint64_t start, std::span<const std::byte> bytes);
    Result<std::uint64_t> writeToNew(std::uint64_t start, std::span<const std::byte> bytes);
    Result<void> mergeOld(const Entry& entry, std::uint64_t from, std::uint64_t to, std::span<std::byte> cluster);
    Result<void> compressOne(GuestOffset cluster, std::span<const std::byte> bytes);
    Result<void> zeroWhole(GuestOffset cluster, std::uint32_t mask, ZeroMode mode);
    Result<void> zeroBytes(std::uint64_t start, std::uint64_t end);
    Result<void> zeroRange(std::uint64_t start, std::uint64_t end, ZeroMode mode, const TaskContext& task);
    Result<void> unmapOne(const Entry& entry);
    Result<void> preallocateRun(std::uint64_t start, std::uint64_t end, std::uint64_t& done);

    static constexpr std::uint64_t kStretchBytes = std::uint64_t{4} << 20; ///< handled at a time

    ImageEditor& m_editor;
    std::vector<std::byte> m_cluster; ///< of readPiece
    std::vector<std::byte> m_packed;
};

} // namespace cowscope
