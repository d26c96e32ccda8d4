// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/byte_place.h"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <span>
#include <vector>

namespace cowscope
{

namespace
{

using Kind = BytePlace::Kind;

constexpr std::uint64_t kFeatureNameBytes = 48;
constexpr std::uint64_t kExtensionHeadBytes = 8;

/// The last element of a range sorted by offset that begins at or before `offset`; null if there is none.
template <typename T>
const T* lastBefore(std::span<const T> sorted, HostOffset T::*start, HostOffset offset)
{
    const auto after = std::ranges::upper_bound(sorted, offset, {}, start);
    return after == sorted.begin() ? nullptr : &*std::prev(after);
}

class PlaceFinder
{
public:
    PlaceFinder(const Image& image, HostOffset offset, ClusterOwner owner)
        : m_image(image)
        , m_geometry(image.geometry())
        , m_offset(offset)
    {
        m_place.owner = owner;
    }

    BytePlace find()
    {
        switch (m_place.owner) {
        case ClusterOwner::Header:
            header();
            break;
        case ClusterOwner::Reftable:
            entry({m_image.header().refcountTableOffset, m_image.reftable().size()}, Structure::ReftableEntry,
                "reftable entry {}");
            break;
        case ClusterOwner::Refblock:
            counts();
            break;
        case ClusterOwner::ActiveL1:
            entry({m_image.header().l1TableOffset, m_image.l1Table().size()}, Structure::L1Entry,
                "L1 entry {} of the active table");
            break;
        case ClusterOwner::SnapshotL1:
            snapshotL1();
            break;
        case ClusterOwner::L2Table:
            l2Entry();
            break;
        case ClusterOwner::SnapshotTable:
            snapshotTable();
            break;
        case ClusterOwner::BitmapDirectory:
            bitmapDirectory();
            break;
        case ClusterOwner::BitmapTable:
            bitmapTable();
            break;
        default:
            cluster();
            break;
        }
        return std::move(m_place);
    }

private:
    void set(Kind kind, HostOffset start, std::uint64_t bytes, std::string name)
    {
        m_place.kind = kind;
        m_place.start = start;
        m_place.bytes = std::max<std::uint64_t>(1, bytes);
        m_place.name = std::move(name);
    }

    void setFields(Structure structure, HostOffset start, std::uint64_t bytes, std::uint64_t index, std::string name)
    {
        m_place.structure = structure;
        m_place.index = index;
        set(Kind::Fields, start, bytes, std::move(name));
    }

    HostOffset clusterStart() const { return m_geometry.offset(m_geometry.cluster(m_offset)); }

    /// The whole cluster, as its owner has it.
    void cluster()
    {
        set(Kind::Plain, clusterStart(), m_geometry.clusterSize(),
            fmt::format("{}, cluster {}", ownerName(m_place.owner), m_geometry.cluster(m_offset).value()));
    }

    /// From `start` to the end of the cluster: what follows the last structure in it.
    void restOfCluster(HostOffset start, std::string name)
    {
        const HostOffset end = clusterStart() + m_geometry.clusterSize();
        set(Kind::Plain, std::max(start, clusterStart()), end - std::max(start, clusterStart()), std::move(name));
    }

    bool within(HostOffset start, std::uint64_t bytes) const { return m_offset >= start && m_offset - start < bytes; }

    /// A table of entries of 8 bytes.
    struct Table {
        HostOffset start;
        std::uint64_t entries;

        HostOffset end() const { return start + entries * 8; }
    };

    bool within(const Table& table) const { return within(table.start, table.entries * 8); }

    void entry(const Table& table, Structure structure, std::string_view name)
    {
        if (!within(table)) {
            restOfTables({&table, 1});
            return;
        }
        const std::uint64_t index = (m_offset - table.start) / 8;
        setFields(structure, table.start + index * 8, 8, index, fmt::format(fmt::runtime(name), index));
    }

    /// What lies behind the last of `tables` that ends before the offset.
    void restOfTables(std::span<const Table> tables)
    {
        HostOffset start = clusterStart();
        for (const Table& table : tables)
            if (table.end() <= m_offset)
                start = std::max(start, table.end());
        restOfCluster(start, fmt::format("unused rest of: {}", ownerName(m_place.owner)));
    }

    void header()
    {
        const std::uint64_t length = m_image.header().headerLength;
        if (m_offset.value() < length) {
            setFields(Structure::Header, HostOffset(0), length, 0, "header");
            return;
        }
        const auto& extensions = m_image.extensions().raw;
        HostOffset end(length);
        for (std::size_t i = 0; i < extensions.size(); ++i) {
            const std::uint64_t bytes = alignUp(kExtensionHeadBytes + extensions[i].data.size(), 8);
            if (within(extensions[i].offset, bytes)) {
                extension(extensions[i], i);
                return;
            }
            end = extensions[i].offset + bytes;
        }
        const HostOffset name = m_image.header().backingFileOffset;
        if (name.value() != 0 && within(name, m_image.header().backingFileSize))
            set(Kind::Text, name, m_image.header().backingFileSize, "name of the backing file");
        else if (name.value() != 0 && m_offset < name)
            set(Kind::Plain, end, name - end, "end of the header extensions");
        else
            restOfCluster(
                name.value() != 0 ? name + m_image.header().backingFileSize : end, "unused rest of the header");
    }

    void extension(const RawExtension& found, std::size_t index)
    {
        const std::string_view name = extensionName(found.type);
        const HostOffset data = found.offset + kExtensionHeadBytes;
        if (m_offset < data) {
            setFields(Structure::HeaderExtension, found.offset, kExtensionHeadBytes, index,
                fmt::format("header extension {}: {}", index, name));
            return;
        }
        const std::uint64_t at = (m_offset - data) / kFeatureNameBytes;
        if (found.type == kExtensionFeatureNames && (at + 1) * kFeatureNameBytes <= found.data.size())
            setFields(Structure::FeatureName, data + at * kFeatureNameBytes, kFeatureNameBytes, at,
                fmt::format("feature name {}", at));
        else if (found.type == kExtensionBitmaps && within(data, 24))
            setFields(Structure::BitmapsExtension, data, 24, index, "bitmaps extension");
        else if (found.type == kExtensionCrypto && within(data, 16))
            setFields(Structure::CryptoExtension, data, 16, index, "encryption header pointer");
        else
            set(found.type == kExtensionBackingFormat || found.type == kExtensionDataFile ? Kind::Text : Kind::Plain,
                data, alignUp(found.data.size(), 8), fmt::format("data of the extension {}", name));
    }

    void counts()
    {
        const HostOffset start = clusterStart();
        const RefcountCodec codec = m_geometry.refcountCodec();
        const std::uint64_t unit = std::max(1U, codec.bits() / 8);
        const std::uint64_t first = m_geometry.offsetInCluster(m_offset) / unit * unit * 8 / codec.bits();
        m_place.index = first;
        const std::uint64_t last = first + unit * 8 / codec.bits() - 1;
        set(Kind::Counts, start + m_geometry.offsetInCluster(m_offset) / unit * unit, unit,
            first == last ? fmt::format("refblock at {:#x}, entry {}", start.value(), first)
                          : fmt::format("refblock at {:#x}, entries {} to {}", start.value(), first, last));
    }

    void snapshotL1()
    {
        std::vector<Table> tables;
        for (const Snapshot& snapshot : m_image.snapshots()) {
            const Table table{snapshot.l1TableOffset, snapshot.l1Size};
            if (within(table)) {
                entry(table, Structure::L1Entry, "L1 entry {}");
                m_place.name += fmt::format(" of snapshot '{}'", snapshot.name.empty() ? snapshot.id : snapshot.name);
                return;
            }
            tables.push_back(table);
        }
        restOfTables(tables);
    }

    void l2Entry()
    {
        const HostOffset table = clusterStart();
        const std::uint64_t bytes = m_geometry.l2EntryBytes();
        const std::uint64_t index = (m_offset - table) / bytes;
        const HostOffset start = table + index * bytes;
        if (m_offset - start < 8)
            setFields(Structure::L2Entry, start, 8, index,
                fmt::format("L2 entry {} of the table at {:#x}", index, table.value()));
        else
            setFields(Structure::SubclusterBitmap, start + 8, 8, index,
                fmt::format("subclusters of L2 entry {} of the table at {:#x}", index, table.value()));
    }

    void snapshotTable()
    {
        const auto snapshots = m_image.snapshots();
        const Snapshot* found = lastBefore(snapshots, &Snapshot::entryOffset, m_offset);
        if (found == nullptr || m_offset - found->entryOffset >= found->entryBytes) {
            restOfCluster(found != nullptr ? found->entryOffset + found->entryBytes : clusterStart(),
                "unused rest of the snapshot table");
            return;
        }
        const auto index = static_cast<std::uint64_t>(found - snapshots.data());
        const HostOffset start = found->entryOffset;
        const HostOffset extra = start + kSnapshotEntryBytes;
        const HostOffset id = extra + found->extraData.size();
        const HostOffset name = id + found->id.size();
        const HostOffset end = name + found->name.size();
        if (m_offset < extra)
            setFields(Structure::SnapshotEntry, start, kSnapshotEntryBytes, index,
                fmt::format("snapshot table entry {}", index));
        else if (m_offset < id)
            setFields(Structure::SnapshotExtra, extra, found->extraData.size(), index,
                fmt::format("extra data of snapshot {}", index));
        else if (m_offset < name)
            set(Kind::Text, id, found->id.size(), fmt::format("id of snapshot {}", index));
        else if (m_offset < end)
            set(Kind::Text, name, found->name.size(), fmt::format("name of snapshot {}", index));
        else
            set(Kind::Plain, end, start + found->entryBytes - end, "padding");
    }

    void bitmapDirectory()
    {
        const auto bitmaps = m_image.bitmaps();
        const Bitmap* found = lastBefore(bitmaps, &Bitmap::entryOffset, m_offset);
        if (found == nullptr) {
            cluster();
            return;
        }
        const auto index = static_cast<std::uint64_t>(found - bitmaps.data());
        const HostOffset extra = found->entryOffset + kBitmapEntryBytes;
        const HostOffset name = extra + found->extraData.size();
        const HostOffset end = name + found->name.size();
        const HostOffset next = found->entryOffset + alignUp(end - found->entryOffset, 8);
        if (m_offset < extra)
            setFields(Structure::BitmapDirectoryEntry, found->entryOffset, kBitmapEntryBytes, index,
                fmt::format("bitmap directory entry {}", index));
        else if (m_offset < name)
            set(Kind::Plain, extra, found->extraData.size(), fmt::format("extra data of bitmap {}", index));
        else if (m_offset < end)
            set(Kind::Text, name, found->name.size(), fmt::format("name of bitmap {}", index));
        else if (m_offset < next)
            set(Kind::Plain, end, next - end, "padding");
        else
            restOfCluster(next, "unused rest of the bitmap directory");
    }

    void bitmapTable()
    {
        std::vector<Table> tables;
        for (const Bitmap& bitmap : m_image.bitmaps()) {
            const Table table{bitmap.tableOffset, bitmap.tableSize};
            if (within(table)) {
                entry(table, Structure::BitmapTableEntry, "bitmap table entry {}");
                m_place.name += fmt::format(" of bitmap '{}'", bitmap.name);
                return;
            }
            tables.push_back(table);
        }
        restOfTables(tables);
    }

    const Image& m_image;
    const Geometry& m_geometry;
    HostOffset m_offset;
    BytePlace m_place;
};

} // namespace

BytePlace bytePlace(const Image& image, const ClusterMap& map, HostOffset offset)
{
    const HostCluster cluster = image.geometry().cluster(offset);
    if (cluster.value() >= map.clusters())
        return {.start = image.geometry().offset(cluster),
            .bytes = image.geometry().clusterSize(),
            .name = "behind the end of the file"};
    return PlaceFinder(image, offset, map.owner(cluster)).find();
}

Structure structureOf(const BytePlace& place, std::span<const std::byte> bytes)
{
    constexpr std::byte kCompressedBit{0x40};
    if (place.structure == Structure::L2Entry && !bytes.empty() && (bytes[0] & kCompressedBit) != std::byte{0})
        return Structure::CompressedL2Entry;
    return place.structure;
}

} // namespace cowscope
