// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/image_builder.h"

#include <algorithm>

namespace cowscope::test
{

namespace
{

constexpr std::uint64_t kCopied = std::uint64_t{1} << 63;
constexpr std::uint64_t kCompressed = std::uint64_t{1} << 62;
constexpr std::uint64_t kOffsetMask = 0x00fffffffffffe00;
constexpr std::uint32_t kBitmapsType = 0x23852875;

std::uint64_t roundUp(std::uint64_t value, std::uint64_t unit)
{
    return (value + unit - 1) / unit * unit;
}

/// Appends whole zeroed clusters with count 1; returns their host offset.
std::uint64_t append(
    Bytes& bytes, std::uint64_t clusterSize, std::uint64_t clusters, std::map<std::uint64_t, std::uint64_t>& counts)
{
    const std::uint64_t at = bytes.size();
    bytes.resize(at + clusters * clusterSize);
    for (std::uint64_t i = 0; i < clusters; ++i)
        counts[at / clusterSize + i] = 1;
    return at;
}

} // namespace

std::uint64_t BuiltImage::count(std::uint64_t cluster) const
{
    const std::uint64_t perBlock = layout.clusterSize * 8 >> options.refcountOrder;
    const auto block = layout.refblocks.find(cluster / perBlock);
    return block == layout.refblocks.end() ? 0
                                           : getCount(bytes, block->second, options.refcountOrder, cluster % perBlock);
}

void BuiltImage::setCount(std::uint64_t cluster, std::uint64_t count)
{
    const std::uint64_t perBlock = layout.clusterSize * 8 >> options.refcountOrder;
    putCount(bytes, layout.refblocks.at(cluster / perBlock), options.refcountOrder, cluster % perBlock, count);
}

std::uint64_t BuiltImage::l1Entry(std::uint64_t index) const
{
    return getNumber(bytes, layout.l1 + index * 8, 8);
}

std::uint64_t BuiltImage::l2EntryAt(std::uint64_t guestCluster) const
{
    const unsigned entryBytes = options.extendedL2 ? 16 : 8;
    const std::uint64_t perTable = layout.clusterSize / entryBytes;
    return (l1Entry(guestCluster / perTable) & kOffsetMask) + guestCluster % perTable * entryBytes;
}

ImageBuilder::ImageBuilder(ImageOptions options)
    : m_options(options)
    , m_clusterSize(std::uint64_t{1} << options.clusterBits)
    , m_l1Entries((options.virtualSize + l2Entries() * m_clusterSize - 1) / (l2Entries() * m_clusterSize))
{
    if (m_options.extendedL2)
        m_options.incompatible |= 1U << 4;
    allocate(); // the header
    m_l1 = allocate(std::max<std::uint64_t>(1, roundUp(m_l1Entries * 8, m_clusterSize) / m_clusterSize));
}

std::uint64_t ImageBuilder::allocate(std::uint64_t clusters, std::uint64_t count)
{
    const std::uint64_t at = append(m_bytes, m_clusterSize, clusters, m_counts);
    for (std::uint64_t i = 0; i < clusters; ++i)
        m_counts[at / m_clusterSize + i] = count;
    return at;
}

std::uint64_t ImageBuilder::skip(std::uint64_t clusters)
{
    const std::uint64_t at = m_bytes.size();
    m_bytes.resize(at + clusters * m_clusterSize);
    return at;
}

std::uint64_t ImageBuilder::data(std::uint64_t guestCluster, std::uint8_t fill)
{
    const std::uint64_t entry = writableEntry(guestCluster);
    const std::uint64_t at = allocate();
    std::fill(m_bytes.begin() + static_cast<std::ptrdiff_t>(at), m_bytes.end(), static_cast<std::byte>(fill));
    put64(m_bytes, entry, at);
    if (m_options.extendedL2)
        put64(m_bytes, entry + 8, 0xffffffff);
    return at;
}

void ImageBuilder::zero(std::uint64_t guestCluster)
{
    put64(m_bytes, writableEntry(guestCluster), 1);
}

void ImageBuilder::compressed(const std::vector<std::uint64_t>& guestClusters, std::uint64_t bytes)
{
    const unsigned offsetBits = 62 - (m_options.clusterBits - 8);
    std::vector<std::uint64_t> entries;
    for (const std::uint64_t guest : guestClusters)
        entries.push_back(writableEntry(guest));
    std::uint64_t at = allocate(roundUp(guestClusters.size() * bytes, m_clusterSize) / m_clusterSize, 0);
    for (const std::uint64_t entry : entries) {
        const std::uint64_t sectors = (at + bytes - 1) / 512 - at / 512;
        const std::uint64_t raw = kCompressed | sectors << offsetBits | at;
        put64(m_bytes, entry, raw);
        addReferences(raw, 1, m_counts);
        std::fill_n(m_bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes, std::byte{0xc5});
        at += bytes;
    }
}

void ImageBuilder::snapshot(std::string_view id, std::string_view name)
{
    const std::uint64_t tableClusters
        = std::max<std::uint64_t>(1, roundUp(m_l1Entries * 8, m_clusterSize) / m_clusterSize);
    const std::uint64_t l1 = allocate(tableClusters);
    for (std::uint64_t i = 0; i < m_l1Entries; ++i) {
        const std::uint64_t table = getNumber(m_bytes, m_l1 + i * 8, 8) & kOffsetMask;
        put64(m_bytes, l1 + i * 8, table);
        if (table == 0)
            continue;
        ++m_counts[table / m_clusterSize];
        for (std::uint64_t n = 0; n < l2Entries(); ++n)
            addReferences(getNumber(m_bytes, table + n * entryBytes(), 8), 1, m_counts);
    }
    m_snapshots.push_back({std::string(id), std::string(name), l1});
}

void ImageBuilder::bitmap(std::string_view name)
{
    m_bitmaps.emplace_back(name);
}

void ImageBuilder::extension(std::uint32_t type, Bytes data)
{
    m_extensions.emplace_back(type, std::move(data));
}

BuiltImage ImageBuilder::build() const
{
    BuiltImage image{m_options, {}, m_bytes};
    auto counts = m_counts;
    image.layout.clusterSize = m_clusterSize;
    image.layout.l1 = m_l1;
    image.layout.l1Entries = m_l1Entries;

    ImageBuilder finished(*this);
    if (!m_bitmaps.empty()) {
        Bytes extensionData;
        placeBitmaps(image.bytes, counts, extensionData);
        finished.extension(kBitmapsType, extensionData);
        finished.m_options.autoclear |= 1;
    }
    placeSnapshotTable(image.layout, image.bytes, counts);
    placeRefcounts(image.layout, image.bytes, counts);
    fixCopiedFlags(image.bytes, counts);
    const Bytes header = finished.header(image.layout);
    std::copy(header.begin(), header.end(), image.bytes.begin());
    image.options = finished.m_options;
    image.layout.clusters = image.bytes.size() / m_clusterSize;
    return image;
}

/// Host offset of the active L2 entry of a guest cluster, in a table that is the active disk's own. Its old reference
/// is dropped: the caller overwrites it.
std::uint64_t ImageBuilder::writableEntry(std::uint64_t guestCluster)
{
    const std::uint64_t l1At = m_l1 + guestCluster / l2Entries() * 8;
    std::uint64_t table = getNumber(m_bytes, l1At, 8) & kOffsetMask;
    if (table == 0) {
        table = allocate();
        put64(m_bytes, l1At, table);
    } else if (m_counts[table / m_clusterSize] > 1) {
        --m_counts[table / m_clusterSize];
        const std::uint64_t copy = allocate();
        std::copy_n(m_bytes.begin() + static_cast<std::ptrdiff_t>(table), m_clusterSize,
            m_bytes.begin() + static_cast<std::ptrdiff_t>(copy));
        put64(m_bytes, l1At, copy);
        table = copy;
    }
    const std::uint64_t entry = table + guestCluster % l2Entries() * entryBytes();
    addReferences(getNumber(m_bytes, entry, 8), -1, m_counts);
    return entry;
}

/// Changes the counts of what an L2 entry points to.
void ImageBuilder::addReferences(
    std::uint64_t entry, std::int64_t change, std::map<std::uint64_t, std::uint64_t>& counts) const
{
    std::uint64_t first = entry & kOffsetMask;
    std::uint64_t last = first;
    if ((entry & kCompressed) != 0) {
        const unsigned offsetBits = 62 - (m_options.clusterBits - 8);
        first = entry & ((std::uint64_t{1} << offsetBits) - 1);
        const std::uint64_t sectors = (entry & ~kCompressed) >> offsetBits;
        last = (first / 512 + sectors) * 512;
    } else if (first == 0) {
        return;
    }
    for (std::uint64_t cluster = first / m_clusterSize; cluster <= last / m_clusterSize; ++cluster)
        counts[cluster] += static_cast<std::uint64_t>(change);
}

Bytes ImageBuilder::header(const ImageLayout& layout) const
{
    Bytes out;
    put32(out, 0, 0x514649fb);
    put32(out, 4, m_options.version);
    put32(out, 20, m_options.clusterBits);
    put64(out, 24, m_options.virtualSize);
    put32(out, 36, static_cast<std::uint32_t>(m_l1Entries));
    put64(out, 40, layout.l1);
    put64(out, 48, layout.reftable);
    put32(out, 56, static_cast<std::uint32_t>(layout.reftableClusters));
    put32(out, 60, static_cast<std::uint32_t>(m_snapshots.size()));
    put64(out, 64, layout.snapshotTable);
    std::size_t at = 72;
    if (m_options.version >= 3) {
        put64(out, 72, m_options.incompatible);
        put64(out, 80, m_options.compatible);
        put64(out, 88, m_options.autoclear);
        put32(out, 96, m_options.refcountOrder);
        put32(out, 100, m_options.headerLength);
        at = m_options.headerLength;
    }
    for (const auto& [type, data] : m_extensions) {
        put32(out, at, type);
        put32(out, at + 4, static_cast<std::uint32_t>(data.size()));
        out.insert(out.end(), data.begin(), data.end());
        at = roundUp(at + 8 + data.size(), 8);
        out.resize(at);
    }
    put64(out, at, 0); // the end marker
    if (!m_backingFile.empty()) {
        put64(out, 8, at + 8);
        put32(out, 16, static_cast<std::uint32_t>(m_backingFile.size()));
        putText(out, at + 8, m_backingFile);
    }
    return out;
}

void ImageBuilder::placeSnapshotTable(
    ImageLayout& layout, Bytes& bytes, std::map<std::uint64_t, std::uint64_t>& counts) const
{
    if (m_snapshots.empty())
        return;
    Bytes table;
    for (const SnapshotEntry& snapshot : m_snapshots) {
        const std::size_t at = table.size();
        put64(table, at, snapshot.l1);
        put32(table, at + 8, static_cast<std::uint32_t>(m_l1Entries));
        put16(table, at + 12, static_cast<std::uint16_t>(snapshot.id.size()));
        put16(table, at + 14, static_cast<std::uint16_t>(snapshot.name.size()));
        put32(table, at + 16, 1700000000);
        put32(table, at + 36, 16); // extra data
        put64(table, at + 40, 0);
        put64(table, at + 48, m_options.virtualSize);
        putText(table, at + 56, snapshot.id + snapshot.name);
        table.resize(roundUp(table.size(), 8));
        layout.snapshotL1.push_back(snapshot.l1);
    }
    const std::uint64_t clusters = roundUp(table.size(), m_clusterSize) / m_clusterSize;
    layout.snapshotTable = append(bytes, m_clusterSize, clusters, counts);
    std::copy(table.begin(), table.end(), bytes.begin() + static_cast<std::ptrdiff_t>(layout.snapshotTable));
}

void ImageBuilder::placeBitmaps(
    Bytes& bytes, std::map<std::uint64_t, std::uint64_t>& counts, Bytes& extensionData) const
{
    Bytes directory;
    for (const std::string& name : m_bitmaps) {
        const std::uint64_t bits = append(bytes, m_clusterSize, 1, counts);
        bytes[bits] = std::byte{0xff};
        // One bit a 64 KiB: a cluster of bits covers any disk that these tests build.
        const std::uint64_t table = append(bytes, m_clusterSize, 1, counts);
        put64(bytes, table, bits);
        const std::size_t at = directory.size();
        put64(directory, at, table);
        put32(directory, at + 8, 1);
        put32(directory, at + 12, 0);
        put8(directory, at + 16, 1);
        put8(directory, at + 17, 16);
        put16(directory, at + 18, static_cast<std::uint16_t>(name.size()));
        put32(directory, at + 20, 0);
        putText(directory, at + 24, name);
        directory.resize(roundUp(directory.size(), 8));
    }
    const std::uint64_t clusters = roundUp(directory.size(), m_clusterSize) / m_clusterSize;
    const std::uint64_t at = append(bytes, m_clusterSize, clusters, counts);
    std::copy(directory.begin(), directory.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
    put32(extensionData, 0, static_cast<std::uint32_t>(m_bitmaps.size()));
    put32(extensionData, 4, 0);
    put64(extensionData, 8, directory.size());
    put64(extensionData, 16, at);
}

/// Appends refblocks and reftable. Both count themselves, so their number is tried until it suffices.
void ImageBuilder::placeRefcounts(
    ImageLayout& layout, Bytes& bytes, std::map<std::uint64_t, std::uint64_t>& counts) const
{
    const std::uint64_t perBlock = m_clusterSize * 8 >> m_options.refcountOrder;
    const std::uint64_t start = bytes.size() / m_clusterSize;
    std::uint64_t blocks = 0;
    std::uint64_t tables = 0;
    for (;;) {
        auto withSelf = counts;
        for (std::uint64_t i = 0; i < blocks + tables; ++i)
            withSelf[start + i] = 1;
        std::map<std::uint64_t, std::uint64_t> needed;
        for (const auto& [cluster, count] : withSelf) {
            if (count != 0)
                needed[cluster / perBlock] = 0;
        }
        const std::uint64_t neededTables = std::max<std::uint64_t>(
            m_options.reftableClusters, roundUp((needed.rbegin()->first + 1) * 8, m_clusterSize) / m_clusterSize);
        if (needed.size() == blocks && neededTables == tables) {
            counts = withSelf;
            layout.refblocks = needed;
            break;
        }
        blocks = needed.size();
        tables = neededTables;
    }
    bytes.resize((start + blocks + tables) * m_clusterSize);
    layout.reftable = (start + blocks) * m_clusterSize;
    layout.reftableClusters = tables;
    std::uint64_t at = start * m_clusterSize;
    for (auto& [index, offset] : layout.refblocks) {
        offset = at;
        put64(bytes, layout.reftable + index * 8, offset);
        at += m_clusterSize;
    }
    for (const auto& [cluster, count] : counts) {
        if (count != 0)
            putCount(
                bytes, layout.refblocks.at(cluster / perBlock), m_options.refcountOrder, cluster % perBlock, count);
    }
}

void ImageBuilder::fixCopiedFlags(Bytes& bytes, const std::map<std::uint64_t, std::uint64_t>& counts) const
{
    const auto flag = [&](std::uint64_t entry) {
        const auto found = counts.find((entry & kOffsetMask) / m_clusterSize);
        const bool once = found != counts.end() && found->second == 1;
        return (entry & ~kCopied) | (once ? kCopied : 0);
    };
    for (std::uint64_t i = 0; i < m_l1Entries; ++i) {
        const std::uint64_t table = getNumber(bytes, m_l1 + i * 8, 8) & kOffsetMask;
        if (table == 0)
            continue;
        put64(bytes, m_l1 + i * 8, flag(table));
        for (std::uint64_t n = 0; n < l2Entries(); ++n) {
            const std::uint64_t at = table + n * entryBytes();
            const std::uint64_t entry = getNumber(bytes, at, 8);
            if ((entry & kCompressed) == 0 && (entry & kOffsetMask) != 0)
                put64(bytes, at, flag(entry));
        }
    }
}

} // namespace cowscope::test
