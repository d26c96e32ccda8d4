// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/cluster_map.h"
#include "core/format/field_catalog.h"
#include "core/image/image.h"

#include <optional>
#include <string>

namespace cowscope
{

/// What a byte of the image file belongs to: the smallest stretch around it that has a meaning of its own, such as an
/// L2 entry, a snapshot's name, or the data of one cluster.
struct BytePlace {
    enum class Kind {
        Fields, ///< a structure of the field catalogue: see `structure`
        Counts, ///< entries of a refblock
        Text, ///< an id, a name
        Plain, ///< bytes without further structure
    };

    Kind kind = Kind::Plain;
    Structure structure = Structure::Header; ///< of Fields
    std::uint64_t index = 0; ///< which of its kind within its table, list or cluster
    HostOffset start;
    std::uint64_t bytes = 1; ///< at least 1
    ClusterOwner owner = ClusterOwner::Free; ///< of the cluster
    std::string name; ///< "L2 entry 7 of the table at 0x50000"

    bool contains(HostOffset offset) const { return offset >= start && offset - start < bytes; }
};

/// What the byte at `offset` belongs to. Reads no file: what an L2 entry's own bits say is for the caller, see
/// structureOf(). Behind the end of the file: a plain stretch without an owner.
BytePlace bytePlace(const Image& image, const ClusterMap& map, HostOffset offset);

/// The structure of a place of kind Fields, given its bytes: an L2 entry may turn out to be a compressed one.
Structure structureOf(const BytePlace& place, std::span<const std::byte> bytes);

} // namespace cowscope
