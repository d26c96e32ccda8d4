// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/task.h"
#include "core/edit/image/cluster_run.h"
#include "core/edit/image/refcount_store.h"
#include "core/edit/image/revertible_storage.h"
#include "core/image/guest_reader.h"
#include "core/image/image.h"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace cowscope
{

/// The other files that an edit of guest contents needs. The caller decides whether they are opened.
struct GuestFiles {
    std::unique_ptr<GuestReader> backing; ///< the chain below the image; null: there is none, or it stays closed
    std::shared_ptr<Storage> dataFile; ///< the external data file, open for writing; null: none, or it stays closed
};

inline constexpr std::uint32_t kNewHeaderBytes
    = 112; ///< of new headers of version 3: the compression type, padded to 8

/// How a commit makes its changes appear.
enum class CommitOrder {
    InPlace, ///< counts, entries and header one after the other
    Switch, ///< all counts with the header: for operations that put every changed table into new clusters
};

/// An image that is open for changes: its tables in memory, a cache of L2 tables and refblocks, and the allocator.
///
/// Nothing that the image on disk uses changes before commit(). Changes of tables and counts stay in memory; new
/// contents go to clusters that have no count on disk. commit() writes in an order in which a crash at any moment
/// leaves an image without corruption, at worst with leaked clusters:
///
///     1  new clusters (tables, refblocks), then a flush
///     2  raised counts (never lowered ones), flush;  entries of new refblocks, flush
///     3  L2 and L1 entries, flush
///     4  the header, which leads to moved tables, flush
///     5  lowered counts, flush
///
/// With CommitOrder::Switch the changed refblocks and the reftable go to new clusters in step 1, steps 2 and 5 fall
/// away, and step 4 is one write of one sector that changes everything at once: a crash leaves the old image or the new
/// one, without even a leak.
///
/// Steps with nothing to write are left out. After an error in any call use rollback(): the image is then as it was
/// after the last commit, the length of its file included. A commit that fails half-way takes its own writes back for
/// that; only a disk that refuses even this leaves an image in between, without corruption but with leaked clusters.
/// One thread at a time; the storage belongs to the editor.
class ImageEditor
{
public:
    /// The image must be sound enough to be changed: errors are those of Image::open, any of its problems(), and
    /// Refused for the dirty or corrupt bit (see openForEditing(), which repairs a dirty one) and for
    /// a missing reftable. Unknown autoclear features are cleared by the first commit that changes something.
    static Result<std::unique_ptr<ImageEditor>> open(
        std::shared_ptr<Storage> storage, GuestFiles files, const TaskContext& task);

    const Header& header() const { return m_header; }
    const HeaderExtensions& extensions() const { return m_extensions; }
    const Geometry& geometry() const { return m_geometry; }
    const std::string& backingFile() const { return m_backingFile; }
    const GuestFiles& files() const { return m_files; }
    GuestReader* backing() { return m_files.backing.get(); }
    Storage& storage() { return *m_storage; }

    /// Where guest data lives: the data file if the image has one (Refused if it is not open), else the image.
    Result<Storage*> dataStorage();

    // Counts. ---------------------------------------------------------------------------------------------------------
    RefcountStore& refcounts() { return m_refcounts; }

    /// `clusters` consecutive new clusters, count 1 each, contents undefined until written with writeNew(). Errors:
    /// NoSpace/Refused (file too large for the width), Invalid (the free cluster is known metadata: counts are wrong).
    Result<HostCluster> allocate(std::uint64_t clusters);

    /// Between 1 and `most` consecutive new clusters: as many as there are in a row.
    Result<ClusterRun> allocateUpTo(std::uint64_t most);

    /// Room for `bytes` bytes of compressed data (less than a cluster), not aligned: behind the data that was placed
    /// last while its host cluster can take one more reference, else in a new cluster.
    Result<HostOffset> allocateCompressed(std::uint64_t bytes);

    /// What is known to be in a cluster, if it is metadata ("the header", kL2Table, ...); empty: nothing that is known.
    /// L2 tables are known of the active disk.
    std::string_view metadataAt(HostCluster cluster) const { return metadataIn({cluster, 1}); }
    static constexpr std::string_view kL2Table = "an L2 table";

    /// The same of the first cluster of a run that is known to be metadata.
    std::string_view metadataIn(ClusterRun run) const;

    /// Takes `uses` references from each cluster that [offset, offset + bytes) touches.
    Result<void> release(HostOffset offset, std::uint64_t bytes, std::uint64_t uses = 1);

    /// Takes `by` references from each cluster of a run of guest data that was in use at the last commit. Returns what
    /// is left of them.
    Result<CountTally> releaseData(ClusterRun run, std::uint64_t by);

    // Tables. ---------------------------------------------------------------------------------------------------------
    std::span<const std::uint64_t> l1Table() const { return m_l1; }
    L1Entry l1Entry(std::uint64_t index) const { return {m_l1[index]}; }
    void setL1Entry(std::uint64_t index, std::uint64_t raw);

    /// Replaces the active L1 table by one in new clusters; the old one's clusters are released.
    Result<void> replaceL1(std::vector<std::uint64_t> entries);

    /// A new L2 table in a new cluster, with these words (all of them) or empty.
    Result<HostOffset> newL2Table(std::span<const std::uint64_t> words = {});

    /// Word `index` (two words an entry with extended L2) of the L2 table at `table`. Errors: Invalid for a table that
    /// is unaligned or outside the file.
    Result<std::uint64_t> l2Word(HostOffset table, std::uint64_t index);
    Result<void> setL2Word(HostOffset table, std::uint64_t index, std::uint64_t raw);

    /// All words of an L2 table, without changing what the cache holds longer than needed.
    Result<std::vector<std::uint64_t>> l2Words(HostOffset table);

    // Header. ---------------------------------------------------------------------------------------------------------
    /// Changes header fields at the next commit, in step 4. Positions of reftable, L1 and snapshots are the editor's
    /// own.
    void setHeader(const Header& header);

    /// Sets, replaces or (without data) removes a header extension. Errors: Refused if the header cluster gets too
    /// full.
    Result<void> setExtension(std::uint32_t type, std::optional<std::vector<std::byte>> data);

    /// The name of the backing file; empty: the image shall have none. Opens nothing. Errors as for setExtension().
    Result<void> setBackingFile(std::string name);

    /// Makes the image one of version 2 or 3: what stands behind the header moves. Tables, counts and features are the
    /// caller's affair. Errors as for setExtension().
    Result<void> setVersion(std::uint32_t version);

    std::span<const Snapshot> snapshots() const { return m_snapshots; }

    /// Writes a new snapshot table beside the old one, which is released.
    Result<void> replaceSnapshots(std::vector<Snapshot> snapshots);

    std::span<const Bitmap> bitmaps() const { return m_bitmaps; } ///< none unless the extension is valid

    /// Writes a new bitmap directory (tables stay where they are) and the extension; the old directory is released. An
    /// empty list removes extension and autoclear bit.
    Result<void> replaceBitmaps(std::vector<Bitmap> bitmaps);

    // Contents. -------------------------------------------------------------------------------------------------------
    /// Writes to clusters that were allocated since the last commit, at once.
    Result<void> writeNew(HostOffset offset, std::span<const std::byte> bytes);

    /// Overwrites guest data or bitmap data where it is, or fills what allocateCompressed() gave, at once. Errors:
    /// Invalid for a write that would land on metadata: the image is damaged, nothing is written.
    Result<void> overwrite(HostOffset offset, std::span<const std::byte> bytes);

    /// A big-endian word anywhere (a bitmap table's entry), written in step 3.
    void setWordLater(HostOffset offset, std::uint64_t raw) { m_lateWords[offset] = raw; }

    // ----------------------------------------------------------------------------------------------------------------
    /// Bytes of changed tables that wait for commit(); long work commits when this passes kCommitBytes.
    std::uint64_t pendingBytes() const;
    static constexpr std::uint64_t kCommitBytes = std::uint64_t{64} << 20;

    Result<void> commit(const TaskContext& task, CommitOrder order = CommitOrder::InPlace);

    /// As commit() of order Switch, with counts of another width: refblocks and reftable are all written anew, behind
    /// everything in use, and the header switches to them too. `order` is that of the new counts. Errors: Refused for a
    /// count that the width does not hold, before anything that the image uses is written.
    Result<void> commitAtWidth(unsigned order, const TaskContext& task);

    Result<void> rollback();

    /// Gives back the file's tail behind the last cluster in use, after a commit.
    Result<void> trimFile();

private:
    ImageEditor(std::shared_ptr<Storage> storage, GuestFiles files);

    struct L2Page {
        std::vector<std::uint64_t> words;
        bool fresh = false; ///< its cluster has no count on disk
        std::uint64_t firstDirty = ~std::uint64_t{0}; ///< words [firstDirty, endDirty) changed
        std::uint64_t endDirty = 0;
        bool dirty() const { return fresh || firstDirty < endDirty; }
    };

    Result<void> load(const TaskContext& task);
    Result<L2Page*> l2Page(HostOffset table);
    void dropCleanPages();
    void forgetPage(HostOffset table);
    void markDirty(L2Page& page, std::uint64_t first, std::uint64_t end);
    void listMetadata();
    void protect(HostOffset offset, std::uint64_t bytes, std::string_view what);
    Result<void> checkFree(ClusterRun run) const;
    Result<void> checkNoMetadata(HostOffset offset, std::uint64_t bytes) const;
    static std::vector<std::byte> headerSector(const Header& header);
    Result<HostOffset> placeStructure(std::span<const std::byte> bytes, std::string_view what);
    void placeBackingName();
    Result<std::vector<std::byte>> encodeHeaderCluster() const;
    bool hasChanges() const;

    // The steps of commit().
    Result<void> writeNewClusters(const TaskContext& task);
    Result<void> withTakeBack(Result<void> (ImageEditor::*write)());
    Result<void> writeInPlace();
    Result<void> writeFreshL1();
    Result<void> relayCounts(unsigned order, const TaskContext& task);
    Result<void> renewExtensions();
    Result<void> writeFreshPages(const TaskContext& task);
    Result<void> writeCounts();
    Result<void> switchReftable();
    Result<void> writeEntries();
    Result<void> writeHeader();
    Result<bool> writeL2Pages();
    Result<void> writeL1Words(std::uint64_t first, std::uint64_t end);
    Result<void> flushIf(bool wrote);
    void discard(std::uint64_t offset, std::uint64_t bytes, const std::stop_token& stop);

    std::shared_ptr<RevertibleStorage> m_storage;
    GuestFiles m_files;
    Header m_header;
    Header m_committedHeader;
    HeaderExtensions m_extensions;
    bool m_extensionsChanged = false;
    std::string m_backingFile;
    std::string m_committedName; ///< of the backing file
    Geometry m_geometry;
    RefcountStore m_refcounts;
    std::vector<std::uint64_t> m_l1;
    bool m_l1Fresh = false; ///< the whole table waits to be written to new clusters
    std::set<std::uint64_t> m_dirtyL1; ///< entries to write in place
    std::vector<Snapshot> m_snapshots;
    std::uint64_t m_snapshotTableBytes = 0;
    std::vector<Bitmap> m_bitmaps;
    std::unordered_map<std::uint64_t, L2Page> m_l2Pages; ///< by host offset
    std::uint64_t m_dirtyPages = 0;
    std::map<HostOffset, std::uint64_t> m_lateWords;
    std::unordered_map<std::uint64_t, std::string_view> m_metadata; ///< clusters that data must not touch, and why
    ClusterSet m_metadataClusters; ///< the same clusters
    HostOffset m_compressedEnd; ///< where the next compressed data may begin; 0: in a new cluster
    bool m_usable = true; ///< false: what is in memory is neither the image on disk nor an edit of it
    bool m_switching = false; ///< the commit under way is of order Switch
    bool m_wroteContents = false; ///< new clusters were written since the last flush
    std::uint64_t m_committedBytes = 0; ///< length of the file at the last commit
};

} // namespace cowscope
