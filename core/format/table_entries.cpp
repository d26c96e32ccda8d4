// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/format/table_entries.h"

namespace cowscope
{

namespace
{

/// Bits of the offset within a compressed descriptor; the sector count stands above them, up to bit 61.
unsigned offsetBits(unsigned clusterBits)
{
    return 62 - (clusterBits - 8);
}

} // namespace

CompressedDescriptor L2Entry::compressedDescriptor(unsigned clusterBits) const
{
    const unsigned bits = offsetBits(clusterBits);
    const std::uint64_t additional = (raw & bitRange(bits, 62 - bits)) >> bits;
    return {HostOffset(raw & bitRange(0, bits)), additional + 1};
}

std::uint64_t encodeCompressed(const CompressedDescriptor& descriptor, unsigned clusterBits)
{
    return kCompressedFlag | descriptor.offset.value() | (descriptor.sectors - 1) << offsetBits(clusterBits);
}

} // namespace cowscope
