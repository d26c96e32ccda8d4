// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/common/guest_text.h"

#include "ui/common/format.h"

#include <QCoreApplication>

namespace cowscope::ui
{

namespace
{

QString tr(const char* text)
{
    return QCoreApplication::translate("GuestText", text);
}

} // namespace

QString mappingText(MappingKind kind)
{
    switch (kind) {
    case MappingKind::Unallocated:
        return tr("unallocated");
    case MappingKind::UnallocatedHere:
        return tr("unallocated, cluster reserved");
    case MappingKind::Zero:
        return tr("zeros, no cluster");
    case MappingKind::ZeroAllocated:
        return tr("zeros, cluster reserved");
    case MappingKind::Data:
        return tr("data");
    case MappingKind::Compressed:
        return tr("compressed");
    }
    return {};
}

QString diskText(const Image& image, DiskChoice disk)
{
    if (!disk)
        return tr("active disk");
    return *disk < image.snapshots().size() ? tr("snapshot %1").arg(toQString(image.snapshots()[*disk].name))
                                            : tr("a snapshot that is gone");
}

QString guestRangeText(GuestOffset first, std::uint64_t bytes)
{
    return tr("guest %1 to %2").arg(formatHex(first.value()), formatHex(first.value() + (bytes - 1)));
}

QString extentText(const GuestExtent& extent)
{
    if (extent.compressed)
        return tr("compressed, at most %1 at %2")
            .arg(formatExactBytes(extent.compressed->maxBytes()), formatOffset(extent.compressed->offset));
    if (extent.host)
        return tr("%1 at %2").arg(mappingText(extent.kind), formatOffset(*extent.host));
    return mappingText(extent.kind);
}

} // namespace cowscope::ui
