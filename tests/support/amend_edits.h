// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/edit/amend/amend_image.h"
#include "tests/support/snapshot_edits.h"

// What the tests of amends share.

namespace cowscope::test
{

/// Disks after a downgrade: version 2 has no zero clusters. What showed zeros shows them still.
inline States withoutZeroFlags(States states, bool hasBacking, std::uint64_t clusterSize)
{
    std::string zeros = "-";
    if (hasBacking) {
        zeros = "d";
        zeros.resize(1 + clusterSize, '\0');
    }
    for (auto& [id, state] : states) {
        for (std::string& cluster : state.clusters) {
            if (cluster == "0")
                cluster = zeros;
        }
    }
    return states;
}

/// Disks after a growth of the active one, which shows nothing behind its old end.
inline States grownTo(States states, std::uint64_t size, std::uint64_t clusterSize)
{
    states[""].size = size;
    states[""].clusters.resize((size + clusterSize - 1) / clusterSize, "-");
    return states;
}

/// Zero entries with and without a cluster behind them, some of them shared with snapshots that show data there.
inline BuiltImage zeroed(unsigned clusterBits, unsigned order, const std::string& backing = {})
{
    ImageBuilder builder(
        {.clusterBits = clusterBits, .refcountOrder = order, .virtualSize = std::uint64_t{300} << clusterBits});
    if (!backing.empty()) {
        builder.backingFile(backing);
        builder.extension(0xe2792aca, Bytes{std::byte{'r'}, std::byte{'a'}, std::byte{'w'}});
    }
    for (std::uint64_t guest = 0; guest < 12; ++guest)
        builder.data(guest, static_cast<std::uint8_t>(guest + 1));
    for (const std::uint64_t guest : {3, 20, 21, 100, 250})
        builder.zero(guest);
    builder.snapshot("1", "s1");
    builder.data(2, 0x90);
    builder.zero(22);
    BuiltImage image = builder.build();
    // The disk's table is its own now: an entry that shows zeros and keeps the cluster that the snapshot shows.
    const std::uint64_t entry = image.l2EntryAt(5);
    put64(image.bytes, entry, getNumber(image.bytes, entry, 8) | 1);
    return image;
}

} // namespace cowscope::test
