// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/amend_wizard/image_facts.h"

#include "ui/amend_wizard/width_text.h"
#include "ui/common/format.h"

#include <QCoreApplication>

namespace cowscope::ui
{

namespace
{

struct Text {
    Q_DECLARE_TR_FUNCTIONS(cowscope::ui::ImageFacts)
};

QString clustersText(std::uint64_t clusters)
{
    return clusters == 1 ? Text::tr("1 cluster") : Text::tr("%1 clusters").arg(formatCount(clusters));
}

QString offsetOf(HostCluster cluster, unsigned clusterBits)
{
    return formatOffset(HostOffset(cluster.value() << clusterBits));
}

QString compatText(unsigned version)
{
    return version < 3 ? Text::tr("0.10 (version 2): its counts are always 16 bits wide")
                       : Text::tr("1.1 (version 3): every width can be had");
}

QString snapshotsText(const ImageFacts& facts)
{
    const QString now
        = facts.snapshots == 1 ? Text::tr("1 taken") : Text::tr("%1 taken").arg(formatCount(facts.snapshots));
    return Text::tr("%1, room for %2 more").arg(now, formatCount(facts.snapshotsThatFit));
}

QString growthText(std::uint64_t before, std::uint64_t after)
{
    if (after == before)
        return Text::tr("%1, unchanged").arg(formatBytes(before));
    const QString change = after > before ? Text::tr("+%1").arg(formatBytes(after - before))
                                          : Text::tr("\u2212%1").arg(formatBytes(before - after));
    return Text::tr("%1 \u2192 %2 (%3)").arg(formatBytes(before), formatBytes(after), change);
}

Fact newRefblocksFact(const AmendPlan& plan, unsigned clusterBits)
{
    return {QStringLiteral("newRefblocks"), Text::tr("New refblocks"),
        Text::tr("%1 from %2")
            .arg(clustersText(plan.newRefblocks.size()), offsetOf(plan.firstNewCluster, clusterBits))};
}

Fact newReftableFact(const AmendPlan& plan, unsigned clusterBits)
{
    const HostCluster table = plan.firstNewCluster + plan.newRefblocks.size();
    return {QStringLiteral("newReftable"), Text::tr("New reftable"),
        Text::tr("%1 at %2").arg(clustersText(plan.newReftableClusters), offsetOf(table, clusterBits))};
}

Fact freedFact(const AmendPlan& plan)
{
    return {QStringLiteral("freed"), Text::tr("Freed"),
        Text::tr("%1: the old refblocks (%2) and the old reftable (%3 at %4)")
            .arg(clustersText(plan.oldClusters()), formatCount(plan.oldRefblocks.size()),
                formatCount(plan.oldReftableClusters), formatOffset(plan.oldReftable))};
}

Fact writtenFact(const AmendPlan& plan, unsigned clusterBits)
{
    const std::uint64_t bytes = plan.newClusters() << clusterBits;
    return {QStringLiteral("bytesToWrite"), Text::tr("To be written"),
        Text::tr("%1, then 512 bytes of the header at 0x0").arg(formatBytes(bytes)), formatExactBytes(bytes)};
}

Fact freeSpaceFact(qint64 freeBytes)
{
    const bool known = freeBytes >= 0;
    const auto bytes = static_cast<std::uint64_t>(freeBytes);
    return {QStringLiteral("freeSpace"), Text::tr("Free on the disk"), known ? formatBytes(bytes) : Text::tr("unknown"),
        known ? formatExactBytes(bytes) : QString()};
}

QString numberOf(std::uint64_t count, const QString& one, const QString& many)
{
    return count == 1 ? one : many.arg(formatCount(count));
}

ComparedFact comparedCount(const char* key, const QString& name, std::uint64_t before, std::uint64_t after)
{
    return {QString::fromLatin1(key), name, formatCount(before), formatCount(after), before, after};
}

ComparedFact comparedBytes(const char* key, const QString& name, std::uint64_t before, std::uint64_t after)
{
    return {QString::fromLatin1(key), name, formatBytes(before), formatBytes(after), before, after};
}

QString compatName(unsigned version)
{
    return version == 2 ? QStringLiteral("0.10") : QStringLiteral("1.1");
}

} // namespace

ImageFacts imageFacts(const Image& image, const Census& census)
{
    const auto owned
        = [&census](ClusterOwner owner) { return census.clustersByOwner[static_cast<std::size_t>(owner)]; };
    const unsigned order = image.header().refcountOrder;
    return {
        .order = order,
        .version = image.header().version,
        .clusterBits = image.geometry().clusterBits(),
        .largest = census.largest,
        .refblocks = owned(ClusterOwner::Refblock),
        .reftableClusters = owned(ClusterOwner::Reftable),
        .fileBytes = image.fileSize(),
        .snapshots = image.snapshots().size(),
        .snapshotsThatFit = census.snapshotsThatFit[order],
        .corruptions = census.corruptions,
        .leaks = census.leaks,
        .checkErrors = census.checkErrors,
    };
}

std::uint64_t largestCountOf(unsigned order)
{
    return bitRange(0, 1U << order);
}

QString largestText(const CountedCluster& largest, unsigned order, unsigned clusterBits)
{
    if (largest.count == 0)
        return Text::tr("no cluster has a count");
    return Text::tr("%1 of %2, first at cluster %3 (%4)")
        .arg(formatCount(largest.count), formatCount(largestCountOf(order)), formatCount(largest.cluster.value()),
            offsetOf(largest.cluster, clusterBits));
}

QList<Fact> presentFacts(const ImageFacts& facts)
{
    return {
        {QStringLiteral("presentWidth"), Text::tr("Refcount width"),
            Text::tr("%1: counts up to %2").arg(widthTitle(facts.order), formatCount(largestCountOf(facts.order)))},
        {QStringLiteral("largestCount"), Text::tr("Largest count"),
            largestText(facts.largest, facts.order, facts.clusterBits)},
        {QStringLiteral("snapshots"), Text::tr("Internal snapshots"), snapshotsText(facts)},
        {QStringLiteral("compat"), Text::tr("Compat level"), compatText(facts.version)},
        {QStringLiteral("metadataBytes"), Text::tr("The counts take"),
            Text::tr("%1: refblocks %2, reftable %3")
                .arg(formatBytes(facts.metadataBytes()), formatBytes(facts.refblocks << facts.clusterBits),
                    formatBytes(facts.reftableClusters << facts.clusterBits)),
            formatExactBytes(facts.metadataBytes())},
        {QStringLiteral("fileSize"), Text::tr("File size"), formatBytes(facts.fileBytes),
            formatExactBytes(facts.fileBytes)},
        {QStringLiteral("verdict"), Text::tr("Last check"), verdictText(facts)},
    };
}

QList<Fact> planFacts(const AmendPlan& plan, unsigned clusterBits, qint64 freeBytes)
{
    return {
        {QStringLiteral("widthChange"), Text::tr("Refcount width"),
            Text::tr("%1 \u2192 %2").arg(widthTitle(plan.oldOrder), widthTitle(plan.newOrder))},
        {QStringLiteral("largestCount"), Text::tr("Largest count"),
            largestText(plan.largest, plan.newOrder, clusterBits)},
        {QStringLiteral("snapshotsThatFit"), Text::tr("Further snapshots"),
            Text::tr("%1 can be counted").arg(formatCount(plan.snapshotsThatFit))},
        newRefblocksFact(plan, clusterBits),
        newReftableFact(plan, clusterBits),
        freedFact(plan),
        {QStringLiteral("fileSize"), Text::tr("File size"), growthText(plan.fileBytesBefore, plan.fileBytesAfter),
            formatExactBytes(plan.fileBytesAfter)},
        writtenFact(plan, clusterBits),
        freeSpaceFact(freeBytes),
    };
}

QList<Fact> summaryFacts(const AmendSummary& summary, std::uint64_t bytesWritten, qint64 freeBytes)
{
    QList<Fact> facts{{QStringLiteral("widthChange"), Text::tr("Refcount width"),
        Text::tr("%1 \u2192 %2").arg(widthTitle(summary.oldOrder), widthTitle(summary.newOrder))}};
    if (summary.oldVersion != summary.newVersion)
        facts += {QStringLiteral("compatChange"), Text::tr("Compat level"), Text::tr("0.10 \u2192 1.1")};
    if (summary.split.clusters > 0)
        facts += {QStringLiteral("copied"), Text::tr("Copied"),
            Text::tr("%1 clusters, %2").arg(formatCount(summary.split.clusters), formatBytes(summary.split.bytes)),
            formatExactBytes(summary.split.bytes)};
    facts += {QStringLiteral("fileSize"), Text::tr("File size"),
        growthText(summary.fileBytesBefore, summary.fileBytesAfter), formatExactBytes(summary.fileBytesAfter)};
    facts += {
        QStringLiteral("bytesToWrite"), Text::tr("Written"), formatBytes(bytesWritten), formatExactBytes(bytesWritten)};
    facts += freeSpaceFact(freeBytes);
    return facts;
}

QString splitText(const AmendSummary& summary)
{
    const QString copies = summary.split.clusters == 1
        ? Text::tr("Copies 1 cluster (%1).").arg(formatBytes(summary.split.bytes))
        : Text::tr("Copies %1 clusters (%2).")
              .arg(formatCount(summary.split.clusters), formatBytes(summary.split.bytes));
    const QString size = summary.fileBytesAfter == summary.fileBytesBefore
        ? Text::tr("The file keeps its size of %1.").arg(formatBytes(summary.fileBytesBefore))
        : Text::tr("The file goes from %1 to %2.")
              .arg(formatBytes(summary.fileBytesBefore), formatBytes(summary.fileBytesAfter));
    return Text::tr("%1 %2").arg(copies, size);
}

QString spaceWarning(std::uint64_t fileBytesBefore, std::uint64_t fileBytesAfter, qint64 freeBytes)
{
    if (freeBytes < 0 || fileBytesAfter <= fileBytesBefore)
        return {};
    const std::uint64_t growth = fileBytesAfter - fileBytesBefore;
    if (growth <= static_cast<std::uint64_t>(freeBytes))
        return {};
    return Text::tr("The file grows by %1, but its disk has only %2 left. If the disk runs full, the change is undone.")
        .arg(formatBytes(growth), formatBytes(static_cast<std::uint64_t>(freeBytes)));
}

QList<ComparedFact> compareFacts(const ImageFacts& before, const ImageFacts& after)
{
    QList<ComparedFact> facts{
        {QStringLiteral("refcount-bits"), Text::tr("Refcount width"), widthTitle(before.order), widthTitle(after.order),
            before.bits(), after.bits()},
        comparedCount("maximum-count", Text::tr("Largest count that fits"), largestCountOf(before.order),
            largestCountOf(after.order)),
        comparedCount("largest-count", Text::tr("Largest count in use"), before.largest.count, after.largest.count),
        comparedBytes("refcount-metadata-bytes", Text::tr("Refblocks and reftable"), before.metadataBytes(),
            after.metadataBytes()),
        comparedBytes("file-bytes", Text::tr("File size"), before.fileBytes, after.fileBytes),
        comparedCount("snapshots", Text::tr("Internal snapshots"), before.snapshots, after.snapshots),
        comparedCount("snapshots-that-fit", Text::tr("Further snapshots that fit"), before.snapshotsThatFit,
            after.snapshotsThatFit),
        comparedCount("corruptions", Text::tr("Corruptions"), before.corruptions, after.corruptions),
        comparedCount("leaks", Text::tr("Leaked clusters"), before.leaks, after.leaks),
        comparedCount("check-errors", Text::tr("Parts not checked"), before.checkErrors, after.checkErrors),
    };
    if (before.version != after.version)
        facts.insert(1,
            {QStringLiteral("version"), Text::tr("Compat level"), compatName(before.version), compatName(after.version),
                before.version, after.version});
    return facts;
}

QString verdictText(const ImageFacts& facts)
{
    if (facts.isClean())
        return Text::tr("clean: no error and no leak");
    QStringList parts;
    if (facts.corruptions)
        parts << numberOf(facts.corruptions, Text::tr("1 corruption"), Text::tr("%1 corruptions"));
    if (facts.leaks)
        parts << numberOf(facts.leaks, Text::tr("1 leaked cluster"), Text::tr("%1 leaked clusters"));
    if (facts.checkErrors)
        parts << numberOf(facts.checkErrors, Text::tr("1 part not checked"), Text::tr("%1 parts not checked"));
    return parts.join(Text::tr(", "));
}

} // namespace cowscope::ui
