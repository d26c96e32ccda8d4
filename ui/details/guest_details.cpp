// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/details/guest_details.h"

#include "ui/common/format.h"
#include "ui/common/guest_text.h"
#include "ui/document/selected_clusters.h"

#include <QCoreApplication>

namespace cowscope::ui
{

namespace
{

QString tr(const char* text)
{
    return QCoreApplication::translate("GuestDetails", text);
}

QString meaning(const Image& image, MappingKind kind)
{
    switch (kind) {
    case MappingKind::Unallocated:
    case MappingKind::UnallocatedHere:
        return image.backingFile().empty()
            ? tr("Nothing was written here. The guest reads zeros.")
            : tr("The image does not hold this. The guest reads what the backing file has here.");
    case MappingKind::Zero:
        return tr("The guest reads zeros, whatever a backing file has here. It takes no space.");
    case MappingKind::ZeroAllocated:
        return tr("The guest reads zeros. A cluster is reserved, so that a write needs no allocation.");
    case MappingKind::Data:
        return tr("The guest's data stands in the file as it is.");
    case MappingKind::Compressed:
        return tr("The cluster is stored compressed. A write puts the data uncompressed elsewhere.");
    }
    return {};
}

void writeExtent(HtmlPage& page, const Image& image, const GuestRange& range, const GuestExtent& extent)
{
    page.fact(extent.length < range.bytes ? tr("Begins with") : tr("Mapped as"),
        tr("%1, %2").arg(mappingText(extent.kind), formatBytes(extent.length)));
    if (extent.host)
        page.factCode(
            image.header().hasDataFile() ? tr("In the data file") : tr("In the file"), formatOffset(*extent.host));
    if (extent.compressed)
        page.fact(tr("In the file"), extentText(extent));
    if (const auto clusters = selectedClusters(range, image))
        page.factHtml(tr("Host clusters"),
            clusterLink(clusters->first, clusters->count,
                tr("%1 from %2 on").arg(formatCount(clusters->count), formatCount(clusters->first.value()))));
    page.heading(tr("What it is"));
    page.paragraph(meaning(image, extent.kind));
}

} // namespace

void writeGuestRange(HtmlPage& page, const Image& image, const GuestRange& range)
{
    const Geometry& geometry = image.geometry();
    page.title(tr("The guest's disk, %1").arg(formatHex(range.first.value())));
    page.fact(tr("Disk"), diskText(image, range.snapshot));
    page.factCode(tr("Range"), guestRangeText(range.first, range.bytes));
    page.fact(tr("Size"), tr("%1 (%2)").arg(formatBytes(range.bytes), formatExactBytes(range.bytes)));
    page.fact(tr("Looked up by"),
        tr("L1 entry %1, L2 entry %2")
            .arg(formatCount(geometry.l1Index(range.first)), formatCount(geometry.l2Index(range.first))));
    const auto extent = lookUpGuest(image, range.snapshot, range.first, range.bytes);
    if (extent)
        writeExtent(page, image, range, *extent);
    else
        page.warning(toQString(extent.error().what));
}

} // namespace cowscope::ui
