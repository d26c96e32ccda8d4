// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/image/image_editor.h"

#include "core/base/big_endian.h"
#include "core/edit/image/header_cluster.h"
#include "core/format/field_catalog.h"
#include "core/format/limits.h"

#include <algorithm>
#include <fmt/format.h>

namespace cowscope
{

namespace
{

constexpr std::uint64_t kCleanPageBytes = std::uint64_t{16} << 20; ///< L2 tables that the cache keeps
constexpr std::uint64_t kDirtyPageBytes = std::uint64_t{32} << 20; ///< new L2 tables are written out beyond that
constexpr std::string_view kRepairFirst = "Repair the image first: check -r all";

Result<void> refuseUnsound(const Image& image)
{
    if (!image.problems().empty())
        return std::unexpected(image.problems().front());
    if (image.reftable().empty())
        return fail(ErrorKind::Refused, "The image has no refcount table", header_field::kRefcountTableClusters,
            std::string(kRepairFirst));
    if (image.header().isCorrupt())
        return fail(ErrorKind::Refused, "The image is marked corrupt", header_field::kIncompatibleFeatures,
            std::string(kRepairFirst));
    if (image.header().isDirty())
        return fail(ErrorKind::Refused, "The image is marked dirty: its counts may be out of date",
            header_field::kIncompatibleFeatures, std::string(kRepairFirst));
    return {};
}

} // namespace

ImageEditor::ImageEditor(std::shared_ptr<Storage> storage, GuestFiles files)
    : m_storage(std::make_shared<RevertibleStorage>(std::move(storage)))
    , m_files(std::move(files))
{
}

Result<std::unique_ptr<ImageEditor>> ImageEditor::open(
    std::shared_ptr<Storage> storage, GuestFiles files, const TaskContext& task)
{
    std::unique_ptr<ImageEditor> editor(new ImageEditor(std::move(storage), std::move(files)));
    if (auto loaded = editor->load(task); !loaded)
        return failed(loaded);
    return editor;
}

Result<void> ImageEditor::load(const TaskContext& task)
{
    auto opened = Image::open(m_storage, task);
    if (!opened)
        return failed(opened);
    const Image& image = **opened;
    if (auto sound = refuseUnsound(image); !sound)
        return sound;
    m_header = image.header();
    m_committedHeader = m_header;
    m_extensions = image.extensions();
    m_extensionsChanged = false;
    m_backingFile = image.backingFile();
    m_committedName = m_backingFile;
    m_geometry = image.geometry();
    m_refcounts.load(image, *m_storage, [this](ClusterRun run) { return checkFree(run); });
    m_l1.assign(image.l1Table().begin(), image.l1Table().end());
    m_l1Fresh = false;
    m_dirtyL1.clear();
    m_snapshots.assign(image.snapshots().begin(), image.snapshots().end());
    m_snapshotTableBytes = image.snapshotTableBytes();
    m_bitmaps.assign(image.bitmaps().begin(), image.bitmaps().end());
    m_l2Pages.clear();
    m_dirtyPages = 0;
    m_lateWords.clear();
    m_compressedEnd = HostOffset(0);
    m_wroteContents = false;
    m_committedBytes = image.fileSize();
    listMetadata();
    return {};
}

Result<void> ImageEditor::rollback()
{
    const auto size = m_storage->size();
    Result<void> cut;
    if (size && *size > m_committedBytes)
        cut = m_storage->truncate(m_committedBytes);
    // Also where the file stays too long: bytes behind the last cluster in use do no harm.
    auto loaded = load({});
    m_usable = loaded.has_value();
    return loaded ? cut : loaded;
}

Result<Storage*> ImageEditor::dataStorage()
{
    if (!m_header.hasDataFile())
        return m_storage.get();
    if (!m_files.dataFile)
        return fail(ErrorKind::Refused, "The image keeps its data in another file, which is not open");
    return m_files.dataFile.get();
}

// Protection of metadata ---------------------------------------------------------------------------------------------

void ImageEditor::listMetadata()
{
    m_metadata.clear();
    m_metadataClusters.clear();
    protect(HostOffset(0), 1, "the header");
    protect(m_header.l1TableOffset, m_l1.size() * 8, "the active L1 table");
    for (const std::uint64_t raw : m_l1)
        protect(L1Entry{raw}.l2Offset(), 1, kL2Table);
    protect(m_header.snapshotsOffset, m_snapshotTableBytes, "the snapshot table");
    for (const Snapshot& snapshot : m_snapshots)
        protect(snapshot.l1TableOffset, std::uint64_t{snapshot.l1Size} * 8, "the L1 table of a snapshot");
    if (!m_bitmaps.empty())
        protect(m_extensions.bitmaps->directoryOffset, m_extensions.bitmaps->directorySize, "the bitmap directory");
    for (const Bitmap& bitmap : m_bitmaps)
        protect(bitmap.tableOffset, std::uint64_t{bitmap.tableSize} * 8, "a bitmap table");
}

void ImageEditor::protect(HostOffset offset, std::uint64_t bytes, std::string_view what)
{
    if (bytes == 0 || (offset.value() == 0 && what != "the header"))
        return;
    const HostCluster last = m_geometry.cluster(offset + (bytes - 1));
    for (HostCluster cluster = m_geometry.cluster(offset); cluster <= last; ++cluster) {
        m_metadata.emplace(cluster.value(), what);
        m_metadataClusters.insert(cluster);
    }
}

Result<void> ImageEditor::checkFree(ClusterRun run) const
{
    for (HostCluster cluster = run.first; cluster < run.end(); ++cluster) {
        if (const auto what = metadataAt(cluster); !what.empty())
            return fail(ErrorKind::Invalid,
                fmt::format("Cluster {} is counted as free, but {} is there", cluster.value(), what),
                m_geometry.offset(cluster).value(), std::string(kRepairFirst));
    }
    return {};
}

Result<void> ImageEditor::checkNoMetadata(HostOffset offset, std::uint64_t bytes) const
{
    const auto end = checkedAdd(offset.value(), bytes);
    if (!end || *end > m_refcounts.end().value() * m_geometry.clusterSize())
        return fail(
            ErrorKind::Invalid, "A write would land outside the image file", offset.value(), std::string(kRepairFirst));
    const HostCluster last = m_geometry.cluster(HostOffset(*end - 1));
    const HostCluster first = m_geometry.cluster(offset);
    if (const std::string_view what = metadataIn({first, last - first + 1}); !what.empty())
        return fail(ErrorKind::Invalid, fmt::format("A write of guest data would land on {}", what), offset.value(),
            std::string(kRepairFirst));
    return {};
}

std::string_view ImageEditor::metadataIn(ClusterRun run) const
{
    if (m_refcounts.hasRefcountStructure(run))
        return "the refcount structures";
    const auto first = m_metadataClusters.firstIn(run);
    return first ? m_metadata.at(first->value()) : std::string_view{};
}

// Allocation ---------------------------------------------------------------------------------------------------------

Result<HostCluster> ImageEditor::allocate(std::uint64_t clusters)
{
    auto run = m_refcounts.allocate(clusters, clusters);
    if (!run)
        return failed(run);
    return run->first;
}

Result<ClusterRun> ImageEditor::allocateUpTo(std::uint64_t most)
{
    return m_refcounts.allocate(1, most);
}

Result<HostOffset> ImageEditor::allocateCompressed(std::uint64_t bytes)
{
    const std::uint64_t used = m_geometry.offsetInCluster(m_compressedEnd); // 0: nothing can be shared
    const HostCluster shared = m_geometry.cluster(m_compressedEnd);
    bool canShare = used != 0;
    if (canShare) {
        auto count = m_refcounts.count(shared);
        if (!count)
            return failed(count);
        canShare = *count < m_refcounts.codec().maximum();
    }
    const std::uint64_t room = canShare ? m_geometry.clusterSize() - used : 0;
    HostOffset at = m_compressedEnd;
    if (bytes > room) {
        auto fresh = allocate(1);
        if (!fresh)
            return failed(fresh);
        if (!canShare || *fresh != shared + 1) {
            canShare = false;
            at = m_geometry.offset(*fresh);
        }
    }
    if (canShare) {
        if (auto counted = m_refcounts.change(shared, 1); !counted)
            return failed(counted);
    }
    m_compressedEnd = at + bytes;
    return at;
}

Result<void> ImageEditor::release(HostOffset offset, std::uint64_t bytes, std::uint64_t uses)
{
    if (bytes == 0 || uses == 0)
        return {};
    const HostCluster last = m_geometry.cluster(offset + (bytes - 1));
    for (HostCluster cluster = m_geometry.cluster(offset); cluster <= last; ++cluster) {
        if (auto changed = m_refcounts.change(cluster, -static_cast<std::int64_t>(uses)); !changed)
            return changed;
        auto count = m_refcounts.count(cluster);
        if (!count)
            return failed(count);
        if (*count > 0)
            continue;
        m_metadata.erase(cluster.value());
        m_metadataClusters.erase(cluster);
        forgetPage(m_geometry.offset(cluster));
        if (m_compressedEnd.value() != 0 && m_geometry.cluster(HostOffset(m_compressedEnd.value() - 1)) == cluster)
            m_compressedEnd = HostOffset(0);
    }
    return {};
}

Result<CountTally> ImageEditor::releaseData(ClusterRun run, std::uint64_t by)
{
    CountTally left;
    auto lowered = m_refcounts.lower(run, by, left);
    if (!lowered)
        return failed(lowered);
    if (*lowered < run.count) {
        // A count is too small: this names it.
        if (auto changed = m_refcounts.change(run.first + *lowered, -static_cast<std::int64_t>(by)); !changed)
            return failed(changed);
    }
    const HostCluster packed = m_geometry.cluster(HostOffset(m_compressedEnd.value() - 1));
    if (left.zeros > 0 && m_compressedEnd.value() != 0 && run.first <= packed && packed < run.end())
        m_compressedEnd = HostOffset(0);
    return left;
}

/// A freed cluster may be handed out again, so nothing must be written to it any more.
void ImageEditor::forgetPage(HostOffset table)
{
    const auto known = m_l2Pages.find(table.value());
    if (known == m_l2Pages.end())
        return;
    m_dirtyPages -= known->second.dirty();
    m_l2Pages.erase(known);
}

// Tables -------------------------------------------------------------------------------------------------------------

void ImageEditor::setL1Entry(std::uint64_t index, std::uint64_t raw)
{
    m_l1[index] = raw;
    protect(L1Entry{raw}.l2Offset(), 1, kL2Table);
    if (!m_l1Fresh)
        m_dirtyL1.insert(index);
}

Result<void> ImageEditor::replaceL1(std::vector<std::uint64_t> entries)
{
    if (entries.size() * 8 > kMaxL1Bytes)
        return fail(ErrorKind::Refused,
            fmt::format(
                "The disk would need an L1 table of {} bytes; {} is the limit", entries.size() * 8, kMaxL1Bytes),
            std::nullopt, "Use larger clusters");
    const HostOffset old = m_header.l1TableOffset;
    const std::uint64_t oldBytes = m_l1.size() * 8;
    HostOffset at = old;
    if (!entries.empty()) {
        auto run = allocate(m_geometry.clustersFor(entries.size() * 8));
        if (!run)
            return failed(run);
        at = m_geometry.offset(*run);
    }
    if (auto released = release(old, oldBytes); !released)
        return released;
    m_l1 = std::move(entries);
    m_l1Fresh = true;
    m_dirtyL1.clear();
    m_header.l1TableOffset = at;
    m_header.l1Size = static_cast<std::uint32_t>(m_l1.size());
    protect(at, m_l1.size() * 8, "the active L1 table");
    for (const std::uint64_t raw : m_l1)
        protect(L1Entry{raw}.l2Offset(), 1, kL2Table);
    return {};
}

Result<HostOffset> ImageEditor::newL2Table(std::span<const std::uint64_t> words)
{
    if (m_dirtyPages * m_geometry.clusterSize() > kDirtyPageBytes) {
        if (auto written = writeFreshPages({}); !written)
            return failed(written);
        dropCleanPages();
    }
    auto cluster = allocate(1);
    if (!cluster)
        return failed(cluster);
    const HostOffset at = m_geometry.offset(*cluster);
    L2Page page;
    page.words.assign(words.begin(), words.end());
    page.words.resize(m_geometry.clusterSize() / 8);
    page.fresh = true;
    m_l2Pages.insert_or_assign(at.value(), std::move(page));
    ++m_dirtyPages;
    protect(at, 1, kL2Table);
    return at;
}

Result<ImageEditor::L2Page*> ImageEditor::l2Page(HostOffset table)
{
    if (const auto known = m_l2Pages.find(table.value()); known != m_l2Pages.end())
        return &known->second;
    auto words = l2Words(table);
    if (!words)
        return failed(words);
    dropCleanPages();
    L2Page page;
    page.words = std::move(*words);
    return &m_l2Pages.emplace(table.value(), std::move(page)).first->second;
}

void ImageEditor::dropCleanPages()
{
    if ((m_l2Pages.size() - m_dirtyPages) * m_geometry.clusterSize() < kCleanPageBytes)
        return;
    std::erase_if(m_l2Pages, [](const auto& entry) { return !entry.second.dirty(); });
}

Result<std::vector<std::uint64_t>> ImageEditor::l2Words(HostOffset table)
{
    if (const auto known = m_l2Pages.find(table.value()); known != m_l2Pages.end())
        return known->second.words;
    if (!m_geometry.isAligned(table) || m_geometry.cluster(table) >= m_refcounts.end())
        return fail(ErrorKind::Invalid, "An L1 entry leads to an L2 table that is unaligned or outside the file",
            table.value(), std::string(kRepairFirst));
    std::vector<std::uint64_t> words(m_geometry.clusterSize() / 8);
    if (auto read = m_storage->read(table.value(), std::as_writable_bytes(std::span(words))); !read)
        return failed(read);
    for (std::uint64_t& word : words)
        word = swapBigEndian(word);
    return words;
}

Result<std::uint64_t> ImageEditor::l2Word(HostOffset table, std::uint64_t index)
{
    auto page = l2Page(table);
    if (!page)
        return failed(page);
    return (*page)->words[index];
}

Result<void> ImageEditor::setL2Word(HostOffset table, std::uint64_t index, std::uint64_t raw)
{
    auto page = l2Page(table);
    if (!page)
        return failed(page);
    if ((*page)->words[index] == raw)
        return {};
    (*page)->words[index] = raw;
    markDirty(**page, index, index + 1);
    return {};
}

void ImageEditor::markDirty(L2Page& page, std::uint64_t first, std::uint64_t end)
{
    m_dirtyPages += !page.dirty();
    page.firstDirty = std::min(page.firstDirty, first);
    page.endDirty = std::max(page.endDirty, end);
}

void ImageEditor::setHeader(const Header& header)
{
    m_header = header;
    m_geometry = Geometry(header);
}

// Header -------------------------------------------------------------------------------------------------------------

/// Gives the backing file name its place behind the extensions.
void ImageEditor::placeBackingName()
{
    HeaderContents contents{m_header, m_extensions.raw, m_backingFile};
    const NamePlace old{m_committedHeader.backingFileOffset.value(), m_committedHeader.backingFileSize};
    cowscope::placeBackingName(contents, old, m_backingFile == m_committedName);
    m_header = std::move(contents.header);
}

Result<std::vector<std::byte>> ImageEditor::encodeHeaderCluster() const
{
    return cowscope::encodeHeaderCluster({m_header, m_extensions.raw, m_backingFile});
}

Result<void> ImageEditor::setExtension(std::uint32_t type, std::optional<std::vector<std::byte>> data)
{
    auto& raw = m_extensions.raw;
    const auto known = std::ranges::find(raw, type, &RawExtension::type);
    if (known != raw.end() && data)
        known->data = std::move(*data);
    else if (known != raw.end())
        raw.erase(known);
    else if (data)
        raw.push_back({type, HostOffset(0), std::move(*data)});
    return renewExtensions();
}

Result<void> ImageEditor::setBackingFile(std::string name)
{
    m_backingFile = std::move(name);
    return renewExtensions();
}

Result<void> ImageEditor::setVersion(std::uint32_t version)
{
    m_header.version = version;
    m_header.headerLength = static_cast<std::uint32_t>(version == 2 ? kHeaderBytesV2 : kNewHeaderBytes);
    m_header.unknownTail.assign(version == 2 ? 0 : kNewHeaderBytes - header_field::kCompressionType - 1, std::byte{0});
    return renewExtensions();
}

/// What has changed behind the header's fields, decoded and at its place.
Result<void> ImageEditor::renewExtensions()
{
    placeBackingName();
    auto bytes = encodeHeaderCluster();
    if (!bytes)
        return failed(bytes);
    auto decoded = decodeExtensions(m_header, *bytes);
    if (!decoded)
        return failed(decoded);
    m_extensions = std::move(*decoded);
    m_extensionsChanged = true;
    return {};
}

/// Writes a structure to new clusters, padded with zeros.
Result<HostOffset> ImageEditor::placeStructure(std::span<const std::byte> bytes, std::string_view what)
{
    auto run = allocate(m_geometry.clustersFor(bytes.size()));
    if (!run)
        return failed(run);
    std::vector<std::byte> padded(bytes.begin(), bytes.end());
    padded.resize(alignUp(bytes.size(), m_geometry.clusterSize()));
    const HostOffset at = m_geometry.offset(*run);
    if (auto written = writeNew(at, padded); !written)
        return failed(written);
    protect(at, bytes.size(), what);
    return at;
}

Result<void> ImageEditor::replaceSnapshots(std::vector<Snapshot> snapshots)
{
    std::vector<std::byte> bytes;
    std::vector<std::uint64_t> positions;
    for (Snapshot& snapshot : snapshots) {
        const auto entry = encodeSnapshot(snapshot);
        snapshot.entryBytes = entry.size();
        positions.push_back(bytes.size());
        bytes.insert(bytes.end(), entry.begin(), entry.end());
    }
    if (snapshots.size() > kMaxSnapshots || bytes.size() > kMaxSnapshotTableBytes)
        return fail(ErrorKind::Refused,
            fmt::format(
                "There is room for {} snapshots, in a table of {} bytes", kMaxSnapshots, kMaxSnapshotTableBytes),
            std::nullopt, "Delete a snapshot first");
    HostOffset at;
    if (!bytes.empty()) {
        auto placed = placeStructure(bytes, "the snapshot table");
        if (!placed)
            return failed(placed);
        at = *placed;
    }
    if (auto released = release(m_header.snapshotsOffset, m_snapshotTableBytes); !released)
        return released;
    for (std::size_t i = 0; i < snapshots.size(); ++i) {
        snapshots[i].entryOffset = at + positions[i];
        protect(snapshots[i].l1TableOffset, std::uint64_t{snapshots[i].l1Size} * 8, "the L1 table of a snapshot");
    }
    m_snapshots = std::move(snapshots);
    m_snapshotTableBytes = bytes.size();
    m_header.snapshotsOffset = at;
    m_header.snapshotCount = static_cast<std::uint32_t>(m_snapshots.size());
    return {};
}

Result<void> ImageEditor::replaceBitmaps(std::vector<Bitmap> bitmaps)
{
    const auto directory = encodeBitmapDirectory(bitmaps);
    if (bitmaps.size() > kMaxBitmaps || directory.size() > kMaxBitmapDirectoryBytes)
        return fail(ErrorKind::Refused, fmt::format("There is room for {} bitmaps", kMaxBitmaps), std::nullopt,
            "Remove a bitmap first");
    std::optional<std::vector<std::byte>> extension;
    if (!bitmaps.empty()) {
        auto at = placeStructure(directory, "the bitmap directory");
        if (!at)
            return failed(at);
        extension.emplace(24);
        storeBigEndian(std::span(*extension), 0, static_cast<std::uint32_t>(bitmaps.size()));
        storeBigEndian(std::span(*extension), 8, std::uint64_t{directory.size()});
        storeBigEndian(std::span(*extension), 16, at->value());
    }
    if (!m_bitmaps.empty()) {
        const BitmapsExtension old = *m_extensions.bitmaps;
        if (auto released = release(old.directoryOffset, old.directorySize); !released)
            return released;
    }
    if (auto set = setExtension(kExtensionBitmaps, std::move(extension)); !set)
        return set;
    for (const Bitmap& bitmap : bitmaps)
        protect(bitmap.tableOffset, std::uint64_t{bitmap.tableSize} * 8, "a bitmap table");
    m_header.autoclearFeatures &= ~kAutoclearBitmaps;
    if (!bitmaps.empty())
        m_header.autoclearFeatures |= kAutoclearBitmaps;
    m_bitmaps = std::move(bitmaps);
    return {};
}

// Contents -----------------------------------------------------------------------------------------------------------

Result<void> ImageEditor::writeNew(HostOffset offset, std::span<const std::byte> bytes)
{
    const HostCluster last = m_geometry.cluster(offset + (bytes.size() - 1));
    for (HostCluster cluster = m_geometry.cluster(offset); cluster <= last; ++cluster) {
        auto free = m_refcounts.isFreeOnDisk(cluster);
        if (!free)
            return failed(free);
        if (!*free)
            return fail(ErrorKind::Invalid, "A write of new contents would land on a cluster in use",
                m_geometry.offset(cluster).value(), std::string(kRepairFirst));
    }
    m_wroteContents = true;
    return m_storage->write(offset.value(), bytes);
}

Result<void> ImageEditor::overwrite(HostOffset offset, std::span<const std::byte> bytes)
{
    if (auto clear = checkNoMetadata(offset, bytes.size()); !clear)
        return clear;
    m_wroteContents = true;
    return m_storage->write(offset.value(), bytes);
}

} // namespace cowscope
