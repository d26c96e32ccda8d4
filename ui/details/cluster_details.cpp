// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/details/cluster_details.h"

#include "ui/common/format.h"
#include "ui/common/verdict.h"

#include <QCoreApplication>

#include <algorithm>
#include <array>

namespace cowscope::ui
{

namespace
{

constexpr std::uint64_t kSummedClusters = 1U << 18; ///< of a range, to stay quick
constexpr std::size_t kListedReferrers = 8;

QString tr(const char* text)
{
    return QCoreApplication::translate("ClusterDetails", text);
}

QString ownerExplanation(ClusterOwner owner)
{
    switch (owner) {
    case ClusterOwner::Free:
        return tr("Nothing uses this cluster and its count is 0. The next allocation may take it.");
    case ClusterOwner::Leaked:
        return tr("The count says that the cluster is used, but nothing refers to it. Its space is lost until a repair "
                  "sets the count to 0. No data is in danger.");
    case ClusterOwner::Header:
        return tr("The header, its extensions and the name of the backing file. Everything else is found from here.");
    case ClusterOwner::Reftable:
        return tr("Part of the refcount table, whose entries lead to the refblocks.");
    case ClusterOwner::Refblock:
        return tr("A refblock: the reference counts of a stretch of clusters, one entry each.");
    case ClusterOwner::ActiveL1:
        return tr("Part of the active L1 table, the root of what the guest sees now.");
    case ClusterOwner::L2Table:
        return tr("An L2 table: it says where each cluster of a stretch of the guest's disk is. A count above 1 means "
                  "that snapshots share the table.");
    case ClusterOwner::SnapshotTable:
        return tr("Part of the snapshot table: names, dates and L1 tables of the internal snapshots.");
    case ClusterOwner::SnapshotL1:
        return tr("Part of a snapshot's own L1 table, a copy of the active one at the time of the snapshot.");
    case ClusterOwner::Data:
        return tr("Data of the guest. With a count of 1 it is written in place; with more, a write goes to a copy.");
    case ClusterOwner::CompressedData:
        return tr("Compressed data of the guest. Several compressed clusters may share one host cluster; each counts.");
    case ClusterOwner::BitmapDirectory:
        return tr("The list of the image's bitmaps.");
    case ClusterOwner::BitmapTable:
        return tr("A bitmap's table, which leads to its bits.");
    case ClusterOwner::BitmapData:
        return tr("Bits of a bitmap, which tell what changed since it was made.");
    case ClusterOwner::EncryptionHeader:
        return tr("The LUKS header with its key slots. Without it the guest's data cannot be read.");
    }
    return {};
}

void writeCount(HtmlPage& page, const Image& image, const Census& census, HostCluster cluster)
{
    const Geometry& geometry = image.geometry();
    const RefcountCodec codec = geometry.refcountCodec();
    const ClusterMap& map = census.map;
    const QString count = formatCount(map.refcount(cluster));
    page.fact(tr("Count"),
        tr("%1 of %2").arg(map.isExact(cluster) ? count : tr("at least %1").arg(count), formatCount(codec.maximum())));
    page.fact(tr("References"), formatCount(map.references(cluster)));
    const std::uint64_t index = geometry.refblockIndex(cluster);
    if (const auto refblock
        = index < image.reftable().size() ? image.usableRefblock(index) : std::optional<HostOffset>()) {
        const std::uint64_t entry = cluster.value() % geometry.refblockEntries();
        const QString place = codec.bits() < 8 ? tr("bit %1 of byte %2")
                                                     .arg(entry * codec.bits() % 8)
                                                     .arg(formatOffset(*refblock + entry * codec.bits() / 8))
                                               : tr("byte %1").arg(formatOffset(*refblock + entry * codec.bits() / 8));
        page.factHtml(tr("Counted in"),
            tr("%1, entry %2, at %3")
                .arg(refblockLink(index, tr("refblock %1").arg(formatCount(index))), formatCount(entry), place));
    } else {
        page.factHtml(tr("Counted in"), tr("no refblock, so the count is 0"));
    }
}

void writeVerdict(HtmlPage& page, const ClusterMap& map, HostCluster cluster)
{
    switch (countVerdict(map, cluster)) {
    case CountVerdict::Right:
        break;
    case CountVerdict::TooHigh:
        page.warning(tr("The count is higher than the references: space is leaked."));
        break;
    case CountVerdict::TooLow:
        page.warning(tr("The count is lower than the references: the cluster may be given away or written in place "
                        "while it is in use."));
        break;
    }
}

/// Which entries of the active L1 table lead to the L2 table in this cluster, and what it holds.
void writeL2(HtmlPage& page, const Image& image, HostCluster cluster)
{
    const Geometry& geometry = image.geometry();
    const HostOffset offset = geometry.offset(cluster);
    const auto l1 = image.l1Table();
    QStringList referrers;
    for (std::size_t i = 0; i < l1.size(); ++i)
        if (L1Entry{l1[i]}.l2Offset() == offset) {
            if (referrers.size() == kListedReferrers) {
                referrers += tr("\u2026");
                break;
            }
            const std::uint64_t guest = i * geometry.l2Coverage();
            referrers += tr("active L1 entry %1 (guest %2 to %3)")
                             .arg(formatCount(i), formatHex(guest), formatHex(guest + geometry.l2Coverage() - 1));
        }
    page.fact(tr("Referred to by"), referrers.isEmpty() ? tr("snapshots only") : referrers.join(QStringLiteral("; ")));

    std::vector<std::uint64_t> words(geometry.clusterSize() / 8);
    if (auto read = image.readWords(offset, words); !read) {
        page.warning(toQString(read.error().what));
        return;
    }
    std::uint64_t standard = 0;
    std::uint64_t compressed = 0;
    std::uint64_t zero = 0;
    for (std::size_t i = 0; i < words.size(); i += geometry.l2EntryBytes() / 8) {
        const L2Entry entry{words[i]};
        compressed += entry.compressed();
        standard += !entry.compressed() && entry.hostOffset().value() != 0;
        zero += !geometry.extendedL2() && entry.zeroFlag();
    }
    page.fact(tr("Refers to"),
        tr("%1 data clusters, %2 compressed clusters; %3 entries read as zeros; %4 entries in all")
            .arg(formatCount(standard), formatCount(compressed), formatCount(zero), formatCount(geometry.l2Entries())));
}

void writeReferrers(HtmlPage& page, const Image& image, const Census& census, HostCluster cluster)
{
    const Geometry& geometry = image.geometry();
    const ClusterMap& map = census.map;
    switch (map.owner(cluster)) {
    case ClusterOwner::Reftable:
        page.factHtml(tr("Referred to by"),
            headerFieldLink(header_field::kRefcountTableOffset, QStringLiteral("refcount_table_offset")));
        return;
    case ClusterOwner::ActiveL1:
        page.factHtml(
            tr("Referred to by"), headerFieldLink(header_field::kL1TableOffset, QStringLiteral("l1_table_offset")));
        return;
    case ClusterOwner::SnapshotTable:
        page.factHtml(
            tr("Referred to by"), headerFieldLink(header_field::kSnapshotsOffset, QStringLiteral("snapshots_offset")));
        return;
    case ClusterOwner::Refblock:
        for (std::uint64_t i = 0; i < image.reftable().size(); ++i)
            if (image.reftableEntry(i).refblockOffset() == geometry.offset(cluster))
                page.factHtml(tr("Referred to by"), refblockLink(i, tr("reftable entry %1").arg(formatCount(i))));
        return;
    case ClusterOwner::SnapshotL1:
        for (std::size_t i = 0; i < image.snapshots().size(); ++i) {
            const Snapshot& snapshot = image.snapshots()[i];
            const HostCluster first = geometry.cluster(snapshot.l1TableOffset);
            if (cluster >= first && cluster - first < geometry.clustersFor(std::uint64_t{snapshot.l1Size} * 8))
                page.factHtml(tr("Referred to by"), snapshotLink(i, tr("snapshot %1").arg(toQString(snapshot.name))));
        }
        return;
    case ClusterOwner::L2Table:
        writeL2(page, image, cluster);
        return;
    case ClusterOwner::Data:
    case ClusterOwner::CompressedData:
        break;
    default:
        return; // found from the header, or by nothing
    }
    const bool active = map.usedByActive(cluster);
    const bool snapshots = map.usedBySnapshot(cluster);
    if (active || snapshots)
        page.fact(tr("Referred to by"),
            active && snapshots ? tr("the active disk and snapshots")
                : active        ? tr("the active disk")
                                : tr("snapshots only"));
}

void writeFindings(HtmlPage& page, const Image& image, const Census& census, HostCluster cluster)
{
    std::size_t listed = 0;
    for (const Finding& finding : census.findings) {
        if (cluster < finding.cluster || cluster - finding.cluster >= std::max<std::uint64_t>(1, finding.clusters))
            continue;
        if (listed++ == 0)
            page.heading(tr("Findings"));
        if (listed > kListedReferrers) {
            page.paragraph(tr("\u2026 and more; see Findings."));
            return;
        }
        page.warning(toQString(describe(finding, image.geometry().clusterBits())));
        page.paragraph(
            tr("%1 A repair would: %2")
                .arg(toQString(findingText(finding.kind).rule), toQString(findingText(finding.kind).repair)));
    }
}

void writeOne(HtmlPage& page, const Image& image, const Census& census, HostCluster cluster)
{
    const Geometry& geometry = image.geometry();
    page.title(tr("Cluster %1").arg(formatCount(cluster.value())));
    if (cluster.value() >= census.map.clusters()) {
        page.factCode(tr("Offset"), formatOffset(geometry.offset(cluster)));
        page.paragraph(tr("This place is behind the end of the file."));
        writeFindings(page, image, census, cluster);
        return;
    }
    const ClusterOwner owner = census.map.owner(cluster);
    page.fact(tr("Owner"), ownerText(owner));
    page.factCode(tr("Offset"), formatOffset(geometry.offset(cluster)));
    page.fact(tr("Size"), formatBytes(geometry.clusterSize()));
    writeCount(page, image, census, cluster);
    writeReferrers(page, image, census, cluster);
    writeVerdict(page, census.map, cluster);
    page.heading(tr("What it is"));
    page.paragraph(ownerExplanation(owner));
    if (census.map.hasSeveralOwners(cluster))
        page.warning(tr("Structures of different kinds claim this cluster. Writing to one damages the other."));
    writeFindings(page, image, census, cluster);
}

void writeSeveral(HtmlPage& page, const Image& image, const Census& census, const ClusterRange& range)
{
    const Geometry& geometry = image.geometry();
    const ClusterMap& map = census.map;
    page.title(tr("Clusters %1 to %2")
                   .arg(formatCount(range.first.value()), formatCount(range.first.value() + range.count - 1)));
    page.factHtml(tr("First"), clusterLink(range.first, 1, tr("cluster %1").arg(formatCount(range.first.value()))));
    page.factCode(tr("Offset"), formatOffset(geometry.offset(range.first)));
    page.fact(tr("Length"),
        tr("%1 clusters, %2").arg(formatCount(range.count), formatBytes(range.count * geometry.clusterSize())));
    std::array<std::uint64_t, kOwnerCount> owners{};
    std::uint64_t largest = 0;
    std::uint64_t wrong = 0;
    const std::uint64_t end
        = std::min({map.clusters(), range.first.value() + range.count, range.first.value() + kSummedClusters});
    const std::uint64_t looked = end > range.first.value() ? end - range.first.value() : 0;
    std::uint64_t known = 0;
    for (HostCluster cluster = map.nextKnown(range.first); cluster.value() < end;
         cluster = map.nextKnown(cluster + 1)) {
        ++known;
        ++owners[static_cast<std::size_t>(map.owner(cluster))];
        largest = std::max(largest, map.refcount(cluster));
        wrong += countVerdict(map, cluster) != CountVerdict::Right;
    }
    owners[static_cast<std::size_t>(ClusterOwner::Free)] += looked - known;
    page.fact(tr("Largest count"), formatCount(largest));
    if (wrong > 0)
        page.warning(tr("%1 counts are wrong.").arg(formatCount(wrong)));
    page.heading(tr("Owners"));
    for (std::size_t i = 0; i < kOwnerCount; ++i)
        if (owners[i] > 0)
            page.fact(ownerText(static_cast<ClusterOwner>(i)), formatCount(owners[i]));
    if (looked == kSummedClusters && range.count > looked)
        page.paragraph(tr("Summed over the first %1 clusters.").arg(formatCount(looked)));
    if (range.first.value() + range.count > map.clusters())
        page.paragraph(tr("The range reaches behind the end of the file."));
}

} // namespace

void writeClusters(HtmlPage& page, const Image& image, const Census& census, const ClusterRange& range)
{
    if (range.count == 1)
        writeOne(page, image, census, range.first);
    else
        writeSeveral(page, image, census, range);
}

} // namespace cowscope::ui
