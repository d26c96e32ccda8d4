// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/references.h"

#include "core/format/field_catalog.h"

#include <algorithm>

namespace cowscope
{

namespace
{

/// Collects the references of one cluster.
class ReferenceReader
{
public:
    ReferenceReader(const Image& image, HostCluster cluster, std::size_t most)
        : m_image(image)
        , m_geometry(image.geometry())
        , m_begin(m_geometry.offset(cluster))
        , m_most(most)
    {
    }

    Result<void> readAs(ClusterOwner role)
    {
        switch (role) {
        case ClusterOwner::Header:
            addHeader();
            return {};
        case ClusterOwner::Reftable:
            for (std::uint64_t i = 0; i < m_image.reftable().size(); ++i)
                if (const HostOffset slot = m_image.header().refcountTableOffset + i * 8; isHere(slot))
                    add(ClusterOwner::Refblock, slot, m_image.reftableEntry(i).refblockOffset());
            return {};
        case ClusterOwner::SnapshotTable:
            for (const Snapshot& snapshot : m_image.snapshots())
                if (isHere(snapshot.entryOffset))
                    add(ClusterOwner::SnapshotL1, snapshot.entryOffset, snapshot.l1TableOffset,
                        std::uint64_t{snapshot.l1Size} * 8);
            return {};
        case ClusterOwner::BitmapDirectory:
            for (const Bitmap& bitmap : m_image.bitmaps())
                if (isHere(bitmap.entryOffset))
                    add(ClusterOwner::BitmapTable, bitmap.entryOffset, bitmap.tableOffset,
                        std::uint64_t{bitmap.tableSize} * 8);
            return {};
        case ClusterOwner::ActiveL1:
        case ClusterOwner::SnapshotL1:
        case ClusterOwner::L2Table:
        case ClusterOwner::BitmapTable:
            return readTable(role);
        default:
            return {}; // counts and data refer to nothing
        }
    }

    References take() { return std::move(m_found); }

private:
    bool isHere(HostOffset slot) const { return slot >= m_begin && slot - m_begin < m_geometry.clusterSize(); }

    void add(ClusterOwner as, HostOffset slot, HostOffset target, std::uint64_t bytes = 1)
    {
        if (target.value() == 0 || bytes == 0)
            return;
        const HostCluster first = m_geometry.cluster(target);
        const std::uint64_t last = checkedAdd(target.value(), bytes - 1).value_or(UINT64_MAX);
        const std::uint64_t clusters = m_geometry.cluster(HostOffset(last)) - first + 1;
        std::vector<Reference>& list = m_found.list;
        if (!list.empty() && list.back().as == as && list.back().first + list.back().clusters == first)
            list.back().clusters += clusters;
        else if (list.size() < m_most)
            list.push_back({as, slot, first, clusters});
        else
            ++m_found.dropped;
    }

    void addHeader()
    {
        const Header& header = m_image.header();
        add(ClusterOwner::ActiveL1, HostOffset(header_field::kL1TableOffset), header.l1TableOffset,
            std::uint64_t{header.l1Size} * 8);
        add(ClusterOwner::Reftable, HostOffset(header_field::kRefcountTableOffset), header.refcountTableOffset,
            m_image.reftable().size() * 8);
        add(ClusterOwner::SnapshotTable, HostOffset(header_field::kSnapshotsOffset), header.snapshotsOffset,
            m_image.snapshotTableBytes());
        for (const RawExtension& extension : m_image.extensions().raw) {
            if (const auto& crypto = m_image.extensions().crypto; crypto && extension.type == kExtensionCrypto)
                add(ClusterOwner::EncryptionHeader, extension.offset, crypto->offset, crypto->length);
            if (const auto& bitmaps = m_image.extensions().bitmaps; bitmaps && extension.type == kExtensionBitmaps)
                add(ClusterOwner::BitmapDirectory, extension.offset, bitmaps->directoryOffset, bitmaps->directorySize);
        }
    }

    Result<void> readTable(ClusterOwner role)
    {
        std::vector<std::uint64_t> words(m_geometry.clusterSize() / 8);
        if (auto read = m_image.readWords(m_begin, words); !read)
            return read;
        const std::size_t step = role == ClusterOwner::L2Table ? m_geometry.l2EntryBytes() / 8 : 1;
        for (std::size_t i = 0; i < words.size(); i += step)
            addEntry(role, m_begin + i * 8, words[i]);
        return {};
    }

    void addEntry(ClusterOwner role, HostOffset slot, std::uint64_t word)
    {
        if (role == ClusterOwner::BitmapTable)
            return add(ClusterOwner::BitmapData, slot, BitmapTableEntry{word}.dataOffset());
        if (role != ClusterOwner::L2Table)
            return add(ClusterOwner::L2Table, slot, L1Entry{word}.l2Offset());
        const L2Entry entry{word};
        if (m_image.header().hasDataFile())
            return;
        if (!entry.compressed())
            return add(ClusterOwner::Data, slot, entry.hostOffset());
        const CompressedDescriptor data = entry.compressedDescriptor(m_geometry.clusterBits());
        add(ClusterOwner::CompressedData, slot, data.offset, data.maxBytes());
    }

    const Image& m_image;
    const Geometry& m_geometry;
    HostOffset m_begin;
    std::size_t m_most;
    References m_found;
};

} // namespace

Result<References> findReferences(
    const Image& image, HostCluster cluster, std::span<const ClusterOwner> roles, std::size_t most)
{
    ReferenceReader reader(image, cluster, most);
    for (const ClusterOwner role : roles) {
        if (auto read = reader.readAs(role); !read)
            return failed(read);
    }
    return reader.take();
}

std::vector<PathStep> pathTo(const Image& image, const Referrer& referrer)
{
    const Geometry& geometry = image.geometry();
    std::vector<PathStep> path{{ClusterOwner::Header, HostCluster(0), HostOffset(0)}};
    const auto via = [&](ClusterOwner as, HostOffset at, HostOffset slot) {
        path.push_back({as, geometry.cluster(at), slot});
    };
    const auto viaL1 = [&](HostOffset l1Slot) {
        if (referrer.snapshot && *referrer.snapshot < image.snapshots().size()) {
            const Snapshot& snapshot = image.snapshots()[*referrer.snapshot];
            via(ClusterOwner::SnapshotTable, snapshot.entryOffset, HostOffset(header_field::kSnapshotsOffset));
            via(ClusterOwner::SnapshotL1, l1Slot, snapshot.entryOffset);
        } else {
            via(ClusterOwner::ActiveL1, l1Slot, HostOffset(header_field::kL1TableOffset));
        }
    };
    const auto l1SlotOf = [&](GuestOffset guest) {
        const bool kept = referrer.snapshot && *referrer.snapshot < image.snapshots().size();
        return (kept ? image.snapshots()[*referrer.snapshot].l1TableOffset : image.header().l1TableOffset)
            + geometry.l1Index(guest) * 8;
    };
    switch (referrer.as) {
    case ClusterOwner::Header:
        return path;
    case ClusterOwner::SnapshotL1:
        via(ClusterOwner::SnapshotTable, referrer.slot, HostOffset(header_field::kSnapshotsOffset));
        break;
    case ClusterOwner::Refblock:
        via(ClusterOwner::Reftable, referrer.slot, HostOffset(header_field::kRefcountTableOffset));
        break;
    case ClusterOwner::BitmapTable:
    case ClusterOwner::BitmapData:
        if (const auto& bitmaps = image.extensions().bitmaps)
            via(ClusterOwner::BitmapDirectory, bitmaps->directoryOffset, HostOffset(0));
        if (referrer.as == ClusterOwner::BitmapData)
            via(ClusterOwner::BitmapTable, referrer.slot, HostOffset(0));
        break;
    case ClusterOwner::L2Table:
        viaL1(referrer.slot);
        break;
    case ClusterOwner::Data:
    case ClusterOwner::CompressedData:
        if (referrer.guest) {
            viaL1(l1SlotOf(*referrer.guest));
            via(ClusterOwner::L2Table, referrer.slot, l1SlotOf(*referrer.guest));
        }
        break;
    default:
        break; // found from the header
    }
    path.push_back({referrer.as, referrer.cluster, referrer.slot});
    return path;
}

} // namespace cowscope
