// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/edit/image/image_editor.h"

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

    /// Frees the whole clusters within the range: they read as zeros (in version 2 only where there is no backing file;
    /// else nothing happens). The rest of the range is left alone.
    Result<void> discard(std::uint64_t start, std::uint64_t length, const TaskContext& task);

    /// Reserves a cluster for every guest cluster from `start` on that has none, contents zero: for preallocation.
    Result<void> preallocate(std::uint64_t start, std::uint64_t length, const TaskContext& task);

    /// Makes whole clusters read from the backing file again, freeing theirs; L2 tables that get empty stay. For
    /// shrinking. Does not commit.
    Result<void> unmap(std::uint64_t start, std::uint64_t length);

    /// What the image itself says of the stretch at `start`, of at most `most` bytes.
    Result<GuestExtent> mapping(GuestOffset start, std::uint64_t most);

    /// Commits what is pending.
    Result<void> flush(const TaskContext& task);

private:
    struct ClusterEntry; ///< one L2 entry, taken apart (guest_writer.cpp)

    ImageEditor& m_editor;
    HostOffset m_compressedEnd; ///< where the next compressed bytes go; 0: into a new cluster
    HostOffset m_rangeOfTable; ///< the L2 table looked up last
};

} // namespace cowscope
