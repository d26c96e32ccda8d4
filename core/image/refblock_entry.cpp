// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/image/refblock_entry.h"

namespace cowscope
{

Result<std::optional<RefblockEntry>> readRefblockEntry(const Image& image, HostCluster cluster)
{
    const Geometry& geometry = image.geometry();
    const RefcountCodec codec = geometry.refcountCodec();
    RefblockEntry entry;
    entry.refblock = geometry.refblockIndex(cluster);
    entry.index = cluster.value() % geometry.refblockEntries();
    const auto refblock
        = entry.refblock < image.reftable().size() ? image.usableRefblock(entry.refblock) : std::nullopt;
    if (!refblock)
        return std::nullopt;
    const std::uint64_t bit = entry.index * codec.bits();
    entry.offset = *refblock + bit / 8;
    entry.firstBit = static_cast<unsigned>(bit % 8);
    entry.bits = codec.bits();
    entry.bytes.resize(codec.bytesFor(1));
    if (auto read = image.storage().read(entry.offset.value(), entry.bytes); !read)
        return failed(read);
    entry.count = codec.get(entry.bytes, entry.firstBit / codec.bits());
    return entry;
}

} // namespace cowscope
