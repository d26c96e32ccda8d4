// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/guest/guest_colors.h"

#include "ui/common/palette.h"

#include <QCoreApplication>

namespace cowscope::ui
{

namespace
{

QString tr(const char* text)
{
    return QCoreApplication::translate("GuestColors", text);
}

} // namespace

QColor guestColor(GuestUse use, bool dark)
{
    switch (use) {
    case GuestUse::Data:
        return ownerColor(ClusterOwner::Data, dark);
    case GuestUse::Compressed:
        return ownerColor(ClusterOwner::CompressedData, dark);
    case GuestUse::ZeroReserved:
        return QColor::fromRgb(dark ? 0xff5f8fc0 : 0xff6f9fcc);
    case GuestUse::Zero:
        return QColor::fromRgb(dark ? 0xff3a5878 : 0xffb5cfe6);
    case GuestUse::Backing:
        return QColor::fromRgb(dark ? 0xffa79be6 : 0xff8a7cc9);
    case GuestUse::BackingDeeper:
        return QColor::fromRgb(dark ? 0xff6a5fae : 0xff55489a);
    case GuestUse::Reserved:
        return QColor::fromRgb(dark ? 0xff5d6b54 : 0xffbccbaa);
    case GuestUse::Unallocated:
        return ownerColor(ClusterOwner::Free, dark);
    case GuestUse::Broken:
        return findingColor(dark);
    }
    return {};
}

QString guestUseText(GuestUse use)
{
    switch (use) {
    case GuestUse::Data:
        return tr("data");
    case GuestUse::Compressed:
        return tr("compressed");
    case GuestUse::ZeroReserved:
        return tr("zeros, reserved");
    case GuestUse::Zero:
        return tr("zeros");
    case GuestUse::Backing:
        return tr("backing file");
    case GuestUse::BackingDeeper:
        return tr("deeper layers");
    case GuestUse::Reserved:
        return tr("reserved");
    case GuestUse::Unallocated:
        return tr("unallocated");
    case GuestUse::Broken:
        return tr("broken");
    }
    return {};
}

QString guestUseMeaning(GuestUse use)
{
    switch (use) {
    case GuestUse::Data:
        return tr("Stands in the file as it is.");
    case GuestUse::Compressed:
        return tr("Stands in the file compressed.");
    case GuestUse::ZeroReserved:
        return tr("Reads as zeros; a cluster is reserved for a later write.");
    case GuestUse::Zero:
        return tr("Reads as zeros and takes no space.");
    case GuestUse::Backing:
        return tr("Not in this image: read from its backing file.");
    case GuestUse::BackingDeeper:
        return tr("Read from a backing file of the backing file, or from below that.");
    case GuestUse::Reserved:
        return tr("Not in this image, though a cluster is reserved for it.");
    case GuestUse::Unallocated:
        return tr("Not in this image: zeros, or what a backing file has that is not looked at.");
    case GuestUse::Broken:
        return tr("The table or the entry cannot be followed: see Findings.");
    }
    return {};
}

QString guestLetter(GuestUse use)
{
    constexpr std::array<const char*, kGuestUseCount> kLetters{"D", "C", "Z", "0", "B", "b", "R", "", "!"};
    return QString::fromLatin1(kLetters[static_cast<std::size_t>(use)]);
}

} // namespace cowscope::ui
