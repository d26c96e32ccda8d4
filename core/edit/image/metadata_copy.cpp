// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/image/metadata_copy.h"

#include "core/analysis/table_list.h"
#include "core/format/limits.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

namespace cowscope
{

namespace
{

constexpr std::uint64_t kChunkBytes = std::uint64_t{1} << 20;
constexpr std::uint64_t kBlockBytes = 4096; ///< blocks of zeros stay holes
constexpr std::size_t kExtensionHeadBytes = 8;

// LUKS1 on-disk format, "phdr": what is made of keys.
constexpr std::uint64_t kLuksVersionEnd = 8;
constexpr std::uint64_t kLuksDigestAt = 112; ///< digest of the master key, and its salt
constexpr std::uint64_t kLuksDigestBytes = 20 + 32;
constexpr std::uint64_t kLuksSlotsAt = 208;
constexpr std::uint64_t kLuksSlotBytes = 48;
constexpr std::uint64_t kLuksSlotSaltAt = 8;
constexpr std::uint64_t kLuksSlotSaltBytes = 32;

/// Letters in place of names.
class NameMasks
{
public:
    /// As long as `name`, and the same for the same name.
    const std::string& maskOf(const std::string& name)
    {
        const auto [place, isNew] = m_known.try_emplace(name);
        if (isNew)
            place->second = letters(name.size(), m_used[name.size()]++);
        return place->second;
    }

private:
    static std::string letters(std::size_t length, std::uint64_t number)
    {
        static constexpr std::string_view digits = "xabcdefghijklmnopqrstuvwyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
        std::string text(length, digits.front());
        for (std::size_t i = length; i > 0 && number > 0; number /= digits.size())
            text[--i] = digits[number % digits.size()];
        return text;
    }

    std::unordered_map<std::string, std::string> m_known;
    std::unordered_map<std::size_t, std::uint64_t> m_used; ///< masks given out, by length
};

struct Range {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
};

/// Which bytes of an image are metadata, and what stands in the copy in place of some of them.
class MetadataList
{
public:
    MetadataList(const Image& image, const MetadataCopyOptions& options)
        : m_image(image)
        , m_mask(options.maskNames)
    {
    }

    Result<void> fill(const TaskContext& task)
    {
        addHeader();
        addRefcounts();
        if (auto added = addTables(task); !added)
            return added;
        addSnapshotTable();
        addBitmaps();
        addLuks();
        merge();
        return {};
    }

    std::span<const Range> ranges() const { return m_ranges; } ///< ascending, apart from each other, within the file

    /// Puts the replacements into `bytes`, which stand at `at`.
    void patch(std::uint64_t at, std::span<std::byte> bytes) const
    {
        auto next = m_patches.upper_bound(at);
        while (next != m_patches.begin() && std::prev(next)->first + m_longestPatch > at)
            --next;
        for (; next != m_patches.end() && next->first < at + bytes.size(); ++next) {
            const auto& [offset, text] = *next;
            for (std::size_t i = 0; i < text.size(); ++i) {
                if (offset + i >= at && offset + i < at + bytes.size())
                    bytes[offset + i - at] = static_cast<std::byte>(text[i]);
            }
        }
    }

private:
    void add(std::uint64_t offset, std::uint64_t bytes)
    {
        const std::uint64_t fileEnd = m_image.fileSize();
        if (offset < fileEnd && bytes > 0)
            m_ranges.push_back({offset, offset + std::min(bytes, fileEnd - offset)});
    }

    void replace(std::uint64_t offset, std::string text)
    {
        m_longestPatch = std::max<std::uint64_t>(m_longestPatch, text.size());
        m_patches[offset] = std::move(text);
    }

    void maskName(std::uint64_t offset, const std::string& name)
    {
        if (m_mask)
            replace(offset, m_masks.maskOf(name));
    }

    void addHeader()
    {
        const Header& header = m_image.header();
        std::uint64_t end = header.headerLength;
        for (const RawExtension& extension : m_image.extensions().raw) {
            const std::uint64_t data = extension.offset.value() + kExtensionHeadBytes;
            if (extension.type == kExtensionDataFile)
                maskName(data, {reinterpret_cast<const char*>(extension.data.data()), extension.data.size()});
            end = data + extension.data.size();
        }
        const std::uint64_t cluster = m_image.headerCluster().size();
        add(0, std::min(cluster, alignUp(end, 8) + kExtensionHeadBytes));
        const std::uint64_t name = header.backingFileOffset.value();
        if (name == 0 || name >= cluster)
            return;
        // Of a name that is cut off with the file, what is left of it.
        const std::uint64_t length = std::min<std::uint64_t>(header.backingFileSize, cluster - name);
        add(name, length);
        const auto* text = reinterpret_cast<const char*>(m_image.headerCluster().data()) + name;
        maskName(name, {text, text + length});
    }

    void addRefcounts()
    {
        const std::span<const std::uint64_t> reftable = m_image.reftable();
        add(m_image.header().refcountTableOffset.value(), reftable.size() * 8);
        for (std::uint64_t i = 0; i < reftable.size(); ++i) {
            if (const auto refblock = m_image.usableRefblock(i))
                add(refblock->value(), m_image.geometry().clusterSize());
        }
    }

    Result<void> addTables(const TaskContext& task)
    {
        const Header& header = m_image.header();
        add(header.l1TableOffset.value(), std::uint64_t{header.l1Size} * 8);
        for (const Snapshot& snapshot : m_image.snapshots()) {
            if (checkSnapshotL1(m_image, snapshot, nullptr))
                add(snapshot.l1TableOffset.value(), std::uint64_t{snapshot.l1Size} * 8);
        }
        FindingList findings(0);
        const auto tables = listL2Tables(m_image, task, findings);
        if (!tables)
            return std::unexpected(tables.error());
        for (const TableUse& table : *tables)
            add(table.offset.value(), m_image.geometry().clusterSize());
        return {};
    }

    void addSnapshotTable()
    {
        std::uint64_t at = m_image.header().snapshotsOffset.value();
        for (const Snapshot& snapshot : m_image.snapshots()) {
            add(snapshot.entryOffset.value(), snapshot.entryBytes);
            maskName(
                snapshot.entryOffset.value() + kSnapshotEntryBytes + snapshot.extraData.size() + snapshot.id.size(),
                snapshot.name);
            at = snapshot.entryOffset.value() + snapshot.entryBytes;
        }
        // The fixed part of the entry that cannot be read says what is wrong with it.
        if (m_image.snapshots().size() < m_image.header().snapshotCount)
            add(at, kSnapshotEntryBytes);
    }

    void addBitmaps()
    {
        const auto& extension = m_image.extensions().bitmaps;
        if (!extension || (m_image.header().autoclearFeatures & kAutoclearBitmaps) == 0)
            return;
        // Names in a directory that cannot be read cannot be found either: masked, it is left out.
        const bool readable = !m_image.bitmaps().empty();
        if ((readable || !m_mask) && extension->directorySize <= kMaxBitmapDirectoryBytes)
            add(extension->directoryOffset.value(), extension->directorySize);
        for (const Bitmap& bitmap : m_image.bitmaps()) {
            add(bitmap.tableOffset.value(), std::uint64_t{bitmap.tableSize} * 8);
            maskName(bitmap.entryOffset.value() + kBitmapEntryBytes + bitmap.extraData.size(), bitmap.name);
        }
    }

    void addLuks()
    {
        if (m_image.header().cryptMethod != CryptMethod::Luks || !m_image.extensions().crypto)
            return;
        const std::uint64_t at = m_image.extensions().crypto->offset.value();
        if (!m_image.luks()) { // whatever stands there, it is no LUKS header
            add(at, kLuksVersionEnd);
            return;
        }
        add(at, kLuksHeaderBytes);
        replace(at + kLuksDigestAt, std::string(kLuksDigestBytes, '\0'));
        for (std::uint64_t slot = at + kLuksSlotsAt; slot < at + kLuksHeaderBytes; slot += kLuksSlotBytes)
            replace(slot + kLuksSlotSaltAt, std::string(kLuksSlotSaltBytes, '\0'));
    }

    void merge()
    {
        std::ranges::sort(m_ranges, {}, &Range::begin);
        std::size_t kept = 0;
        for (const Range& range : m_ranges) {
            if (kept > 0 && range.begin <= m_ranges[kept - 1].end)
                m_ranges[kept - 1].end = std::max(m_ranges[kept - 1].end, range.end);
            else
                m_ranges[kept++] = range;
        }
        m_ranges.resize(kept);
    }

    const Image& m_image;
    bool m_mask;
    NameMasks m_masks;
    std::vector<Range> m_ranges;
    std::map<std::uint64_t, std::string> m_patches; ///< by offset
    std::uint64_t m_longestPatch = 0;
};

class Copier
{
public:
    Copier(const Storage& source, Storage& target, const MetadataList& list, const TaskContext& task)
        : m_source(source)
        , m_target(target)
        , m_list(list)
        , m_task(task)
    {
        for (const Range& range : list.ranges())
            m_progress.total += range.end - range.begin;
    }

    Result<void> run()
    {
        for (const Range& range : m_list.ranges()) {
            if (auto copied = copyRange(range); !copied)
                return copied;
        }
        return m_task.step(m_progress);
    }

private:
    Result<void> copyRange(Range range)
    {
        while (range.begin < range.end) {
            if (auto go = m_task.step(m_progress); !go)
                return go;
            const std::uint64_t rest = range.end - range.begin;
            const auto extent = m_source.extentAt(range.begin);
            const bool hole = extent && !extent->data && extent->length > 0;
            const std::uint64_t length = std::min(rest, hole ? extent->length : kChunkBytes);
            if (!hole) {
                m_bytes.resize(length);
                if (auto read = m_source.read(range.begin, m_bytes); !read)
                    return failed(read);
                m_list.patch(range.begin, m_bytes);
                if (auto written = writeBlocks(range.begin); !written)
                    return written;
            }
            range.begin += length;
            m_progress.done += length;
        }
        return {};
    }

    /// m_bytes to the same place of the target, without blocks of zeros.
    Result<void> writeBlocks(std::uint64_t at)
    {
        std::span<const std::byte> rest(m_bytes);
        while (!rest.empty()) {
            const std::uint64_t toBlockEnd = kBlockBytes - at % kBlockBytes;
            const auto block = rest.first(std::min<std::uint64_t>(rest.size(), toBlockEnd));
            if (!isAllZero(block)) {
                if (auto written = m_target.write(at, block); !written)
                    return written;
            }
            at += block.size();
            rest = rest.subspan(block.size());
        }
        return {};
    }

    const Storage& m_source;
    Storage& m_target;
    const MetadataList& m_list;
    const TaskContext& m_task;
    Progress m_progress{Phase::Copy, 0, 0};
    std::vector<std::byte> m_bytes;
};

} // namespace

Result<void> copyMetadata(
    const Image& image, Storage& target, const MetadataCopyOptions& options, const TaskContext& task)
{
    MetadataList list(image, options);
    // How much there is to copy is known after the tables are listed only.
    const TaskContext looking{task.stop, {}};
    if (auto filled = list.fill(looking); !filled)
        return filled;
    if (auto sized = target.truncate(image.fileSize()); !sized)
        return sized;
    if (auto copied = Copier(image.storage(), target, list, task).run(); !copied)
        return copied;
    return target.flush();
}

} // namespace cowscope
