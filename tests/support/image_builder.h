// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/support/bytes.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace cowscope::test
{

/// What a builder starts from. Numbers are written into the header as they are, legal or not.
struct ImageOptions {
    std::uint32_t version = 3;
    unsigned clusterBits = 12;
    unsigned refcountOrder = 4;
    std::uint64_t virtualSize = std::uint64_t{1} << 20; ///< bytes
    std::uint32_t headerLength = 104; ///< bytes, version 3
    std::uint64_t incompatible = 0;
    std::uint64_t compatible = 0;
    std::uint64_t autoclear = 0;
    bool extendedL2 = false; ///< also sets incompatible bit 4
    std::uint64_t reftableClusters = 0; ///< 0: as few as needed
};

/// Where a built image has its structures; host offsets in bytes.
struct ImageLayout {
    std::uint64_t clusterSize = 0;
    std::uint64_t reftable = 0;
    std::uint64_t reftableClusters = 0;
    std::map<std::uint64_t, std::uint64_t> refblocks; ///< by reftable index
    std::uint64_t l1 = 0;
    std::uint64_t l1Entries = 0;
    std::uint64_t snapshotTable = 0; ///< 0: none
    std::vector<std::uint64_t> snapshotL1;
    std::uint64_t clusters = 0; ///< in the file
};

/// An image as bytes, and where to poke it.
struct BuiltImage {
    ImageOptions options;
    ImageLayout layout;
    Bytes bytes;

    std::uint64_t clusterSize() const { return layout.clusterSize; }
    std::uint64_t count(std::uint64_t cluster) const; ///< 0 where no refblock counts it
    void setCount(std::uint64_t cluster, std::uint64_t count); ///< its refblock exists
    std::uint64_t l1Entry(std::uint64_t index) const;
    std::uint64_t l2EntryAt(std::uint64_t guestCluster) const; ///< host offset of the active L2 entry
};

/// Builds small, sound qcow2 images byte by byte, without the encoders of the project. Clusters are laid out in the
/// order in which they are asked for; refblocks and the reftable come last. Counts are kept as what they mean (how many
/// references there are) and written at the end, and the COPIED flags of the active tables with them.
class ImageBuilder
{
public:
    explicit ImageBuilder(ImageOptions options = {});

    std::uint64_t clusterSize() const { return m_clusterSize; }

    /// Appends clusters of zeros with count 1 (or `count`) and returns the host offset of the first.
    std::uint64_t allocate(std::uint64_t clusters = 1, std::uint64_t count = 1);

    /// Appends clusters that no count covers: a hole of free space.
    std::uint64_t skip(std::uint64_t clusters);

    /// Maps a guest cluster to a new data cluster full of `fill`. A shared L2 table is copied first.
    std::uint64_t data(std::uint64_t guestCluster, std::uint8_t fill = 0x5a);

    /// Makes a guest cluster read as zeros without data (version 3, standard entries).
    void zero(std::uint64_t guestCluster);

    /// Maps guest clusters to compressed data (`bytes` bytes each, not really compressed) packed one behind the other.
    void compressed(const std::vector<std::uint64_t>& guestClusters, std::uint64_t bytes);

    /// Takes an internal snapshot of the active disk. Names of equal length keep entries easy to find.
    void snapshot(std::string_view id, std::string_view name);

    /// Adds a persistent bitmap of all guest clusters, with one cluster of bits in use.
    void bitmap(std::string_view name);

    void extension(std::uint32_t type, Bytes data);
    void backingFile(std::string name) { m_backingFile = std::move(name); }

    /// Adds `references` to the count of a cluster that nothing makes: a leak.
    void leak(std::uint64_t cluster, std::uint64_t references = 1) { m_counts[cluster] += references; }

    BuiltImage build() const;

private:
    struct SnapshotEntry {
        std::string id;
        std::string name;
        std::uint64_t l1 = 0;
    };

    unsigned entryBytes() const { return m_options.extendedL2 ? 16 : 8; }
    std::uint64_t l2Entries() const { return m_clusterSize / entryBytes(); }
    std::uint64_t clusters() const { return m_bytes.size() / m_clusterSize; }
    std::uint64_t writableEntry(std::uint64_t guestCluster);
    void addReferences(std::uint64_t entry, std::int64_t change, std::map<std::uint64_t, std::uint64_t>& counts) const;
    Bytes header(const ImageLayout& layout) const;
    void placeSnapshotTable(ImageLayout& layout, Bytes& bytes, std::map<std::uint64_t, std::uint64_t>& counts) const;
    void placeBitmaps(Bytes& bytes, std::map<std::uint64_t, std::uint64_t>& counts, Bytes& extensionData) const;
    void placeRefcounts(ImageLayout& layout, Bytes& bytes, std::map<std::uint64_t, std::uint64_t>& counts) const;
    void fixCopiedFlags(Bytes& bytes, const std::map<std::uint64_t, std::uint64_t>& counts) const;

    ImageOptions m_options;
    std::uint64_t m_clusterSize;
    std::uint64_t m_l1Entries;
    std::uint64_t m_l1 = 0;
    Bytes m_bytes;
    std::map<std::uint64_t, std::uint64_t> m_counts; ///< by cluster
    std::vector<SnapshotEntry> m_snapshots;
    std::vector<std::string> m_bitmaps;
    std::vector<std::pair<std::uint32_t, Bytes>> m_extensions;
    std::string m_backingFile;
};

} // namespace cowscope::test
