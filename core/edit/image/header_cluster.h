// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/result.h"
#include "core/edit/image/header_switch.h"
#include "core/format/header_extensions.h"

#include <string>
#include <vector>

namespace cowscope
{

/// What the first cluster of an image holds, as values.
struct HeaderContents {
    Header header;
    std::vector<RawExtension> extensions; ///< in their order; their offsets do not matter
    std::string backingFile; ///< empty: none
};

/// Writes into the header where the backing file name shall stand, and how long it is: see placeOfName(). `old` is the
/// name that stands there now, `sameName` whether it is the same.
void placeBackingName(HeaderContents& contents, NamePlace old, bool sameName);

/// The whole first cluster: header, extensions, name at the place that the header says, zeros. Errors: Refused if it is
/// more than a cluster.
Result<std::vector<std::byte>> encodeHeaderCluster(const HeaderContents& contents);

} // namespace cowscope
