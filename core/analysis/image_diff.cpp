// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/image_diff.h"

#include "core/image/guest_lookup.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>

namespace cowscope
{

namespace
{

constexpr std::uint64_t kCountsAtOnce = 1U << 16;

/// Adds a run, or joins it to the last one where `joins` says so; past the limit it is only counted.
template <typename Run, typename Joins>
void addRun(std::vector<Run>& runs, std::uint64_t& dropped, const Run& run, Joins joins)
{
    if (!runs.empty() && joins(runs.back()))
        return;
    if (runs.size() < ImageDiff::kMostRuns)
        runs.push_back(run);
    else
        ++dropped;
}

using Names = std::map<std::string, std::string>;

std::string hexOf(std::span<const std::byte> bytes)
{
    constexpr std::size_t kShown = 32;
    std::string text;
    for (const std::byte byte : bytes.first(std::min(bytes.size(), kShown)))
        text += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
    return fmt::format("{} bytes: {}{}", bytes.size(), text, bytes.size() > kShown ? "..." : "");
}

/// All of an image that has a name.
Names namesOf(const Image& image)
{
    Names names;
    if (!image.backingFile().empty())
        names["backing file"] = image.backingFile();
    std::map<std::uint32_t, unsigned> ofType;
    for (const RawExtension& extension : image.extensions().raw) {
        const unsigned number = ++ofType[extension.type];
        names[fmt::format("header extension {:#x} ({}){}", extension.type, extensionName(extension.type),
            number > 1 ? fmt::format(" number {}", number) : "")]
            = hexOf(extension.data);
    }
    for (const Snapshot& snapshot : image.snapshots())
        names[fmt::format("snapshot {}", snapshot.id)]
            = fmt::format("'{}' of {} s, disk {} bytes, state {} bytes, L1 table of {} entries at {:#x}", snapshot.name,
                snapshot.dateSeconds, snapshot.diskSize.value_or(0), snapshot.vmStateSize, snapshot.l1Size,
                snapshot.l1TableOffset.value());
    for (const Bitmap& bitmap : image.bitmaps())
        names[fmt::format("bitmap {}", bitmap.name)]
            = fmt::format("granularity 2^{}, flags {:#x}, table of {} at {:#x}", bitmap.granularityBits, bitmap.flags,
                bitmap.tableSize, bitmap.tableOffset.value());
    return names;
}

/// The steps of compareMetadata().
class MetadataComparison
{
public:
    MetadataComparison(const Image& first, const Image& second, const TaskContext& task)
        : m_first(first)
        , m_second(second)
        , m_task(task)
    {
        const Geometry& a = first.geometry();
        const Geometry& b = second.geometry();
        m_diff.sameClusters = a.clusterSize() == b.clusterSize();
        m_sameEntries = m_diff.sameClusters && a.extendedL2() == b.extendedL2();
        m_guestSize
            = std::max(alignUp(diskSize(first, {}), a.clusterSize()), alignUp(diskSize(second, {}), b.clusterSize()));
        m_clusters = std::max(first.fileClusters(), second.fileClusters());
        m_diff.guest = ChangeStrip(m_guestSize / a.clusterSize());
        m_diff.host = ChangeStrip(m_diff.sameClusters ? m_clusters : 0);
    }

    Result<ImageDiff> run()
    {
        compareFields();
        compareNames();
        if (m_sameEntries)
            compareL1();
        if (auto done = m_sameEntries ? compareTables() : compareExtents(); !done)
            return failed(done);
        if (auto done = compareCounts(); !done)
            return failed(done);
        return std::move(m_diff);
    }

private:
    Result<void> step(std::uint64_t guest, std::uint64_t clusters) const
    {
        // Both walks in one scale: an entry and a count are 8 bytes of work each.
        const std::uint64_t cluster = m_first.geometry().clusterSize();
        const auto bytes = [cluster](std::uint64_t of, std::uint64_t counts) { return (of / cluster + counts) * 8; };
        return m_task.step({Phase::Compare, bytes(guest, clusters), bytes(m_guestSize, m_clusters)});
    }

    void compareFields()
    {
        for (const Field& field : fieldsOf(Structure::Header)) {
            const auto value = [&field](const Image& image) {
                const auto bytes = image.headerCluster();
                const FieldValue read
                    = readField(field, bytes.first(std::min<std::size_t>(bytes.size(), image.header().headerLength)));
                return read.present ? std::optional(read.number) : std::nullopt;
            };
            if (const FieldDifference both{&field, value(m_first), value(m_second)}; both.first != both.second)
                m_diff.fields.push_back(both);
        }
    }

    void compareNames()
    {
        const Names first = namesOf(m_first);
        const Names second = namesOf(m_second);
        for (const auto& [name, value] : first) {
            const auto other = second.find(name);
            if (other == second.end())
                m_diff.names.push_back({name, value, std::nullopt});
            else if (other->second != value)
                m_diff.names.push_back({name, value, other->second});
        }
        for (const auto& [name, value] : second)
            if (!first.contains(name))
                m_diff.names.push_back({name, std::nullopt, value});
    }

    static std::uint64_t wordAt(std::span<const std::uint64_t> table, std::uint64_t index)
    {
        return index < table.size() ? table[index] : 0;
    }

    void compareL1()
    {
        const auto kindOf
            = [](std::uint64_t word) { return (word != 0 ? 2 : 0) + ((word & kCopiedFlag) != 0 ? 1 : 0); };
        const std::uint64_t entries = std::max(m_first.l1Table().size(), m_second.l1Table().size());
        for (std::uint64_t i = 0; i < entries; ++i) {
            const L1Difference at{i, 1, wordAt(m_first.l1Table(), i), wordAt(m_second.l1Table(), i)};
            if (at.first == at.second)
                continue;
            ++m_diff.l1Entries;
            addRun(m_diff.l1, m_diff.runsDropped, at, [&](L1Difference& last) {
                const bool joins = last.index + last.count == i && kindOf(last.first) == kindOf(at.first)
                    && kindOf(last.second) == kindOf(at.second);
                last.count += joins ? 1 : 0;
                return joins;
            });
        }
    }

    /// The L2 tables of both, word by word.
    Result<void> compareTables()
    {
        const std::uint64_t coverage = m_first.geometry().l2Coverage();
        std::vector<std::uint64_t> first;
        std::vector<std::uint64_t> second;
        for (std::uint64_t i = 0; i * coverage < m_guestSize; ++i) {
            const HostOffset a = L1Entry{wordAt(m_first.l1Table(), i)}.l2Offset();
            const HostOffset b = L1Entry{wordAt(m_second.l1Table(), i)}.l2Offset();
            if (a.value() == 0 && b.value() == 0) {
                if (i >= std::max(m_first.l1Table().size(), m_second.l1Table().size()))
                    break; // neither maps anything from here on
                continue;
            }
            if (auto go = step(i * coverage, 0); !go)
                return go;
            for (auto [image, offset, words] : {std::tuple(&m_first, a, &first), std::tuple(&m_second, b, &second)}) {
                words->assign(image->geometry().clusterSize() / sizeof(std::uint64_t), 0);
                if (offset.value() == 0)
                    continue;
                if (auto read = image->readWords(offset, *words); !read)
                    return read;
            }
            if (first != second)
                compareTable(i * coverage, {first, a}, {second, b});
        }
        return {};
    }

    struct Table {
        std::span<const std::uint64_t> words;
        HostOffset offset;
    };

    void compareTable(std::uint64_t guest, const Table& first, const Table& second)
    {
        const Geometry& geometry = m_first.geometry();
        const std::size_t step = geometry.l2EntryBytes() / sizeof(std::uint64_t);
        for (std::size_t i = 0; i < first.words.size(); i += step, guest += geometry.clusterSize()) {
            const auto a = first.words.subspan(i, step);
            const auto b = second.words.subspan(i, step);
            if (guest >= m_guestSize || std::ranges::equal(a, b))
                continue;
            addMapping({GuestOffset(guest), geometry.clusterSize(), stateOf(m_first, guest, a, first.offset + i * 8),
                stateOf(m_second, guest, b, second.offset + i * 8)});
        }
    }

    static EntryState stateOf(
        const Image& image, std::uint64_t guest, std::span<const std::uint64_t> words, HostOffset slot)
    {
        const L2Entry entry{words[0]};
        EntryState state{.copied = entry.copied(), .subclusters = words.size() > 1 ? words[1] : 0};
        const auto mapping = decodeMapping(
            image.header(), image.geometry(), GuestOffset(guest), entry, SubclusterBitmap{state.subclusters}, slot);
        state.kind = mapping ? std::optional(mapping->kind) : std::nullopt;
        if (mapping && mapping->compressed)
            state.host = mapping->compressed->offset;
        else if (entry.hostOffset().value() != 0)
            state.host = entry.hostOffset();
        return state;
    }

    /// What both say of the guest's disk, where their entries cannot be compared one by one.
    Result<void> compareExtents()
    {
        GuestMap first(m_first);
        GuestMap second(m_second);
        for (std::uint64_t at = 0; at < m_guestSize;) {
            if (auto go = step(at, 0); !go)
                return go;
            std::uint64_t length = m_guestSize - at;
            const EntryState a = stateAt(m_first, first, at, length);
            const EntryState b = stateAt(m_second, second, at, length);
            if (a.kind != b.kind)
                addMapping({GuestOffset(at), length, a, b});
            at += length;
        }
        return {};
    }

    /// Shortens `length` to what is mapped alike.
    static EntryState stateAt(const Image& image, GuestMap& map, std::uint64_t at, std::uint64_t& length)
    {
        const std::uint64_t cluster = image.geometry().clusterSize();
        const auto extent = map.at(GuestOffset(at), length);
        length = extent ? extent->length : std::min(length, cluster - at % cluster);
        EntryState state;
        state.kind = extent ? std::optional(extent->kind) : std::nullopt;
        return state;
    }

    void addMapping(const MappingDifference& at)
    {
        m_diff.guestBytes += at.bytes;
        const std::uint64_t cluster = m_first.geometry().clusterSize();
        m_diff.guest.add(at.start.value() / cluster, std::max<std::uint64_t>(1, at.bytes / cluster));
        addRun(m_diff.mapping, m_diff.runsDropped, at, [&](MappingDifference& last) {
            const auto alike = [](const EntryState& a, const EntryState& b) {
                return a.kind == b.kind && a.copied == b.copied && a.host.has_value() == b.host.has_value()
                    && a.subclusters == b.subclusters;
            };
            const bool joins = last.start + last.bytes == at.start && alike(last.first, at.first)
                && alike(last.second, at.second)
                && (last.first.host == last.second.host) == (at.first.host == at.second.host);
            last.bytes += joins ? at.bytes : 0;
            return joins;
        });
    }

    Result<void> compareCounts()
    {
        if (!m_diff.sameClusters)
            return {};
        std::vector<std::uint64_t> first;
        std::vector<std::uint64_t> second;
        for (std::uint64_t at = 0; at < m_clusters; at += kCountsAtOnce) {
            if (auto go = step(m_guestSize, at); !go)
                return go;
            const std::uint64_t count = std::min(kCountsAtOnce, m_clusters - at);
            if (!hasCounts(m_first, at, count) && !hasCounts(m_second, at, count))
                continue;
            for (auto [image, counts] : {std::pair(&m_first, &first), std::pair(&m_second, &second)}) {
                counts->assign(count, 0);
                if (auto read = image->readRefcounts(HostCluster(at), *counts); !read)
                    return read;
            }
            if (first != second)
                addCounts(at, first, second);
        }
        return step(m_guestSize, m_clusters);
    }

    /// Whether a refblock counts any of the clusters.
    static bool hasCounts(const Image& image, std::uint64_t first, std::uint64_t count)
    {
        const std::uint64_t entries = image.geometry().refblockEntries();
        for (std::uint64_t i = first / entries; i <= (first + count - 1) / entries && i < image.reftable().size(); ++i)
            if (image.usableRefblock(i))
                return true;
        return false;
    }

    void addCounts(std::uint64_t at, std::span<const std::uint64_t> first, std::span<const std::uint64_t> second)
    {
        for (std::size_t i = 0; i < first.size(); ++i) {
            if (first[i] == second[i])
                continue;
            ++m_diff.clusters;
            m_diff.host.add(at + i, 1);
            const CountDifference here{HostCluster(at + i), 1, first[i], second[i]};
            addRun(m_diff.counts, m_diff.runsDropped, here, [&](CountDifference& last) {
                const bool joins = last.cluster + last.clusters == here.cluster && last.first == here.first
                    && last.second == here.second;
                last.clusters += joins ? 1 : 0;
                return joins;
            });
        }
    }

    const Image& m_first;
    const Image& m_second;
    const TaskContext& m_task;
    bool m_sameEntries = false; ///< L2 entries of both map the same guest clusters in the same form
    std::uint64_t m_guestSize = 0; ///< of the larger disk, bytes in whole clusters
    std::uint64_t m_clusters = 0; ///< of the larger file
    ImageDiff m_diff;
};

} // namespace

ChangeStrip::ChangeStrip(std::uint64_t clusters)
    : perCell(std::max<std::uint64_t>(1, divideUp(clusters, kMostCells)))
    , changed(divideUp(clusters, perCell))
{
}

void ChangeStrip::add(std::uint64_t first, std::uint64_t clusters)
{
    const std::uint64_t end = std::min(first + clusters, changed.size() * perCell);
    while (first < end) {
        const std::uint64_t stop = std::min(end, (first / perCell + 1) * perCell);
        changed[first / perCell] += stop - first;
        first = stop;
    }
}

Result<ImageDiff> compareMetadata(const Image& first, const Image& second, const TaskContext& task)
{
    return MetadataComparison(first, second, task).run();
}

} // namespace cowscope
