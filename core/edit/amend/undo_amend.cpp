// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/edit/amend/undo_amend.h"

#include "core/base/big_endian.h"
#include "core/edit/amend/amend_rules.h"
#include "core/edit/amend/refcount_switch.h"
#include "core/format/field_catalog.h"
#include "core/format/limits.h"

#include <algorithm>
#include <fmt/format.h>

namespace cowscope
{

namespace
{

constexpr std::uint64_t kSliceCounts = 1U << 16;
constexpr std::uint64_t kSpareTableClusters = 16; ///< that a reftable may be longer than it needs to be

/// Reads a structure that may be a reftable and what it leads to, and compares.
class OldRefcountFinder
{
public:
    OldRefcountFinder(const Image& image, const Census& census, const TaskContext& task)
        : m_image(image)
        , m_geometry(image.geometry())
        , m_map(census.map)
        , m_task(task)
        , m_structures(currentStructures())
        , m_mostTableBytes(2 * divideUp(image.fileClusters() * 8, m_geometry.clusterSize()) * 8
              + kSpareTableClusters * m_geometry.clusterSize())
    {
    }

    Result<std::vector<OldRefcounts>> run()
    {
        std::vector<OldRefcounts> found;
        const std::uint64_t clusterSize = m_geometry.clusterSize();
        for (HostCluster cluster = nextFree(HostCluster(0)); cluster < fileEnd(); cluster = nextFree(cluster + 1)) {
            if (auto go = m_task.step({Phase::ReadRefcounts, cluster.value() * clusterSize, m_image.fileSize()}); !go)
                return failed(go);
            auto entries = reftableAt(cluster);
            if (!entries)
                return failed(entries);
            if (entries->empty())
                continue;
            for (unsigned order = 0; order <= kMaxRefcountOrder; ++order) {
                auto old = prove(order, cluster, *entries);
                if (!old)
                    return failed(old);
                if (*old)
                    found.push_back(std::move(**old));
            }
        }
        return found;
    }

private:
    HostCluster fileEnd() const { return HostCluster(m_image.fileSize() / m_geometry.clusterSize()); }

    std::vector<HostCluster> currentStructures() const
    {
        std::vector<HostCluster> clusters;
        for (std::uint64_t i = 0; i < m_image.reftable().size(); ++i) {
            if (const auto offset = m_image.usableRefblock(i))
                clusters.push_back(m_geometry.cluster(*offset));
        }
        const HostCluster table = m_geometry.cluster(m_image.header().refcountTableOffset);
        for (std::uint32_t i = 0; i < m_image.header().refcountTableClusters; ++i)
            clusters.push_back(table + i);
        std::ranges::sort(clusters);
        return clusters;
    }

    bool isFree(HostCluster cluster) const
    {
        return cluster < fileEnd() && m_map.owner(cluster) == ClusterOwner::Free && m_map.refcount(cluster) == 0;
    }

    /// The next free cluster that is no hole of the file.
    HostCluster nextFree(HostCluster from) const
    {
        while (from < fileEnd()) {
            if (!isFree(from)) {
                ++from;
                continue;
            }
            const auto extent = m_image.storage().extentAt(m_geometry.offset(from).value());
            if (!extent || extent->data)
                return from;
            from = std::max(from + 1, m_geometry.cluster(HostOffset(extent->offset + extent->length)));
        }
        return fileEnd();
    }

    bool mayBeRefblock(std::uint64_t raw) const
    {
        return raw % m_geometry.clusterSize() == 0 && isFree(m_geometry.cluster(HostOffset(raw)));
    }

    /// The entries of the reftable that begins in a cluster, none if there is none. A table goes on for as long as its
    /// clusters are free and have entries; where it really ended its refblocks will say.
    Result<std::vector<std::uint64_t>> reftableAt(HostCluster cluster) const
    {
        std::vector<std::uint64_t> entries;
        std::vector<std::uint64_t> words(m_geometry.clusterSize() / 8);
        for (; isFree(cluster) && entries.size() * 8 < m_mostTableBytes; ++cluster) {
            if (auto read = m_image.readWords(m_geometry.offset(cluster), words); !read)
                return failed(read);
            // Cluster 0 is in use in every image, so that the first entry is never 0.
            if (entries.empty() && words.front() == 0)
                return entries;
            if (!std::ranges::all_of(words, [this](std::uint64_t raw) { return raw == 0 || mayBeRefblock(raw); }))
                break;
            entries.insert(entries.end(), words.begin(), words.end());
            if (std::ranges::all_of(words, [](std::uint64_t raw) { return raw == 0; }))
                break;
        }
        return entries;
    }

    /// The structures of that width, if they count what the image counts.
    Result<std::optional<OldRefcounts>> prove(
        unsigned order, HostCluster table, const std::vector<std::uint64_t>& entries)
    {
        const RefcountCodec codec(order);
        OldRefcounts old{order, m_geometry.offset(table), 0, {}, 0};
        // The table's own counts tell how long it is.
        for (std::uint64_t i = 0; i < entries.size() / (m_geometry.clusterSize() / 8); ++i) {
            auto count = countIn(codec, entries, table + i);
            if (!count)
                return failed(count);
            if (*count != 1)
                break;
            ++old.reftableClusters;
        }
        if (old.reftableClusters == 0)
            return std::nullopt;
        const std::uint64_t used = old.reftableClusters * (m_geometry.clusterSize() / 8);
        for (std::uint64_t i = 0; i < entries.size(); ++i) {
            if (entries[i] != 0 && i >= used)
                return std::nullopt;
            if (entries[i] != 0)
                old.refblocks.push_back(m_geometry.cluster(HostOffset(entries[i])));
        }
        std::ranges::sort(old.refblocks);
        if (std::ranges::adjacent_find(old.refblocks) != old.refblocks.end())
            return std::nullopt;
        auto same = countsAgree(codec, old, entries);
        if (!same)
            return failed(same);
        return *same ? std::optional(std::move(old)) : std::nullopt;
    }

    Result<std::uint64_t> countIn(
        const RefcountCodec& codec, const std::vector<std::uint64_t>& entries, HostCluster cluster) const
    {
        std::uint64_t count = 0;
        auto read = countsIn(codec, entries, HostCluster(cluster.value() / 8 * 8), 8);
        if (!read)
            return failed(read);
        count = (*read)[cluster.value() % 8];
        return count;
    }

    /// The counts that the structures have from `first` on, a multiple of 8; 0 where there is no refblock.
    Result<std::vector<std::uint64_t>> countsIn(const RefcountCodec& codec, const std::vector<std::uint64_t>& entries,
        HostCluster first, std::uint64_t number) const
    {
        const std::uint64_t inRefblock = codec.entriesIn(m_geometry.clusterSize());
        std::vector<std::uint64_t> counts(number);
        for (std::uint64_t done = 0; done < number;) {
            const std::uint64_t index = (first.value() + done) / inRefblock;
            const std::uint64_t entry = (first.value() + done) % inRefblock;
            const std::uint64_t part = std::min(inRefblock - entry, number - done);
            if (index < entries.size() && entries[index] != 0) {
                std::vector<std::byte> bytes(codec.bytesFor(part));
                if (auto read = m_image.storage().read(entries[index] + codec.bytesFor(entry), bytes); !read)
                    return failed(read);
                codec.unpack(bytes, std::span(counts).subspan(done, part));
            }
            done += part;
        }
        return counts;
    }

    Result<bool> countsAgree(
        const RefcountCodec& codec, const OldRefcounts& old, const std::vector<std::uint64_t>& entries)
    {
        std::vector<HostCluster> oldStructures = old.refblocks;
        for (std::uint32_t i = 0; i < old.reftableClusters; ++i)
            oldStructures.push_back(m_geometry.cluster(old.reftable) + i);
        std::ranges::sort(oldStructures);
        // Counts behind the end of the file must be 0 on both sides, so look as far as either reaches.
        const std::uint64_t clusters = alignUp(m_image.fileClusters(), 8);
        std::vector<std::uint64_t> now;
        for (std::uint64_t at = 0; at < clusters; at += now.size()) {
            if (auto go = m_task.step({Phase::Compare, at, clusters}); !go)
                return failed(go);
            now.resize(std::min(kSliceCounts, clusters - at));
            if (auto read = m_image.readRefcounts(HostCluster(at), now); !read)
                return failed(read);
            adjust(now, HostCluster(at), m_structures, -1);
            adjust(now, HostCluster(at), oldStructures, 1);
            auto then = countsIn(codec, entries, HostCluster(at), now.size());
            if (!then)
                return failed(then);
            if (*then != now)
                return false;
        }
        return true;
    }

    static void adjust(
        std::span<std::uint64_t> counts, HostCluster first, std::span<const HostCluster> clusters, int by)
    {
        auto each = std::ranges::lower_bound(clusters, first);
        for (; each != clusters.end() && *each < first + counts.size(); ++each)
            counts[*each - first] += static_cast<std::uint64_t>(by);
    }

    const Image& m_image;
    const Geometry& m_geometry;
    const ClusterMap& m_map;
    const TaskContext& m_task;
    std::vector<HostCluster> m_structures; ///< of today's counts, sorted
    std::uint64_t m_mostTableBytes; ///< twice what 64-bit counts of the file need, and some
};

/// Where the file may end once today's structures are free.
std::uint64_t bytesAfter(const Image& image, const Census& census, const OldRefcounts& old)
{
    std::uint64_t end = census.map.clusters();
    const auto staysInUse = [&](HostCluster cluster) {
        const ClusterState state = census.map.state(cluster);
        const bool today = state.owner == ClusterOwner::Refblock || state.owner == ClusterOwner::Reftable;
        const bool then = std::ranges::binary_search(old.refblocks, cluster)
            || (cluster >= image.geometry().cluster(old.reftable)
                && cluster - image.geometry().cluster(old.reftable) < old.reftableClusters);
        return then || (state.owner != ClusterOwner::Free && !today) || state.refcount > (today ? 1U : 0U);
    };
    while (end > 0 && !staysInUse(HostCluster(end - 1)))
        --end;
    return std::min(image.fileSize(), end * image.geometry().clusterSize());
}

Result<OldRefcounts> choose(std::vector<OldRefcounts> found, std::optional<unsigned> order)
{
    if (order)
        std::erase_if(found, [&](const OldRefcounts& each) { return each.order != *order; });
    if (found.empty())
        return fail(ErrorKind::NotFound,
            "There are no intact refcount structures to go back to: they were overwritten, or counts have changed "
            "since");
    // Structures of the same width all say the same; any will do.
    const bool several = std::ranges::any_of(found, [&](const OldRefcounts& o) { return o.order != found[0].order; });
    if (!several)
        return std::move(found.front());
    std::string widths;
    for (const OldRefcounts& each : found)
        widths += fmt::format("{}{}", widths.empty() ? "" : ", ", 1U << each.order);
    return fail(ErrorKind::Refused, fmt::format("Refcount structures of several widths are intact: {} bits", widths),
        std::nullopt, "Say which to go back to: -o refcount_bits=N");
}

} // namespace

Result<std::vector<OldRefcounts>> findOldRefcounts(const Image& image, const Census& census, const TaskContext& task)
{
    std::vector<std::string> reasons = damageRefusals(image, census);
    if (census.corruptions > 0)
        reasons.push_back(
            fmt::format("The image has {} corruptions. Repair it first: check -r all", census.corruptions));
    if (image.header().version == 2)
        reasons.push_back("Images of compat 0.10 (version 2) always count in 16 bits");
    if (!reasons.empty())
        return std::unexpected(refusedFor("Cannot undo an amend", reasons));
    auto found = OldRefcountFinder(image, census, task).run();
    if (found) {
        for (OldRefcounts& each : *found)
            each.fileBytesAfter = bytesAfter(image, census, each);
    }
    return found;
}

Result<OldRefcounts> undoAmend(std::shared_ptr<Storage> storage, std::optional<unsigned> order, const TaskContext& task)
{
    auto image = Image::open(storage, task);
    if (!image)
        return failed(image);
    auto census = takeCensus(**image, task);
    if (!census)
        return failed(census);
    auto found = findOldRefcounts(**image, **census, task);
    if (!found)
        return failed(found);
    auto old = choose(std::move(*found), order);
    if (!old)
        return old;
    const auto change = [&](std::span<std::byte> sector) {
        storeBigEndian(sector, header_field::kRefcountTableOffset, old->reftable.value());
        storeBigEndian(sector, header_field::kRefcountTableClusters, old->reftableClusters);
        storeBigEndian(sector, header_field::kRefcountOrder, std::uint32_t{old->order});
    };
    if (auto switched = changeHeader((*image)->header(), *storage, change); !switched)
        return failed(switched);
    if (old->fileBytesAfter < (*image)->fileSize() && storage->canGrow()) {
        if (auto cut = storage->truncate(old->fileBytesAfter); !cut)
            return failed(cut);
    }
    return old;
}

} // namespace cowscope
