// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/integration/differential/random.h"

#include <QString>

namespace cowscope::test
{

/// What a new image shall be.
struct Recipe {
    enum class Backing { None, Raw, Qcow2 };

    std::uint64_t size = 0; ///< of the disk, bytes
    std::uint64_t clusterSize = 65536;
    unsigned refcountBits = 16;
    bool version2 = false;
    bool lazyRefcounts = false;
    bool extendedL2 = false;
    bool zstd = false;
    QString preallocation; ///< empty: not given
    Backing backing = Backing::None;
    std::uint64_t backingSize = 0; ///< bytes
    bool dataFile = false;
    bool dataFileRaw = false;
    bool noise = false; ///< converted from a file with contents instead of created
    bool compressed = false; ///< when converted
    bool wild = false; ///< options were thrown together: they may contradict each other

    /// For -o. The files are named base.raw, base.qcow2 and data.raw, in the folder of the image.
    QString options() const;

    bool hasBacking() const { return backing != Backing::None; }
    bool preallocated() const { return dataFileRaw || (!preallocation.isEmpty() && preallocation != "off"); }
};

/// A recipe that both tools have to carry out, or, rarely, a wild one.
Recipe randomRecipe(Random& random);

/// Options for a conversion: no other file is named.
Recipe randomTarget(Random& random);

/// A size of a disk: whole sectors, up to 8 MiB, seldom whole clusters.
std::uint64_t randomSize(Random& random, std::uint64_t clusterSize);

} // namespace cowscope::test
