// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/task.h"
#include "core/format/bitmap_directory.h"
#include "core/format/header.h"
#include "core/format/header_extensions.h"
#include "core/format/luks_header.h"
#include "core/format/snapshot_table.h"
#include "core/format/table_entries.h"
#include "core/image/geometry.h"
#include "core/storage/storage.h"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace cowscope
{

/// An open image, read-only. Holds the header and the top-level tables (reftable, active L1, snapshots, bitmap
/// directory): at most some 100 MiB for the largest legal image, in practice a few KiB. L2 tables and refblocks are
/// read when asked for. Never opens another file. Immutable, so any number of threads may read it.
class Image
{
public:
    /// Reads the header and the top-level tables. Fails where the header itself cannot be used (see decodeHeader) or
    /// names an unknown incompatible feature. A damaged snapshot table, bitmap directory or LUKS header does not stop a
    /// viewer: see problems().
    static Result<std::shared_ptr<const Image>> open(std::shared_ptr<const Storage> storage, const TaskContext& task);

    const Storage& storage() const { return *m_storage; }
    const Header& header() const { return m_header; }
    const HeaderExtensions& extensions() const { return m_extensions; }
    const Geometry& geometry() const { return m_geometry; }

    std::uint64_t fileSize() const { return m_fileSize; } ///< bytes, when the image was opened
    std::uint64_t fileClusters() const { return m_geometry.clustersFor(m_fileSize); } ///< a last partial one included

    /// The first cluster of the file, cut at the end of the file: header, extensions, backing file name.
    std::span<const std::byte> headerCluster() const { return m_headerCluster; }

    const std::string& backingFile() const { return m_backingFile; } ///< as named; empty: none. Untrusted.

    /// Raw entries in host byte order; header().refcountTableClusters clusters of them, none in a damaged image without
    /// a reftable, whose counts are all 0.
    std::span<const std::uint64_t> reftable() const { return m_reftable; }
    ReftableEntry reftableEntry(std::uint64_t index) const { return {m_reftable[index]}; }

    /// Raw entries of the active L1 table in host byte order; header().l1Size of them.
    std::span<const std::uint64_t> l1Table() const { return m_l1Table; }

    std::span<const Snapshot> snapshots() const { return m_snapshots; }
    std::uint64_t snapshotTableBytes() const { return m_snapshotTableBytes; }

    /// Bitmaps of a consistent bitmaps extension (autoclear bit 0 set), else none.
    std::span<const Bitmap> bitmaps() const { return m_bitmaps; }

    const std::optional<LuksHeader>& luks() const { return m_luks; }

    /// Parts that could not be read or hold what the format forbids. QEMU refuses an image with any of them.
    std::span<const Error> problems() const { return m_problems; }

    /// The refblock that counts clusters index * refblockEntries() and on: its host offset if the reftable has one that
    /// is aligned and begins inside the file, else nothing (all its counts are 0).
    std::optional<HostOffset> usableRefblock(std::uint64_t index) const;

    /// The reference count of one host cluster as the image has it. Reads one entry of one refblock.
    Result<std::uint64_t> refcount(HostCluster cluster) const;

    /// Counts of `counts.size()` clusters from `first` on. Reads refblocks in runs; clusters without one count 0.
    Result<void> readRefcounts(HostCluster first, std::span<std::uint64_t> counts) const;

    /// Big-endian 64-bit words at `offset`, into host byte order. Words past the end of the file read as 0.
    Result<void> readWords(HostOffset offset, std::span<std::uint64_t> words) const;

private:
    Image() = default;

    Result<void> readTables();
    Result<void> readBackingName();
    Result<void> readSnapshots();
    Result<void> readBitmaps();
    Result<void> readLuks();

    std::shared_ptr<const Storage> m_storage;
    std::uint64_t m_fileSize = 0;
    std::vector<std::byte> m_headerCluster;
    Header m_header;
    HeaderExtensions m_extensions;
    Geometry m_geometry;
    std::string m_backingFile;
    std::vector<std::uint64_t> m_reftable;
    std::vector<std::uint64_t> m_l1Table;
    std::vector<Snapshot> m_snapshots;
    std::uint64_t m_snapshotTableBytes = 0;
    std::vector<Bitmap> m_bitmaps;
    std::optional<LuksHeader> m_luks;
    std::vector<Error> m_problems;
};

} // namespace cowscope
