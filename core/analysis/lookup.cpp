// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/lookup.h"

#include "core/analysis/table_list.h"
#include "core/base/big_endian.h"
#include "core/base/number_text.h"
#include "core/image/guest_lookup.h"

#include <fmt/format.h>

namespace cowscope
{

namespace
{

/// Reads `count` bytes at `place` into the step.
Result<void> readInto(LookupStep& step, const Image& image, HostOffset place, std::size_t count)
{
    step.place = place;
    step.bytes.resize(count);
    auto read = image.storage().read(place.value(), step.bytes);
    if (!read)
        return failed(read);
    return {};
}

/// From a host cluster to its count.
class CountWay
{
public:
    CountWay(const Image& image, HostCluster cluster, std::vector<LookupStep>& steps)
        : m_image(image)
        , m_cluster(cluster)
        , m_steps(steps)
    {
    }

    /// The count, or nothing where a damaged reftable entry bars the way.
    Result<std::optional<std::uint64_t>> follow()
    {
        const Geometry& geometry = m_image.geometry();
        const std::uint64_t index = geometry.refblockIndex(m_cluster);
        if (auto added = addReftableEntry(index); !added)
            return failed(added);
        if (index >= m_image.reftable().size() || m_image.reftableEntry(index).refblockOffset().value() == 0)
            return std::optional<std::uint64_t>(0);
        const auto refblock = m_image.usableRefblock(index);
        if (!refblock)
            return std::optional<std::uint64_t>();
        return addRefblockEntry(*refblock, index);
    }

private:
    Result<void> addReftableEntry(std::uint64_t index)
    {
        const Geometry& geometry = m_image.geometry();
        const HostOffset table = m_image.header().refcountTableOffset;
        LookupStep step;
        step.title = fmt::format("Reftable entry {}", index);
        step.arithmetic = {
            fmt::format("counts in a refblock = cluster size {} x 8 bits / {} = {}", geometry.clusterSize(),
                bitsText(geometry.refcountCodec().bits()), geometry.refblockEntries()),
            fmt::format("reftable index = cluster {} / {} = {}", m_cluster.value(), geometry.refblockEntries(), index)};
        if (index >= m_image.reftable().size()) {
            step.result = fmt::format("the reftable has only {} entries: the count is 0", m_image.reftable().size());
            m_steps.push_back(std::move(step));
            return {};
        }
        const HostOffset place = table + index * 8;
        step.arithmetic.push_back(
            fmt::format("entry at reftable {:#x} + {} x 8 = {:#x}", table.value(), index, place.value()));
        if (auto read = readInto(step, m_image, place, 8); !read)
            return read;
        const HostOffset refblock = m_image.reftableEntry(index).refblockOffset();
        step.result = refblock.value() == 0 ? std::string("no refblock: the count is 0")
            : m_image.usableRefblock(index) ? fmt::format("leads to the refblock at {:#x}", refblock.value())
                                            : fmt::format("leads to {:#x}, where no refblock can be", refblock.value());
        m_steps.push_back(std::move(step));
        return {};
    }

    Result<std::optional<std::uint64_t>> addRefblockEntry(HostOffset refblock, std::uint64_t index)
    {
        const Geometry& geometry = m_image.geometry();
        const RefcountCodec codec = geometry.refcountCodec();
        const std::uint64_t entry = m_cluster.value() % geometry.refblockEntries();
        const std::uint64_t byte = entry * codec.bits() / 8;
        LookupStep step;
        step.title = fmt::format("Entry {} of refblock {}", entry, index);
        step.arithmetic
            = {fmt::format("entry = cluster {} mod {} = {}", m_cluster.value(), geometry.refblockEntries(), entry),
                fmt::format("byte at refblock {:#x} + {} x {} / 8 = {:#x}", refblock.value(), entry,
                    bitsText(codec.bits()), refblock.value() + byte)};
        if (codec.bits() == 1)
            step.arithmetic.push_back(fmt::format("bit {} of that byte, the lowest being bit 0", entry % 8));
        else if (codec.bits() < 8)
            step.arithmetic.push_back(fmt::format("bits {} to {} of that byte, the lowest being bit 0",
                entry * codec.bits() % 8, entry * codec.bits() % 8 + codec.bits() - 1));
        if (auto read = readInto(step, m_image, refblock + byte, std::max(1U, codec.bits() / 8)); !read)
            return failed(read);
        const std::uint64_t count = codec.get(step.bytes, codec.bits() < 8 ? entry % (8 / codec.bits()) : 0);
        step.result = fmt::format("count {} of {} at most", count, codec.maximum());
        m_steps.push_back(std::move(step));
        return std::optional(count);
    }

    const Image& m_image;
    HostCluster m_cluster;
    std::vector<LookupStep>& m_steps;
};

LookupStep clusterStep(const Geometry& geometry, HostOffset host)
{
    LookupStep step;
    const HostCluster cluster = geometry.cluster(host);
    step.title = fmt::format("Host cluster {}", cluster.value());
    step.arithmetic = {fmt::format("cluster = host offset {:#x} / cluster size {:#x} = {}", host.value(),
                           geometry.clusterSize(), cluster.value()),
        fmt::format("offset in the cluster = {:#x} mod {:#x} = {:#x}", host.value(), geometry.clusterSize(),
            geometry.offsetInCluster(host))};
    step.result = fmt::format("the cluster begins at {:#x}", geometry.offset(cluster).value());
    return step;
}

/// From a guest offset to its host bytes. Each step either names the next place or ends the way.
class GuestWay
{
public:
    GuestWay(const Image& image, GuestOffset guest, std::optional<std::size_t> snapshot)
        : m_image(image)
        , m_guest(guest)
    {
        m_l1Offset = image.header().l1TableOffset;
        m_l1Entries = image.l1Table().size();
        m_size = diskSize(image, snapshot);
        if (snapshot) {
            const Snapshot& taken = image.snapshots()[*snapshot];
            m_l1Offset = taken.l1TableOffset;
            m_l1Entries = taken.l1Size;
            m_tableName = fmt::format("the L1 table of snapshot '{}'", taken.name.empty() ? taken.id : taken.name);
        }
    }

    /// Whether the disk or, for saved machine state behind it, the table holds the offset.
    bool holdsOffset() const { return m_guest.value() < m_size || m_image.geometry().l1Index(m_guest) < m_l1Entries; }

    Result<GuestTrace> follow()
    {
        split();
        auto table = l1Step();
        if (!table)
            return failed(table);
        if (!*table)
            return std::move(m_found);
        auto extent = l2Step(**table);
        if (!extent)
            return failed(extent);
        if (!*extent)
            return std::move(m_found);
        if (auto followed = dataSteps(**extent); !followed)
            return failed(followed);
        return std::move(m_found);
    }

private:
    void split()
    {
        const Geometry& geometry = m_image.geometry();
        const std::uint64_t size = geometry.clusterSize();
        const std::uint64_t guest = m_guest.value();
        LookupStep step;
        step.title = fmt::format("Guest offset {:#x}", guest);
        step.arithmetic = {fmt::format("entries in an L2 table = cluster size {} / {} bytes = {}", size,
                               geometry.l2EntryBytes(), geometry.l2Entries()),
            fmt::format(
                "guest bytes of an L2 table = {} x {} = {:#x}", geometry.l2Entries(), size, geometry.l2Coverage()),
            fmt::format("L1 index = {:#x} / {:#x} = {}", guest, geometry.l2Coverage(), geometry.l1Index(m_guest)),
            fmt::format(
                "L2 index = {:#x} / {:#x} mod {} = {}", guest, size, geometry.l2Entries(), geometry.l2Index(m_guest)),
            fmt::format("offset in the cluster = {:#x} mod {:#x} = {:#x}", guest, size, guest & (size - 1))};
        if (geometry.extendedL2())
            step.arithmetic.push_back(fmt::format("subcluster = {:#x} / {:#x} = {}", guest & (size - 1),
                size / kSubclusters, (guest & (size - 1)) / (size / kSubclusters)));
        step.result = guest < m_size ? "within the disk" : "behind the end of the disk, where machine state is saved";
        m_found.steps.push_back(std::move(step));
    }

    void end(MappingKind kind, std::string outcome)
    {
        m_found.kind = kind;
        m_found.outcome = std::move(outcome);
    }

    void endBroken(std::string outcome)
    {
        m_found.broken = true;
        m_found.outcome = std::move(outcome);
    }

    std::string unallocatedText() const
    {
        return m_image.backingFile().empty()
            ? "Unallocated: the guest reads zeros"
            : fmt::format("Unallocated: the guest reads the backing file '{}'", m_image.backingFile());
    }

    /// Where the L2 table is; nothing if the way ends here.
    Result<std::optional<HostOffset>> l1Step()
    {
        const std::uint64_t index = m_image.geometry().l1Index(m_guest);
        LookupStep step;
        step.title = fmt::format("L1 entry {} of {}", index, m_tableName);
        if (index >= m_l1Entries) {
            step.result = fmt::format("the table has only {} entries", m_l1Entries);
            m_found.steps.push_back(std::move(step));
            end(MappingKind::Unallocated, unallocatedText());
            return std::optional<HostOffset>();
        }
        const HostOffset place = m_l1Offset + index * 8;
        step.arithmetic
            = {fmt::format("entry at L1 table {:#x} + {} x 8 = {:#x}", m_l1Offset.value(), index, place.value())};
        if (auto read = readInto(step, m_image, place, 8); !read)
            return failed(read);
        const L1Entry entry{loadBigEndian<std::uint64_t>(step.bytes)};
        const HostOffset table = entry.l2Offset();
        step.arithmetic.push_back(
            fmt::format("L2 table = {:#018x} and {:#018x} = {:#x}", entry.raw, kTableOffsetMask, table.value()));
        step.result = table.value() == 0
            ? std::string("no L2 table")
            : fmt::format("leads to the L2 table at {:#x}{}", table.value(), entry.copied() ? ", copied" : ", shared");
        m_found.steps.push_back(std::move(step));
        if (table.value() == 0) {
            end(MappingKind::Unallocated, unallocatedText());
            return std::optional<HostOffset>();
        }
        if (!m_image.geometry().isAligned(table)) {
            endBroken("The L1 entry leads to a place that is not aligned to a cluster");
            return std::optional<HostOffset>();
        }
        return std::optional(table);
    }

    Result<std::optional<GuestExtent>> l2Step(HostOffset table)
    {
        const Geometry& geometry = m_image.geometry();
        const std::uint64_t index = geometry.l2Index(m_guest);
        const HostOffset place = table + index * geometry.l2EntryBytes();
        LookupStep step;
        step.title = fmt::format("L2 entry {} of the table at {:#x}", index, table.value());
        step.arithmetic = {fmt::format(
            "entry at L2 table {:#x} + {} x {} = {:#x}", table.value(), index, geometry.l2EntryBytes(), place.value())};
        if (auto read = readInto(step, m_image, place, geometry.l2EntryBytes()); !read)
            return failed(read);
        const L2Entry entry{loadBigEndian<std::uint64_t>(step.bytes)};
        const SubclusterBitmap bitmap{geometry.extendedL2() ? loadBigEndian<std::uint64_t>(step.bytes, 8) : 0};
        auto extent = decodeMapping(m_image.header(), geometry, m_guest, entry, bitmap, place);
        explain(step, entry, bitmap);
        step.result = extent ? kindText(extent->kind) : extent.error().what;
        m_found.steps.push_back(std::move(step));
        if (!extent) {
            endBroken(extent.error().what);
            return std::optional<GuestExtent>();
        }
        return std::optional(*extent);
    }

    void explain(LookupStep& step, L2Entry entry, SubclusterBitmap bitmap) const
    {
        const Geometry& geometry = m_image.geometry();
        if (entry.compressed()) {
            const unsigned bits = 62 - (geometry.clusterBits() - 8);
            const CompressedDescriptor data = entry.compressedDescriptor(geometry.clusterBits());
            step.arithmetic.push_back(fmt::format("bit 62 is set: a compressed descriptor, {} bits of offset", bits));
            step.arithmetic.push_back(
                fmt::format("data offset = low {} bits of {:#018x} = {:#x}", bits, entry.raw, data.offset.value()));
            step.arithmetic.push_back(
                fmt::format("sectors = the bits above + 1 = {}, so at most {} bytes", data.sectors, data.maxBytes()));
            return;
        }
        step.arithmetic.push_back(fmt::format(
            "host cluster = {:#018x} and {:#018x} = {:#x}", entry.raw, kTableOffsetMask, entry.hostOffset().value()));
        step.arithmetic.push_back(fmt::format("copied {}{}", entry.copied() ? 1 : 0,
            geometry.extendedL2() ? std::string() : fmt::format(", zero {}", entry.zeroFlag() ? 1 : 0)));
        if (geometry.extendedL2()) {
            const auto sub = static_cast<unsigned>(
                (m_guest.value() & (geometry.clusterSize() - 1)) / (geometry.clusterSize() / kSubclusters));
            step.arithmetic.push_back(
                fmt::format("subcluster {}: allocated {} (bit {} of {:#010x}), zero {} (of {:#010x})", sub,
                    bitmap.allocated() >> sub & 1, sub, bitmap.allocated(), bitmap.zero() >> sub & 1, bitmap.zero()));
        }
    }

    static std::string kindText(MappingKind kind)
    {
        switch (kind) {
        case MappingKind::Unallocated:
            return "unallocated";
        case MappingKind::UnallocatedHere:
            return "this subcluster is unallocated, though its cluster has a place";
        case MappingKind::Zero:
            return "reads as zeros, without a host cluster";
        case MappingKind::ZeroAllocated:
            return "reads as zeros, though it has a host cluster";
        case MappingKind::Data:
            return "data";
        case MappingKind::Compressed:
            return "compressed data";
        }
        return {};
    }

    Result<void> dataSteps(const GuestExtent& extent)
    {
        m_found.kind = extent.kind;
        if (extent.kind == MappingKind::Unallocated || extent.kind == MappingKind::Zero) {
            end(extent.kind, extent.kind == MappingKind::Zero ? "The guest reads zeros" : unallocatedText());
            return {};
        }
        m_found.host = extent.compressed ? extent.compressed->offset : *extent.host;
        const bool elsewhere = m_image.header().hasDataFile();
        switch (extent.kind) {
        case MappingKind::Data:
            m_found.outcome = fmt::format("The byte is at {:#x} of {}", m_found.host->value(),
                elsewhere ? fmt::format("the data file '{}'", m_image.extensions().dataFile.value_or("not named"))
                          : "the image file");
            break;
        case MappingKind::Compressed:
            m_found.outcome = fmt::format("The cluster's compressed data begins at {:#x}, in {} bytes at most",
                m_found.host->value(), extent.compressed->maxBytes());
            break;
        case MappingKind::ZeroAllocated:
            m_found.outcome = "The guest reads zeros; a host cluster is kept for it";
            break;
        default:
            m_found.outcome = unallocatedText();
            break;
        }
        if (elsewhere)
            return {}; // clusters of a data file are not counted
        return countSteps();
    }

    Result<void> countSteps()
    {
        const Geometry& geometry = m_image.geometry();
        const HostCluster cluster = geometry.cluster(*m_found.host);
        if (cluster.value() >= m_image.fileClusters()) {
            m_found.broken = true;
            m_found.outcome += ", which is behind the end of the file";
        }
        LookupStep step = clusterStep(geometry, *m_found.host);
        if (m_found.kind != MappingKind::Compressed)
            step.arithmetic.insert(step.arithmetic.begin(),
                fmt::format("host offset = host cluster {:#x} + {:#x} = {:#x}", geometry.offset(cluster).value(),
                    geometry.offsetInCluster(*m_found.host), m_found.host->value()));
        constexpr std::size_t kShown = 16;
        const std::uint64_t rest = m_image.fileSize() - std::min(m_image.fileSize(), m_found.host->value());
        if (auto read = readInto(step, m_image, *m_found.host, std::min<std::uint64_t>(kShown, rest)); !read)
            return read;
        if (step.bytes.empty())
            step.place.reset();
        m_found.steps.push_back(std::move(step));
        auto count = CountWay(m_image, cluster, m_found.steps).follow();
        if (!count)
            return failed(count);
        if (!*count)
            m_found.broken = true;
        return {};
    }

    const Image& m_image;
    GuestOffset m_guest;
    HostOffset m_l1Offset;
    std::uint64_t m_l1Entries = 0;
    std::uint64_t m_size = 0; ///< of the disk, bytes
    std::string m_tableName = "the active L1 table";
    GuestTrace m_found;
};

} // namespace

Result<GuestTrace> traceGuest(const Image& image, GuestOffset guest, std::optional<std::size_t> snapshot)
{
    if (snapshot && *snapshot >= image.snapshots().size())
        return fail(ErrorKind::Invalid, "The image has no such snapshot");
    if (snapshot && !checkSnapshotL1(image, image.snapshots()[*snapshot], nullptr))
        return fail(ErrorKind::Invalid, "The L1 table of that snapshot cannot be read",
            image.snapshots()[*snapshot].l1TableOffset.value(), "Check the image");
    GuestWay way(image, guest, snapshot);
    if (!way.holdsOffset())
        return fail(ErrorKind::Invalid, fmt::format("Guest offset {:#x} is behind the end of the disk", guest.value()),
            {}, "Give an offset within the disk's size.");
    return way.follow();
}

Result<HostTrace> traceHost(const Image& image, HostOffset host, std::size_t mostReferrers, const TaskContext& task)
{
    const HostCluster cluster = image.geometry().cluster(host);
    if (cluster.value() >= image.fileClusters())
        return fail(ErrorKind::Invalid,
            fmt::format("Host offset {:#x} is behind the end of the file, which has {:#x} bytes", host.value(),
                image.fileSize()));
    HostTrace found;
    found.steps.push_back(clusterStep(image.geometry(), host));
    auto count = CountWay(image, cluster, found.steps).follow();
    if (!count)
        return failed(count);
    found.refcount = *count;
    auto referrers = findReferrers(image, {&cluster, 1}, mostReferrers + 1, task);
    if (!referrers)
        return failed(referrers);
    found.referrers = std::move(*referrers);
    found.moreReferrers = found.referrers.size() > mostReferrers;
    if (found.moreReferrers)
        found.referrers.resize(mostReferrers);
    return found;
}

} // namespace cowscope
