// SPDX-FileCopyrightText: The Cowscope authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/image/backing_chain.h"

namespace cowscope
{

/// Reads the contents of a virtual disk through its backing chain: data, zero clusters, subclusters, compressed
/// clusters, external data files, raw backing files. One thread at a time.
class GuestReader
{
public:
    explicit GuestReader(BackingChain chain);

    std::uint64_t size() const { return m_chain.size(); } ///< of the disk, bytes
    BackingChain& chain() { return m_chain; }

    /// Fills `out` from `start` on; what lies past the end of the disk reads as zeros. Errors: Invalid (an entry that
    /// cannot be followed, damaged compressed data), Unsupported (encrypted data), Refused (a data file that was not
    /// opened), Io; they name the file.
    Result<void> read(std::uint64_t start, std::span<std::byte> out);

private:
    Result<void> readExtent(const ChainExtent& extent, std::span<std::byte> out);
    Result<void> readCompressed(const Image& image, const ChainExtent& extent, std::span<std::byte> out);

    BackingChain m_chain;
    std::optional<std::pair<unsigned, std::uint64_t>>
        m_inflated; ///< layer and guest offset of the cluster in m_cluster
    std::vector<std::byte> m_cluster; ///< decompressed last
    std::vector<std::byte> m_packed;
};

} // namespace cowscope
