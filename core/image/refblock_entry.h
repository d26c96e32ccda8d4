// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/image/image.h"

#include <optional>
#include <vector>

namespace cowscope
{

/// The entry of a refblock that counts one cluster, down to its bits.
struct RefblockEntry {
    std::uint64_t refblock = 0; ///< index in the reftable
    std::uint64_t index = 0; ///< of the entry in the refblock
    HostOffset offset; ///< of the first byte that the entry has a part in
    unsigned firstBit = 0; ///< lowest bit of the entry in that byte; 0 for widths of whole bytes
    unsigned bits = 0; ///< the width
    std::vector<std::byte> bytes; ///< of the file, from `offset` on: all that the entry has a part in
    std::uint64_t count = 0;
};

/// Reads a few bytes. Nothing where no usable refblock counts the cluster: its count is 0. Errors: Io, Truncated.
Result<std::optional<RefblockEntry>> readRefblockEntry(const Image& image, HostCluster cluster);

} // namespace cowscope
