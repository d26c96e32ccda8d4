// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/details/details_text.h"

#include "core/base/number_text.h"
#include "ui/common/format.h"
#include "ui/common/overloaded.h"
#include "ui/details/cluster_details.h"
#include "ui/details/guest_details.h"
#include "ui/document/selected_clusters.h"

#include <QCoreApplication>
#include <QDateTime>
#include <QTimeZone>

#include <bit>

namespace cowscope::ui
{

namespace
{

QString tr(const char* text)
{
    return QCoreApplication::translate("Details", text);
}

/// Why a header field matters to somebody who looks at or changes the image; empty where its meaning says it all.
QString whyItMatters(std::size_t headerOffset)
{
    switch (headerOffset) {
    case header_field::kRefcountOrder:
        return tr(
            "It limits how often a cluster can be shared, and so how many snapshots fit. The amend wizard changes "
            "it.");
    case header_field::kClusterBits:
        return tr("Large clusters keep tables small, small clusters waste less on scattered writes. It cannot change "
                  "after creation.");
    case header_field::kRefcountTableOffset:
    case header_field::kRefcountTableClusters:
        return tr("A width change writes a new refcount table and switches to it with these fields.");
    case header_field::kIncompatibleFeatures:
        return tr("A program that does not know one of these bits must refuse the image.");
    case header_field::kAutoclearFeatures:
        return tr("A bit that was cleared tells that its data is out of date.");
    case header_field::kNbSnapshots:
        return tr("Each snapshot adds one to the count of every cluster that it shares.");
    case header_field::kBackingFileOffset:
        return tr("Without its backing file the image is incomplete.");
    default:
        return {};
    }
}

QString rawHex(std::span<const std::byte> bytes)
{
    QString text;
    for (const std::byte byte : bytes)
        text += QStringLiteral("%1 ").arg(std::to_integer<unsigned>(byte), 2, 16, QLatin1Char('0'));
    return text.trimmed();
}

/// As many of the structure's bytes as its last field needs and the file has.
std::vector<std::byte> structureBytes(const Image& image, const FieldSelection& selected)
{
    std::size_t length = 0;
    for (const Field& field : fieldsOf(selected.structure))
        length = std::max<std::size_t>(length, field.offset + field.bytes);
    if (selected.structure == Structure::Header)
        length = std::min<std::size_t>(length, image.header().headerLength);
    std::vector<std::byte> bytes(length);
    const auto read = image.storage().read(selected.structureOffset.value(), bytes);
    bytes.resize(read ? *read : 0);
    return bytes;
}

void writeTarget(HtmlPage& page, const Image& image, const Field& field, std::uint64_t number)
{
    if (field.unit != FieldUnit::Offset || number == 0)
        return;
    const HostCluster cluster = image.geometry().cluster(HostOffset(number));
    page.factHtml(tr("Leads to"), clusterLink(cluster, 1, tr("cluster %1").arg(formatCount(cluster.value()))));
}

void writeFeatureBits(HtmlPage& page, const Image& image, const Field& field, std::uint64_t number)
{
    const unsigned type = field.offset == header_field::kIncompatibleFeatures ? 0
        : field.offset == header_field::kCompatibleFeatures                   ? 1
                                                                              : 2;
    for (std::uint64_t rest = number; rest != 0; rest &= rest - 1) {
        const auto bit = static_cast<unsigned>(std::countr_zero(rest));
        page.fact(tr("bit %1").arg(bit), toQString(featureName(image.extensions(), type, bit)));
    }
}

void writeExtension(HtmlPage& page, const Image& image, std::uint64_t index)
{
    if (index >= image.extensions().raw.size())
        return;
    const RawExtension& extension = image.extensions().raw[index];
    page.heading(tr("The extension"));
    page.fact(tr("Name"), toQString(extensionName(extension.type)));
    page.fact(tr("Data"), formatExactBytes(extension.data.size()));
    page.factCode(
        tr("Bytes"), rawHex(std::span(extension.data).first(std::min<std::size_t>(extension.data.size(), 64))));
    for (const FeatureName& name : image.extensions().featureNames)
        if (extension.type == kExtensionFeatureNames)
            page.fact(tr("type %1, bit %2").arg(name.type).arg(name.bit), toQString(name.name));
}

void writeField(HtmlPage& page, const Image& image, const FieldSelection& selected)
{
    const auto fields = fieldsOf(selected.structure);
    if (selected.field >= fields.size())
        return;
    const Field& field = fields[selected.field];
    const std::vector<std::byte> bytes = structureBytes(image, selected);
    const FieldValue value = readField(field, bytes);
    page.title(toQString(field.name));
    if (value.present) {
        page.fact(tr("Value"), formatField(field, value.number));
        if (field.unit == FieldUnit::Bytes)
            page.fact(tr("Exactly"), formatExactBytes(value.number));
        page.factCode(tr("Raw"), rawHex(std::span(bytes).subspan(field.offset, field.bytes)));
    } else {
        page.fact(tr("Value"), tr("not present"));
    }
    const std::uint64_t first = selected.structureOffset.value() + field.offset;
    page.factCode(tr("Bytes"), tr("%1 to %2").arg(formatHex(first), formatHex(first + field.bytes - 1)));
    page.fact(tr("Part of"), toQString(structureName(selected.structure)));
    if (value.present)
        writeTarget(page, image, field, value.number);
    if (value.present && selected.structure == Structure::Header && field.unit == FieldUnit::Flags)
        writeFeatureBits(page, image, field, value.number);
    page.heading(tr("Meaning"));
    page.paragraph(toQString(field.meaning));
    page.heading(tr("Legal values"));
    page.paragraph(toQString(field.legal));
    if (selected.structure == Structure::Header)
        if (const QString why = whyItMatters(field.offset); !why.isEmpty()) {
            page.heading(tr("Why it matters"));
            page.paragraph(why);
        }
    if (selected.structure == Structure::HeaderExtension)
        writeExtension(page, image, selected.index);
    page.heading(tr("Specification"));
    page.paragraph(tr("docs/interop/qcow2, \"%1\"").arg(toQString(field.section)));
}

void writeBytes(HtmlPage& page, const Image& image, const Census& census, const ByteRange& range)
{
    constexpr std::uint64_t kShown = 64;
    std::vector<std::byte> bytes(std::min(range.count, kShown));
    const auto read = image.storage().read(range.first.value(), bytes);
    bytes.resize(read ? *read : 0);
    const std::uint64_t first = range.first.value();
    const ClusterRange clusters = clustersOf(image.geometry(), range.first, range.count);
    page.title(range.count == 1 ? tr("Byte %1").arg(formatHex(first))
                                : tr("Bytes %1 to %2").arg(formatHex(first), formatHex(first + (range.count - 1))));
    page.fact(tr("Length"), formatExactBytes(range.count));
    page.factHtml(tr("In"),
        clusterLink(clusters.first, clusters.count,
            clusters.count == 1
                ? tr("cluster %1").arg(formatCount(clusters.first.value()))
                : tr("%1 clusters from %2 on").arg(formatCount(clusters.count), formatCount(clusters.first.value()))));
    if (clusters.first.value() < census.map.clusters())
        page.fact(tr("Owner"), ownerText(census.map.owner(clusters.first)));
    if (bytes.empty()) {
        page.paragraph(tr("This place is behind the end of the file."));
        return;
    }
    page.factCode(tr("Raw"), rawHex(bytes) + (range.count > bytes.size() ? tr(" \u2026") : QString()));
    if (bytes.size() == range.count && bytes.size() <= 8) {
        std::uint64_t number = 0;
        for (const std::byte byte : bytes)
            number = number << 8 | std::to_integer<std::uint64_t>(byte);
        page.fact(tr("As a number"), tr("%1 (big endian)").arg(formatCount(number)));
    }
}

void writeRefblock(HtmlPage& page, const Image& image, const Census& census, std::uint64_t index)
{
    const Geometry& geometry = image.geometry();
    page.title(tr("Refblock %1").arg(formatCount(index)));
    if (index >= image.reftable().size()) {
        page.paragraph(tr("The refcount table has no such entry."));
        return;
    }
    const std::uint64_t first = index * geometry.refblockEntries();
    page.factCode(tr("Entry"), formatHex(image.reftableEntry(index).raw));
    if (const auto offset = image.usableRefblock(index)) {
        const HostCluster cluster = geometry.cluster(*offset);
        page.factHtml(tr("Stands in"), clusterLink(cluster, 1, tr("cluster %1").arg(formatCount(cluster.value()))));
        page.factCode(tr("Offset"), formatOffset(*offset));
    } else if (image.reftableEntry(index).refblockOffset().value() == 0) {
        page.fact(tr("Stands in"), tr("nothing: there is no refblock"));
    } else {
        page.warning(tr("The entry leads to a place that cannot hold a refblock."));
    }
    page.factHtml(tr("Counts"),
        clusterLink(HostCluster(first), geometry.refblockEntries(),
            tr("clusters %1 to %2").arg(formatCount(first), formatCount(first + geometry.refblockEntries() - 1))));
    page.fact(tr("In the file"),
        first < census.map.clusters()
            ? tr("%1 of them").arg(formatCount(std::min(geometry.refblockEntries(), census.map.clusters() - first)))
            : tr("none of them"));
    page.fact(tr("Entries"),
        tr("%1, each of %2")
            .arg(formatCount(geometry.refblockEntries()), toQString(bitsText(image.header().refcountBits()))));
    page.heading(tr("What it is"));
    page.paragraph(
        tr("One cluster full of reference counts. Entry %1 of the refcount table leads to it. Where an entry "
           "of the table is 0, all counts of its stretch are 0.")
            .arg(formatCount(index)));
}

void writeSnapshot(HtmlPage& page, const Image& image, std::size_t index)
{
    if (index >= image.snapshots().size())
        return;
    const Snapshot& snapshot = image.snapshots()[index];
    const Geometry& geometry = image.geometry();
    page.title(tr("Snapshot %1").arg(toQString(snapshot.name)));
    page.fact(tr("Id"), toQString(snapshot.id));
    page.fact(tr("Made"),
        QDateTime::fromSecsSinceEpoch(snapshot.dateSeconds, QTimeZone::utc())
            .toString(QStringLiteral("yyyy-MM-dd HH:mm:ss 'UTC'")));
    page.fact(tr("Disk size"), snapshot.diskSize ? formatBytes(*snapshot.diskSize) : tr("not stored"));
    page.fact(tr("VM state"), formatBytes(snapshot.vmStateSize));
    const HostCluster l1 = geometry.cluster(snapshot.l1TableOffset);
    page.factHtml(tr("L1 table"),
        tr("%1 entries in %2")
            .arg(formatCount(snapshot.l1Size),
                clusterLink(l1, std::max<std::uint64_t>(1, geometry.clustersFor(std::uint64_t{snapshot.l1Size} * 8)),
                    tr("cluster %1").arg(formatCount(l1.value())))));
    page.factCode(tr("Entry at"), formatOffset(snapshot.entryOffset));
    page.fact(tr("Extra data"), formatExactBytes(snapshot.extraData.size()));
    page.heading(tr("What it is"));
    page.paragraph(
        tr("A frozen state of the disk. It shares clusters with the active disk and with other snapshots; each "
           "cluster's count says how many share it."));
}

void writeBitmap(HtmlPage& page, const Image& image, std::size_t index)
{
    if (index >= image.bitmaps().size())
        return;
    const Bitmap& bitmap = image.bitmaps()[index];
    const HostCluster table = image.geometry().cluster(bitmap.tableOffset);
    page.title(tr("Bitmap %1").arg(toQString(bitmap.name)));
    page.fact(
        tr("Granularity"), tr("one bit for %1").arg(formatBytes(std::uint64_t{1} << (bitmap.granularityBits & 63))));
    page.factHtml(tr("Table"),
        tr("%1 entries in %2")
            .arg(formatCount(bitmap.tableSize),
                clusterLink(table, 1, tr("cluster %1").arg(formatCount(table.value())))));
    page.fact(tr("In use"), bitmap.flags & kBitmapInUse ? tr("yes: it was not saved properly") : tr("no"));
    page.fact(tr("Records writes"), bitmap.flags & kBitmapAuto ? tr("yes") : tr("no"));
    page.heading(tr("What it is"));
    page.paragraph(
        tr("A dirty bitmap: it tells which parts of the disk were written since it was made, so that a backup "
           "copies only those."));
}

} // namespace

void writeDetails(HtmlPage& page, const Image& image, const Census& census, const Selection::Value& value)
{
    std::visit(
        Overloaded{
            [](std::monostate) {},
            [&](const ClusterRange& range) { writeClusters(page, image, census, range); },
            [&](const ByteRange& range) { writeBytes(page, image, census, range); },
            [&](const FieldSelection& field) { writeField(page, image, field); },
            [&](const RefblockSelection& refblock) { writeRefblock(page, image, census, refblock.reftableIndex); },
            [&](const SnapshotSelection& snapshot) { writeSnapshot(page, image, snapshot.index); },
            [&](const BitmapSelection& bitmap) { writeBitmap(page, image, bitmap.index); },
            [&](const GuestRange& range) { writeGuestRange(page, image, range); },
        },
        value);
}

} // namespace cowscope::ui
