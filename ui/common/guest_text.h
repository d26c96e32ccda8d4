// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/image/guest_lookup.h"

#include <QString>

namespace cowscope::ui
{

/// "data", "compressed", "zeros, no cluster", ...
QString mappingText(MappingKind kind);

/// "active disk", "snapshot NAME".
QString diskText(const Image& image, DiskChoice disk);

/// "guest 0x10000 to 0x1ffff".
QString guestRangeText(GuestOffset first, std::uint64_t bytes);

/// Where an extent is, in words: "data at 0x50000", "compressed, at most 4,096 bytes at 0x5a200", "zeros, no cluster".
QString extentText(const GuestExtent& extent);

} // namespace cowscope::ui
